import { AppflowClient } from '@aws-sdk/client-appflow';
import { AthenaClient } from '@aws-sdk/client-athena';
import { DataBrewClient } from '@aws-sdk/client-databrew';
import { DataSyncClient } from '@aws-sdk/client-datasync';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EMRServerlessClient } from '@aws-sdk/client-emr-serverless';
import { GlueClient } from '@aws-sdk/client-glue';
import { SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TTL_ATTRIBUTE } from '../../../../contract/shared';
import { RECONCILABLE_KINDS, RECORDED_RUN_DAYS, type ReconcilableKind } from '../../../../contract/sources';
import { checkEvent } from '../../../../lambda/events/core/events';
import { refreshIdOf } from '../../../../lambda/events/core/recognize';
import { recordedRuns } from '../../../../lambda/sources/adapters/recorded-run-table';
import { type RunClients, runLister } from '../../../../lambda/sources/adapters/runs';
import { eventsOf, normalizeBatch } from '../../../../lambda/sources/core/normalize';
import {
  MAX_PAGES,
  type ReconcilePorts,
  type RunLister,
  reconcileBatch,
} from '../../../../lambda/sources/core/reconcile';
import { type Endpoint, startEndpoint } from '../../../../local/engines/protocol/endpoint';
import type { StubCell, StubResponse } from '../../../../local/engines/stubs/responses';
import { runOperations, runRoutes } from '../../../../local/engines/stubs/runs';
import { LOCAL_CLIENT_CONFIG } from '../../../../local/shared/client-config';
import { SAMPLE_RUNS, type SampleRun, sample } from '../../../support/app/sources';
import { Killer } from '../../../support/memory/killer';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../../support/memory/memory';
import { startTables, type TestTables } from '../../../support/servers/tables';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-02T06:00:00Z');
const ago = (milliseconds: number) => new Date(NOW - milliseconds).toISOString();

let tables: TestTables;
let runsTable: string;
let endpoint: Endpoint;
let clients: RunClients;
let asked: string[] = [];
/** The responses of the services, by kind and name of the source. */
let said = new Map<string, StubResponse>();
const COLUMNS = ['id', 'status', 'startTime', 'endTime', 'error', 'recordCount', 'redriveCount'];
const say = (kind: ReconcilableKind, source: string, ...rows: StubCell[][]) =>
  said.set(`${kind} ${source}`, { columns: COLUMNS, rows });

beforeAll(async () => {
  tables = await startTables();
  const prefix = tables.thresholds.slice(0, tables.thresholds.indexOf('Connector'));
  const { TableNames = [] } = await tables.client.send(new ListTablesCommand({}));
  runsTable = TableNames.find((name) => name.startsWith(prefix) && name.includes('Collection')) as string;
  const answers = ({ service, text }: { service: string; text: string }) => {
    asked.push(`${service} ${text}`);
    return said.get(`${service} ${text}`);
  };
  endpoint = await startEndpoint({ port: 0, routes: runRoutes(answers) });
  endpoint.serve(runOperations(answers));
  // One attempt, because the SDK's waits are not part of the test.
  const config = { ...LOCAL_CLIENT_CONFIG, endpoint: endpoint.url, maxAttempts: 1 };
  clients = {
    appFlow: new AppflowClient(config),
    glue: new GlueClient(config),
    dataBrew: new DataBrewClient(config),
    emrServerless: new EMRServerlessClient(config),
    dataSync: new DataSyncClient(config),
    athena: new AthenaClient(config),
    stepFunctions: new SFNClient(config),
  };
});
afterAll(async () => {
  for (const client of Object.values(clients)) client.destroy();
  await endpoint.stop();
  await tables.stop();
});
beforeEach(() => {
  said = new Map();
  asked = [];
});

const NAMES = Object.fromEntries(SAMPLE_RUNS.map(({ kind, source }) => [kind, source])) as Record<
  ReconcilableKind,
  string
>;
/** States in each API: in progress, succeeded, failed. */
const WORDS: Record<ReconcilableKind, readonly [string, string, string]> = {
  appflow: ['InProgress', 'Successful', 'Error'],
  'glue-job': ['RUNNING', 'SUCCEEDED', 'FAILED'],
  databrew: ['RUNNING', 'SUCCEEDED', 'FAILED'],
  'emr-serverless': ['RUNNING', 'SUCCESS', 'FAILED'],
  datasync: ['TRANSFERRING', 'SUCCESS', 'ERROR'],
  athena: ['RUNNING', 'SUCCEEDED', 'FAILED'],
  'step-functions': ['RUNNING', 'SUCCEEDED', 'FAILED'],
};

const sourceOf = (name: string, detail: object = { dataSource: 'Orders' }, put = 'DataSourceRefreshed') => ({
  name,
  put,
  detail,
  reconciled: true,
});

let instances = 0;
/** A reconciler with its own instance, so that all tests share the table. */
function reconciler(kind: ReconcilableKind, killer?: Killer, name = NAMES[kind]) {
  const instanceId = `i-${++instances}`;
  const source = sourceOf(name, { dataSource: 'Orders', instanceId });
  const bus = new MemoryBus();
  const telemetry = new MemoryTelemetry();
  const rejected = new MemoryRejected();
  const portsOf = (now: number, worker: Killer | undefined): ReconcilePorts => {
    const publisher = bus.publisher();
    const watched = Object.fromEntries(
      Object.entries(clients).map(([service, client]) => [service, worker?.wrap(client) ?? client]),
    ) as unknown as RunClients;
    return {
      lister: runLister(watched),
      recorded: recordedRuns(worker?.wrap(tables.client) ?? tables.client, runsTable, () => now),
      events: {
        publish: (type, detail) =>
          worker ? worker.call('PutEvents', () => publisher.publish(type, detail)) : publisher.publish(type, detail),
      },
      telemetry,
      rejected,
      clock: () => now,
    };
  };
  const message = (lookBack = DAY) => JSON.stringify({ kind, source, lookBackSeconds: lookBack / 1000 });
  return {
    source,
    bus,
    telemetry,
    rejected,
    portsOf,
    message,
    /** A scheduled reconciliation, and its retry after a crash, 12 minutes later as in SQS. */
    async sweep(after = 0, body = message()): Promise<string[]> {
      const worker = killer?.killed ? undefined : killer;
      const failed = await reconcileBatch([{ id: 'one', body }], portsOf(NOW + after, worker));
      if (!worker?.killed) return failed;
      return reconcileBatch([{ id: 'one', body }], portsOf(NOW + after + 12 * MINUTE, undefined));
    },
    details: () => bus.published.map(({ detail: { instanceId: _, dataSource: __, ...detail } }) => detail),
    runs: () => bus.published.map(({ detail }) => `${detail.runId} ${detail.status}`).toSorted(),
    identities: () =>
      bus.published.map(({ detailType, detail }) => {
        const checked = checkEvent(JSON.stringify({ 'detail-type': detailType, time: ago(0), detail }));
        return 'value' in checked ? refreshIdOf(checked.value) : checked.reason;
      }),
  };
}

it('the samples contain successes and failures of each kind', () => {
  for (const kind of RECONCILABLE_KINDS) {
    expect(SAMPLE_RUNS.filter((run) => run.kind === kind).length, kind).toBeGreaterThanOrEqual(2);
  }
});

it.each(SAMPLE_RUNS.map((run): [string, SampleRun] => [run.sample, run]))(
  'a run has one identity, by its event and by the API: %s',
  async (name, { kind, source: called, id, status }) => {
    const { source, sweep, bus, identities } = reconciler(kind, undefined, called);
    say(kind, called, [id, status, ago(2 * HOUR), ago(HOUR), 'more than the event says', 5]);
    expect(await sweep()).toEqual([]);
    const told = eventsOf(JSON.stringify({ kind, sources: [source], event: sample(name) }));
    const [heard] = 'value' in told ? told.value : [];
    expect(heard?.eventId).toMatch(/^[0-9a-f]{32}$/);
    expect(identities()).toEqual([heard?.eventId]);
    expect(bus.published[0]?.detail).toMatchObject({
      runId: heard?.detail.runId,
      status: heard?.detail.status,
      startedAt: ago(2 * HOUR),
      endedAt: ago(HOUR),
    });
  },
);

describe.each(RECONCILABLE_KINDS)('runs of %s', (kind) => {
  const [going, succeeded, failed] = WORDS[kind];
  const history = () =>
    say(
      kind,
      NAMES[kind],
      ['going', going, ago(3 * HOUR), null],
      ['now', failed, ago(HOUR), ago(2 * MINUTE)],
      ['one', succeeded, ago(2 * HOUR), ago(6 * MINUTE)],
      ['two', failed, ago(3 * HOUR), ago(2 * HOUR), 'no space'],
      ['long', succeeded, ago(47 * HOUR), ago(23 * HOUR)],
      ['old', failed, ago(26 * HOUR), ago(25 * HOUR)],
      ['older', failed, ago(40 * DAY), ago(39 * DAY)],
    );

  it('that ended within the look-back period are put once, with any number of reconciliations and pages', async () => {
    history();
    const { sweep, runs, telemetry, details } = reconciler(kind);
    for (let n = 0; n < 3; n++) expect(await sweep()).toEqual([]);
    expect(runs()).toEqual(['long Successful', 'one Successful', 'two Failed']);
    expect(telemetry.counts).toEqual({ ReconciledRuns: 3 });
    // Step Functions only reports errors together with the state machine's input.
    const error = kind === 'step-functions' ? undefined : 'no space';
    expect(details().find(({ runId }) => runId === 'two')?.error).toBe(error);
    // A run that just ended is put after the time for its own event.
    await sweep(5 * MINUTE);
    expect(runs()).toEqual(['long Successful', 'now Failed', 'one Successful', 'two Failed']);
  });

  it('whose event arrived are not put again', async () => {
    history();
    const { sweep, runs, source, portsOf, bus } = reconciler(kind);
    const [any] = SAMPLE_RUNS.filter((run) => run.kind === kind) as [SampleRun];
    const { 'detail-type': detailType, resources, detail } = sample(any.sample);
    const event = {
      'detail-type': detailType,
      time: ago(6 * MINUTE),
      resources: resources.map((one) => one.replace(any.id, 'one')),
      detail: JSON.parse(JSON.stringify(detail).replaceAll(any.id, 'one')),
    };
    const ports = portsOf(NOW, undefined);
    say(kind, NAMES[kind], ['one', any.status, ago(2 * HOUR), ago(6 * MINUTE)]);
    const body = JSON.stringify({ kind, sources: [{ ...source, name: any.source }], event });
    await normalizeBatch([{ id: 'one', body }], ports);
    expect(bus.published.length).toBe(1);
    say(kind, any.source, ['one', any.status, ago(2 * HOUR), ago(6 * MINUTE)]);
    await sweep(0, JSON.stringify({ kind, source: { ...source, name: any.source }, lookBackSeconds: 86_400 }));
    expect(runs().length).toBe(1);
  });

  it('are put with the same events after a crash at any point', async () => {
    history();
    const outcome = async (killer?: Killer) => {
      const { sweep, runs, identities } = reconciler(kind, killer);
      await sweep();
      await sweep(HOUR / 2);
      expect(new Set(identities()).size).toBe(new Set(runs()).size);
      return runs();
    };
    const whole = Killer.never();
    const expected = await outcome(whole);
    expect(expected).toEqual(['long Successful', 'now Failed', 'one Successful', 'two Failed']);
    expect(whole.points.length).toBeGreaterThan(15);
    for (let n = 1; n <= whole.points.length; n++) {
      const killer = Killer.atPoint(n);
      const found = await outcome(killer);
      expect(killer.killed).toBe(true);
      expect([...new Set(found)], `died at ${n}, ${whole.points[n - 1]}`).toEqual(expected);
    }
  });

  it('that another account lists are put once, with the same events', async () => {
    history();
    const direct = reconciler(kind);
    await direct.sweep();
    const { lists, compare, accepted, telemetry } = forwarded(kind);
    expect(await lists()).toEqual([]);
    for (let n = 0; n < 2; n++) expect(await compare()).toEqual([]);
    const origin = { awsAccount: FROM.account, awsRegion: FROM.region };
    expect(accepted.details()).toEqual(expect.arrayContaining(direct.details().map((one) => ({ ...one, ...origin }))));
    expect(accepted.runs()).toEqual(['long Successful', 'one Successful', 'two Failed']);
    expect(telemetry.counts).toEqual({ ReconciledRuns: 3 });
  });

  it('with denied access are a named failure without a retry', async () => {
    said.set(`${kind} ${NAMES[kind]}`, { error: 'AccessDeniedException: reconcile may not do that' });
    const { sweep, telemetry, bus } = reconciler(kind);
    expect(await sweep()).toEqual([]);
    expect(telemetry.counts).toEqual({ FailedReconciliations: 1 });
    expect(telemetry.lines.join()).toContain('Refused');
    expect(telemetry.lines.join()).toContain('reconcile may not do that');
    expect(bus.published).toEqual([]);
  });

  it('are listed again after throttling', async () => {
    said.set(`${kind} ${NAMES[kind]}`, { error: 'ThrottlingException: Rate exceeded' });
    const { sweep, telemetry, runs } = reconciler(kind);
    expect(await sweep()).toEqual(['one']);
    expect(telemetry.counts).toEqual({ FailedReconciliations: 1 });
    expect(telemetry.lines.join()).toContain('Throttled');
    history();
    expect(await sweep()).toEqual([]);
    expect(runs()).toEqual(['long Successful', 'one Successful', 'two Failed']);
  });
});

const FROM = { account: '111122223333', region: 'eu-central-1' };

/** A reconciler in another account, which lists the runs of its source, and the one of the connector. */
function forwarded(kind: ReconcilableKind) {
  const accepted = reconciler(kind);
  const there = reconciler(kind);
  /** What a rule sends for each list. */
  const messages = (sources: readonly object[], from = FROM) =>
    there.bus.published.map(({ detailType, detail }, n) => ({
      id: String(n),
      body: JSON.stringify({ kind, sources, event: { 'detail-type': detailType, ...from, detail } }),
    }));
  const { telemetry } = accepted;
  return {
    accepted,
    there,
    telemetry,
    lists: (ports: Partial<ReconcilePorts> = {}) => {
      const own = { ...there.portsOf(NOW, undefined), recorded: undefined, ...ports };
      return reconcileBatch([{ id: 'one', body: there.message() }], own);
    },
    compare: (from = FROM) =>
      reconcileBatch(messages([{ ...accepted.source, ...FROM }], from), accepted.portsOf(NOW, undefined)),
  };
}

it('lists have a size that EventBridge accepts, and texts that the connector keeps', async () => {
  const message = 'x'.repeat(10_000);
  const runs = Array.from({ length: 250 }, (_, n) => {
    const detail = { jobName: NAMES['glue-job'], state: 'FAILED', jobRunId: `run-${n}`, ...(n < 50 && { message }) };
    return { event: { detailType: 'Glue Job State Change', time: ago(HOUR), resources: [], detail } };
  });
  const lister: RunLister = {
    async *list() {
      yield runs;
    },
  };
  const { lists, compare, accepted, there } = forwarded('glue-job');
  await lists({ lister });
  const sizes = there.bus.published.map(({ detail }) => JSON.stringify(detail).length);
  expect(sizes.length).toBeLessThan(10);
  // With the template of the rule, less than SQS accepts.
  expect(Math.max(...sizes)).toBeLessThan(64_000);
  await compare();
  expect(accepted.runs()).toHaveLength(250);
  expect(accepted.details()[0]?.error).toBe(`${'x'.repeat(3999)}…`);
});

it('a list of a source that the connector does not accept is rejected with the reason', async () => {
  say('databrew', NAMES.databrew, ['one', 'FAILED', ago(2 * HOUR), ago(HOUR)]);
  const { lists, compare, accepted } = forwarded('databrew');
  await lists();
  await compare({ ...FROM, region: 'eu-west-3' });
  expect(accepted.runs()).toEqual([]);
  expect(accepted.rejected.kept.map(({ reason }) => reason)).toEqual([
    `listed runs: the connector accepts no source ["${NAMES.databrew}"] of the account 111122223333 in eu-west-3: add it with acceptSource`,
  ]);
});

it('a listed run with an unknown state is reported, and the others are put', async () => {
  say('glue-job', 'MyJob', ['odd', 'EXPLODED', ago(HOUR), ago(HOUR)], ['one', 'FAILED', ago(HOUR), ago(HOUR)]);
  const { lists, compare, accepted, telemetry } = forwarded('glue-job');
  await lists();
  await compare();
  expect(accepted.runs()).toEqual(['one Failed']);
  expect(telemetry.counts).toEqual({ ReconciledRuns: 1, FailedReconciliations: 1 });
});

it('a failed source does not affect other sources', async () => {
  said.set('databrew denied', { error: 'AccessDeniedException: no' });
  said.set('databrew throttled', { error: 'ThrottlingException: no' });
  say('databrew', 'fine', ['one', 'FAILED', ago(2 * HOUR), ago(HOUR)]);
  const { portsOf, bus } = reconciler('databrew');
  const messages = ['denied', 'throttled', 'fine'].map((name) => ({
    id: name,
    body: JSON.stringify({ kind: 'databrew', source: sourceOf(name), lookBackSeconds: 86_400 }),
  }));
  expect(await reconcileBatch(messages, portsOf(NOW, undefined))).toEqual(['throttled']);
  expect(bus.published.map(({ detail }) => detail.runId)).toEqual(['one']);
});

it('pages are read up to a limit, which is reported, and their runs are put', async () => {
  const rows = Array.from({ length: 2 * MAX_PAGES + 10 }, (_, n) => [
    ...[`run-${n}`, 'SUCCEEDED', ago(30 * HOUR), n % 50 === 0 ? ago(2 * HOUR) : ago(29 * HOUR)],
  ]);
  say('databrew', NAMES.databrew, ...rows);
  const { sweep, telemetry, runs } = reconciler('databrew');
  expect(await sweep()).toEqual([]);
  expect(asked.length).toBe(MAX_PAGES);
  expect(runs()).toEqual([0, 100, 150, 50].map((n) => `run-${n} Successful`));
  expect(telemetry.counts).toEqual({ ReconciledRuns: 4, FailedReconciliations: 1 });
  expect(telemetry.lines.join()).toContain('TooManyRuns');
});

it.each(['appflow', 'glue-job', 'databrew', 'athena', 'step-functions'] as const)(
  'no page of %s is read that is too old',
  async (kind) => {
    const days = Array.from({ length: 40 }, (_, n) => n);
    const rows = days.map((n) => [`day-${n}`, WORDS[kind][1], ago(n * DAY + 2 * HOUR), ago(n * DAY + HOUR)]);
    say(kind, NAMES[kind], ...rows);
    const { sweep, runs } = reconciler(kind);
    await sweep();
    expect(runs()).toEqual(['day-0 Successful']);
    // Two runs for each page: eight days and one more page by start, one day by end.
    const pages = kind === 'step-functions' ? 1 : 5;
    expect(asked.length).toBeLessThanOrEqual(kind === 'athena' ? pages * 3 : pages);
  },
);

it.each(['appflow', 'databrew'] as const)('all pages of %s are read if the oldest runs come first', async (kind) => {
  const days = Array.from({ length: 40 }, (_, n) => 39 - n);
  say(
    kind,
    NAMES[kind],
    ...days.map((n) => [`day-${n}`, WORDS[kind][1], ago(n * DAY + 2 * HOUR), ago(n * DAY + HOUR)]),
  );
  const { sweep, runs } = reconciler(kind);
  await sweep();
  expect(runs()).toEqual(['day-0 Successful']);
  expect(asked.length).toBe(20);
});

it('a DataSync execution that ended long ago is described once and never put', async () => {
  say('datasync', NAMES.datasync, ['old', 'ERROR', ago(26 * HOUR), ago(25 * HOUR)]);
  const { sweep, runs } = reconciler('datasync');
  await sweep();
  expect(asked.length).toBe(2);
  await sweep();
  expect(asked.length).toBe(3);
  expect(runs()).toEqual([]);
});

it('a redriven execution is another run', async () => {
  const name = NAMES['step-functions'];
  const { sweep, runs } = reconciler('step-functions');
  say('step-functions', name, ['nightly', 'FAILED', ago(5 * HOUR), ago(4 * HOUR), null, null, 0]);
  await sweep();
  say('step-functions', name, ['nightly', 'FAILED', ago(5 * HOUR), ago(HOUR), null, null, 1]);
  await sweep();
  expect(runs()).toEqual(['nightly Failed', 'nightly redrive 1 Failed']);
});

it('a run with an unknown state is reported, and the others are put', async () => {
  say('glue-job', 'MyJob', ['odd', 'EXPLODED', ago(HOUR), ago(HOUR)], ['one', 'FAILED', ago(HOUR), ago(HOUR)]);
  const { sweep, runs, telemetry } = reconciler('glue-job');
  expect(await sweep()).toEqual([]);
  expect(runs()).toEqual(['one Failed']);
  expect(telemetry.counts).toEqual({ ReconciledRuns: 1, FailedReconciliations: 1 });
  expect(telemetry.lines.join()).toContain('EXPLODED');
});

it('full refreshes and unifications are put with their detail type', async () => {
  const [name] = [NAMES['step-functions']];
  say('step-functions', name, ['nightly', 'SUCCEEDED', ago(2 * HOUR), ago(HOUR)]);
  const { portsOf, bus } = reconciler('step-functions');
  const bodies = [
    sourceOf(name, { kind: 'Scheduled', instanceId: `i-${instances}` }, 'FullRefreshed'),
    sourceOf(name, { instanceId: `i-${instances}` }, 'UnificationRefreshed'),
  ].map((source) => JSON.stringify({ kind: 'step-functions', source, lookBackSeconds: 86_400 }));
  await reconcileBatch(
    bodies.map((body, n) => ({ id: String(n), body })),
    portsOf(NOW, undefined),
  );
  expect(bus.published.map(({ detailType, detail }) => [detailType, detail.runId]).toSorted()).toEqual([
    ['FullRefreshed', 'nightly'],
    ['UnificationRefreshed', 'nightly'],
  ]);
});

it('a record expires after the documented time', async () => {
  say('databrew', NAMES.databrew, ['one', 'FAILED', ago(2 * HOUR), ago(HOUR)]);
  const { sweep } = reconciler('databrew');
  const before = new Set((await tables.all(runsTable)).map(({ pk }) => pk));
  await sweep();
  const [made, ...more] = (await tables.all(runsTable)).filter(({ pk }) => !before.has(pk));
  expect(more).toEqual([]);
  expect(made?.[TTL_ATTRIBUTE]).toBe(NOW / 1000 + RECORDED_RUN_DAYS * 86_400);
});

it('a message without a source is stored with the reason', async () => {
  const { sweep, rejected, bus } = reconciler('databrew');
  await sweep(0, 'no JSON');
  await sweep(0, '{"kind":"dms"}');
  await sweep(0, JSON.stringify({ kind: 'databrew', source: sourceOf('x'), lookBackSeconds: 0 }));
  expect(rejected.kept.map(({ reason }) => reason)).toEqual([
    'the message is not JSON',
    expect.stringMatching(/^the message does not name a source to reconcile: .*kind/),
    expect.stringMatching(/lookBackSeconds/),
  ]);
  expect(bus.published).toEqual([]);
});
