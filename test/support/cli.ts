import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { findConnector } from '../../cli/connector/find-connector';
import { main } from '../../cli/main';
import { processTerminal } from '../../cli/shell/terminal';
import { madeOnce } from './once';

/** Builds the CLI like scripts/build.mjs, in a folder without node_modules: the bundle must be self-contained. */
export const bundleCli = (): Promise<string> =>
  madeOnce('power-automate-connector.js', (outfile) =>
    build({
      entryPoints: [join(__dirname, '../../cli/index.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      mainFields: ['module', 'main'],
      minify: true,
      target: 'node22',
    }),
  );

export interface CliResult {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly input?: string;
  /** Sends a signal when the output contains a text. */
  readonly endAt?: { readonly text: string; readonly signal: NodeJS.Signals };
}

/** Runs the CLI as a child process. */
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

/** Fails if the output contains a stack trace or one of the secrets. */
export function expectClean<Result extends CliResult>(result: Result, secrets: readonly string[]): Result {
  const output = result.out + result.err;
  for (const secret of ['sig=', ...secrets]) expect(output).not.toContain(secret);
  expect(output).not.toMatch(/^\s+at /m);
  return result;
}

/** Runs the CLI in this process with an empty environment, for calls that end before they reach a connector. */
export async function callCli(args: readonly string[]): Promise<CliResult> {
  const texts = { out: '', err: '' };
  const stream = (name: keyof typeof texts) => ({ write: (text: string) => (texts[name] += text) });
  const streams = { stdin: {}, stdout: stream('out'), stderr: stream('err') } as unknown as NodeJS.Process;
  const unused = () => {
    throw new Error('the call went too far');
  };
  const status = await main(args, COMMANDS, {
    terminal: processTerminal(streams),
    clock: Date.now,
    wait: unused,
    environment: {},
    readInput: unused,
    untilInterrupted: unused,
    print: (text) => streams.stdout.write(text),
    findConnector,
  });
  return { status, ...texts };
}
