import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BusEvent } from '../../../local/bus/event-bus';
import { readAnswers } from '../../../local/run/answer-file';
import { synthesize } from '../../../local/run/synthesize';
import { type LocalStack, startLocalStack } from '../../../local/stack';
import { runLocal } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';

const ROOT = join(__dirname, '../../..');
const APP = 'examples/measures/app.ts';
const ANSWERS = join(ROOT, 'examples/measures/answers.json');

const text = readFileSync(ANSWERS, 'utf8');

describe('the example', () => {
  const events: BusEvent[] = [];
  const logs: string[] = [];
  const answers = { now: readAnswers(text, 'answers.json') };
  let stack: LocalStack;
  beforeAll(async () => {
    const app = { file: join(ROOT, APP), stack: undefined };
    stack = await startLocalStack({
      templateFile: (await synthesize(ROOT, app, temporaryFolder('measures')))[0] as string,
      answers: (question) => answers.now(question),
      onEvent: (event) => events.push(event),
      onLog: (_, line) => logs.push(line),
    });
  });
  afterAll(() => stack?.stop());

  const seen = (type: string) =>
    events
      .filter((event) => event['detail-type'] === type)
      .map(({ detail }) => detail as Record<string, unknown>)
      .map(({ segment, measure, dimensions, memberCount, value }) =>
        JSON.stringify([segment ?? measure, dimensions, memberCount ?? value]),
      )
      .toSorted();

  it('queries all services on its schedules and detects crossed thresholds', async () => {
    await stack.runSchedules();
    await stack.whenIdle();
    expect(seen('SegmentRefreshed')).toEqual(['["Newsletter",null,73211]', '["VIP customers",null,10250]']);
    expect(seen('MeasureRefreshed')).toEqual([
      '["Open orders",null,412]',
      '["Return rate",null,3.75]',
      '["Revenue yesterday",{"Region":"AMER"},181230]',
      '["Revenue yesterday",{"Region":"EMEA"},92400.5]',
    ]);
    expect(seen('SegmentThresholdCrossed').length).toBe(1);
    expect(seen('MeasureThresholdCrossed').length).toBe(1);
    expect(stack.deadLetters()).toEqual([]);
  });

  it('polls unification jobs and reports each job that ends after the first poll, once', async () => {
    const job = (service: string, query: string, ...row: (string | null)[]) => ({
      service,
      query,
      columns: ['id', 'status', 'startTime', 'endTime', 'error'],
      rows: [row],
    });
    const [before, now] = [new Date(Date.now() - 3600_000).toISOString(), new Date().toISOString()];
    const jobs = [
      job('entity-resolution', 'customers', 'job-1', 'SUCCEEDED', before, now, null),
      job('identity-resolution', 'shop', 'job-2', 'FAILED', before, now, 'no luck'),
    ];
    answers.now = readAnswers(JSON.stringify([...JSON.parse(text), ...jobs]), 'answers.json');
    for (let run = 0; run < 2; run++) {
      await stack.runSchedules();
      await stack.whenIdle();
    }
    const ends = events.filter((event) => event['detail-type'] === 'UnificationRefreshed').map(({ detail }) => detail);
    expect(ends).toHaveLength(2);
    expect(ends).toEqual(
      expect.arrayContaining([
        { runId: 'job-1', status: 'Successful', stages: { match: 'Successful' }, startedAt: before, endedAt: now },
        { runId: 'job-2', status: 'Failed', startedAt: before, endedAt: now, error: 'no luck' },
      ]),
    );
  });

  it('changes nothing when a query returns no number, and logs the query and the reason', async () => {
    const before = events.length;
    const broken = JSON.parse(text).map((one: { service: string }) =>
      one.service === 'athena'
        ? { ...one, rows: [] }
        : { ...one, columns: undefined, rows: undefined, error: 'no luck' },
    );
    answers.now = readAnswers(JSON.stringify(broken), 'answers.json');
    await stack.runSchedules();
    await stack.whenIdle();
    expect(events.length).toBe(before);
    const reports = logs.filter((line) => line.includes('a query returned no value'));
    const failures = reports.map((line) => JSON.parse(line)).map(({ subject, failure }) => `${subject}: ${failure}`);
    expect(failures.toSorted()).toEqual([
      'Newsletter: Failed',
      'Open orders: Refused',
      'Return rate: Failed',
      'Revenue yesterday: NoRow',
      'VIP customers: NoRow',
    ]);
    expect(logs.filter((line) => line.includes('"FailedQueries"')).length).toBeGreaterThan(0);
    expect(stack.deadLetters()).toEqual([]);
  });
});

it('npm start runs the schedules once with --run-schedules', async () => {
  const args = ['--app', APP, '--answers', ANSWERS, '--run-schedules', '--once', '--json'];
  const { status, out, err } = await runLocal(args);
  expect(status, err).toBe(0);
  const subjects = JSON.parse(out).crossings.map(({ subject }: { subject: string }) => subject);
  expect(subjects.toSorted()).toEqual(['Revenue yesterday (Region: EMEA)', 'VIP customers']);
});

describe('a file of answers', () => {
  it('matches a query by its words and ignores white space', () => {
    const answers = readAnswers(
      '[{"service":"athena","query":"SELECT 1\\n FROM t","columns":["n"],"rows":[[1]]}]',
      'a',
    );
    expect(answers({ service: 'athena', text: ' SELECT 1 FROM\n t' })).toMatchObject({ rows: [[1]] });
    expect(answers({ service: 'redshift-data', text: 'SELECT 1 FROM t' })).toBeUndefined();
  });

  it.each([
    ['[', /^a\.json is not JSON/],
    ['[{"service":"oracle"}]', /^a\.json: 0.* is invalid: write a list of/],
    ['{}', /^a\.json: the list is invalid/],
  ])('is rejected with the reason: %s', (wrong, message) => {
    expect(() => readAnswers(wrong, 'a.json')).toThrow(message);
  });
});
