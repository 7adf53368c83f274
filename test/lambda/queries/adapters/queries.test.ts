import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StubResponse } from '../../../../local/engines/stubs/responses';
import {
  measurer,
  QUERIES,
  type QueryServices,
  runOf,
  SCHEDULED_AT,
  SQL,
  startQueryServices,
  TEXTS,
} from '../../../support/servers/queries';

let services: QueryServices;
beforeAll(async () => {
  services = await startQueryServices();
});
afterAll(() => services.stop());
afterEach(() => {
  services.answers.clear();
  services.calls.length = 0;
});

const table = (columns: string[], ...rows: (string | number | null)[][]): StubResponse => ({ columns, rows });
const operations = () => services.calls.map(({ operation }) => operation).filter((name) => name !== '');
const inputOf = (operation: string) => services.calls.find((call) => call.operation === operation)?.input;
const sizes = (made: ReturnType<typeof measurer>) => made.bus.published.map(({ detail }) => detail);
/** The reported failures. */
const failures = (made: ReturnType<typeof measurer>) => ({
  count: made.telemetry.counts.FailedQueries,
  lines: made.telemetry.lines.filter((line) => line.startsWith('a query returned no value')),
});

describe.each(Object.values(QUERIES))('a query of $service', (query) => {
  const text = TEXTS[query.service];

  it('returns a value with the instant from the service', async () => {
    services.answers.set(text, table(['n'], [query.service === 'cloudwatch' ? 42 : '42']));
    const made = measurer(services);
    await made.take(runOf(query, { instanceId: 'emea' }));
    expect(made.bus.published).toEqual([
      {
        detailType: 'MeasureRefreshed',
        detail: expect.objectContaining({ measure: 'Open orders', instanceId: 'emea', value: 42 }),
      },
    ]);
    expect(failures(made)).toEqual({ count: undefined, lines: [] });
    const [{ observedAt, runId }] = sizes(made) as [Record<string, string>];
    expect(Date.parse(observedAt as string)).not.toBeNaN();
    expect(runId === undefined).toBe(query.service === 'cloudwatch');
  });

  it('that ends with an error is a named failure and puts nothing on the bus', async () => {
    services.answers.set(text, { error: 'TABLE_NOT_FOUND: line 1:15, see https://example.com/?sig=secret-of-a-flow' });
    const made = measurer(services);
    await made.take(runOf(query));
    expect(made.bus.published).toEqual([]);
    expect(failures(made)).toEqual({ count: 1, lines: [expect.stringContaining('TABLE_NOT_FOUND')] });
    expect(failures(made).lines[0]).toMatch(
      query.service === 'cloudwatch' ? /"failure":"Refused"/ : /"failure":"Failed"/,
    );
    expect(failures(made).lines[0]).toMatch(/"subject":"Open orders"/);
    expect(failures(made).lines[0]).not.toContain('secret-of-a-flow');
  });

  it('without results is a named failure', async () => {
    services.answers.set(text, table(['n']));
    const made = measurer(services);
    await made.take(runOf(query));
    expect(made.bus.published).toEqual([]);
    expect(failures(made).lines).toEqual([
      expect.stringMatching(query.service === 'customer-profiles' ? /"NoValue"/ : /"NoRow"/),
    ]);
  });

  it('after its timeout is not started and is a named failure', async () => {
    const made = measurer(services);
    made.clock.now += 3600_000;
    await made.take(runOf(query));
    expect(services.calls).toEqual([]);
    expect(failures(made).lines).toEqual([expect.stringMatching(/"TimedOut".*was not started within 3600 s/)]);
  });

  it('is retried if the service is not available', async () => {
    const made = measurer({ ...services, clients: broken(Object.assign(new Error('down'), { $fault: 'server' })) });
    expect(await made.once(runOf(query))).toEqual(['one']);
    const throttled = Object.assign(new Error('slower'), { name: 'ThrottlingException', $fault: 'client' });
    expect(await measurer({ ...services, clients: broken(throttled) }).once(runOf(query))).toEqual(['one']);
    expect(failures(made)).toEqual({ count: undefined, lines: [] });
  });

  it('that the service rejects is a named failure and is not retried', async () => {
    const denied = Object.assign(new Error('not allowed'), { name: 'AccessDeniedException', $fault: 'client' });
    const made = measurer({ ...services, clients: broken(denied) });
    expect(await made.once(runOf(query))).toEqual([]);
    expect(failures(made).lines).toEqual([
      expect.stringMatching(/"Refused","reason":"AccessDeniedException: not allowed"/),
    ]);
  });
});

const broken = (error: Error) =>
  Object.fromEntries(
    Object.keys(services.clients).map((name) => [name, { send: () => Promise.reject(error), destroy() {} }]),
  ) as unknown as QueryServices['clients'];

describe.each([QUERIES.athena, QUERIES['redshift-data']])('a query of $service', (query) => {
  it('reads a row for each member from all pages of the result', async () => {
    const rows = Array.from({ length: 1000 }, (_, n) => [`r${n}`, String(n)]);
    services.answers.set(SQL, table(['region', 'total'], ...rows));
    const made = measurer(services);
    await made.take(runOf(query, { subject: { measure: 'Revenue', dimensions: ['Region'], unit: 'EUR' } }));
    expect(sizes(made).length).toBe(1000);
    expect(sizes(made)[999]).toMatchObject({ dimensions: { Region: 'r999' }, value: 999, unit: 'EUR' });
    expect(operations().filter((name) => /Result/.test(name)).length).toBe(2);
  });

  it('with too many members returns no value', async () => {
    const rows = Array.from({ length: 3000 }, (_, n) => [`r${n}`, String(n)]);
    services.answers.set(SQL, table(['region', 'total'], ...rows));
    const made = measurer(services);
    await made.take(runOf(query, { subject: { measure: 'Revenue', dimensions: ['Region'] } }));
    expect(made.bus.published).toEqual([]);
    expect(failures(made).lines).toEqual([expect.stringContaining('"TooManyRows"')]);
    // Without reading all rows.
    expect(operations().filter((name) => /Result/.test(name)).length).toBeLessThan(4);
  });

  it('that is another statement is a named failure', async () => {
    services.answers.set('DROP TABLE customers', table([]));
    const made = measurer(services);
    await made.take(runOf({ ...query, sql: 'DROP TABLE customers' }));
    expect(failures(made).lines).toEqual([expect.stringMatching(/"NoResult".*write a SELECT/)]);
  });

  it('in progress is checked with increasing waits until its timeout', async () => {
    const made = measurer(services);
    const running = { id: '', startedAt: Date.parse(SCHEDULED_AT), looks: 0 };
    const never = {
      send: () => Promise.resolve({ QueryExecution: { Status: { State: 'RUNNING' } }, Status: 'STARTED' }),
    };
    const endless = measurer({
      ...services,
      clients: { ...services.clients, athena: never as never, redshift: never as never },
    });
    for (const looks of [0, 1, 5, 100]) await endless.once({ ...runOf(query), running: { ...running, looks } });
    expect(endless.waits).toEqual([3, 5, 60, 60]);
    expect(endless.bus.published).toEqual([]);
    made.clock.now += 3600_000;
    await made.once({ ...runOf(query), running });
    expect(failures(made).lines).toEqual([expect.stringMatching(/"TimedOut".*has not ended within 3600 s/)]);
  });

  it('is started once for each run of the schedule', async () => {
    services.answers.set(SQL, table(['n'], ['1']));
    const made = measurer(services);
    const run = runOf(query);
    await made.take(run);
    await made.take(run);
    expect(new Set(sizes(made).map(({ runId }) => runId)).size).toBe(1);
    expect(sizes(made)[0]).toEqual(sizes(made)[1]);
    made.clock.now += 60_000;
    await made.take({ ...run, scheduledAt: '2026-11-02T06:01:00Z' });
    await made.take({ ...run, schedule: 'arn:of:another' });
    await made.take({ ...run, query: { ...query, database: 'other' } });
    expect(new Set(sizes(made).map(({ runId }) => runId)).size).toBe(4);
  });
});

it('an Athena query uses the configured workgroup, database and output location', async () => {
  services.answers.set(SQL, table(['n'], ['1']));
  await measurer(services).take(runOf(QUERIES.athena));
  expect(inputOf('StartQueryExecution')).toEqual({
    QueryString: SQL,
    ClientRequestToken: expect.stringMatching(/^[0-9a-f]{32}$/),
    WorkGroup: 'primary',
    QueryExecutionContext: { Catalog: 'AwsDataCatalog', Database: 'shop' },
    ResultConfiguration: { OutputLocation: 's3://results/measures/' },
  });
});

it('a Redshift query uses the configured secret', async () => {
  services.answers.set(SQL, table(['n'], ['1']));
  await measurer(services).take(runOf({ ...QUERIES['redshift-data'], secret: 'arn:secret' }));
  expect(inputOf('ExecuteStatement')).toEqual({
    Sql: SQL,
    ClientToken: expect.any(String),
    Database: 'dwh',
    WorkgroupName: 'shop',
    SecretArn: 'arn:secret',
  });
});

it.each([
  ['the newest period', [[7], [8]], 7, '2026-11-02T06:00:00.000Z'],
  ['the newest period with a value', [[null], [8]], 8, '2026-11-02T05:55:00.000Z'],
])('a metric has the value of %s, at the end of the period', async (_, rows, value, observedAt) => {
  services.answers.set('Shop/Open', table(['n'], ...(rows as (number | null)[][])));
  const made = measurer(services);
  await made.take(runOf(QUERIES.cloudwatch, { scheduledAt: '2026-11-02T06:04:59Z' }));
  expect(sizes(made)).toEqual([{ measure: 'Open orders', value, observedAt }]);
  const { StartTime, EndTime } = inputOf('GetMetricData') as { StartTime: number; EndTime: number };
  expect([StartTime, EndTime].map((seconds) => new Date(seconds * 1000).toISOString())).toEqual([
    '2026-11-02T05:45:00.000Z',
    '2026-11-02T06:00:00.000Z',
  ]);
});

it('a message that is not a run of a query is stored with the reason', async () => {
  const made = measurer(services);
  await made.take('{"query":{"service":"oracle"}}');
  await made.take('no JSON');
  expect(made.rejected.kept.map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/^the message is not a run of a query: "query.service"/),
    'the message is not JSON',
  ]);
});
