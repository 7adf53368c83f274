import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Builds the CLI as scripts/build.mjs does, to a folder without node_modules: the bundle must stand alone. */
export async function bundleCli(directory: string): Promise<string> {
  const bundle = join(directory, 'power-automate-connector.js');
  await build({
    entryPoints: [join(__dirname, '../../cli/index.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    minify: true,
    target: 'node22',
  });
  return bundle;
}

export interface CliResult {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly input?: string;
  /** Sends a signal as soon as the output has a text. */
  readonly endAt?: { readonly text: string; readonly signal: NodeJS.Signals };
}

/** Runs the CLI as a person does. */
export async function runCli(
  bundle: string,
  args: readonly string[],
  { cwd, env, input, endAt }: CliOptions,
): Promise<CliResult> {
  const child = spawn(process.execPath, [bundle, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    texts.out += chunk;
    if (endAt && texts.out.includes(endAt.text)) child.kill(endAt.signal);
  });
  child.stderr.on('data', (chunk) => {
    texts.err += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const [status] = await once(child, 'close');
  return { status, ...texts };
}
