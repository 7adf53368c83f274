import { describe, expect, it } from 'vitest';
import { BusHistory, LIMITS } from '../../../local/page/bus-history';
import { OWN } from '../../support/evaluation';
import { busEvent, crossing, NOW, segment } from './examples';

const historyOf = (...events: ReturnType<typeof segment>[]): BusHistory => {
  const history = new BusHistory(OWN);
  for (const event of events) history.record(event, ['Rule'], NOW);
  return history;
};

describe('the bus history', () => {
  it('lists the newest events first, and counts them', () => {
    const history = historyOf(segment('A', 1, 9), busEvent('Other', { status: 'Failed', dataSource: 'Orders' }));
    expect(history.events.map(({ detailType, about, rules }) => [detailType, about, rules])).toEqual([
      ['Other', 'Orders: Failed', ['Rule']],
      ['SegmentRefreshed', 'A: 1', ['Rule']],
    ]);
    expect([history.eventCounts, history.ruleCount('Rule'), history.ruleCount('Another')]).toEqual([
      { put: 2, crossings: 0, healthEvents: 0 },
      { count: 2, lastAt: NOW },
      undefined,
    ]);
  });

  it('names the account and Region of events of another account, and of what the connector converted', () => {
    const detail = { dataSource: 'Orders', runId: 'r', status: 'Failed' };
    const elsewhere = { account: '111122223333', region: 'eu-central-1' };
    const named = { ...detail, runId: 's', awsAccount: '222233334444', awsRegion: 'eu-west-3' };
    const history = historyOf(
      busEvent('DataSourceRefreshed', detail),
      { ...busEvent('DataSourceRefreshed', detail), ...elsewhere },
      busEvent('DataSourceRefreshed', named),
      { ...busEvent('Unknown', named), ...elsewhere },
    );
    expect(history.events.map(({ origin }) => origin)).toEqual([
      '111122223333 in eu-central-1',
      '222233334444 in eu-west-3',
      '111122223333 in eu-central-1',
      undefined,
    ]);
  });

  it('counts events by their producer', () => {
    const history = historyOf(segment('A', 20, 10), crossing('A', 'x'), busEvent('FlowDeliveryDead', {}));
    expect(history.eventCounts).toEqual({ put: 1, crossings: 1, healthEvents: 1 });
  });

  it('returns the trigger event of a delivery', () => {
    const history = historyOf(crossing('A', 'x'), segment('A', 1, 1));
    expect(history.trigger('x')).toMatchObject({ trigger: 'segment-threshold-crossed', segment: 'A', value: 20 });
    expect(history.trigger('y')).toBeUndefined();
  });

  it('records the values of a metric, and marks those that the connector drops', () => {
    const history = historyOf(
      segment('A', 1, 9),
      segment('A', 3, 5),
      segment('A', 2, 7),
      segment('A', 3, 5),
      segment('A', 4, 5),
    );
    expect(history.metrics[0]?.points.map(({ value, dropped }) => [value, dropped])).toEqual([
      [1, undefined],
      [3, undefined],
      [2, 'late'],
      [3, 'duplicate'],
      [4, 'conflict'],
    ]);
  });

  it('omits observations that the connector rejects', () => {
    expect(historyOf(segment('A', 1.5, 9), segment('A', 1, -61), busEvent('SegmentRefreshed', {})).metrics).toEqual([]);
    expect(historyOf(segment('A', 1, -60)).metrics).toHaveLength(1);
  });

  it('records a duplicate crossing once', () => {
    const [metric] = historyOf(
      segment('A', 20, 10),
      crossing('A', 'x'),
      crossing('A', 'x'),
      crossing('A', 'y'),
    ).metrics;
    expect(metric?.crossings.map(({ crossingId, subscription }) => [crossingId, subscription])).toEqual([
      ['x', 'vip'],
      ['y', 'vip'],
    ]);
  });

  it('limits the events, metrics, points and triggers', () => {
    const history = new BusHistory();
    for (let n = 0; n < LIMITS.points + 10; n++) history.record(segment('A', n, 10_000 - n), [], NOW);
    for (let n = 0; n < LIMITS.metrics; n++) history.record(segment(`B${n}`, n, 1), [], NOW);
    expect(history.events).toHaveLength(LIMITS.events);
    expect(history.metrics).toHaveLength(LIMITS.metrics);
    // The metric with the oldest change is removed.
    expect(history.metrics.some(({ metric }) => metric.name === 'A')).toBe(false);
    for (let n = 0; n < LIMITS.points + 10; n++) history.record(segment('C', n, 10_000 - n), [], NOW);
    expect(history.metrics.at(-1)?.points).toHaveLength(LIMITS.points);
    for (let n = 0; n <= LIMITS.triggers; n++) history.record(crossing('C', `crossing-${n}`), [], NOW);
    expect([history.trigger('crossing-0'), history.trigger('crossing-1')?.eventId]).toEqual([undefined, 'crossing-1']);
  });

  it('accepts an event that is nested too deeply, and a very long one', () => {
    const deep = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    const history = historyOf(busEvent('Deep', deep), busEvent('Long', { text: 'x'.repeat(1_000_000) }));
    expect(history.events[1]?.detail).toBe('nested too deeply');
    expect(history.events[0]?.detail).toHaveLength(LIMITS.characters);
  });
});
