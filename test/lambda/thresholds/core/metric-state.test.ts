import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkEvent } from '../../../../lambda/events/core/events';
import type { Observation } from '../../../../lambda/shared/core/metric';
import { toObservation } from '../../../../lambda/thresholds/core/evaluate';
import { type MetricState, nextState, orderOf, pastValues } from '../../../../lambda/thresholds/core/metric-state';
import { measure } from '../../../support/evaluation';

const observation = (change: Partial<Observation> = {}): Observation => ({
  metric: { kind: 'segment', instanceId: 'default', name: 'VIP' },
  value: 10,
  observedAt: 1000,
  sequence: 1,
  ...change,
});

describe('the order of an observation', () => {
  const state = nextState(undefined, observation());
  it.each<[string, Partial<Observation>, string]>([
    ['a later instant', { observedAt: 1001, sequence: 0 }, 'newer'],
    ['an earlier instant', { observedAt: 999, sequence: 9 }, 'late'],
    ['a later sequence', { sequence: 2 }, 'newer'],
    ['an earlier sequence', { sequence: 0 }, 'late'],
    ['the same place and value', {}, 'duplicate'],
    ['the same place and another value', { value: 11 }, 'conflict'],
  ])('%s', (_, change, expected) => {
    expect(orderOf(state, observation(change))).toBe(expected);
    expect(orderOf(undefined, observation(change))).toBe('newer');
  });

  it('treats −0 like 0', () => {
    const zero = nextState(undefined, observation({ value: 0 }));
    expect(orderOf(zero, observation({ value: -0 }))).toBe('duplicate');
  });
});

describe('the next state', () => {
  it('contains the observation and the next version', () => {
    const first = nextState(undefined, observation());
    expect(first).toMatchObject({ metric: observation().metric, version: 1, recent: [[1000, 10]] });
    expect(nextState(first, observation({ observedAt: 2000, value: 20 }))).toMatchObject({
      version: 2,
      recent: [
        [1000, 10],
        [2000, 20],
      ],
    });
  });

  it('contains no intent, because the previous one is published', () => {
    const state = { ...nextState(undefined, observation()), intent: {} } as MetricState;
    expect(nextState(state, observation({ observedAt: 2000 }))).not.toHaveProperty('intent');
  });

  it('keeps the newest points', () => {
    let state: MetricState | undefined;
    for (let n = 0; n < 50; n++) state = nextState(state, observation({ observedAt: n, value: n % 10 }));
    expect(state?.recent).toHaveLength(30);
    expect(state?.recent[0]).toEqual([20, 0]);
    expect(state?.recent.at(-1)).toEqual([49, 9]);
  });

  it('of a metric with changes keeps two points at least, so that a dropped one has a committed successor', () => {
    const changes = { bases: { sameTimeLastWeek: 10 } };
    const wide = { ...observation().metric, name: 'VIP '.repeat(50) };
    let state: MetricState | undefined;
    for (let n = 0; n < 5; n++) {
      const next = observation({ metric: wide, observedAt: n * 1000, value: n });
      const after = nextState(state, next, changes);
      expect(after.changes).toEqual(changes);
      expect(after.recent.length).toBeGreaterThanOrEqual(Math.min(n + 1, 2));
      const dropped = pastValues(state, next, after, 3000);
      for (const { until } of dropped) expect(state?.recent.some(([at]) => at === until)).toBe(true);
      state = after;
    }
    expect(state?.recent).toHaveLength(2);
  });

  it.each([
    ['no value is compared over time', 0, []],
    ['the next one is as old as the period', 1000, []],
    ['the next one is younger', 1001, [{ observedAt: 0, value: 0, until: 1000 }]],
  ])('drops a value, which is stored unless %s', (_, period, expected) => {
    const points = [
      [0, 0],
      [1000, 1],
    ] as const;
    const before = { ...nextState(undefined, observation()), recent: points };
    const next = observation({ observedAt: 2000, value: 2 });
    const after = { ...nextState(before, next), recent: [points[1], [2000, 2]] } as MetricState;
    expect(pastValues(before, next, after, period)).toEqual(expected);
  });

  it('fits in one write unit or has only the last point, for any length of names and numbers', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });
    const anyMetric = fc.record({
      instanceId: text,
      measure: text,
      dimensions: fc.dictionary(text, text, { maxKeys: 4 }),
    });
    const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 30, maxLength: 40 });
    fc.assert(
      fc.property(anyMetric, values, (metric, all) => {
        let state: MetricState | undefined;
        for (const [n, value] of all.entries()) {
          const checked = checkEvent(measure(value, n, metric));
          const next = 'value' in checked ? toObservation(checked.value) : undefined;
          if (!next) continue;
          const before: MetricState | undefined = state;
          state = nextState(before, next);
          expect(state.recent.at(-1)).toEqual([next.observedAt, next.value]);
          expect(state.version).toBe((before?.version ?? 0) + 1);
          // The key also contains the metric. DynamoDB's encoding is never longer than JSON.
          const bytes = Buffer.byteLength(JSON.stringify([state, state.metric]));
          if (state.recent.length > 1) expect(bytes).toBeLessThanOrEqual(1024);
        }
      }),
      { numRuns: 200 },
    );
  });
});
