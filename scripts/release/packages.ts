import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { run } from '../run';

const PACMAK = 'jsii-pacmak@1.140.0';
const ROOT = dirname(dirname(__dirname));

export interface Language {
  readonly name: string;
  /** The target of jsii-pacmak, and the folder of the package. */
  readonly target: 'python' | 'java' | 'go' | 'dotnet';
  /** The tool that builds the package, and a command that fails without it. */
  readonly tool: string;
  readonly check: readonly [command: string, ...options: string[]];
}

export const LANGUAGES: readonly Language[] = [
  {
    name: 'Python',
    target: 'python',
    tool: 'python3 with venv',
    check: ['python3', '-c', 'import ensurepip, venv'],
  },
  { name: 'Java', target: 'java', tool: 'Maven with a JDK', check: ['mvn', '--version'] },
  { name: 'Go', target: 'go', tool: 'go', check: ['go', 'version'] },
  { name: '.NET', target: 'dotnet', tool: 'dotnet', check: ['dotnet', '--version'] },
];

/** The reason why the language's package cannot be built on this machine. Undefined if it can. */
export function languageObstacle({ tool, check: [command, ...options] }: Language): string | undefined {
  return spawnSync(command, options).status === 0 ? undefined : `${tool} is not installed`;
}

/** The reason why no package for another language can be built. Fails immediately without a network. */
export function pacmakObstacle(): string | undefined {
  const fetched = spawnSync('npx', ['--yes', '--fetch-retries=0', PACMAK, '--version'], { cwd: ROOT });
  return fetched.status === 0 ? undefined : `npm cannot fetch ${PACMAK}`;
}

/**
 * Builds packages from the compiled constructs, in a folder per target. jsii-pacmak packs the npm package first, which runs the
 * build.
 */
export function makePackages(folder: string, languages: readonly Language[]): void {
  const targets = languages.flatMap(({ target }) => ['--targets', target]);
  run(ROOT, 'npx', ['--yes', PACMAK, ...targets, '--outdir', folder, ROOT]);
}
