import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';

const ROOT = dirname(dirname(__dirname));

/** Runs a TypeScript file in the repository's folder to its end. Adds `environment` to the variables of this process. */
export async function runScript(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const [status] = await once(child, 'close');
  return { status, out, err };
}
