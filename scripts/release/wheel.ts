import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../run';

const PACMAK = 'jsii-pacmak@1.140.0';
const ROOT = dirname(dirname(__dirname));

/** Whether Python is installed and can create virtual environments. */
export const hasPython = (): boolean => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0;

/** The reason why the Python package cannot be built on this machine. Undefined if it can. */
export function wheelObstacle(): string | undefined {
  if (!hasPython()) return 'python3 with venv is not installed';
  // Fails immediately without a network.
  const fetched = spawnSync('npx', ['--yes', '--fetch-retries=0', PACMAK, '--version'], { cwd: ROOT });
  return fetched.status === 0 ? undefined : `npm cannot fetch ${PACMAK}`;
}

/**
 * Builds the Python package from the compiled constructs. jsii-pacmak packs the npm package first, which runs the build.
 * @returns the path of the wheel.
 */
export function makeWheel(folder: string): string {
  run(ROOT, 'npx', ['--yes', PACMAK, '--targets', 'python', '--outdir', folder, ROOT]);
  const wheel = readdirSync(join(folder, 'python')).find((file) => file.endsWith('.whl'));
  if (!wheel) throw new Error(`${PACMAK} created no wheel`);
  return join(folder, 'python', wheel);
}
