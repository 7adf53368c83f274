import { spawnSync } from 'node:child_process';

/**
 * What a command says on standard output.
 * @throws Error with all that it said when it fails.
 */
export function run(
  cwd: string,
  command: string,
  options: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { status, stdout, stderr, error } = spawnSync(command, options, { cwd, env, encoding: 'utf8' });
  if (error) throw error;
  // Some tools say on standard output what went wrong.
  if (status !== 0) throw new Error(`${command} ${options.join(' ')} ended with status ${status}:\n${stdout}${stderr}`);
  return stdout;
}
