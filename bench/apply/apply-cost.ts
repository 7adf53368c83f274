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
import { fillRegistry } from './fill-registry';

export interface ApplyOptions {
  readonly subscriptions: number;
  /** Subscriptions for the other commands. The file adds the first ones, the others are written directly. */
  readonly registry: number;
  /** The bundle of the CLI. */
  readonly bundle: string;
  readonly progress: (text: string) => void;
}

/** One run of the command. */
export interface CommandRun {
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
  readonly idle: CommandRun;
  /** Adds all subscriptions. */
  readonly first: CommandRun;
  /** The same file again. */
  readonly second: CommandRun;
  /** The other commands with a registry of this many subscriptions, all in one file. */
  readonly registry: number;
  /** `apply`, `list`, `list --json` and `doctor` by their arguments. */
  readonly commands: Readonly<Record<string, CommandRun>>;
}

/** Measures the CLI with a long file and a large registry in separate processes, against the embedded services. */
export async function measureApply({ subscriptions, registry, bundle, progress }: ApplyOptions): Promise<ApplyCost> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-apply-'));
  const engines = await startEngines();
  const server = createServer((request, response) => {
    response.writeHead(request.url === LOCAL_RUN_ROUTE ? 200 : 404).end(JSON.stringify(describe(engines)));
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const path = join(directory, 'subscriptions.yaml');
    const write = async (count: number) => {
      const file = createWriteStream(path);
      await pipeline(Readable.from(lines(count)), file);
      return file.bytesWritten;
    };
    const fileBytes = await write(subscriptions);
    const { port } = server.address() as AddressInfo;
    const run = (...args: string[]) => runCommand(bundle, [...args, `--local=${port}`], directory);
    const idle = await run('apply', '--help');
    progress(`adding ${subscriptions} subscriptions`);
    const first = await run('apply');
    progress('applying the same file again');
    const second = await run('apply');
    progress(`writing subscriptions directly, up to ${registry}`);
    await fillRegistry(engines, subscriptions, registry, flowUrlOf, progress);
    await write(registry);
    const commands: Record<string, CommandRun> = {};
    for (const command of COMMANDS) {
      progress(`${command} with ${registry} subscriptions`);
      commands[command] = await run(...command.split(' '));
    }
    return { subscriptions, fileBytes, idle, first, second, registry, commands };
  } finally {
    server.close();
    await engines.stop();
    rmSync(directory, { recursive: true });
  }
}

function describe({ region, outputs, dynamoDb, sqs, events }: RunningEngines): LocalRunDescription {
  return { stackName: 'bench', region, outputs, endpoints: { dynamodb: dynamoDb, sqs, kms: events } };
}

/** Commands that are measured with the whole registry. */
const COMMANDS = ['apply', 'list', 'list --json', 'doctor'];

const flowUrlOf = (n: number): string => `http://127.0.0.1:1/flows/${n}?sig=${'s'.repeat(43)}`;

/** A subscription file. Every second subscription has a threshold, which is stored as an additional item. */
function* lines(subscriptions: number): Generator<string> {
  yield 'subscriptions:\n';
  for (let n = 0; n < subscriptions; n++) {
    const about =
      n % 2 === 0
        ? `trigger: data-source-refresh-failed\n    dataSource: Source ${n}`
        : `trigger: segment-threshold-crossed\n    segment: Segment ${n}\n    above: 10000\n    recoverTo: 9000`;
    yield `  - name: subscription-${n}\n    ${about}\n    owners: [team@example.com]\n    flowUrl: '${flowUrlOf(n)}'\n`;
  }
}

async function runCommand(bundle: string, args: readonly string[], directory: string): Promise<CommandRun> {
  const usageFile = join(directory, 'usage.json');
  const started = performance.now();
  const child = spawn(process.execPath, ['--require', join(__dirname, 'usage-at-exit.cjs'), bundle, ...args], {
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
  // Status 1 of `doctor`: it found problems.
  if (status !== 0 && !(args[0] === 'doctor' && status === 1)) {
    throw new Error(`${args[0]} ended with status ${status}:\n${problems}`);
  }
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(readFileSync(usageFile, 'utf8')) as NodeJS.ResourceUsage;
  return {
    seconds,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    // Kilobytes (Node.js documentation, process.resourceUsage).
    peakMb: (maxRSS * 1024) / 1e6,
    result: printed.trimEnd().split('\n').at(-1) as string,
  };
}

/** Sentences about runs of `apply` that changed something, and about commands that need too much memory. */
export function applyProblems({ subscriptions, second, registry, commands }: ApplyCost, maxMb: number): string[] {
  const again: [CommandRun | undefined, number][] = [
    [second, subscriptions],
    [commands.apply, registry],
  ];
  const changed = again
    .filter(([run, count]) => run?.result !== unchanged(count))
    .map(([run]) => `a later apply changed something: ${run?.result}`);
  const large = Object.entries(commands)
    .filter(([, { peakMb }]) => peakMb > maxMb)
    .map(([command, { peakMb }]) => `${command} needs ${Math.round(peakMb)} MB, more than ${maxMb}`);
  return [...changed, ...large];
}

/** The last line of `apply` for a file that changes nothing. */
const unchanged = (subscriptions: number): string => `0 added, 0 changed, ${subscriptions} unchanged`;
