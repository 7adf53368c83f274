const JR = 'jr_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
/** The details of the events that each sample gives. */
export const EXPECTED: Readonly<Record<string, readonly object[]>> = {
  'appflow-succeeded': [
    {
      dataSource: 'Orders',
      runId: '9aa00099-0000-4000-8000-000000000000',
      status: 'Successful',
      startedAt: '2021-08-24T09:02:47.643Z',
      endedAt: '2021-08-24T09:06:20.871Z',
      recordCount: 17,
    },
  ],
  'appflow-failed': [
    {
      dataSource: 'Orders',
      runId: '9aa00099-0000-4000-8000-000000000001',
      status: 'Failed',
      startedAt: '2021-08-24T09:02:47.643Z',
      endedAt: '2021-08-24T09:06:20.871Z',
      recordCount: 0,
      error: 'The access token of the connection has expired.',
    },
  ],
  'athena-succeeded': [
    {
      dataSource: 'Orders',
      runId: '01234567-0123-0123-0123-012345678901',
      status: 'Successful',
      endedAt: '2019-10-06T09:30:10.000Z',
    },
  ],
  'athena-failed': [
    {
      dataSource: 'Orders',
      runId: '01234567-0123-0123-0123-012345678902',
      status: 'Failed',
      endedAt: '2019-10-06T09:30:10.000Z',
      error: 'Table not found',
    },
  ],
  'athena-running': [],
  'cloudwatch-alarm-alarm': [{ measure: 'Load', unit: '%', value: 99.5, observedAt: '2025-03-16T15:00:00.000Z' }],
  'cloudwatch-alarm-ok': [{ measure: 'Load', unit: '%', value: 50, observedAt: '2025-03-16T14:00:00.000Z' }],
  'databrew-succeeded': [
    {
      dataSource: 'Orders',
      runId: 'db_abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789',
      status: 'Successful',
      endedAt: '2020-11-11T18:57:21.000Z',
    },
  ],
  'databrew-failed': [
    {
      dataSource: 'Orders',
      runId: 'db_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
      status: 'Failed',
      endedAt: '2020-11-11T18:57:21.000Z',
      error: 'The dataset does not exist.',
    },
  ],
  'datasync-succeeded': [
    {
      dataSource: 'Orders',
      runId: 'exec-04ce9d516d69bd52f',
      status: 'Successful',
      endedAt: '2018-04-13T08:00:00.000Z',
    },
  ],
  'datasync-failed': [
    { dataSource: 'Orders', runId: 'exec-04ce9d516d69bd520', status: 'Failed', endedAt: '2018-04-13T08:00:00.000Z' },
  ],
  'datasync-launching': [],
  'dms-serverless-initializing': [],
  'dms-serverless-failed': [
    {
      dataSource: 'Orders',
      runId: '2024-02-01T02:00:00.000Z',
      status: 'Failed',
      endedAt: '2024-02-01T02:00:00.000Z',
      error: 'DMS replication has failed.',
    },
  ],
  'dms-serverless-stopped': [
    {
      dataSource: 'Orders',
      runId: '2024-02-01T03:00:00.000Z',
      status: 'Successful',
      endedAt: '2024-02-01T03:00:00.000Z',
    },
  ],
  'dms-task-stopped': [
    {
      dataSource: 'Orders',
      runId: '2024-01-01T01:00:00.000Z',
      status: 'Successful',
      endedAt: '2024-01-01T01:00:00.000Z',
    },
  ],
  'dms-task-failed': [
    {
      dataSource: 'Orders',
      runId: '2024-01-02T01:00:00.000Z',
      status: 'Failed',
      endedAt: '2024-01-02T01:00:00.000Z',
      error: 'Replication task has failed.',
    },
  ],
  'emr-serverless-running': [],
  'emr-serverless-succeeded': [
    {
      dataSource: 'Orders',
      runId: '00f1cbn5g4bb0c01',
      status: 'Successful',
      startedAt: '2022-05-31T21:07:25.325Z',
      endedAt: '2022-05-31T21:07:42.299Z',
    },
  ],
  'emr-serverless-failed': [
    {
      dataSource: 'Orders',
      runId: '00f1cbn5g4bb0c02',
      status: 'Failed',
      startedAt: '2022-05-31T21:07:25.325Z',
      endedAt: '2022-05-31T21:07:42.299Z',
    },
  ],
  'emr-serverless-retry': [
    {
      dataSource: 'Orders',
      runId: '00f1cbn5g4bb0c01',
      status: 'Failed',
      willRetry: true,
      attempt: 1,
      startedAt: '2022-05-31T21:07:25.325Z',
      endedAt: '2022-05-31T21:07:30.325Z',
    },
  ],
  'glue-crawler-succeeded': [
    {
      dataSource: 'Orders',
      runId: '2017-11-11T01:25:00.000Z',
      status: 'Successful',
      startedAt: '2017-11-11T01:24:53.000Z',
      endedAt: '2017-11-11T01:25:00.000Z',
    },
  ],
  'glue-crawler-failed': [
    {
      dataSource: 'Orders',
      runId: '2017-11-11T00:25:02.000Z',
      status: 'Failed',
      endedAt: '2017-11-11T00:25:02.000Z',
      error: 'Internal Service Exception',
    },
  ],
  'glue-crawler-started': [],
  'glue-job-succeeded': [
    {
      dataSource: 'Orders',
      runId: 'jr_abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789',
      status: 'Successful',
      endedAt: '2017-09-07T18:57:21.000Z',
    },
  ],
  'glue-job-failed': [
    {
      dataSource: 'Orders',
      runId: JR,
      status: 'Failed',
      endedAt: '2017-09-07T06:02:03.000Z',
      error: `JobName:MyJob and JobRunId:${JR} failed to execute with exception Role arn:aws:iam::123456789012:role/Glue_Role should be given assume role permissions for Glue Service.`,
    },
  ],
  'glue-job-timeout': [
    {
      dataSource: 'Orders',
      runId: 'jr_abc0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd',
      status: 'TimedOut',
      endedAt: '2017-11-20T20:22:06.000Z',
      error: 'Job run timed out',
    },
  ],
  'glue-zero-etl-completed': [
    {
      dataSource: 'Orders',
      runId: '2026-03-01T10:00:00.000Z testDDBTable',
      status: 'Successful',
      endedAt: '2026-03-01T10:00:00.000Z',
    },
  ],
  'glue-zero-etl-failed': [
    {
      dataSource: 'Orders',
      runId: '2026-03-01T11:00:00.000Z testDDBTable',
      status: 'Failed',
      endedAt: '2026-03-01T11:00:00.000Z',
      error: 'Failed to ingest data with error: Target Glue database not found.',
    },
  ],
  'redshift-data-finished': [
    {
      dataSource: 'Orders',
      runId: '01bdaca2-8967-4e34-ae3f-41d9728d5644',
      status: 'Successful',
      endedAt: '2020-12-22T17:00:00.000Z',
    },
  ],
  'redshift-data-rows': [
    {
      dataSource: 'Orders',
      runId: '01bdaca2-8967-4e34-ae3f-41d9728d5646',
      status: 'Successful',
      endedAt: '2020-12-22T17:00:00.000Z',
      recordCount: 42,
    },
  ],
  'redshift-data-failed': [
    {
      dataSource: 'Orders',
      runId: '01bdaca2-8967-4e34-ae3f-41d9728d5645',
      status: 'Failed',
      endedAt: '2020-12-22T17:00:00.000Z',
    },
  ],
  'step-functions-running': [],
  'step-functions-succeeded': [
    {
      dataSource: 'Orders',
      runId: 'execution-name',
      status: 'Successful',
      startedAt: '2019-01-10T19:34:00.101Z',
      endedAt: '2019-01-10T19:34:00.122Z',
    },
  ],
  'step-functions-failed': [
    {
      dataSource: 'Orders',
      runId: 'execution-name-2',
      status: 'Failed',
      startedAt: '2019-02-26T23:52:26.847Z',
      endedAt: '2019-02-26T23:52:31.881Z',
      error: 'States.TaskFailed: No space left',
    },
  ],
  'step-functions-full-refresh-succeeded': [
    {
      kind: 'Scheduled',
      runId: 'execution-name',
      status: 'Successful',
      startedAt: '2019-01-10T19:34:00.101Z',
      endedAt: '2019-01-10T19:34:00.122Z',
    },
  ],
  'step-functions-full-refresh-timed-out': [
    {
      kind: 'Scheduled',
      runId: 'execution-name-2',
      status: 'TimedOut',
      startedAt: '2019-02-26T23:48:46.156Z',
      endedAt: '2019-02-26T23:48:47.157Z',
    },
  ],
  'step-functions-unification-succeeded': [
    {
      instanceId: 'emea',
      runId: 'execution-name',
      status: 'Successful',
      startedAt: '2019-01-10T19:34:00.101Z',
      endedAt: '2019-01-10T19:34:00.122Z',
    },
  ],
  'step-functions-unification-timed-out': [
    {
      instanceId: 'emea',
      runId: 'execution-name-2',
      status: 'TimedOut',
      startedAt: '2019-02-26T23:48:46.156Z',
      endedAt: '2019-02-26T23:48:47.157Z',
    },
  ],
};
