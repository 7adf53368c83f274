import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Ajv from 'ajv';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../cli/commands';
import { LOCAL_RUN_FILE } from '../../cli/connector/local-run';
import { main, type ProgramEnvironment } from '../../cli/main';
import { Env } from '../../contract/environment';
import { TRIGGER_IDS } from '../../contract/events';
import { close, LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { writeLocalRunFile } from '../../local/run/announce';
import type { LocalStack } from '../../local/stack';
import { bundleCli, type CliResult, expectClean, runCli } from '../support/cli';
import { putEvent, startConnectorStack } from '../support/local-run';
import { temporaryFolder } from '../support/temporary-files';

/** The secret part of a flow URL. */
const SECRET = 'c2VjcmV0LW9mLXRoZS10ZXN0LWZsb3c';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
const directory = temporaryFolder('cli');
let bundle: string;
let stack: LocalStack;
let flowsPort: number;
/** Status of flows' responses by flow name; 202 by default. */
const answers = new Map<string, number>();
/** Bodies that flows received. */
const received: { readonly flow: string; readonly body: Record<string, unknown> }[] = [];

beforeAll(async () => {
  bundle = await bundleCli();
  const flows = createServer(async (request, response) => {
    const flow = request.url?.split(/[/?]/)[1] ?? '';
    received.push({ flow, body: JSON.parse(String(await readBody(request, Infinity))) });
    response.writeHead(answers.get(flow) ?? 202, { 'x-ms-workflow-run-id': '08586385375608413077338220563CU84' }).end();
  });
  flowsPort = await listen(flows, 0);
  cleanups.push(() => close(flows));
  stack = await startConnectorStack({ functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' } });
  cleanups.push(() => stack.stop());
}, 120_000);

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

beforeEach(() => answers.clear());

const flowUrl = (flow: string) => `http://${LOOPBACK}:${flowsPort}/${flow}?sig=${SECRET}`;

/** Runs the CLI against the local run. Its output must not contain any part of a flow URL except the host. */
async function cli(args: readonly string[], more: { env?: Record<string, string>; input?: string } = {}) {
  const env = { HOME: directory, AWS_EC2_METADATA_DISABLED: 'true', ...more.env };
  const result = await runCli(bundle, [...args, `--local=${stack.endpoint}`], { ...more, cwd: directory, env });
  return expectClean(result, [SECRET]);
}

/** A command's output with --json. */
async function json<T>(...args: string[]): Promise<T> {
  const { out, err, status } = await cli([...args, '--json']);
  expect({ err, status }).toEqual({ err: '', status: 0 });
  return JSON.parse(out) as T;
}

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly attempts: readonly { readonly status?: number }[];
}

const file = (...names: string[]) =>
  `subscriptions:\n${names
    .map(
      (name) =>
        `  - name: ${name}\n    trigger: data-source-refresh-failed\n    dataSource: ${name}\n    flowUrl: '${flowUrl(name)}'\n`,
    )
    .join('')}`;
const put = (text: string) => writeFileSync(join(directory, 'subscriptions.yaml'), text);
const failed = (dataSource: string) => [
  'emit',
  'DataSourceRefreshed',
  '--set',
  `dataSource=${dataSource}`,
  '--set',
  'status=Failed',
];

/** Waits until every message is processed. */
const settled = () => stack.whenIdle(AbortSignal.timeout(30_000));

describe('a day with the connector', () => {
  it('applies, applies again, tests, sees a flow fail, replays, lists and shows', async () => {
    put(file('orders', 'web'));
    const first = await cli(['apply']);
    expect(first).toMatchObject({ status: 0 });
    expect(first.out).toBe(
      '2 to add, 0 to change, 0 unchanged:\nadded orders\nadded web\n2 added, 0 changed, 0 unchanged\n',
    );
    expect(await cli(['apply', '--prune'])).toMatchObject({
      status: 0,
      out: '0 added, 0 changed, 0 removed, 2 unchanged\n',
    });

    expect(await cli(['test', 'orders'])).toEqual({
      status: 0,
      err: '',
      out:
        'delivered: the flow responded with 202, run 08586385375608413077338220563CU84\n' +
        'The flow accepted the sample. Its run history shows whether the run succeeded.\n',
    });
    expect(received.at(-1)).toMatchObject({ flow: 'orders', body: { isTest: true, dataSource: 'orders' } });

    // 413 is not retried.
    answers.set('orders', 413);
    const tested = await cli(['test', 'orders']);
    expect(tested).toEqual({
      status: 1,
      out: '',
      err: expect.stringMatching(
        /^not delivered \(dead\): 413.*; the connector will not retry it; run show for details\n$/,
      ),
    });
    expect((await cli(failed('orders'))).out).toMatch(/^put DataSourceRefreshed on .*"dataSource":"orders"/);
    await settled();
    const dead = await json<Delivery[]>('deliveries', '--status', 'dead', 'orders');
    expect(dead.map(({ attempts }) => attempts.map(({ status }) => status))).toEqual([[413], [413]]);
    const [latest] = dead;
    const table = (await cli(['deliveries'])).out.split('\n');
    expect(table[0]).toMatch(/^ACCEPTED +STATUS +TRIGGER +ATTEMPTS +LAST RESPONSE +ID$/);
    expect(table[1]).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \((now|\d+ \w+ ago)\) +dead +data-source-refresh-failed +1 +413.* orders_[0-9a-f]{32}$/,
    );
    expect((await cli(['show', 'orders'])).out).toMatch(/^ {2}dead +2: to send them again, run replay orders$/m);

    answers.delete('orders');
    expect(await cli(['replay', latest?.id ?? ''])).toMatchObject({ status: 0, err: '' });
    await settled();
    expect(await cli(['replay', '--subscription', 'orders', '--since', '1h'])).toMatchObject({
      status: 0,
      out: '1 sent\n',
    });
    await settled();
    const all = await json<Delivery[]>('deliveries', 'orders', '--subscription', 'orders');
    expect(all.map(({ status }) => status)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(await cli(['replay', `web_${'0'.repeat(32)}`])).toEqual({
      status: 1,
      out: '',
      err: 'not sent: the delivery does not exist\n',
    });

    const list = (await cli(['list'])).out.split('\n');
    expect(list[1]).toMatch(
      /^orders +active +data-source-refresh-failed +orders +127\.0\.0\.1:\d+ #[0-9a-f]{8} +file:default$/,
    );
    expect((await cli(['show', 'orders'])).out).toMatch(/^orders\n {2}state +active\n {2}trigger +data-source-refresh/);
  });

  it('holds deliveries while it is paused, also after a change, until it is resumed', async () => {
    put(file('orders', 'web'));
    await cli(['apply']);
    const before = received.length;
    expect((await cli(['pause', 'web'])).out).toBe('paused web: to end the pause, run resume web\n');
    expect((await cli(['pause', 'web'])).out).toBe('web is already paused\n');
    put(file('orders', 'web').replaceAll('dataSource: web', 'dataSource: web\n    owners: kim@example.com'));
    expect((await cli(['apply'])).out).toContain('changed web\n');
    await cli(failed('web'));
    await settled();
    await stack.runSchedules();
    await settled();
    expect(received.slice(before)).toEqual([]);
    expect(await json('show', 'web')).toMatchObject({
      state: 'paused',
      pausedBecause: 'an operator paused it',
      held: 1,
      latest: [{ status: 'held' }],
    });
    expect(await cli(['replay', 'web'])).toEqual({
      status: 1,
      out: '0 sent, 1 not sent\n',
      err: '1 not sent: its subscription is paused: resume it first\n',
    });
    expect((await cli(['resume', 'web'])).out).toBe('resumed web: 1 held, sent within minutes\n');
    await stack.runSchedules();
    await settled();
    expect(received.slice(before)).toMatchObject([{ flow: 'web', body: { isTest: false } }]);
    expect((await cli(['resume', 'web'])).out).toBe('web is already active\n');
  });

  it('reads a new flow URL from a variable or standard input, and does not show it', async () => {
    put(file('orders', 'web'));
    await cli(['apply']);
    const env = { WEB_FLOW: flowUrl('web-new') };
    expect((await cli(['set-url', 'web', '--from-env', 'WEB_FLOW'], { env })).out).toMatch(
      /^changed web: 127\.0\.0\.1:\d+ #[0-9a-f]{8}; to test the flow, run test web\n$/,
    );
    expect((await cli(['set-url', 'web'], { input: `${flowUrl('web-new')}\n` })).out).toMatch(
      /^unchanged: web already has this/,
    );
    expect((await cli(['test', 'web'])).status).toBe(0);
    expect(received.at(-1)?.flow).toBe('web-new');
    expect(await cli(['set-url', 'web', '--from-env', 'NOT_SET'])).toMatchObject({
      status: 2,
      err: 'environment variable NOT_SET is not set or empty: set it and try again\n',
    });
    expect(await cli(['set-url', 'web'])).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^The flow URL is empty/),
    });
    const elsewhere = { input: `https://example.com/?sig=${SECRET}` };
    expect(await cli(['set-url', 'web'], elsewhere)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^example\.com is not a host of Power Automate/),
    });
  });

  it('shows rejected events on each call', async () => {
    const { out } = await cli(['rejected']);
    expect(out).toBe('No messages: the dead-letter queues are empty.\n');
    // An unknown detail type, which `emit` would not put.
    await putEvent(stack.endpoint, {
      EventBusName: stack.outputs.EventBusName,
      Source: 'customer-insights',
      DetailType: 'DataSourceRefresh',
      Detail: '{"dataSource":"web"}',
    });
    await settled();
    for (const _ of ['once', 'again']) {
      expect((await cli(['rejected'])).out).toMatch(
        /^\S+ \S+ \(.*\) {2}unknown detail type "DataSourceRefresh".*\n {2}DataSourceRefresh \{"dataSource":"web"\}\n {2}in .*Triggers.*\n$/,
      );
    }
    expect(await json('rejected')).toMatchObject([{ reason: expect.stringContaining('unknown detail type') }]);
  });

  it('watches deliveries and pauses as they happen, until Ctrl-C', async () => {
    put(file('orders', 'web'));
    await cli(['apply']);
    const args = [bundle, 'watch', '--every', '1s', `--local=${stack.endpoint}`];
    const watching = spawn(process.execPath, args, { cwd: directory, env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    // Collects lines all the time: one that arrives while the test waits for a command counts, too.
    const reader = createInterface(watching.stdout).on('line', (line) => lines.push(line));
    const said = async (wanted: RegExp) => {
      while (!lines.some((line) => wanted.test(line))) await once(reader, 'line');
    };
    await said(/^Watching PowerAutomateConnector\. Press Ctrl-C to stop\.$/);
    await cli(failed('orders'));
    await said(/^\d\d:\d\d:\d\d delivered data-source-refresh-failed {4}→ orders +202, run \d+CU84$/);
    await cli(['pause', 'web']);
    await said(/^\d\d:\d\d:\d\d paused {4}web: an operator paused it$/);
    await cli(['resume', 'web']);
    await said(/^\d\d:\d\d:\d\d resumed {3}web$/);
    const ended = once(watching, 'close');
    watching.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    expect(lines.join('\n')).not.toContain(SECRET);
  });
});

describe('a call without its subscription or connector', () => {
  beforeAll(async () => {
    put(file('orders', 'web'));
    await cli(['apply']);
  });

  it.each([
    ['show'],
    ['test'],
    ['pause'],
    ['resume'],
    ['set-url'],
    ['deliveries', '--subscription'],
    ['deliveries'],
    ['replay'],
    ['watch'],
    ['thresholds', '--subscription'],
  ])('reports an unknown subscription with a suggestion: %s %s', async (...args) => {
    expect(await cli([...args, 'ordres'])).toEqual({
      status: 1,
      out: '',
      err: 'subscription ordres does not exist: did you mean orders?\n',
    });
  });

  it('reports that no connector runs on this machine', async () => {
    const run = (args: string[]): Promise<CliResult> => runCli(bundle, args, { cwd: directory, env: {} });
    expect(await run(['list', '--local'])).toEqual({
      status: 3,
      out: '',
      err: 'no local connector runs in this directory: run npm start, or use --local URL with the URL that it printed\n',
    });
    expect((await run(['list', '--local', 'http://127.0.0.1:1'])).err).toMatch(/^no local connector responds at http:/);
  });

  it('finds the connector that npm start runs in the same folder, until it ends', async () => {
    const file = join(directory, LOCAL_RUN_FILE);
    const withdraw = writeLocalRunFile(stack.endpoint, directory);
    expect((await runCli(bundle, ['--local', 'list'], { cwd: directory, env: {} })).status).toBe(0);
    withdraw();
    expect(existsSync(file)).toBe(false);
  });
});

describe('schema and sample', () => {
  it.each(TRIGGER_IDS.flatMap((id) => (['flat', 'cloudevents', 'teams-card'] as const).map((format) => [id, format])))(
    'fit each other: %s, %s',
    async (trigger, format) => {
      const print = async (name: string) => {
        const printed: unknown[] = [];
        const terminal = { json: (value: unknown) => printed.push(JSON.parse(JSON.stringify(value))) };
        const world = { terminal, clock: Date.now } as unknown as ProgramEnvironment;
        expect(await main([name, trigger, '--format', format], COMMANDS, world)).toBe(0);
        return printed[0] as object;
      };
      const check = new Ajv({ strict: false, validateFormats: false }).compile(await print('schema'));
      const sample = await print('sample');
      expect(check(sample), JSON.stringify(check.errors)).toBe(true);
      // A schema that accepts anything would accept this.
      expect(check([])).toBe(false);
      expect(JSON.stringify(sample)).not.toContain('null');
    },
  );
});
