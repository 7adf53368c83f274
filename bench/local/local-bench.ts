import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../engines/child';
import type { Received } from './endpoint-process';
import { startNodeRed } from './node-red';
import type { OutboxRequest } from './outbox-process';
import { PostLoop } from './post-loop';
import { type TreeUse, treeUse } from './process-tree';

const ROOT = join(__dirname, '../..');
const SAMPLE_MS = 250;
const PROGRESS_MS = 5000;
/** Milliseconds without a new event after which a measurement ends with an error. */
const STALLED_MS = 60_000;

/** A way to bring events to a flow. */
export interface Measured {
  readonly name: string;
  /** What survives a crash of the process. */
  readonly persistence: string;
  readonly events: number;
  readonly duplicates: number;
  /** From the first event put until the endpoint has the last one. */
  readonly perSecond: number;
  /** The same for the second half of the events, when everything has started and is compiled. */
  readonly steadyPerSecond: number;
  /** CPU time of all processes but the endpoint, milliseconds. Undefined without /proc. */
  readonly cpuMsPerEvent?: number;
  /** Highest memory of the main process, MB. */
  readonly peakMb?: number;
  /** Highest memory of all processes, MB. */
  readonly peakOfAllMb?: number;
  /** Memory of the main process after each tenth of the events, MB. */
  readonly curveMb?: readonly number[];
}

export interface LocalBenchOptions {
  readonly events: number;
  /** Installs Node-RED into a temporary folder and measures it. */
  readonly nodeRed: boolean;
  readonly progress: (text: string) => void;
}

/** Measures each way after the other, on the same machine with the same endpoint. */
export async function measureLocal(options: LocalBenchOptions): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-local-'));
  const endpoint = await startChild<string>(join(__dirname, 'endpoint-process.ts'));
  const bench = new LocalBench(folder, endpoint, options);
  try {
    const results = [await bench.ours(), await bench.outbox()];
    if (options.nodeRed) results.push(await bench.nodeRed());
    return results;
  } finally {
    await endpoint.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class LocalBench {
  constructor(
    private readonly folder: string,
    private readonly endpoint: Child<string>,
    private readonly options: LocalBenchOptions,
  ) {}

  /** `npm start -- --once` with a flow outside of it. Its tables are in memory: nothing survives a crash of all of it. */
  async ours(): Promise<Measured> {
    const events = join(this.folder, 'events.jsonl');
    const lines = this.details().map((Detail) => ({
      Source: 'customer-insights',
      DetailType: 'DataSourceRefreshed',
      Detail,
    }));
    writeFileSync(events, lines.map((line) => JSON.stringify(line)).join('\n'));
    const subscriptions = join(this.folder, 'subscriptions.yaml');
    writeFileSync(
      subscriptions,
      `subscriptions:\n  - { name: orders, trigger: data-source-refresh-succeeded, dataSource: Orders, flowUrl: "${this.endpoint.ready}?sig=bench" }\n`,
    );
    const main = join(ROOT, 'local/main.ts');
    // The options of `npm start`.
    const args = [
      '--max-semi-space-size=16',
      '--import',
      'tsx',
      main,
      '--events',
      events,
      '--subscriptions',
      subscriptions,
      '--once',
    ];
    await this.endpoint.ask('start');
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = once(child, 'exit');
    const output = collect(child);
    await output.until(/^Putting/m);
    const name = 'the local run';
    const measured = await this.measure(name, 'tables and queues in memory', child.pid as number);
    const [status] = await exited;
    if (status !== 0) throw new Error(`the local run ended with status ${status}:\n${output.tail()}`);
    return measured;
  }

  async outbox(): Promise<Measured> {
    const child = await startChild<number>(join(__dirname, 'outbox-process.ts'), { NODE_NO_WARNINGS: '1' });
    const request: OutboxRequest = { folder: this.folder, url: this.endpoint.ready, bodies: this.bodies() };
    const run = async () => void (await child.ask(request));
    const measured = await this.measure('an outbox in SQLite', 'file, write-ahead log', child.ready, run);
    await child.stop();
    return measured;
  }

  async nodeRed(): Promise<Measured> {
    this.options.progress('Node-RED: installing from the npm registry into a temporary folder …');
    const folder = join(this.folder, 'node-red');
    mkdirSync(folder);
    const nodeRed = await startNodeRed(folder, this.endpoint.ready);
    const run = () => new PostLoop(64).all(nodeRed.url, this.bodies());
    const measured = await this.measure('Node-RED', 'none', nodeRed.pid, run);
    await nodeRed.stop();
    return measured;
  }

  /** @param run starts the work. Undefined if it has started. */
  private async measure(name: string, persistence: string, pid: number, run?: () => Promise<void>): Promise<Measured> {
    const { events } = this.options;
    // The local run has started by itself: its first events can have arrived.
    if (run) await this.endpoint.ask('start');
    const start = Date.now();
    const before = treeUse(pid);
    const ended = run?.();
    // A rejection is reported after the wait, which it ends.
    let failed = false;
    ended?.catch(() => (failed = true));
    const samples = new Samples(events);
    let [lastProgress, lastChange, known] = [start, start, 0];
    let received: Received;
    for (;;) {
      received = await this.endpoint.ask<Received>('received');
      const now = Date.now();
      samples.add(received.events, now, treeUse(pid));
      if (received.events >= events || failed) break;
      if (received.events > known) lastChange = now;
      known = received.events;
      if (now - lastChange > STALLED_MS) throw new Error(`${name}: only ${known} of ${events} events arrived`);
      if (now - lastProgress > PROGRESS_MS) {
        this.options.progress(`${name}: ${known} of ${events} events`);
        lastProgress = now;
      }
      await sleep(SAMPLE_MS);
    }
    const after = treeUse(pid);
    await ended;
    const { lastAt, posts } = received;
    return {
      ...{ name, persistence, events },
      duplicates: posts - received.events,
      perSecond: (events / (lastAt - start)) * 1000,
      steadyPerSecond: samples.steady(events, lastAt),
      ...(before && after && { cpuMsPerEvent: (after.cpuMs - before.cpuMs) / events, peakMb: after.peakMb }),
      ...(after && { peakOfAllMb: samples.peakMb, curveMb: samples.curve }),
    };
  }

  private details() {
    return Array.from({ length: this.options.events }, (_, n) => ({
      ...{ dataSource: 'Orders', status: 'Successful', runId: `run-${n}`, attempt: 1, recordCount: 17_062 },
    }));
  }

  /** Bodies of about the size that the local run sends. */
  private bodies(): string[] {
    return this.details().map((detail) => JSON.stringify({ trigger: 'data-source-refresh-succeeded', ...detail }));
  }
}

class Samples {
  peakMb = 0;
  readonly curve: number[] = [];
  private half: { readonly events: number; readonly at: number } | undefined;

  constructor(private readonly total: number) {}

  add(events: number, at: number, use: TreeUse | undefined): void {
    if (!this.half && events >= this.total / 2) this.half = { events, at };
    if (!use) return;
    this.peakMb = Math.max(this.peakMb, use.rssMb);
    while (this.curve.length < Math.floor((10 * events) / this.total)) this.curve.push(Math.round(use.ownMb));
  }

  /** Events a second since half of them had arrived. */
  steady(total: number, lastAt: number): number {
    const { events, at } = this.half as { readonly events: number; readonly at: number };
    return lastAt > at ? ((total - events) / (lastAt - at)) * 1000 : Number.NaN;
  }
}

/** Reads a child's output, of which only the end is kept. */
function collect(child: ChildProcess) {
  let text = '';
  let check = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text = `${text}${chunk}`.slice(-4000);
      check();
    });
  }
  return {
    tail: () => text,
    until: (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        child.once('exit', (status) => reject(new Error(`the local run ended with status ${status}:\n${text}`)));
        check = () => {
          if (!pattern.test(text)) return;
          check = () => {};
          resolve();
        };
        check();
      }),
  };
}
