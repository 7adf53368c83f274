import { beforeEach, describe, expect, it } from 'vitest';
import { Metric } from '../../../../contract/metrics';
import { type NormalizePorts, normalizeBatch } from '../../../../lambda/sources/core/normalize';
import { sample } from '../../../support/app/sources';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../../support/memory/memory';

const bus = () => new MemoryBus();
let published: MemoryBus;
let rejected: MemoryRejected;
let telemetry: MemoryTelemetry;
let ports: NormalizePorts;
beforeEach(() => {
  published = bus();
  rejected = new MemoryRejected();
  telemetry = new MemoryTelemetry();
  ports = { events: published.publisher(), rejected, telemetry };
});

const SOURCE = { name: 'MyJob', put: 'DataSourceRefreshed', detail: { dataSource: 'Orders' } };
const body = (event: unknown, sources: readonly object[] = [SOURCE]) =>
  JSON.stringify({ kind: 'glue-job', sources, event });
const messages = (...bodies: string[]) => bodies.map((one, n) => ({ id: `m${n}`, body: one }));
const failed = sample('glue-job-failed');

describe('a batch', () => {
  it('is put on the bus, and invalid messages are stored with the reason', async () => {
    const unread = body({ ...failed, detail: { ...failed.detail, state: 'EXPLODED' } });
    const again = await normalizeBatch(messages(body(sample('glue-job-succeeded')), unread, body(failed)), ports);
    expect(again).toEqual([]);
    expect(published.published.map(({ detailType, detail }) => [detailType, detail.status])).toEqual([
      ['DataSourceRefreshed', 'Successful'],
      ['DataSourceRefreshed', 'Failed'],
    ]);
    expect(rejected.kept).toEqual([{ body: unread, reason: expect.stringContaining('"state" is "EXPLODED"') }]);
    expect(telemetry.counts).toEqual({ [Metric.REJECTED_EVENTS]: 1 });
  });

  it('of runs in progress puts nothing and is not an error', async () => {
    const running = body({ ...failed, detail: { ...failed.detail, state: 'RUNNING' } });
    expect(await normalizeBatch(messages(running), ports)).toEqual([]);
    expect(published.published).toEqual([]);
    expect(rejected.kept).toEqual([]);
    expect(telemetry.counts).toEqual({});
  });

  it('puts all events of a message or none', async () => {
    const wrong = { ...SOURCE, put: 'FullRefreshed', detail: { kind: 'Sometimes' } };
    expect(await normalizeBatch(messages(body(failed, [SOURCE, wrong])), ports)).toEqual([]);
    expect(published.published).toEqual([]);
    expect(rejected.kept).toMatchObject([{ reason: expect.stringContaining('"kind" is "Sometimes"') }]);
  });

  it('retries only messages that the bus did not accept', async () => {
    let calls = 0;
    const events = {
      publish: async () => {
        calls++;
        if (calls === 1) throw new Error('throttled');
      },
    };
    const again = await normalizeBatch(messages(body(failed), body(sample('glue-job-succeeded'))), {
      ...ports,
      events,
    });
    expect(again).toEqual(['m0']);
    expect(rejected.kept).toEqual([]);
  });
});
