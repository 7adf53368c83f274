import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LOCAL_RUN_ROUTE, type LocalRunDescription } from '../../cli/connector/local-run';
import { type RunningEngines, startEngines } from '../engines/engines';

export interface ApplyOptions {
  readonly subscriptions: number;
  /** The bundle of the CLI. */
  readonly bundle: string;
  readonly progress: (text: string) => void;
}

/** One run of the command. */
export interface ApplyRun {
  readonly seconds: number;
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Largest resident set of the process, MB of 1,000,000 bytes. */
  readonly peakMb: number;
  /** Last line of standard output. */
  readonly result: string;
}

export interface ApplyCost {
  readonly subscriptions: number;
  readonly fileBytes: number;
  /** `apply --help`, a process that reads no file and makes no call. */
  readonly idle: ApplyRun;
  /** Adds all subscriptions. */
  readonly first: ApplyRun;
  /** The same file again. */
  readonly second: ApplyRun;
}

/** Measures the CLI's `apply` of a long file in a separate process, against the embedded services. */
export async function measureApply({ subscriptions, bundle, progress }: ApplyOptions): Promise<ApplyCost> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-apply-'));
  const engines = await startEngines();
  const server = createServer((request, response) => {
    response.writeHead(request.url === LOCAL_RUN_ROUTE ? 200 : 404).end(JSON.stringify(describe(engines)));
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const file = createWriteStream(join(directory, 'subscriptions.yaml'));
    await pipeline(Readable.from(lines(subscriptions)), file);
    const { port } = server.address() as AddressInfo;
    const run = (...args: string[]) => runApply(bundle, [`--local=${port}`, ...args], directory);
    const idle = await run('--help');
    progress(`adding ${subscriptions} subscriptions`);
    const first = await run();
    progress('applying the same file again');
    const second = await run();
    return { subscriptions, fileBytes: file.bytesWritten, idle, first, second };
  } finally {
    server.close();
    await engines.stop();
    rmSync(directory, { recursive: true });
  }
}

function describe({ region, outputs, dynamoDb, sqs, events }: RunningEngines): LocalRunDescription {
  return { stackName: 'bench', region, outputs, endpoints: { dynamodb: dynamoDb, sqs, kms: events } };
}

/** A subscription file. Every second subscription has a threshold, which is stored as an additional item. */
function* lines(subscriptions: number): Generator<string> {
  yield 'subscriptions:\n';
  for (let n = 0; n < subscriptions; n++) {
    const about =
      n % 2 === 0
        ? `trigger: data-source-refresh-failed\n    dataSource: Source ${n}`
        : `trigger: segment-threshold-crossed\n    segment: Segment ${n}\n    above: 10000\n    recoverTo: 9000`;
    yield `  - name: subscription-${n}\n    ${about}\n    owners: [team@example.com]\n    flowUrl: 'http://127.0.0.1:1/flows/${n}?sig=${'s'.repeat(43)}'\n`;
  }
}

async function runApply(bundle: string, args: readonly string[], directory: string): Promise<ApplyRun> {
  const usageFile = join(directory, 'usage.json');
  const started = performance.now();
  const child = spawn(process.execPath, ['--require', join(__dirname, 'usage-at-exit.cjs'), bundle, 'apply', ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, BENCH_USAGE_FILE: usageFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let problems = '';
  child.stdout.on('data', (chunk) => {
    printed = `${printed}${chunk}`.slice(-1000);
  });
  child.stderr.on('data', (chunk) => {
    problems = `${problems}${chunk}`.slice(-1000);
  });
  const [status] = await once(child, 'close');
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`apply ended with status ${status}:\n${problems}`);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(readFileSync(usageFile, 'utf8')) as NodeJS.ResourceUsage;
  return {
    seconds,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    // Kilobytes (Node.js documentation, process.resourceUsage).
    peakMb: (maxRSS * 1024) / 1e6,
    result: printed.trimEnd().split('\n').at(-1) as string,
  };
}

/** The last line of `apply` for a file that changes nothing. */
export const unchanged = (subscriptions: number): string => `0 added, 0 changed, ${subscriptions} unchanged`;
