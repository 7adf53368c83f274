import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TRIGGER_IDS } from '../../contract/events';

const ROOT = dirname(dirname(__dirname));
const SIGNATURES = /sig(=|%3D)|example-signature/;

/** `npm start` without npm: what the script runs. */
class Run {
  readonly process: ChildProcess;
  out = '';
  err = '';
  private readonly ended: Promise<number>;
  private readonly heard: (() => void)[] = [];

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.process = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'local/main.ts'), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
    });
    this.process.stdout?.on('data', (chunk) => this.hear(() => (this.out += chunk)));
    this.process.stderr?.on('data', (chunk) => this.hear(() => (this.err += chunk)));
    this.ended = once(this.process, 'close').then(([code, signal]) => code ?? `ended by ${signal}`);
  }

  status(): Promise<number> {
    return this.ended;
  }

  /** What the pattern finds in standard output, as soon as it is there. */
  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.out)?.[0];
      if (found) return found;
      if (this.process.exitCode !== null) throw new Error(`ended without saying ${pattern}: ${this.out}${this.err}`);
      await new Promise<void>((resolve) => this.heard.push(resolve));
    }
  }

  private hear(take: () => void): void {
    take();
    for (const resolve of this.heard.splice(0)) resolve();
  }
}

/** Processes that have `id` for a parent, as the kernel says; empty where it does not say. */
function childrenOf(id: number): number[] {
  const file = `/proc/${id}/task/${id}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

function alive(id: number): boolean {
  try {
    process.kill(id, 0);
    // A process that has ended and that nobody has asked about yet (Z) still has its number.
    return !/\) Z /.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

let folder: string;
let runs: Run[];
let servers: Server[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-run-test-'));
  runs = [];
  servers = [];
});
afterEach(async () => {
  for (const run of runs) {
    run.process.kill('SIGKILL');
    await run.status();
  }
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const startWith = (environment: Readonly<Record<string, string>>, ...args: string[]): Run => {
  const run = new Run(args, environment);
  runs.push(run);
  return run;
};
const start = (...args: string[]): Run => startWith({}, ...args);
const file = (name: string, text: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const events = (...entries: object[]): string =>
  file('events.jsonl', entries.map((entry) => JSON.stringify(entry)).join('\n'));
const segment = (memberCount: number, minute: number) => ({
  Source: 'customer-insights',
  DetailType: 'SegmentRefreshed',
  Detail: { segment: 'A', memberCount, observedAt: new Date(Date.UTC(2026, 10, 1, 0, minute)).toISOString() },
});
const failed = (dataSource: string, runId: string, more: object = {}) => ({
  Source: 'customer-insights',
  DetailType: 'DataSourceRefreshed',
  Detail: { dataSource, status: 'Failed', runId, ...more },
});
const flowUrl = (name: string) => `"\${LOCAL_FLOWS}/${name}?sig=0123456789-0123456789-0123456789-0123456789"`;
const subscriptions = (...entries: string[]): string =>
  file('subscriptions.yaml', `subscriptions:\n${entries.join('')}`);
const onFailure = (name: string, url = flowUrl(name)): string =>
  `  - { name: ${name}, trigger: data-source-refresh-failed, flowUrl: ${url} }\n`;

describe('npm start -- --once --json', () => {
  it('plays the example: every trigger is delivered, the crossings are exactly those that the history holds', async () => {
    const run = start('--once', '--json');
    expect(await run.status(), run.err).toBe(0);
    const summary = JSON.parse(run.out);
    expect(Object.keys(summary)).toEqual(['events', 'crossings', 'deliveries']);
    expect(summary.events).toEqual({ put: 61, rejected: 1 });
    expect(new Set(summary.deliveries.map(({ trigger }: { trigger: string }) => trigger))).toEqual(
      new Set(TRIGGER_IDS),
    );
    expect(summary.deliveries).toHaveLength(20);
    for (const delivery of summary.deliveries) {
      expect(delivery).toEqual({
        deliveryId: expect.stringMatching(/^[\w-]+_[0-9a-f]{32}$/),
        subscription: expect.any(String),
        trigger: expect.any(String),
        status: 'delivered',
        attempts: 1,
        httpStatus: 202,
      });
    }
    const moves = summary.crossings.map(
      (crossing: Record<string, string>) =>
        `${crossing.observedAt?.slice(0, 10)} ${crossing.subject} ${crossing.direction} ${crossing.threshold}: ${crossing.previousValue} → ${crossing.value}`,
    );
    expect(moves.toSorted()).toEqual([
      '2026-11-04 Revenue yesterday above 250000: 248310.55 → 251002.1',
      '2026-11-05 VIP customers above 10000: 10000 → 10120',
      '2026-11-07 Revenue yesterday above 250000: 239870.45 → 250000',
      '2026-11-08 Customers at risk below 500: 500 → 486',
      '2026-11-09 VIP customers above 10000: 9985 → 10215',
      '2026-11-12 Customers at risk below 500: 515 → 498',
      '2026-11-13 Revenue yesterday above 250000: 247990.99 → 253400',
    ]);
    expect(run.err).toContain('"value" is "NaN"');
    expect(run.out + run.err).not.toMatch(SIGNATURES);
  });

  it('delivers what has a name of any characters, and ends at once', async () => {
    const names = ['🎉', '👩‍👩‍👧 ‏עברית', 'Größe \ufffe \u{1ffff} \0'];
    const bodies: { dataSource: string; error: string }[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(202).end();
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `"http://127.0.0.1:${(server.address() as AddressInfo).port}/?sig=0123456789-0123456789-0123456789-0123456789"`;
    // Longer than the test may take: a run that waits until its end fails it.
    const wait = ['--wait', '600'];
    const files = ['--events', events(...names.map((name) => failed(name, name, { error: name })))];
    const run = start('--once', '--json', ...wait, ...files, '--subscriptions', subscriptions(onFailure('tell', url)));
    expect(await run.status(), run.err).toBe(0);
    expect(JSON.parse(run.out).deliveries.map(({ status }: { status: string }) => status)).toEqual(
      Array(3).fill('delivered'),
    );
    // In a body a control character is a blank, and none ends a name.
    const shown = names.map((name) => name.replace(' \0', ''));
    expect(bodies.map(({ dataSource, error }) => [dataSource, error]).toSorted()).toEqual(
      shown.map((name) => [name, name]).toSorted(),
    );
  });

  it('gives exactly the crossings of a history that moves fast', async () => {
    const values = Array.from({ length: 120 }, (_, n) => (n % 2 === 0 ? 5 : 20));
    const run = start(
      '--once',
      '--json',
      '--events',
      events(...values.map(segment)),
      '--subscriptions',
      subscriptions(
        `  - { name: up, trigger: segment-threshold-crossed, segment: A, above: 10, flowUrl: ${flowUrl('up')} }\n`,
        '  - { name: down, trigger: segment-threshold-crossed, segment: A, below: 10 }\n',
      ),
    );
    expect(await run.status(), run.err).toBe(0);
    const { crossings, deliveries } = JSON.parse(run.out);
    expect(crossings).toHaveLength(119);
    // The subscription without a flow puts its events on the bus and starts nothing.
    expect(deliveries).toHaveLength(60);
  });

  it('exits with 0 when events are rejected and the rest has arrived', async () => {
    const run = start(
      '--once',
      '--json',
      '--events',
      events(
        failed('Orders', 'run-1'),
        { Source: 'customer-insights', DetailType: 'datasourcerefreshed', Detail: {} },
        failed('Orders', 'run-2', { status: 'failed' }),
        { Source: 'aws.glue', DetailType: 'Glue Job State Change', Detail: {} },
      ),
      '--subscriptions',
      subscriptions(onFailure('one')),
    );
    expect(await run.status(), run.err).toBe(0);
    expect(JSON.parse(run.out).events).toEqual({ put: 4, rejected: 3 });
    expect(run.err).toContain('unknown detail type "datasourcerefreshed": write DataSourceRefreshed');
    expect(run.err).toContain('"status" is "failed": write one of Successful, Failed');
    expect(run.err).toContain('NotAuthorizedForSourceException');
  });

  it('exits with 1 and says what is dead', async () => {
    const server = createServer((_, response) => response.writeHead(400).end()).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `"http://127.0.0.1:${(server.address() as AddressInfo).port}/?sig=0123456789-0123456789-0123456789-0123456789"`;
    const run = start(
      '--once',
      '--json',
      '--events',
      events(failed('A', '1')),
      '--subscriptions',
      subscriptions(onFailure('bad', url)),
    );
    expect(await run.status()).toBe(1);
    expect(JSON.parse(run.out).deliveries).toMatchObject([
      { subscription: 'bad', status: 'dead', attempts: 1, httpStatus: 400 },
    ]);
    expect(run.err).toContain('dead: data-source-refresh-failed → bad (1 try, last answer 400)');
    expect(run.out + run.err).not.toMatch(SIGNATURES);
  });

  it('calls a flow whose URL is a secret or a parameter of the user, and shows it nowhere', async () => {
    const paths: unknown[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url);
      response.writeHead(202).end();
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?sig=0123456789-0123456789-0123456789-0123456789`;
    const kept = (name: string, from: string) =>
      `  - { name: ${name}, trigger: data-source-refresh-failed, flowUrlFrom: ${from} }\n`;
    const run = startWith(
      { CRM_FLOW_URL: url, FLOWS: JSON.stringify({ erp: url }) },
      ...['--once', '--json', '--secret', 'flows=FLOWS', '--parameter', '/crm/flow-url=CRM_FLOW_URL'],
      ...['--events', events(failed('A', '1')), '--subscriptions'],
      subscriptions(kept('crm', '{ parameter: /crm/flow-url }'), kept('erp', '{ secret: flows, field: erp }')),
    );
    expect(await run.status(), run.err).toBe(0);
    expect(JSON.parse(run.out).deliveries).toMatchObject([{ status: 'delivered' }, { status: 'delivered' }]);
    expect(paths).toEqual(Array(2).fill(expect.stringMatching(/sig=/)));
    expect(run.out + run.err).not.toMatch(SIGNATURES);
  });

  it('exits with 1 when a delivery still waits for its next try', async () => {
    const server = createServer((_, response) => response.writeHead(503).end()).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `"http://127.0.0.1:${(server.address() as AddressInfo).port}/?sig=0123456789-0123456789-0123456789-0123456789"`;
    const run = start(
      '--once',
      '--json',
      '--wait',
      '2',
      '--events',
      events(failed('A', '1')),
      '--subscriptions',
      subscriptions(onFailure('down', url), onFailure('up')),
    );
    expect(await run.status()).toBe(1);
    expect(
      JSON.parse(run.out).deliveries.toSorted((a: { status: string }, b: { status: string }) =>
        a.status < b.status ? -1 : 1,
      ),
    ).toMatchObject([
      { subscription: 'up', status: 'delivered', attempts: 1, httpStatus: 202 },
      { subscription: 'down', status: 'pending', attempts: 1, httpStatus: 503 },
    ]);
    expect(run.err).toMatch(/^No progress for 2 s: 1 delivery is still pending \(--wait SECONDS waits longer\)\n$/m);
    expect(run.err.trimEnd().split('\n').at(-1)).toMatch(/^No progress for 2 s/);
  });

  it('waits longer than --wait as long as deliveries are made', async () => {
    const run = start(
      ...['--once', '--json', '--wait', '4', '--events'],
      events(...Array.from({ length: 6 }, (_, n) => failed('A', `run-${n}`))),
      '--subscriptions',
      // One call a second.
      subscriptions(onFailure('slow').replace(' }', ', rateLimit: { calls: 1, per: 1s } }')),
    );
    expect(await run.status(), run.err).toBe(0);
    expect(JSON.parse(run.out).deliveries).toEqual(
      Array(6).fill(expect.objectContaining({ status: 'delivered', attempts: 1 })),
    );
    expect(run.err).not.toContain('No progress');
  });
});

describe('npm start -- --speed', () => {
  it('shows in seconds how a flow that is down pauses its subscription, and how it heals', async () => {
    const refused: string[] = [];
    const taken: string[] = [];
    let off = true;
    const server = createServer((request, response) => {
      (off ? refused : taken).push(String(request.headers['webhook-id']));
      response.writeHead(off ? 404 : 202).end();
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `"http://127.0.0.1:${(server.address() as AddressInfo).port}/?sig=0123456789-0123456789-0123456789-0123456789"`;
    // An hour passes in two seconds.
    const run = start(
      '--speed',
      '1800',
      '--events',
      events(failed('A', '1')),
      '--subscriptions',
      subscriptions(onFailure('off', url)),
    );
    await run.says(/failed .* → off +404 .*again in 1 s/);
    await run.says(/paused .*off: the flow refused 3 or more deliveries over \d+ s, the last with 404/);
    await run.says(/held .* → off/);
    off = false;
    await run.says(/resumed .*off: the flow accepted a delivery/);
    await run.says(/delivered.* → off +202/);
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(taken).toEqual([refused[0]]);
    // The pause itself is an event that none of the connector's own rules is for.
    expect(run.out).not.toContain('no rule takes');
  });
});

describe('npm start', () => {
  it('stays up, and an event that the AWS SDK puts starts the flow; Ctrl-C ends all it started', async () => {
    const run = start('--events', file('none.jsonl', ''), '--subscriptions', subscriptions(onFailure('tell')));
    await run.says(/Ctrl-C ends it/);
    const endpoint = (await run.says(/http:\/\/127\.0\.0\.1:\d+/)) as string;
    const bus = /"EventBusName":"([^"]+)"/.exec(run.out)?.[1];
    const client = new EventBridgeClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'anybody', secretAccessKey: 'anything' },
    });
    const { DetailType, Detail, Source } = failed('Orders', 'by-the-sdk');
    const entry = { EventBusName: bus, Source, DetailType, Detail: JSON.stringify(Detail) };
    expect((await client.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount).toBe(0);
    client.destroy();
    await run.says(/delivered.*Orders.*→ tell.*202 run \d+CU\d+/);

    const children = childrenOf(run.process.pid as number);
    run.process.kill('SIGINT');
    expect(await run.status()).toBe(0);
    expect(children.filter(alive)).toEqual([]);
    await expect(fetch(endpoint)).rejects.toThrow();
  });

  it.each([
    ['a port that is taken', (port: number) => ['--port', String(port)], /port \d+ is taken.*--port/],
    [
      'a file that is not there',
      () => ['--events', 'nowhere.jsonl'],
      /^"nowhere\.jsonl" does not exist: write --events FILE$/m,
    ],
    ['an unknown option', () => ['--evnts', 'x'], /--evnts.*--help/],
    ['--json alone', () => ['--json'], /write --once --json/],
    [
      'a file in UTF-16',
      () => ['--answers', file('a.json', Buffer.from('[]  \n', 'utf16le'))],
      /a\.json is in UTF-16 \(little-endian\): save it as UTF-8$/m,
    ],
    ['events that are not JSON', () => ['--events', file('e.jsonl', '{"Source":\n')], /e\.jsonl:1: not JSON/],
    [
      'an event without data',
      () => ['--events', file('e.jsonl', '\u{FEFF}{"Source":"a","DetailType":"b"}')],
      /^\S+e\.jsonl:1: "Detail" is missing/m,
    ],
    [
      'a broken subscription file',
      () => ['--subscriptions', file('s.yaml', 'subscriptions:\n  - name: x\n    trigger: no\n')],
      /s\.yaml:\d: subscription "x"/,
    ],
  ])('says what is wrong with %s in a line, exits with 2 and leaves nothing running', async (_, args, message) => {
    const taken = createServer().listen(0, '127.0.0.1');
    servers.push(taken);
    await once(taken, 'listening');
    const run = start(...args((taken.address() as AddressInfo).port));
    expect(await run.status()).toBe(2);
    expect(run.err).toMatch(message);
    expect(run.err).not.toContain('    at ');
    expect(childrenOf(run.process.pid as number).filter(alive)).toEqual([]);
  });

  it('leaves nothing running when it is killed', async () => {
    const run = start('--events', file('none.jsonl', ''), '--subscriptions', subscriptions(onFailure('tell')));
    await run.says(/Ctrl-C ends it/);
    const { DetailType, Detail, Source } = failed('Orders', 'once');
    const bus = /"EventBusName":"([^"]+)"/.exec(run.out)?.[1];
    const endpoint = await run.says(/http:\/\/127\.0\.0\.1:\d+/);
    await fetch(endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'AWSEvents.PutEvents', 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ Entries: [{ EventBusName: bus, Source, DetailType, Detail: JSON.stringify(Detail) }] }),
    });
    await run.says(/delivered.*→ tell/);
    const children = childrenOf(run.process.pid as number);
    run.process.kill('SIGKILL');
    await run.status();
    await expect.poll(() => children.filter(alive), { timeout: 30_000 }).toEqual([]);
  });

  it('shows a page at its address, without any flow URL, and ends with it open', async () => {
    const run = start();
    const address = (await run.says(/The connector runs: \S+ \(open it in a browser/)).split(' ')[3] as string;
    await run.says(/Ctrl-C ends it/);
    const page = await (await fetch(address)).text();
    expect(page).toContain('<h1>Power Automate connector</h1>');
    expect(page).toContain('Segment VIP customers: ');
    expect(page).not.toMatch(SIGNATURES);
    expect(page).not.toMatch(/\bsig\b/);
    const updates = await fetch(`${address}/page/updates`);
    run.process.kill('SIGINT');
    const status = await run.status();
    expect(status, run.out + run.err).toBe(0);
    await updates.text().catch(() => {});
  });

  it('tells how it is used', async () => {
    const run = start('--help');
    expect(await run.status()).toBe(0);
    expect(run.out).toContain('npm start -- --events FILE --subscriptions FILE');
  });
});
