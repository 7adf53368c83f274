/**
 * Tests the package from other languages: builds a package for each language whose tools are installed, synthesizes the app of
 * `examples/languages` in that language, and compares its templates with those of the app in TypeScript. Needs the network.
 * Takes four minutes on two cores. The packages stay in `dist/languages`.
 *
 *   npm run test:languages
 */
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { inTemporaryFolder, run } from '../run';
import { LANGUAGES, languageObstacle, makePackages, pacmakObstacle } from './packages';

const ROOT = dirname(dirname(__dirname));
const EXAMPLES = join(ROOT, 'examples/languages');
const PACKAGES = join(ROOT, 'dist/languages');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Synthesizes a language's app to the folder in `CDK_OUTDIR`. `folder` is for temporary files. */
const SYNTHESIZE: Readonly<Record<string, (folder: string, env: NodeJS.ProcessEnv) => void>> = {
  python(folder, env) {
    const app = join(EXAMPLES, 'python');
    const python = join(folder, 'venv', process.platform === 'win32' ? 'Scripts' : 'bin', 'python');
    run(folder, 'python3', ['-m', 'venv', 'venv']);
    const quietly = ['--quiet', '--disable-pip-version-check'];
    const requirements = ['--find-links', join(PACKAGES, 'python'), '--requirement', 'requirements.txt'];
    run(app, python, ['-m', 'pip', 'install', ...quietly, ...requirements]);
    run(app, python, ['app.py'], env);
  },
  java(_folder, env) {
    const repository = join(PACKAGES, 'repository');
    // Maven never fetches a version again that it has.
    rmSync(join(repository, 'com/example'), { recursive: true, force: true });
    const properties = [`-Dmaven.repo.local=${repository}`, `-Dpackages=${PACKAGES}`, `-Dconnector.version=${version}`];
    run(join(EXAMPLES, 'java'), 'mvn', ['--batch-mode', '--quiet', ...properties, 'compile', 'exec:java'], env);
  },
  go(_folder, env) {
    run(join(EXAMPLES, 'go'), 'go', ['run', '.'], env);
  },
};

/** Content of a cloud assembly's templates by file name. */
const templatesIn = (assembly: string): Map<string, { readonly Resources: object }> =>
  new Map(
    globSync('*.template.json', { cwd: assembly }).map((file) => [
      basename(file),
      JSON.parse(readFileSync(join(assembly, file), 'utf8')),
    ]),
  );

/** @throws Error that names the first difference. */
function compare(assembly: string, expected: ReturnType<typeof templatesIn>): string {
  const actual = templatesIn(assembly);
  if (!isDeepStrictEqual([...actual.keys()].sort(), [...expected.keys()].sort())) {
    throw new Error(`synthesized ${[...actual.keys()]} instead of ${[...expected.keys()]}`);
  }
  for (const [file, template] of expected) {
    const difference = firstDifference(actual.get(file), template, file);
    if (difference) throw new Error(difference);
  }
  const resources = [...actual.values()].reduce((sum, { Resources }) => sum + Object.keys(Resources).length, 0);
  return `${actual.size} templates with ${resources} resources are equal to those of the app in TypeScript`;
}

function firstDifference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(actual, expected)) return undefined;
  const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (isTree(actual) && isTree(expected)) {
    const keys = new Set([...Object.keys(actual), ...Object.keys(expected)]);
    for (const key of keys) {
      const difference = firstDifference(actual[key], expected[key], `${path}/${key}`);
      if (difference) return difference;
    }
  }
  return `${path} is ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`;
}

/** @throws Error if the app of a language whose tools are installed fails. */
function tryLanguages(folder: string): void {
  const obstacles = new Map(
    LANGUAGES.map((one) => [one, one.target in SYNTHESIZE ? languageObstacle(one) : 'examples/languages has no app']),
  );
  const possible = LANGUAGES.filter((one) => obstacles.get(one) === undefined);
  for (const { target } of LANGUAGES) rmSync(join(PACKAGES, target), { recursive: true, force: true });
  mkdirSync(PACKAGES, { recursive: true });
  makePackages(PACKAGES, possible);

  const assembly = (name: string): NodeJS.ProcessEnv => ({ ...process.env, CDK_OUTDIR: join(folder, name) });
  run(ROOT, process.execPath, ['--import', 'tsx', join(EXAMPLES, 'typescript/app.ts')], assembly('typescript'));
  const expected = templatesIn(join(folder, 'typescript'));
  const failed: string[] = [];
  for (const [{ name, target }, obstacle] of obstacles) {
    try {
      if (!obstacle) SYNTHESIZE[target]?.(folder, assembly(target));
      console.log(`${name}: ${obstacle ? `not tried: ${obstacle}` : compare(join(folder, target), expected)}`);
    } catch (error) {
      failed.push(name);
      console.error(`${name}: failed: ${(error as Error).message}`);
    }
  }
  if (failed.length > 0) throw new Error(`failed for ${failed.join(', ')}: see above`);
}

function main(): boolean {
  const obstacle = pacmakObstacle();
  if (obstacle) console.error(`languages: ${obstacle}`);
  return obstacle === undefined && inTemporaryFolder('languages', tryLanguages);
}

process.exitCode = main() ? 0 : 1;
