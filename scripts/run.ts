import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs a command and returns its standard output.
 * @throws Error with its standard output and standard error if the command fails.
 */
export function run(
  cwd: string,
  command: string,
  options: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { status, stdout, stderr, error } = spawnSync(command, options, { cwd, env, encoding: 'utf8' });
  if (error) throw error;
  // Some tools print errors on standard output.
  if (status !== 0) throw new Error(`${command} ${options.join(' ')} ended with status ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * Runs the work of a script in a temporary folder. Prints an error in one line.
 * @returns whether the work succeeded.
 */
export function inTemporaryFolder(script: string, work: (folder: string) => void): boolean {
  const folder = mkdtempSync(join(tmpdir(), `${script}-`));
  try {
    work(folder);
    return true;
  } catch (error) {
    console.error(`${script}: ${(error as Error).message}`);
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
