/** Runs examples/sources with its bundles: runs from the bus, and runs that only the services' APIs report, start a flow. */
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Env } from '../../../contract/environment';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import type { BusEvent } from '../../../local/bus/event-bus';
import type { StubResponse } from '../../../local/engines/stubs/responses';
import { synthesize } from '../../../local/run/synthesize';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { type LocalStack, startLocalStack } from '../../../local/stack';
import { entryOf, listOf, SAMPLE_RUNS, type SampleRun, sample } from '../../support/app/sources';
import { runLocal } from '../../support/local-run';
import { FlowReceiverServer } from '../../support/servers/flow-receiver-server';
import { temporaryFolder } from '../../support/temporary-files';

const ROOT = join(__dirname, '../../..');
const APP = 'examples/sources/app.ts';
let server: FlowReceiverServer;
let templateFile: string;
let stack: LocalStack;
let bus: EventBridgeClient;
let answers: Map<string, StubResponse>;
let onBus: BusEvent[];
let logs: Record<string, unknown>[];

beforeAll(async () => {
  server = await FlowReceiverServer.start();
  const app = { file: join(ROOT, APP), stack: undefined };
  [templateFile = ''] = await synthesize(ROOT, app, temporaryFolder('reconciliation'));
});
afterAll(() => server.stop());

beforeEach(async () => {
  answers = new Map();
  onBus = [];
  logs = [];
  server.flows.received.length = 0;
  stack = await startLocalStack({
    templateFile,
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
    secrets: { 'crm/flow-urls': server.secret('data-team') },
    answers: ({ service, text }) => answers.get(`${service} ${text}`),
    onEvent: (event) => onBus.push(event),
    onLog: (_, line) => {
      if (line.startsWith('{')) logs.push(JSON.parse(line));
    },
  });
  bus = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
});
afterEach(async () => {
  bus.destroy();
  await stack.stop();
});

/** Makes the services' APIs report these runs. */
function list(runs: readonly SampleRun[]): void {
  answers = new Map(runs.map(({ kind, source }) => [`${kind} ${source}`, listOf(runs, kind, source) as StubResponse]));
}
async function putEvents(runs: readonly SampleRun[]): Promise<void> {
  for (const run of runs) await bus.send(new PutEventsCommand({ Entries: [entryOf(sample(run.sample))] }));
  await stack.whenIdle();
}
async function sweep(): Promise<void> {
  await stack.runSchedules();
  await stack.whenIdle();
}
const refreshes = () => onBus.filter((event) => event['detail-type'].endsWith('Refreshed'));
const delivered = () => server.flows.received.map(({ body }) => `${body?.trigger} ${body?.dataSource} ${body?.runId}`);

it('delivers a run that only the API reports, and delivers it once when its event arrives later', async () => {
  list(SAMPLE_RUNS);
  await sweep();
  expect(delivered().length).toBe(SAMPLE_RUNS.length);
  expect(new Set(delivered()).size).toBe(SAMPLE_RUNS.length);
  expect(refreshes().length).toBe(SAMPLE_RUNS.length);
  // Their own events arrive late: each run is on the bus twice and detected as a duplicate.
  await putEvents(SAMPLE_RUNS);
  expect(refreshes().length).toBe(2 * SAMPLE_RUNS.length);
  expect(delivered().length).toBe(SAMPLE_RUNS.length);
  expect(stack.deadLetters()).toEqual([]);
});

it('puts no event for a run that the bus has reported', async () => {
  const [reported, missed] = [SAMPLE_RUNS.filter((_, n) => n % 2 === 0), SAMPLE_RUNS.filter((_, n) => n % 2 === 1)];
  await putEvents(reported);
  expect(delivered().length).toBe(reported.length);
  list(SAMPLE_RUNS);
  for (let n = 0; n < 2; n++) await sweep();
  expect(refreshes().length).toBe(SAMPLE_RUNS.length);
  expect(new Set(delivered()).size).toBe(SAMPLE_RUNS.length);
  expect(delivered().length).toBe(SAMPLE_RUNS.length);
  const found = logs.filter(({ message }) => message === LogMessage.RECONCILED).map(({ runId }) => runId);
  expect(found.toSorted()).toEqual(missed.map(({ id }) => id).toSorted());
});

it('names a source whose service fails, and reports the other sources', async () => {
  const [refused] = SAMPLE_RUNS as readonly [SampleRun];
  list(SAMPLE_RUNS);
  answers.set(`${refused.kind} ${refused.source}`, { error: 'AccessDeniedException: not allowed' });
  await sweep();
  const others = SAMPLE_RUNS.filter(({ kind, source }) => kind !== refused.kind || source !== refused.source);
  expect(delivered().length).toBe(others.length);
  expect(logs.filter(({ message }) => message === LogMessage.RECONCILIATION_FAILED)).toMatchObject([
    { failure: 'Refused', kind: refused.kind, source: refused.source, reason: 'AccessDeniedException: not allowed' },
  ]);
  expect(logs.some((line) => line.FailedReconciliations === 1)).toBe(true);
  expect(stack.deadLetters()).toEqual([]);
});

it('npm start delivers the runs that the example missed', async () => {
  const args = ['--app', APP, '--answers', 'examples/sources/answers.json', '--run-schedules', '--once', '--json'];
  const secrets = ['--secret', 'crm/flow-urls=FLOW_URLS'];
  const { status, out, err } = await runLocal([...args, ...secrets], { FLOW_URLS: server.secret('data-team') });
  expect(status, err).toBe(0);
  expect(JSON.parse(out).deliveries.length).toBe(3);
  expect(
    server.flows.received.map(({ body }) => [body?.dataSource, body?.status, body?.recordCount]).toSorted(),
  ).toEqual([
    ['Documents', 'Successful', 1200],
    ['Orders', 'Failed', undefined],
    ['Prices', 'TimedOut', undefined],
  ]);
});
