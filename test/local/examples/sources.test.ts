import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents } from '../../../local/run/event-file';
import { entryOf, SAMPLES, sample } from '../../support/app/sources';
import { runLocal } from '../../support/local-run';
import { FlowReceiverServer } from '../../support/servers/flow-receiver-server';
import { temporaryFolder } from '../../support/temporary-files';

const ROOT = join(__dirname, '../../..');
const APP = 'examples/sources/app.ts';
const EVENTS = 'examples/sources/events.jsonl';
let server: FlowReceiverServer;
beforeAll(async () => {
  server = await FlowReceiverServer.start();
});
afterAll(() => server.stop());

const local = (events: string) =>
  runLocal(['--app', APP, '--secret', 'crm/flow-urls=FLOW_URLS', '--once', '--json', '--events', events], {
    FLOW_URLS: server.secret('data-team'),
  });

describe('examples/sources', () => {
  it('has all samples as its events', () => {
    const entries = [...readEvents(readFileSync(join(ROOT, EVENTS), 'utf8'), EVENTS)];
    expect(entries).toEqual(Object.values(SAMPLES).map(({ event }) => entryOf(event)));
  });

  it('delivers the end of each run, success or failure, and nothing about runs in progress', async () => {
    const { status, out, err } = await local(EVENTS);
    expect(status, err).toBe(0);
    expect(JSON.parse(out).events).toEqual({ put: Object.keys(SAMPLES).length, rejected: 0 });

    const of = (trigger: string) =>
      server.flows.received.filter(({ body }) => body?.trigger === trigger).map(({ body }) => body);
    const dataSources = (trigger: string) =>
      of(trigger)
        .map((body) => body?.dataSource)
        .toSorted();
    const each = [
      ...['Addresses', 'Clickstream', 'Documents', 'ERP', 'Loyalty', 'Orders', 'Prices', 'Returns', 'Shop files'],
      ...['Support tickets', 'Warehouse', 'Web analytics'],
    ];
    expect(dataSources('data-source-refresh-succeeded')).toEqual([...each, 'Loyalty'].toSorted());
    // Also a failed attempt of EMR Serverless that is retried, and a Glue job that timed out.
    expect(dataSources('data-source-refresh-failed')).toEqual([...each, 'Clickstream', 'Orders'].toSorted());
    expect(of('data-source-refresh-failed').filter((body) => body?.willRetry)).toMatchObject([
      { dataSource: 'Clickstream', attempt: 1, durationSeconds: 5 },
    ]);
    const statuses = (trigger: string) =>
      of(trigger)
        .map((body) => body?.status)
        .toSorted();
    expect(statuses('full-refresh-completed')).toEqual(['Successful', 'TimedOut']);
    expect(statuses('unification-refresh-completed')).toEqual(['Successful', 'TimedOut']);
    expect(of('measure-threshold-crossed')).toMatchObject([{ measure: 'Server load', value: 99.5, unit: '%' }]);

    expect(of('data-source-refresh-succeeded').find((body) => body?.dataSource === 'Documents')).toMatchObject({
      runId: '9aa00099-0000-4000-8000-000000000000',
      status: 'Successful',
      recordCount: 17,
      durationSeconds: 213,
      occurredAt: '2021-08-24T09:06:20.871Z',
    });
    expect(of('data-source-refresh-failed').find((body) => body?.dataSource === 'Prices')).toMatchObject({
      error: 'States.TaskFailed: No space left',
      runId: 'execution-name-2',
    });
  });

  it('keeps an event that it cannot read, with the reason, and delivers the same run once', async () => {
    server.flows.received.length = 0;
    const failed = sample('databrew-failed');
    const exploded = { ...failed, detail: { ...failed.detail, state: 'EXPLODED' } };
    const file = join(temporaryFolder('sources'), 'events.jsonl');
    writeFileSync(file, [failed, exploded, failed].map((event) => JSON.stringify(entryOf(event))).join('\n'));
    const { status, out, err } = await local(file);
    expect(status, err).toBe(0);
    expect(JSON.parse(out).events).toEqual({ put: 3, rejected: 1 });
    expect(err).toContain('"state" is "EXPLODED": the connector knows SUCCEEDED, FAILED');
    expect(server.flows.received.map(({ body }) => body?.dataSource)).toEqual(['Addresses']);
  });
});
