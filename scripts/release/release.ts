/**
 * Checks and packs a release. Publishes it only with `--publish`. docs/releasing.md describes the whole procedure.
 *
 *   npm run release                 a dry run: all checks, then the packages, in dist/release
 *   npm run release -- --publish    the same, then publishes the tarball to npm. Stops at the first failed check.
 *
 * Exit status: 0 if all checks passed, 1 if a check failed, 2 for a wrong option. The packages for
 * other languages are skipped without a network or without the language's tools, and the output says so.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from '../run';
import { LANGUAGES, type Language, languageObstacle, makePackages, pacmakObstacle } from './packages';
import { readState, releaseProblems, tarballProblems } from './release-checks';
import { shippedFiles } from './shipped-files';

const ROOT = dirname(dirname(__dirname));
const FOLDER = join(ROOT, 'dist/release');
const MODES = ['--dry-run', '--publish'];

/** Builds and packs the npm package. */
function pack(): string {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  // The build can print lines before the file name.
  const name = run(ROOT, 'npm', ['pack', '--pack-destination', FOLDER]).trim().split('\n').at(-1);
  return join(FOLDER, String(name));
}

const filesOf = (tarball: string): string[] =>
  run(ROOT, 'tar', ['tzf', tarball])
    .split('\n')
    .filter(Boolean)
    .map((file) => file.replace(/^package\//, ''))
    .sort();

/** Commands of the npm package publib, which publishes what jsii-pacmak builds. */
const PUBLISHERS = { python: 'publib-pypi', java: 'publib-maven', go: 'publib-golang', dotnet: 'publib-nuget' };

/** Builds the packages for other languages. Returns the targets that could be built. */
function packForLanguages(): Language['target'][] {
  const all = pacmakObstacle();
  const obstacles = new Map(LANGUAGES.map((one) => [one, all ?? languageObstacle(one)]));
  const possible = LANGUAGES.filter((one) => obstacles.get(one) === undefined);
  if (possible.length > 0) makePackages(FOLDER, possible);
  for (const [{ name, target }, obstacle] of obstacles) {
    const place = relative(ROOT, join(FOLDER, target));
    console.log(obstacle ? `skipped: the package for ${name}, because ${obstacle}` : `package for ${name}: ${place}`);
  }
  return possible.map(({ target }) => target);
}

function report(problems: readonly string[]): boolean {
  for (const problem of problems) console.error(`release: ${problem}`);
  return problems.length === 0;
}

function release(publishes: boolean): boolean {
  const state = readState(ROOT);
  const before = releaseProblems(state);
  if (publishes && before.length > 0) return report(before);

  console.log('building and packing …');
  const tarball = pack();
  const files = filesOf(tarball);
  const problems = [...before, ...tarballProblems(files, shippedFiles(ROOT))];
  run(ROOT, 'npm', ['publish', tarball, '--dry-run', '--fetch-retries=0']);
  const kilobytes = Math.round(statSync(tarball).size / 1000);
  console.log(`npm package: ${relative(ROOT, tarball)}, ${files.length} files, ${kilobytes} kB`);

  const packages = packForLanguages();

  if (!report(problems)) return false;
  const steps = [
    ...(publishes ? [] : ['npm run release -- --publish']),
    `git tag -a v${state.version} -m ${state.version} && git push origin v${state.version}`,
    ...packages.map((target) => `npx --package publib ${PUBLISHERS[target]} ${relative(ROOT, join(FOLDER, target))}`),
  ];
  if (publishes && spawnSync('npm', ['publish', tarball], { cwd: ROOT, stdio: 'inherit' }).status !== 0) {
    return report(['npm did not publish the tarball: see its message above']);
  }
  console.log(`${publishes ? 'published on npm' : 'nothing was published'}; next:\n  ${steps.join('\n  ')}`);
  return true;
}

function main(): number {
  const options = process.argv.slice(2);
  const wrong = options.find((option) => !MODES.includes(option));
  if (wrong !== undefined || options.length > 1) {
    console.error(`release: wrong option ${wrong ?? options.join(' ')}: write one of ${MODES.join(', ')}, or none`);
    return 2;
  }
  try {
    return release(options.includes('--publish')) ? 0 : 1;
  } catch (error) {
    console.error(`release: ${(error as Error).message}`);
    return 1;
  }
}

process.exitCode = main();
