import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { build, type Plugin } from 'esbuild';
import { PowerAutomateConnectorStack, type PowerAutomateConnectorStackProps } from '../../lib';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../local/stack';
import { madeOnce } from './once';
import { temporaryFolder } from './temporary-files';

const ROOT = dirname(dirname(__dirname));
const MAIN = join(ROOT, 'local/main.ts');

/** Keeps each file's own path: local runs read files beside their modules. */
const keepFolders: Plugin = {
  name: 'keep-folders',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]local[\\/].*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8')
        .replaceAll('__dirname', JSON.stringify(dirname(path)))
        .replaceAll('__filename', JSON.stringify(path)),
      loader: 'ts',
    }));
  },
};

/** Bundles local/main.ts: the bundle starts in a third of the time that `tsx local/main.ts` takes. */
const bundleLocalRun = (): Promise<string> =>
  madeOnce('local-run.cjs', (outfile) =>
    build({
      entryPoints: [MAIN],
      outfile,
      bundle: true,
      platform: 'node',
      mainFields: ['module', 'main'],
      // It reads its data from files beside its modules.
      external: ['@cloud-copilot/iam-simulate'],
      banner: { js: `require = require('node:module').createRequire(${JSON.stringify(MAIN)});` },
      plugins: [keepFolders],
      logLevel: 'error',
    }),
  );

/** A child process that runs like `npm start`. */
export class LocalRun {
  out = '';
  err = '';
  private readonly ended: Promise<number>;
  private readonly listeners: (() => void)[] = [];

  private constructor(readonly process: ChildProcess) {
    this.process.stdout?.on('data', (chunk) => this.append(() => (this.out += chunk)));
    this.process.stderr?.on('data', (chunk) => this.append(() => (this.err += chunk)));
    // `says` fails when the process has ended.
    this.process.once('close', () => this.append(() => {}));
    this.ended = once(this.process, 'close').then(([code, signal]) => code ?? `ended by ${signal}`);
  }

  static async start(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    cwd = ROOT,
  ): Promise<LocalRun> {
    const bundle = await bundleLocalRun();
    return new LocalRun(spawn(process.execPath, [bundle, ...args], { cwd, env: { ...process.env, ...environment } }));
  }

  status(): Promise<number> {
    return this.ended;
  }

  /** Waits until the pattern matches standard output and returns the match. */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.out)?.[0];
      if (found) return found;
      const { exitCode, signalCode } = this.process;
      if (exitCode !== null || signalCode !== null)
        throw new Error(`ended without saying ${pattern}: ${this.out}${this.err}`);
      await new Promise<void>((resolve) => this.listeners.push(resolve));
    }
  }

  private append(add: () => void): void {
    add();
    for (const resolve of this.listeners.splice(0)) resolve();
  }
}

/** Starts the default stack `PowerAutomateConnector` with its bundles. */
export function startConnectorStack(
  options: Partial<LocalStackOptions> = {},
  props?: PowerAutomateConnectorStackProps,
): Promise<LocalStack> {
  const outdir = temporaryFolder('stack');
  const app = new App({ outdir });
  const { templateFile } = new PowerAutomateConnectorStack(app, 'PowerAutomateConnector', props);
  app.synth();
  return startLocalStack({ templateFile: join(outdir, templateFile), ...options });
}

/** Puts an event on a bus without the AWS SDK. */
export const putEvent = (endpoint: string, entry: object): Promise<Response> =>
  fetch(endpoint, {
    method: 'POST',
    headers: { 'x-amz-target': 'AWSEvents.PutEvents', 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ Entries: [entry] }),
  });

/** Runs `npm start` with these arguments to its end. */
export async function runLocal(args: readonly string[], environment?: Readonly<Record<string, string>>) {
  const run = await LocalRun.start(args, environment);
  return { status: await run.status(), out: run.out, err: run.err };
}
