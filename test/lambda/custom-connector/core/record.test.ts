import { describe, expect, it } from 'vitest';
import { DomainEvent } from '../../../../contract/events';
import { Metric } from '../../../../contract/metrics';
import {
  RESIGHT_MS,
  recordBatch,
  rememberingStore,
  type Subject,
  type SubjectStore,
} from '../../../../lambda/custom-connector/core/record';
import { busEvent, MemoryHandler, messagesOf, minutes, NOW } from '../../../support/evaluation';

const END = { runId: '1', status: 'Successful' };
const dataSource = (name: string, more: object = {}) =>
  busEvent('DataSourceRefreshed', { ...END, dataSource: name, ...more });
const segment = (name: string, more: object = {}) =>
  busEvent('SegmentRefreshed', { segment: name, memberCount: 1, observedAt: minutes(1), ...more });
const measure = (name: string, more: object = {}) =>
  busEvent('MeasureRefreshed', { measure: name, value: 1, observedAt: minutes(1), ...more });

/** A store that lists its writes, as `kind instance name`. */
class Writes implements SubjectStore {
  readonly made: string[] = [];
  failing = (_: Subject) => false;

  async record(subject: Subject): Promise<void> {
    this.made.push(Object.values(subject).join(' '));
    if (this.failing(subject)) throw Object.assign(new Error('slower'), { name: 'ThrottlingException' });
  }
}

/** `record` in one container. */
class Recorder extends MemoryHandler {
  readonly writes = new Writes();
  private readonly subjects;

  constructor(limit?: number) {
    super();
    this.subjects = rememberingStore(this.writes, limit);
  }

  /** Records events as one batch, and returns the indexes of those to retry. */
  async record(...bodies: string[]): Promise<number[]> {
    return (await recordBatch(messagesOf(bodies), { ...this.common(), subjects: this.subjects })).map(Number);
  }
}

describe('an event', () => {
  it.each([
    ['data-source default CRM', dataSource('CRM')],
    ['data-source default CRM', dataSource('CRM', { status: 'Failed', willRetry: true })],
    ['data-source eu CRM', dataSource('CRM', { instanceId: 'eu' })],
    ['segment default VIP', segment(' VIP ')],
    ['segment eu VIP', segment('VIP', { instanceId: 'eu' })],
    ['measure default Revenue', measure('Revenue', { dimensions: { Region: 'EMEA' } })],
    ['measure eu Revenue', measure('Revenue', { instanceId: 'eu' })],
  ])('records %j', async (expected, body) => {
    const recorder = new Recorder();
    expect(await recorder.record(body)).toEqual([]);
    expect(recorder.writes.made).toEqual([expected]);
  });

  it('that is invalid is skipped with a reason: another function rejects and counts it', async () => {
    const recorder = new Recorder();
    expect(
      await recorder.record(segment(''), measure('Revenue', { value: 'much' }), dataSource('CRM', { status: 'Odd' })),
    ).toEqual([]);
    expect(recorder.writes.made).toEqual([]);
    expect(recorder.rejected.kept).toEqual([]);
    expect(recorder.telemetry.counts).toEqual({});
    expect(recorder.telemetry.lines).toEqual([
      expect.stringContaining(String.raw`SegmentRefreshed: \"segment\" is empty`),
      expect.stringContaining(String.raw`MeasureRefreshed: \"value\" is`),
      expect.stringContaining(String.raw`DataSourceRefreshed: \"status\" is`),
    ]);
  });

  it.each([
    ['no JSON', 'the message is not JSON'],
    ['{"hello": "there"}', 'the message is not an EventBridge event'],
    ['null', 'the message is not an EventBridge event'],
    [busEvent('SegmentRefreshd', {}), 'unknown detail type "SegmentRefreshd"'],
    [
      busEvent('FullRefreshed', { ...END, kind: 'Scheduled' }),
      'FullRefreshed names no data source, segment or measure',
    ],
  ])('that the rule does not send is rejected: %s', async (body, reason) => {
    const recorder = new Recorder();
    expect(await recorder.record(body, segment('VIP'))).toEqual([]);
    expect(recorder.rejected.kept).toEqual([{ body, reason: expect.stringContaining(reason) }]);
    expect(recorder.telemetry.counts).toEqual({ [Metric.REJECTED_EVENTS]: 1 });
    expect(recorder.writes.made).toEqual(['segment default VIP']);
  });

  it.each(Object.values(DomainEvent))('%s never throws, whatever its detail is', async (detailType) => {
    const recorder = new Recorder();
    for (const detail of [null, 7, 'text', [], {}, { segment: null }, JSON.parse('{"__proto__":{"segment":"x"}}')]) {
      expect(await recorder.record(busEvent(detailType, detail))).toEqual([]);
    }
    expect(recorder.writes.made).toEqual([]);
  });
});

describe('a container', () => {
  it('writes a subject once a day', async () => {
    const recorder = new Recorder();
    await recorder.record(segment('VIP'));
    recorder.now += RESIGHT_MS - 1;
    await recorder.record(segment('VIP'), segment('New'));
    expect(recorder.writes.made).toEqual(['segment default VIP', 'segment default New']);
    recorder.now += 1;
    await recorder.record(segment('VIP'), segment('New'));
    expect(recorder.writes.made.slice(2)).toEqual(['segment default VIP']);
  });

  it('writes a subject of a batch once, and distinguishes kinds, instances and odd names', async () => {
    const recorder = new Recorder();
    const names = ['a', 'A', 'a b', 'a","b', '__proto__', 'constructor', 'default a'];
    const bodies = names.flatMap((name) => [segment(name), measure(name), segment(name, { instanceId: 'eu' })]);
    expect(await recorder.record(...bodies, ...bodies)).toEqual([]);
    expect(await recorder.record(...bodies)).toEqual([]);
    expect(recorder.writes.made).toHaveLength(3 * names.length);
    expect(new Set(recorder.writes.made).size).toBe(3 * names.length);
  });

  it('retries the messages whose write failed, and only those', async () => {
    const recorder = new Recorder();
    recorder.writes.failing = ({ name }) => name === 'throttled';
    const batch = [segment('VIP'), segment('throttled'), measure('Revenue'), segment('throttled')];
    expect(await recorder.record(...batch)).toEqual([1, 3]);
    expect(recorder.writes.made).toHaveLength(3);
    recorder.writes.failing = () => false;
    expect(await recorder.record(...batch)).toEqual([]);
    expect(recorder.writes.made.slice(3)).toEqual(['segment default throttled']);
    expect(recorder.rejected.kept).toEqual([]);
  });

  it('forgets the first subject when it remembers too many', async () => {
    const recorder = new Recorder(2);
    for (const name of ['a', 'b', 'c', 'b', 'c']) await recorder.record(segment(name));
    expect(recorder.writes.made).toHaveLength(3);
    await recorder.record(segment('a'));
    expect(recorder.writes.made).toHaveLength(4);
  });

  it('remembers a write even if an earlier, slower one of the same subject fails later', async () => {
    let failFirst: (error: Error) => void = () => {};
    let writes = 0;
    const store = rememberingStore({
      record: () => (++writes === 1 ? new Promise((_, reject) => (failFirst = reject)) : Promise.resolve()),
    });
    const subject: Subject = { kind: 'segment', instanceId: 'default', name: 'VIP' };
    const first = store.record(subject, NOW);
    await store.record(subject, NOW + RESIGHT_MS);
    failFirst(new Error('timeout'));
    await expect(first).rejects.toThrow('timeout');
    await store.record(subject, NOW + RESIGHT_MS + 1);
    expect(writes).toBe(2);
  });
});
