import { describe, expect, it } from 'vitest';
import type { SourceEntry, SourceKind } from '../../../../contract/sources';
import { eventsOf } from '../../../../lambda/sources/core/normalize';
import { SAMPLES, type SampleEvent, sample } from '../../../support/app/sources';
import { EXPECTED } from './expected-details';

/** The message of a rule. `name` is the source's name in the event. */
function message(kind: SourceKind, name: string, event: unknown, source: Partial<SourceEntry> = {}): string {
  const entry = { name, put: 'DataSourceRefreshed', detail: { dataSource: 'Orders' }, ...source };
  return JSON.stringify({ kind, sources: [entry], event });
}

/** The details of the events to put, or the reason of the rejection. */
function details(body: string): unknown {
  const read = eventsOf(body);
  if ('reason' in read) return read.reason;
  return JSON.parse(JSON.stringify(read.value.map(({ detail }) => detail)));
}

/** The source's name in the samples of each kind. */
const NAMES: Readonly<Record<string, readonly [SourceKind, string]>> = {
  appflow: ['appflow', 'veeva-demo'],
  'glue-job': ['glue-job', 'MyJob'],
  'glue-crawler': ['glue-crawler', 'SchedulerTestCrawler51fb3a8b-1827-8ed6-9a1e-8d32e7f1c9a2'],
  'glue-zero-etl': [
    'glue-zero-etl',
    'arn:aws:glue:us-east-2:123456789012:integration/1a012bba-123a-1bba-ab1c-173de3b12345',
  ],
  databrew: ['databrew', 'MyJob'],
  'emr-serverless': ['emr-serverless', '00f1982r1uukb925'],
  'dms-task': ['dms', 'arn:aws:dms:us-east-1:123456789012:task:TASK0000000000000000000000'],
  'dms-serverless': ['dms', 'arn:aws:dms:ap-northeast-1:123456789012:replication-config:XXXXXXXX'],
  datasync: ['datasync', 'arn:aws:datasync:us-east-1:111222333444:task/task-08de6e6697796f026'],
  'redshift-data': ['redshift-data', 'awsome query'],
  athena: ['athena', 'primary'],
  'step-functions': ['step-functions', 'arn:aws:states:us-east-1:012345678912:stateMachine:state-machine-name'],
  'step-functions-full-refresh': ['step-functions', 'arn:aws:states:us-east-1:012345678912:stateMachine:full-refresh'],
  'step-functions-unification': ['step-functions', 'arn:aws:states:us-east-1:012345678912:stateMachine:unification'],
  'cloudwatch-alarm': ['cloudwatch-alarm', 'ServerCpuTooHigh'],
};
const PUT: Readonly<Record<string, Partial<SourceEntry>>> = {
  'step-functions-full-refresh': { put: 'FullRefreshed', detail: { kind: 'Scheduled' } },
  'step-functions-unification': { put: 'UnificationRefreshed', detail: { instanceId: 'emea' } },
  'cloudwatch-alarm': { put: 'MeasureRefreshed', detail: { measure: 'Load', unit: '%' } },
};

const prefixOf = (name: string): string =>
  Object.keys(NAMES)
    .filter((prefix) => name.startsWith(prefix))
    .toSorted((a, b) => b.length - a.length)[0] as string;

/** The detail for a sample or for a changed sample. */
function put(name: string, change: (event: SampleEvent) => unknown = (event) => event, source?: Partial<SourceEntry>) {
  const prefix = prefixOf(name);
  const [kind, known] = NAMES[prefix] as (typeof NAMES)[string];
  return details(message(kind, known, change(sample(name)), { ...PUT[prefix], ...source }));
}

/** Changes a sample's detail. `undefined` removes a field. */
const withDetail = (change: Record<string, unknown>) => (event: SampleEvent) => ({
  ...event,
  detail: { ...event.detail, ...change },
});

describe('the sample', () => {
  it.each(Object.keys(SAMPLES))('%s has exactly the expected detail', (name) => {
    expect(put(name)).toEqual(EXPECTED[name]);
  });

  it.each(Object.entries(SAMPLES))('%s names its origin', (_, { from, changed }) => {
    expect(from.length).toBeGreaterThan(20);
    expect(changed ?? 'nothing').not.toBe('');
  });
});

describe('rejects with a reason', () => {
  it.each([
    ['glue-job-succeeded', 'state', '"state" is "EXPLODED": the connector knows SUCCEEDED, FAILED, '],
    ['databrew-succeeded', 'state', '"state" is "EXPLODED"'],
    ['glue-crawler-succeeded', 'state', '"state" is "EXPLODED": the connector knows Succeeded, Failed, Started'],
    ['emr-serverless-succeeded', 'state', '"state" is "EXPLODED": the connector knows SUCCESS, FAILED, CANCELLED'],
    ['emr-serverless-retry', 'previousAttemptState', '"previousAttemptState" is "EXPLODED"'],
    ['datasync-succeeded', 'State', '"State" is "EXPLODED"'],
    ['redshift-data-finished', 'state', '"state" is "EXPLODED": the connector knows FINISHED, FAILED, ABORTED'],
    ['athena-succeeded', 'currentState', '"currentState" is "EXPLODED"'],
    ['step-functions-succeeded', 'status', '"status" is "EXPLODED": the connector knows SUCCEEDED, FAILED, TIMED_OUT'],
  ])('%s with an unknown or missing state in "%s"', (name, field, reason) => {
    expect(put(name, withDetail({ [field]: 'EXPLODED' }))).toContain(reason);
    expect(put(name, withDetail({ [field]: undefined }))).toContain(`"${field}" is missing: the connector knows `);
    // Neither a known state nor a property of every object.
    expect(put(name, withDetail({ [field]: 'constructor' }))).toContain(`"${field}" is "constructor"`);
    expect(put(name, withDetail({ [field]: 7 }))).toContain(`"${field}" is 7`);
  });

  it.each([
    ['appflow-succeeded', 'execution-id'],
    ['glue-job-succeeded', 'jobRunId'],
    ['databrew-succeeded', 'jobRunId'],
    ['emr-serverless-succeeded', 'jobRunId'],
    ['emr-serverless-retry', 'jobRunId'],
    ['redshift-data-finished', 'statementId'],
    ['athena-succeeded', 'queryExecutionId'],
    ['step-functions-succeeded', 'name'],
  ])('%s without the run in "%s"', (name, field) => {
    for (const nothing of [undefined, null, '', '  ', 12, {}]) {
      expect(put(name, withDetail({ [field]: nothing }))).toBe(`"${field}" is missing: it identifies the run`);
    }
  });

  it('a run with an id over the length limit', () => {
    expect(put('glue-job-succeeded', withDetail({ jobRunId: 'x'.repeat(201) }))).toBe(
      'Glue Job State Change: DataSourceRefreshed: "runId" is longer than 200 characters: write a shorter name',
    );
  });

  it('AppFlow without a status', () => {
    expect(put('appflow-succeeded', withDetail({ status: undefined }))).toContain('"status" is missing');
  });

  it('DMS without a type', () => {
    const bare = withDetail({ eventType: undefined, eventId: undefined });
    expect(put('dms-task-stopped', bare)).toContain('"eventType" is missing');
  });

  it('zero-ETL with an unknown detail type', () => {
    const renamed = (event: SampleEvent) => ({ ...event, 'detail-type': 'Glue Zero ETL Ingestion Exploded' });
    expect(put('glue-zero-etl-failed', renamed)).toContain('"detail-type" is "Glue Zero ETL Ingestion Exploded"');
  });

  it.each([
    [undefined, '"state.reasonData" is missing: it must contain the value as JSON'],
    ['{"recentDatapoints":[99.5', '"state.reasonData" is '],
    [{ recentDatapoints: [1] }, '"state.reasonData" is '],
    ['null', 'has no recentDatapoints: use an alarm on one metric'],
    ['{"triggeringAlarms":[]}', 'has no recentDatapoints: use an alarm on one metric'],
  ])('an alarm with reasonData %j', (reasonData, reason) => {
    const change = withDetail({ state: { value: 'ALARM', timestamp: '2025-03-16T15:00:00.000+0000', reasonData } });
    expect(put('cloudwatch-alarm-alarm', change)).toContain(reason);
  });

  it('an alarm with an unknown or missing state', () => {
    expect(put('cloudwatch-alarm-alarm', withDetail({ state: { value: 'PANIC' } }))).toContain(
      '"state.value" is "PANIC"',
    );
    for (const state of [undefined, null, 'ALARM', []]) {
      expect(put('cloudwatch-alarm-alarm', withDetail({ state }))).toContain('"state.value" is missing');
    }
  });

  it('an alarm whose value is not a valid size of a segment', () => {
    const segment = { put: 'SegmentRefreshed', detail: { segment: 'VIP' } };
    expect(put('cloudwatch-alarm-alarm', undefined, segment)).toContain('"memberCount" is 99.5: write a whole number');
    expect(put('cloudwatch-alarm-ok', undefined, segment)).toEqual([
      { segment: 'VIP', memberCount: 50, observedAt: '2025-03-16T14:00:00.000Z' },
    ]);
  });

  it.each([
    ['no JSON', '{', 'the message is not JSON'],
    ['an event without its sources', JSON.stringify(sample('glue-job-failed')), '"kind" is missing'],
    ['a kind of source of another version', message('s3' as never, 'a', sample('glue-job-failed')), '"kind" '],
    [
      'an event of another producer',
      message('glue-job', 'Other', sample('glue-job-failed')),
      `none of the rule's sources is`,
    ],
    ['no instant', message('glue-job', 'MyJob', { ...sample('glue-job-failed'), time: 'soon' }), '"time" of the event'],
    [
      'a run where a value is awaited',
      message('glue-job', 'MyJob', sample('glue-job-failed'), { put: 'MeasureRefreshed', detail: { measure: 'M' } }),
      'the end of a run is not a MeasureRefreshed event',
    ],
  ])('%s', (_, body, reason) => expect(details(body)).toContain(reason));
});

describe('reads', () => {
  it('instants in every format, and ignores invalid ones', () => {
    const at = (value: unknown) => {
      const [detail] = put('step-functions-succeeded', withDetail({ startDate: value })) as { startedAt?: string }[];
      return detail?.startedAt;
    };
    expect(at('2021-08-24T09:02:47.643Z[UTC]')).toBe('2021-08-24T09:02:47.643Z');
    expect(at('2021-08-24T11:02:47+02:00[Europe/Berlin]')).toBe('2021-08-24T09:02:47.000Z');
    expect(at('2025-03-16T15:00:00.000+0000')).toBe('2025-03-16T15:00:00.000Z');
    expect(at(1547148840101)).toBe('2019-01-10T19:34:00.101Z');
    for (const none of [
      null,
      undefined,
      '',
      'N/A',
      'soon',
      '2021-08-24',
      1e300,
      Number.MAX_SAFE_INTEGER,
      -1e14,
      {},
      [],
    ]) {
      expect(at(none), JSON.stringify(none)).toBeUndefined();
    }
  });

  it('counts as texts and numbers, and ignores invalid ones', () => {
    const counted = (value: unknown) => {
      const change = withDetail({ 'num-of-records-processed': value });
      const [detail] = put('appflow-succeeded', change) as { recordCount?: number }[];
      return detail?.recordCount;
    };
    expect(counted('17')).toBe(17);
    expect(counted(17)).toBe(17);
    expect(counted('0')).toBe(0);
    for (const none of [undefined, null, '', '-1', -1, '1e3', '1.5', 1.5, 'many', '99999999999999999999', {}]) {
      expect(counted(none), JSON.stringify(none)).toBeUndefined();
    }
  });

  it("the time of the event as the crawler's end if the end is missing", () => {
    const [detail] = put('glue-crawler-succeeded', withDetail({ completionDate: 'N/A' })) as object[];
    expect(detail).toMatchObject({ endedAt: '2017-11-11T01:25:01.000Z', startedAt: '2017-11-11T01:24:54.000Z' });
  });

  it('"N/A" as nothing', () => {
    const [detail] = put(
      'glue-crawler-failed',
      withDetail({ errorMessage: 'N/A', message: 'Crawler Failed' }),
    ) as object[];
    expect(detail).toMatchObject({ error: 'Crawler Failed' });
    expect(put('glue-job-failed', withDetail({ jobRunId: 'N/A' }))).toContain('"jobRunId" is missing');
  });

  it.each([
    ['Stop Reason FULL_LOAD_ONLY_FINISHED', 'Successful'],
    ['Replication task stopped. Stop Reason FATAL_ERROR', 'Failed'],
    ['Stop Reason RECOVERABLE_ERROR.', 'Failed'],
    ['Stop Reason SOMETHING_NEW', 'Canceled'],
    ['Replication task stopped', 'Canceled'],
    [undefined, 'Canceled'],
  ])('the reason of a stopped DMS task, or the configured status: %s', (detailMessage, status) => {
    const [detail] = put('dms-task-stopped', withDetail({ detailMessage }), { stopped: 'Canceled' }) as object[];
    expect(detail).toMatchObject({ status });
  });

  it('other events of a DMS task as a run in progress', () => {
    for (const eventType of ['REPLICATION_TASK_STARTED', 'REPLICATION_SCALING_UP_FAILED', 'CONFIGURATION_CHANGE']) {
      expect(put('dms-task-stopped', withDetail({ eventType, eventId: 'DMS-EVENT-0069' }))).toEqual([]);
    }
  });

  it('the newest value of an alarm, by its instant', () => {
    const evaluatedDatapoints = [
      { timestamp: '2025-03-16T14:58:00.000+0000', value: 3 },
      { timestamp: '2025-03-16T14:59:00.000+0000', value: 7 },
      { timestamp: '2025-03-16T15:00:00.000+0000' },
      { timestamp: 'soon', value: 9 },
    ];
    const value = (data: object) => {
      const state = { value: 'ALARM', timestamp: '2025-03-16T15:00:00.000+0000', reasonData: JSON.stringify(data) };
      return put('cloudwatch-alarm-alarm', withDetail({ state }));
    };
    expect(value({ recentDatapoints: [7, 3], evaluatedDatapoints })).toMatchObject([{ value: 7 }]);
    expect(value({ recentDatapoints: [3, 7] })).toMatchObject([{ value: 7 }]);
    // Missing data changed the state.
    expect(value({ recentDatapoints: [], evaluatedDatapoints: evaluatedDatapoints.slice(2, 3) })).toEqual([]);
  });

  it('an alarm without data as no value', () => {
    expect(put('cloudwatch-alarm-alarm', withDetail({ state: { value: 'INSUFFICIENT_DATA' } }))).toEqual([]);
  });

  it('a redriven execution as another run', () => {
    const [detail] = put('step-functions-succeeded', withDetail({ redriveCount: 2 })) as { runId: string }[];
    expect(detail?.runId).toBe('execution-name redrive 2');
    expect(put('step-functions-succeeded', withDetail({ redriveCount: 0 }))).toMatchObject([
      { runId: 'execution-name' },
    ]);
  });

  it('as much of an error as a flow receives', () => {
    const [detail] = put('glue-job-failed', withDetail({ message: 'x'.repeat(100_000) })) as { error: string }[];
    expect(detail?.error).toHaveLength(4000);
  });

  it('a retried attempt as a full refresh in progress', () => {
    expect(put('emr-serverless-retry', undefined, { put: 'FullRefreshed', detail: { kind: 'Scheduled' } })).toEqual([]);
  });

  it('all sources of a name, because a job can refresh two data sources', () => {
    const sources = ['Orders', 'Returns'].map((dataSource) => ({
      name: 'MyJob',
      put: 'DataSourceRefreshed',
      detail: { dataSource },
    }));
    const other = { name: 'Other', put: 'DataSourceRefreshed', detail: { dataSource: 'Other' } };
    const body = JSON.stringify({ kind: 'glue-job', sources: [...sources, other], event: sample('glue-job-failed') });
    expect(details(body)).toMatchObject([{ dataSource: 'Orders' }, { dataSource: 'Returns' }]);
  });
});
