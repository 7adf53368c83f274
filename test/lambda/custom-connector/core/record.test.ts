import { describe, expect, it } from 'vitest';
import { DomainEvent } from '../../../../contract/events';
import { Metric } from '../../../../contract/metrics';
import type { RefreshStore } from '../../../../lambda/custom-connector/core/ports';
import {
  RESIGHT_MS,
  recordBatch,
  rememberingStore,
  type Subject,
  type SubjectStore,
} from '../../../../lambda/custom-connector/core/record';
import type { Refresh, Refreshed } from '../../../../lambda/custom-connector/core/refresh';
import { checkEvent } from '../../../../lambda/events/core/events';
import { refreshIdOf } from '../../../../lambda/events/core/recognize';
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
  readonly refreshes: (readonly [Refreshed, Refresh])[] = [];
  private readonly subjects;

  constructor(limit?: number) {
    super();
    this.subjects = rememberingStore(this.writes, limit);
  }

  /** Records events as one batch, and returns the indexes of those to retry. */
  async record(...bodies: string[]): Promise<number[]> {
    const refreshes: RefreshStore = {
      record: async (refreshed, refresh) => void this.refreshes.push([refreshed, refresh]),
    };
    return (await recordBatch(messagesOf(bodies), { ...this.common(), subjects: this.subjects, refreshes })).map(
      Number,
    );
  }
}

describe('an event', () => {
  it.each([
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
      busEvent('RefreshStageCompleted', { ...END, stage: 'map' }),
      'RefreshStageCompleted is neither a refresh nor an observation',
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
    expect(recorder.refreshes).toEqual([]);
  });
});

describe('the end of a refresh', () => {
  const crm: Refreshed = { kind: 'data-source', instanceId: 'default', name: 'CRM' };
  const recorded = async (body: string) => {
    const recorder = new Recorder();
    expect(await recorder.record(body)).toEqual([]);
    expect(recorder.writes.made).toEqual([]);
    return recorder.refreshes;
  };
  const id = expect.stringMatching(/^[\da-f]{32}$/);

  it('of a data source is recorded with its details', async () => {
    const details = {
      runId: 'run-1',
      status: 'Failed',
      error: 'No access',
      willRetry: true,
      attempt: 2,
      recordCount: 5,
    };
    const times = { startedAt: minutes(0), endedAt: minutes(5) };
    const runLink = 'https://example.com/runs/1';
    expect(await recorded(dataSource('CRM', { ...details, ...times, runLink }))).toEqual([
      [crm, { id, ...details, startedAt: Date.parse(minutes(0)), endedAt: Date.parse(minutes(5)), runLink }],
    ]);
  });

  it.each([
    ['full-refresh', busEvent('FullRefreshed', { ...END, instanceId: 'eu', kind: 'Scheduled', endedAt: minutes(5) })],
    ['unification', busEvent('UnificationRefreshed', { ...END, instanceId: 'eu', endedAt: minutes(5) })],
  ])('of a %s is recorded for its instance', async (kind, body) => {
    expect(await recorded(body)).toEqual([
      [
        { kind, instanceId: 'eu' },
        { id, runId: '1', status: 'Successful', endedAt: Date.parse(minutes(5)) },
      ],
    ]);
  });

  it.each([
    ['the time of the event, if it has none', undefined, NOW],
    ['the time of the event, if it is in the far future', '2099-01-01T00:00:00Z', NOW],
    ['its own, if the clocks differ by little', new Date(NOW + 1000).toISOString(), NOW + 1000],
  ])('has as its time %s', async (_, endedAt, expected) => {
    const [[, refresh] = []] = await recorded(dataSource('CRM', { endedAt }));
    expect(refresh?.endedAt).toBe(expected);
  });

  it('has the id of the event, which identifies the refresh', async () => {
    const body = dataSource('CRM', { status: 'Failed', attempt: 2 });
    const checked = checkEvent(body);
    const [[, refresh] = []] = await recorded(body);
    expect(refresh?.id).toBe('value' in checked && refreshIdOf(checked.value));
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
