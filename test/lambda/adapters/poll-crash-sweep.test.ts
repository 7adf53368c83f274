import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EntityResolutionClient } from '@aws-sdk/client-entityresolution';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jobLister } from '../../../lambda/adapters/job-lister';
import { PolledJobTable } from '../../../lambda/adapters/polled-job-table';
import { checkEvent } from '../../../lambda/core/events';
import { type PollPorts, pollBatch } from '../../../lambda/core/poll';
import type { PolledJobs } from '../../../lib/private/contract';
import { ANYBODY } from '../../../local/connector';
import type { AnswerCell, Question } from '../../../local/engines/answers';
import { CustomerProfiles } from '../../../local/engines/customer-profiles';
import { type Endpoint, startEndpoint } from '../../../local/engines/endpoint';
import { entityResolution } from '../../../local/engines/entity-resolution';
import { Killer } from '../../support/killer';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../support/memory';
import { startTables, type TestTables } from '../../support/tables';

const START = Date.parse('2026-11-02T06:00:00Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const at = (minute: number) => new Date(START + minute * MINUTE).toISOString();

let tables: TestTables;
let runsTable: string;
let endpoint: Endpoint;
let resolution: EntityResolutionClient;
let profiles: CustomerProfilesClient;
/** The jobs that there are. */
let rows: AnswerCell[][] = [];
let questions: Question[] = [];
beforeAll(async () => {
  tables = await startTables();
  const prefix = tables.thresholds.slice(0, tables.thresholds.indexOf('Connector'));
  const { TableNames = [] } = await tables.client.send(new ListTablesCommand({}));
  runsTable = TableNames.find((name) => name.startsWith(prefix) && name.includes('Collection')) as string;
  const answers = (question: Question) => {
    questions.push(question);
    return { columns: ['id', 'status', 'startTime', 'endTime', 'error'], rows };
  };
  const customerProfiles = new CustomerProfiles(answers);
  const matching = entityResolution(answers);
  endpoint = await startEndpoint({
    port: 0,
    routes: (request, response) => customerProfiles.handle(request, response) || matching(request, response),
  });
  resolution = new EntityResolutionClient({ ...ANYBODY, endpoint: endpoint.url });
  profiles = new CustomerProfilesClient({ ...ANYBODY, endpoint: endpoint.url });
});
afterAll(async () => {
  resolution.destroy();
  profiles.destroy();
  await endpoint.stop();
  await tables.stop();
});
beforeEach(() => {
  rows = [];
  questions = [];
});

const MATCHING: PolledJobs = { service: 'entity-resolution', workflow: 'customers' };
const IDENTITIES: PolledJobs = { service: 'identity-resolution', domain: 'shop' };

let instances = 0;
/** A poller of an instance of its own, so that all share the table. */
function poller(jobs: PolledJobs, killer?: Killer) {
  const instanceId = `i-${++instances}`;
  const bus = new MemoryBus();
  const telemetry = new MemoryTelemetry();
  const rejected = new MemoryRejected();
  const ports = (now: number, worker: Killer | undefined): PollPorts => {
    const publisher = bus.publisher();
    return {
      lister: jobLister(worker?.inTheWayOf(resolution) ?? resolution, worker?.inTheWayOf(profiles) ?? profiles),
      jobs: new PolledJobTable(worker?.inTheWayOf(tables.client) ?? tables.client, runsTable),
      events: {
        publish: (type, detail) =>
          worker ? worker.call('PutEvents', () => publisher.publish(type, detail)) : publisher.publish(type, detail),
      },
      telemetry,
      rejected,
      clock: () => now,
    };
  };
  return {
    bus,
    telemetry,
    rejected,
    /** A run of the schedule, and the same again when the worker dies, as SQS brings it: 6 minutes later. */
    async poll(minute: number, body = JSON.stringify({ jobs, instanceId })): Promise<string[]> {
      const worker = killer?.killed ? undefined : killer;
      const now = START + minute * MINUTE;
      const failed = await pollBatch([{ id: 'one', body }], ports(now, worker));
      if (!worker?.killed) return failed;
      return pollBatch([{ id: 'one', body }], ports(now + 6 * MINUTE, undefined));
    },
    details: () => bus.published.map(({ detail: { instanceId: _, ...detail } }) => detail),
  };
}

describe.each([
  [MATCHING, 'SUCCEEDED', { match: 'Successful' }, { match: 'Failed' }],
  [IDENTITIES, 'COMPLETED', { match: 'Successful', merge: 'Successful' }, undefined],
])('jobs of $service', (jobs, success, stages, failedStages) => {
  it('that end after the first look are told of once each, in the order of their ends', async () => {
    rows = [['old', success, at(-60), at(-30)]];
    const { poll, details, bus, telemetry } = poller(jobs);
    await poll(0);
    expect(details()).toEqual([]);
    rows.push(
      ['failed', 'FAILED', at(1), at(4), 'no space'],
      ['good', success, at(1), at(3)],
      ['going', 'RUNNING', at(2), null],
    );
    await poll(5);
    rows[3] = ['going', success, at(2), at(7)];
    await poll(10);
    await poll(15);
    expect(details()).toEqual([
      { runId: 'good', status: 'Successful', stages, startedAt: at(1), endedAt: at(3) },
      {
        runId: 'failed',
        status: 'Failed',
        ...(failedStages && { stages: failedStages }),
        startedAt: at(1),
        endedAt: at(4),
        error: 'no space',
      },
      { runId: 'going', status: 'Successful', stages, startedAt: at(2), endedAt: at(7) },
    ]);
    expect(telemetry.counts.PolledJobs).toBe(3);
    for (const { detailType, detail } of bus.published) {
      expect(checkEvent(JSON.stringify({ 'detail-type': detailType, time: at(0), detail }))).toHaveProperty('value');
    }
    expect(new Set(questions.map(({ text }) => text))).toEqual(
      new Set([jobs.service === MATCHING.service ? 'customers' : 'shop']),
    );
  });

  it('are not told of again when they are forgotten, and not when nobody looked for a week', async () => {
    const { poll, details } = poller(jobs);
    await poll(0);
    rows = [['late', success, at(1), at(2)]];
    await poll((8 * DAY) / MINUTE);
    expect(details()).toEqual([]);
  });

  it('are told of whenever a worker dies, and by the same event', async () => {
    const history = async (killer?: Killer) => {
      rows = [];
      const { poll, details } = poller(jobs, killer);
      await poll(0);
      rows = [
        ['a', success, at(10), at(12)],
        ['b', 'FAILED', at(10), at(13), 'no space'],
      ];
      await poll(20);
      // What a dead worker had taken is another's after 2 minutes.
      await poll(40);
      await poll(60);
      return details();
    };
    const whole = new Killer();
    const expected = await history(whole);
    expect(expected.map(({ runId }) => runId)).toEqual(['a', 'b']);
    expect(whole.points.length).toBeGreaterThan(20);
    for (let n = 1; n <= whole.points.length; n++) {
      const killer = new Killer(n);
      const details = await history(killer);
      expect(killer.killed).toBe(true);
      const point = whole.points[n - 1];
      expect(new Set(details.map((one) => JSON.stringify(one))), `died at ${n}, ${point}`).toEqual(
        new Set(expected.map((one) => JSON.stringify(one))),
      );
      // Twice only where the worker died between telling and noting it.
      const twice = /PutEvents/.test(point ?? '') && point !== 'before PutEvents' ? 1 : 0;
      const isNoting = point === 'before PutCommand';
      expect(details.length, `died at ${n}, ${point}`).toBeLessThanOrEqual(2 + Math.max(twice, isNoting ? 1 : 0));
    }
  });
});

it('a partial success is a failure: not all of the data is merged', async () => {
  const { poll, details } = poller(IDENTITIES);
  await poll(0);
  rows = [['partial', 'PARTIAL_SUCCESS', at(1), at(2), 'a system error']];
  await poll(5);
  expect(details()).toMatchObject([{ runId: 'partial', status: 'Failed', error: 'a system error' }]);
});

it('two workers at once tell of a job once', async () => {
  const { poll, details } = poller(MATCHING);
  await poll(0);
  rows = [['a', 'SUCCEEDED', at(1), at(3)]];
  await Promise.all([poll(5), poll(5), poll(5)]);
  expect(details().length).toBe(1);
});

it('what names no jobs is kept with the reason', async () => {
  const { poll, rejected } = poller(MATCHING);
  await poll(0, '{"jobs":{"service":"other"}}');
  await poll(0, 'no JSON');
  expect(rejected.kept.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^the message names no jobs: /),
    'the message is not JSON',
  ]);
});
