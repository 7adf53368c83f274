import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EntityResolutionClient } from '@aws-sdk/client-entityresolution';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PolledJobs } from '../../../../contract/unification';
import { checkEvent } from '../../../../lambda/events/core/events';
import { jobLister } from '../../../../lambda/unification/adapters/job-lister';
import { PolledJobTable } from '../../../../lambda/unification/adapters/polled-job-table';
import { type Poll, type PollPorts, pollBatch } from '../../../../lambda/unification/core/poll';
import { type Endpoint, startEndpoint } from '../../../../local/engines/protocol/endpoint';
import { CustomerProfiles } from '../../../../local/engines/stubs/customer-profiles';
import { entityResolution } from '../../../../local/engines/stubs/entity-resolution';
import type { StubCell, StubRequest } from '../../../../local/engines/stubs/responses';
import { LOCAL_CLIENT_CONFIG } from '../../../../local/shared/client-config';
import startMatchingJob from '../../../fixtures/unification/start-matching-job.json';
import { Killer } from '../../../support/memory/killer';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../../support/memory/memory';
import { startTables, type TestTables } from '../../../support/servers/tables';

const START = Date.parse('2026-11-02T06:00:00Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const at = (minute: number) => new Date(START + minute * MINUTE).toISOString();

let tables: TestTables;
let runsTable: string;
let endpoint: Endpoint;
let resolution: EntityResolutionClient;
let profiles: CustomerProfilesClient;
/** The jobs of the services. */
let rows: StubCell[][] = [];
let questions: StubRequest[] = [];
beforeAll(async () => {
  tables = await startTables();
  const prefix = tables.thresholds.slice(0, tables.thresholds.indexOf('Connector'));
  const { TableNames = [] } = await tables.client.send(new ListTablesCommand({}));
  runsTable = TableNames.find((name) => name.startsWith(prefix) && name.includes('Collection')) as string;
  const answers = (question: StubRequest) => {
    questions.push(question);
    return { columns: ['id', 'status', 'startTime', 'endTime', 'error'], rows };
  };
  const customerProfiles = new CustomerProfiles(answers);
  const matching = entityResolution(answers);
  endpoint = await startEndpoint({
    port: 0,
    routes: (request, response) => customerProfiles.handle(request, response) || matching(request, response),
  });
  resolution = new EntityResolutionClient({ ...LOCAL_CLIENT_CONFIG, endpoint: endpoint.url });
  profiles = new CustomerProfilesClient({ ...LOCAL_CLIENT_CONFIG, endpoint: endpoint.url });
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
/** A poller with its own instance, so that all tests share the table. */
function poller(jobs: PolledJobs, killer?: Killer) {
  const instanceId = `i-${++instances}`;
  const bus = new MemoryBus();
  const telemetry = new MemoryTelemetry();
  const rejected = new MemoryRejected();
  /** Rechecks sent to the queue, with their delay. */
  const left: { poll: Poll; wait: number }[] = [];
  const leave = async (poll: Poll, wait: number) => void left.push({ poll, wait });
  const ports = (now: number, worker: Killer | undefined): PollPorts => {
    const publisher = bus.publisher();
    return {
      lister: jobLister(worker?.wrap(resolution) ?? resolution, worker?.wrap(profiles) ?? profiles),
      jobs: new PolledJobTable(worker?.wrap(tables.client) ?? tables.client, runsTable),
      events: {
        publish: (type, detail) =>
          worker ? worker.call('PutEvents', () => publisher.publish(type, detail)) : publisher.publish(type, detail),
      },
      again: (poll, wait) => (worker ? worker.call('SendMessage', () => leave(poll, wait)) : leave(poll, wait)),
      telemetry,
      rejected,
      clock: () => now,
    };
  };
  return {
    bus,
    telemetry,
    rejected,
    left,
    instanceId,
    /** A message, by default of the schedule, and its retry after a crash, 6 minutes later as in SQS. */
    async poll(minute: number, body = JSON.stringify({ jobs, instanceId }), id = 'one'): Promise<string[]> {
      const worker = killer?.killed ? undefined : killer;
      const now = START + minute * MINUTE;
      const failed = await pollBatch([{ id, body }], ports(now, worker));
      if (!worker?.killed) return failed;
      return pollBatch([{ id, body }], ports(now + 6 * MINUTE, undefined));
    },
    details: () => bus.published.map(({ detail: { instanceId: _, ...detail } }) => detail),
  };
}

describe.each([
  [MATCHING, 'SUCCEEDED', { match: 'Successful' }, { match: 'Failed' }],
  [IDENTITIES, 'COMPLETED', { match: 'Successful', merge: 'Successful' }, undefined],
])('jobs of $service', (jobs, success, stages, failedStages) => {
  it('that end after the first poll are reported once each, in the order of their ends', async () => {
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

  it('are not reported again after their records expire, or after a week without polls', async () => {
    const { poll, details } = poller(jobs);
    await poll(0);
    rows = [['late', success, at(1), at(2)]];
    await poll((8 * DAY) / MINUTE);
    expect(details()).toEqual([]);
  });

  it('are reported with the same event after a crash at any point', async () => {
    const history = async (killer?: Killer) => {
      rows = [];
      const { poll, details } = poller(jobs, killer);
      await poll(0);
      rows = [
        ['a', success, at(10), at(12)],
        ['b', 'FAILED', at(10), at(13), 'no space'],
      ];
      await poll(20);
      // The claim of a crashed worker expires after 2 minutes.
      await poll(40);
      await poll(60);
      return details();
    };
    const whole = Killer.never();
    const expected = await history(whole);
    expect(expected.map(({ runId }) => runId)).toEqual(['a', 'b']);
    expect(whole.points.length).toBeGreaterThan(20);
    for (let n = 1; n <= whole.points.length; n++) {
      const killer = Killer.atPoint(n);
      const details = await history(killer);
      expect(killer.killed).toBe(true);
      const point = whole.points[n - 1];
      expect(new Set(details.map((one) => JSON.stringify(one))), `died at ${n}, ${point}`).toEqual(
        new Set(expected.map((one) => JSON.stringify(one))),
      );
      // Duplicates only occur after a crash between the event and its record.
      const twice = /PutEvents/.test(point ?? '') && point !== 'before PutEvents' ? 1 : 0;
      const isNoting = point === 'before PutCommand';
      expect(details.length, `died at ${n}, ${point}`).toBeLessThanOrEqual(2 + Math.max(twice, isNoting ? 1 : 0));
    }
  });
});

it('a partial success is a failure, because some data is not merged', async () => {
  const { poll, details } = poller(IDENTITIES);
  await poll(0);
  rows = [['partial', 'PARTIAL_SUCCESS', at(1), at(2), 'a system error']];
  await poll(5);
  expect(details()).toMatchObject([{ runId: 'partial', status: 'Failed', error: 'a system error' }]);
});

it('two concurrent workers report a job once', async () => {
  const { poll, details } = poller(MATCHING);
  await poll(0);
  rows = [['a', 'SUCCEEDED', at(1), at(3)]];
  await Promise.all([poll(5), poll(5), poll(5)]);
  expect(details().length).toBe(1);
});

it('a message without jobs is stored with the reason', async () => {
  const { poll, rejected } = poller(MATCHING);
  await poll(0, '{"jobs":{"service":"other"}}');
  await poll(0, 'no JSON');
  expect(rejected.kept.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^the message names no jobs: /),
    'the message is not JSON',
  ]);
});

describe('a started job', () => {
  const { event } = startMatchingJob;
  const job = event.detail.responseElements.jobId;
  /** The message of the rule: the sample with changes in its detail. */
  const start = (instanceId: string, detail: object = {}) =>
    JSON.stringify({
      poll: { jobs: MATCHING, instanceId },
      event: { ...event, detail: { ...event.detail, eventTime: at(0), ...detail } },
    });
  /** Processes all rechecks after their delay. Returns the time of the last one, in minutes. */
  const untilItEnds = async (
    { left, poll }: ReturnType<typeof poller>,
    minute: number,
    whenLooked: (minute: number) => void,
  ) => {
    let now = minute;
    for (let n = 0; left.length > 0; n++) {
      const { poll: task, wait } = left.shift() as (typeof left)[number];
      now += wait / 60;
      whenLooked(now);
      await poll(now, JSON.stringify(task), `again-${minute}-${n}`);
    }
    return now;
  };

  it('is checked until it ends and reported once, also without a schedule', async () => {
    const made = poller(MATCHING);
    rows = [
      ['old', 'SUCCEEDED', at(-60), at(-30)],
      [job, 'QUEUED', at(0), null],
    ];
    await made.poll(1, start(made.instanceId));
    const ended = await untilItEnds(made, 1, (minute) => {
      if (minute > 20) rows[1] = [job, 'SUCCEEDED', at(0), at(20)];
    });
    expect(ended).toBeLessThan(26);
    await made.poll(60);
    expect(made.details()).toEqual([
      { runId: job, status: 'Successful', stages: { match: 'Successful' }, startedAt: at(0), endedAt: at(20) },
    ]);
  });

  it('can end before CloudTrail reports its start', async () => {
    const made = poller(MATCHING);
    rows = [[job, 'FAILED', at(0), at(1), 'no space']];
    await made.poll(10, start(made.instanceId));
    expect(made.left).toEqual([]);
    expect(made.details()).toMatchObject([{ runId: job, status: 'Failed', error: 'no space' }]);
  });

  it('is continued by one message, despite duplicates of its start and its rechecks', async () => {
    const made = poller(MATCHING);
    rows = [[job, 'RUNNING', at(0), null]];
    for (const id of ['a', 'b', 'c', 'b']) await made.poll(1, start(made.instanceId), id);
    expect(made.left.map(({ poll, wait }) => [poll.watch?.looks, wait])).toEqual([[1, 30]]);
    const again = JSON.stringify(made.left.shift()?.poll);
    // The retry of the continuing message sends the recheck again, because its worker can have crashed.
    for (const id of ['d', 'e', 'd']) await made.poll(2, again, id);
    expect(made.left.map(({ poll }) => poll.watch?.looks)).toEqual([2, 2]);
    const words = made.left.splice(0).map(({ poll }) => JSON.stringify(poll));
    for (const [n, word] of words.entries()) await made.poll(3, word, `f-${n}`);
    expect(made.left.map(({ poll }) => poll.watch?.looks)).toEqual([3]);
  });

  it('is checked independently of another started job', async () => {
    const made = poller(MATCHING);
    rows = [
      [job, 'RUNNING', at(0), null],
      ['second', 'QUEUED', at(0), null],
    ];
    await made.poll(1, start(made.instanceId), 'a');
    await made.poll(1, start(made.instanceId, { eventID: 'other', responseElements: { jobId: 'second' } }), 'b');
    rows[1] = ['second', 'SUCCEEDED', at(0), at(2)];
    const looks = made.left.splice(0).map(({ poll }) => JSON.stringify(poll));
    await Promise.all(looks.map((look, n) => made.poll(3, look, `look-${n}`)));
    expect(made.left.map(({ poll }) => poll.watch?.job)).toEqual([job]);
    expect(made.details()).toMatchObject([{ runId: 'second' }]);
  });

  it.each([
    ['null', null],
    ['something else', 'a text'],
    ['an empty text', { jobId: '' }],
  ])('without an id in CloudTrail (%s) is checked while any job is in progress', async (_, responseElements) => {
    const made = poller(MATCHING);
    rows = [[job, 'RUNNING', at(0), null]];
    await made.poll(1, start(made.instanceId, { responseElements }));
    expect(made.left.length).toBe(1);
    rows = [[job, 'SUCCEEDED', at(0), at(3)]];
    await untilItEnds(made, 3, () => {});
    expect(made.details()).toMatchObject([{ runId: job }]);
  });

  it('is reported with the same event after a crash at any point', async () => {
    const history = async (killer?: Killer) => {
      const made = poller(MATCHING, killer);
      rows = [[job, 'RUNNING', at(0), null]];
      await made.poll(1, start(made.instanceId));
      let looks = 0;
      const ended = await untilItEnds(made, 10, () => {
        if (++looks === 2) rows = [[job, 'FAILED', at(0), at(5), 'no space']];
      });
      return { details: made.details(), ended };
    };
    const whole = Killer.never();
    const { details: expected } = await history(whole);
    expect(expected).toMatchObject([{ runId: job, status: 'Failed', error: 'no space' }]);
    expect(whole.points).toContain('after SendMessage');
    for (let n = 1; n <= whole.points.length; n++) {
      const { details } = await history(Killer.atPoint(n));
      const point = `died at ${n}, ${whole.points[n - 1]}`;
      expect(new Set(details.map((one) => JSON.stringify(one))), point).toEqual(
        new Set(expected.map((one) => JSON.stringify(one))),
      );
      // Duplicates only occur after a crash between the event and its record.
      const mayBeTwo = ['after PutEvents', 'before PutCommand'].includes(whole.points[n - 1] ?? '');
      expect(details.length, point).toBeLessThanOrEqual(mayBeTwo ? 2 : 1);
    }
  });

  it('with an incomplete event is rejected and stored with the reason', async () => {
    const made = poller(MATCHING);
    await made.poll(0, start(made.instanceId, { eventID: undefined }));
    await made.poll(0, start(made.instanceId, { eventTime: 'yesterday' }));
    await made.poll(0, '{"event":{}}');
    expect(made.rejected.kept.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^the message is not the start of a job: .*eventID/),
      expect.stringMatching(/^the message is not the start of a job: .*eventTime/),
      expect.stringMatching(/^the message is not the start of a job: /),
    ]);
  });
});
