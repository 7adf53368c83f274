import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { TRIGGER_IDS } from '../../contract/events';
import { close, LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { LocalRun, putEvent } from '../support/local-run';
import { temporaryFolder } from '../support/temporary-files';

const SIGNATURES = /sig(=|%3D)|example-signature/;

/** Ids of a process's children, from the kernel. Empty on systems without /proc. */
function childrenOf(id: number): number[] {
  const file = `/proc/${id}/task/${id}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

function alive(id: number): boolean {
  try {
    process.kill(id, 0);
    // A zombie (Z) has ended; its parent has not read its status yet.
    return !/\) Z /.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const folder = temporaryFolder('local-run');
const runs: LocalRun[] = [];
const servers: Server[] = [];
const stopRuns = async () => {
  for (const run of runs.splice(0)) {
    run.process.kill('SIGKILL');
    await run.status();
  }
  for (const server of servers.splice(0)) await close(server);
};
/** Stops what a test started. If the test failed, shows what its runs printed: a time-out says nothing else. */
const stopAfter = async ({ task }: TestContext) => {
  if (task.result?.state === 'fail') for (const { out, err } of runs) console.error(out, err);
  await stopRuns();
};

const startWith = async (environment: Readonly<Record<string, string>>, ...args: string[]): Promise<LocalRun> => {
  const run = await LocalRun.start(args, environment);
  runs.push(run);
  return run;
};
const start = (...args: string[]): Promise<LocalRun> => startWith({}, ...args);
/** Starts a flow and returns its URL. `respond` returns the status of its response. */
async function flow(respond: (request: IncomingMessage, body: string) => number): Promise<string> {
  const server = createServer(async (request, response) => {
    response.writeHead(respond(request, String(await readBody(request, Infinity)))).end();
  });
  servers.push(server);
  return `http://${LOOPBACK}:${await listen(server, 0)}/?sig=0123456789-0123456789-0123456789-0123456789`;
}
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

/** Starts a run with these events and subscriptions. */
const play = (args: readonly string[], entries: readonly object[], ...subscribed: string[]): Promise<LocalRun> =>
  start(...args, '--events', events(...entries), '--subscriptions', subscriptions(...subscribed));

const busOf = (run: LocalRun) => /"EventBusName":"([^"]+)"/.exec(run.out)?.[1];

describe('a run of --once --json in which every event arrives', () => {
  const names = ['🎉', '👩‍👩‍👧 ‏עברית', 'Größe \ufffe \u{1ffff} \0'];
  const bodies: { dataSource: string; error: string }[] = [];
  const paths: unknown[] = [];
  let run: LocalRun;
  let summary: {
    events: object;
    crossings: object[];
    deliveries: { subscription: string; status: string }[];
  };
  beforeAll(async () => {
    const tell = await flow((_, body) => {
      bodies.push(JSON.parse(body));
      return 202;
    });
    const secret = await flow(({ url }) => {
      paths.push(url);
      return 202;
    });
    const kept = (name: string, from: string) =>
      `  - { name: ${name}, trigger: data-source-refresh-failed, dataSource: A, flowUrlFrom: ${from} }\n`;
    run = await startWith(
      { CRM_FLOW_URL: secret, FLOWS: JSON.stringify({ erp: secret }) },
      // Longer than the hook's timeout: a run that waits this long fails the hook.
      ...['--once', '--json', '--wait', '600', '--secret', 'flows=FLOWS', '--parameter', '/crm/flow-url=CRM_FLOW_URL'],
      '--events',
      events(
        ...names.map((name) => failed(name, name, { error: name })),
        ...Array.from({ length: 120 }, (_, n) => segment(n % 2 === 0 ? 5 : 20, n)),
        { Source: 'customer-insights', DetailType: 'datasourcerefreshed', Detail: {} },
        failed('Orders', 'run-2', { status: 'failed' }),
        { Source: 'aws.glue', DetailType: 'Glue Job State Change', Detail: {} },
        failed('A', '1'),
      ),
      '--subscriptions',
      subscriptions(
        onFailure('tell', `"${tell}"`),
        kept('crm', '{ parameter: /crm/flow-url }'),
        kept('erp', '{ secret: flows, field: erp }'),
        `  - { name: up, trigger: segment-threshold-crossed, segment: A, above: 10, flowUrl: ${flowUrl('up')} }\n`,
        '  - { name: down, trigger: segment-threshold-crossed, segment: A, below: 10 }\n',
      ),
    );
    await run.status();
    summary = JSON.parse(run.out);
  });
  afterAll(stopRuns);
  const deliveriesOf = (name: string) => summary.deliveries.filter(({ subscription }) => subscription === name);

  it('exits with 0 as soon as nothing is in flight, although some events are rejected', async () => {
    expect(await run.status(), run.err).toBe(0);
    expect(summary.events).toEqual({ put: 127, rejected: 3 });
    expect(run.err).toContain('unknown detail type "datasourcerefreshed": write DataSourceRefreshed');
    expect(run.err).toContain('"status" is "failed": write one of Successful, Failed');
    expect(run.err).toContain('NotAuthorizedForSourceException');
  });

  it('delivers names of any characters', () => {
    expect(deliveriesOf('tell').map(({ status }) => status)).toEqual(Array(4).fill('delivered'));
    // In a body, a space replaces each control character, and no name ends with one.
    const shown = names.map((name) => name.replace(' \0', ''));
    expect(bodies.map(({ dataSource, error }) => [dataSource, error]).toSorted()).toEqual(
      [['A', ''], ...shown.map((name) => [name, name])].toSorted(),
    );
  });

  it('publishes exactly the crossings of a history that moves fast', () => {
    expect(summary.crossings).toHaveLength(119);
    // The subscription without a flow puts its events on the bus and starts nothing.
    expect(deliveriesOf('up')).toHaveLength(60);
    expect(deliveriesOf('down')).toEqual([]);
  });

  it('calls a flow whose URL is a secret or a parameter of the user, and shows it nowhere', () => {
    expect(deliveriesOf('crm')).toMatchObject([{ status: 'delivered' }]);
    expect(deliveriesOf('erp')).toMatchObject([{ status: 'delivered' }]);
    expect(paths).toEqual(Array(2).fill(expect.stringMatching(/sig=/)));
    expect(run.out + run.err).not.toMatch(SIGNATURES);
  });
});

describe('npm start -- --once --json', () => {
  afterEach(stopAfter);

  it('plays the example: every trigger is delivered, the crossings are exactly those in the history', async () => {
    const run = await start('--once', '--json');
    expect(await run.status(), run.err).toBe(0);
    const summary = JSON.parse(run.out);
    expect(Object.keys(summary)).toEqual(['events', 'crossings', 'deliveries']);
    expect(summary.events).toEqual({ put: 61, rejected: 1 });
    expect(new Set(summary.deliveries.map(({ trigger }: { trigger: string }) => trigger))).toEqual(
      new Set(TRIGGER_IDS),
    );
    expect(summary.deliveries).toHaveLength(22);
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
      '2026-11-11 Revenue yesterday below 238451.995: 244020.1 → 238115.3',
      '2026-11-12 Customers at risk below 500: 515 → 498',
      '2026-11-13 Revenue yesterday above 250000: 247990.99 → 253400',
    ]);
    expect(run.err).toContain('"value" is "NaN"');
    expect(run.out + run.err).not.toMatch(SIGNATURES);
  });

  it('exits with 1 and names the dead deliveries', async () => {
    const url = await flow(() => 400);
    const run = await play(['--once', '--json'], [failed('A', '1')], onFailure('bad', `"${url}"`));
    expect(await run.status()).toBe(1);
    expect(JSON.parse(run.out).deliveries).toMatchObject([
      { subscription: 'bad', status: 'dead', attempts: 1, httpStatus: 400 },
    ]);
    expect(run.err).toContain('dead: data-source-refresh-failed → bad (1 attempt, last response 400)');
    expect(run.out + run.err).not.toMatch(SIGNATURES);
  });

  it('exits with 1 when a delivery waits for its next try', async () => {
    const url = await flow(() => 503);
    const args = ['--once', '--json', '--wait', '2'];
    const run = await play(args, [failed('A', '1')], onFailure('down', `"${url}"`), onFailure('up'));
    expect(await run.status()).toBe(1);
    expect(
      JSON.parse(run.out).deliveries.toSorted((a: { status: string }, b: { status: string }) =>
        a.status < b.status ? -1 : 1,
      ),
    ).toMatchObject([
      { subscription: 'up', status: 'delivered', attempts: 1, httpStatus: 202 },
      { subscription: 'down', status: 'pending', attempts: 1, httpStatus: 503 },
    ]);
    expect(run.err).toMatch(
      /^No progress for 2 s: 1 delivery is still pending \(use --wait SECONDS to wait longer\)\n$/m,
    );
    expect(run.err.trimEnd().split('\n').at(-1)).toMatch(/^No progress for 2 s/);
  });

  it('waits longer than --wait while deliveries are made', async () => {
    const entries = Array.from({ length: 6 }, (_, n) => failed('A', `run-${n}`));
    const oneCallPerSecond = onFailure('slow').replace(' }', ', rateLimit: { calls: 1, per: 1s } }');
    const run = await play(['--once', '--json', '--wait', '4'], entries, oneCallPerSecond);
    expect(await run.status(), run.err).toBe(0);
    expect(JSON.parse(run.out).deliveries).toEqual(
      Array(6).fill(expect.objectContaining({ status: 'delivered', attempts: 1 })),
    );
    expect(run.err).not.toContain('No progress');
  });
});

describe('npm start -- --speed', () => {
  afterEach(stopAfter);

  it('shows in seconds how a subscription is paused while its flow is down, and resumed when the flow works again', async () => {
    const refused: string[] = [];
    const taken: string[] = [];
    let off = true;
    const url = await flow(({ headers }) => {
      (off ? refused : taken).push(String(headers['webhook-id']));
      return off ? 404 : 202;
    });
    // A day passes in 4.8 s. Probes are daily after the third, and the test may be late for the first three.
    const run = await play(['--speed', '18000'], [failed('A', '1')], onFailure('off', `"${url}"`));
    await run.says(/failed .* → off +404 .*again in 1 s/);
    await run.says(/paused .*off: the flow refused 3 or more deliveries over \d+ s, the last with 404/);
    await run.says(/held .* → off/);
    off = false;
    await run.says(/resumed .*off: the flow accepted a delivery/);
    await run.says(/delivered.* → off +202/);
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(taken).toEqual([refused[0]]);
    // The pause is itself an event. No rule of the connector matches it.
    expect(run.out).not.toContain('no rule matches');
  });
});

describe('npm start', () => {
  afterEach(stopAfter);

  it('stays up, shows a page, delivers an event that the AWS SDK puts, and Ctrl-C ends all it started', async () => {
    const up = `  - { name: up, trigger: segment-threshold-crossed, segment: A, above: 10, flowUrl: ${flowUrl('up')} }\n`;
    const run = await play([], [segment(5, 0), segment(20, 1)], onFailure('tell'), up);
    const address = (await run.says(/The connector runs at \S+ \(open it in a browser/)).split(' ')[4] as string;
    await run.says(/Press Ctrl-C to stop/);
    const page = await (await fetch(address)).text();
    expect(page).toContain('<h1>Power Automate connector</h1>');
    expect(page).toContain('Segment A: ');
    expect(page).not.toMatch(SIGNATURES);
    expect(page).not.toMatch(/\bsig\b/);

    const client = new EventBridgeClient({
      endpoint: address,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    });
    const { DetailType, Detail, Source } = failed('Orders', 'by-the-sdk');
    const entry = { EventBusName: busOf(run), Source, DetailType, Detail: JSON.stringify(Detail) };
    expect((await client.send(new PutEventsCommand({ Entries: [entry] }))).FailedEntryCount).toBe(0);
    client.destroy();
    await run.says(/delivered.*Orders.*→ tell.*202 run \d+CU\d+/);

    // The page is open when the run ends.
    const updates = await fetch(`${address}/page/updates`);
    const children = childrenOf(run.process.pid as number);
    run.process.kill('SIGINT');
    expect(await run.status(), run.out + run.err).toBe(0);
    await updates.text().catch(() => {});
    expect(children.filter(alive)).toEqual([]);
    await expect(fetch(address)).rejects.toThrow();
  });

  it.each([
    ['a port that is taken', (port: number) => ['--port', String(port)], /port \d+ is taken.*--port/],
    [
      'a file that is not there',
      () => ['--events', 'nowhere.jsonl'],
      /^"nowhere\.jsonl" does not exist: use --events FILE$/m,
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
    [
      'a subscription that awaits reports which the connector does not accept',
      () => [
        '--subscriptions',
        file(
          'slow.yaml',
          'subscriptions:\n  - name: slow\n    trigger: full-refresh-completed\n    flowUrl: http://127.0.0.1:1/flows/slow\n    finishWithin: 30m\n',
        ),
      ],
      /slow\.yaml:5: subscription "slow": "finishWithin" needs an API that accepts reports/,
    ],
  ])('reports %s in one line, exits with 2 and leaves nothing running', async (_, args, message) => {
    const taken = createServer();
    servers.push(taken);
    const run = await start(...args(await listen(taken, 0)));
    expect(await run.status()).toBe(2);
    expect(run.err).toMatch(message);
    expect(run.err).not.toContain('    at ');
    expect(childrenOf(run.process.pid as number).filter(alive)).toEqual([]);
  });

  it('leaves nothing running when it is killed', async () => {
    const run = await play([], [], onFailure('tell'));
    await run.says(/Press Ctrl-C to stop/);
    const { DetailType, Detail, Source } = failed('Orders', 'once');
    const endpoint = await run.says(/http:\/\/127\.0\.0\.1:\d+/);
    await putEvent(endpoint, { EventBusName: busOf(run), Source, DetailType, Detail: JSON.stringify(Detail) });
    await run.says(/delivered.*→ tell/);
    const children = childrenOf(run.process.pid as number);
    run.process.kill('SIGKILL');
    await run.status();
    await expect.poll(() => children.filter(alive), { timeout: 30_000 }).toEqual([]);
  });

  it('prints its help', async () => {
    const run = await start('--help');
    expect(await run.status()).toBe(0);
    expect(run.out).toContain('npm start -- --events FILE --subscriptions FILE');
  });
});
