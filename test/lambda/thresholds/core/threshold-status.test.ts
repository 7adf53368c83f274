import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Metric } from '../../../../lambda/shared/core/metric';
import { isBeyond, THRESHOLD_OPERATORS } from '../../../../lambda/shared/core/position';
import type { Threshold } from '../../../../lambda/subscriptions/core/subscription';
import type { MetricState } from '../../../../lambda/thresholds/core/metric-state';
import { metricText, thresholdStatus } from '../../../../lambda/thresholds/core/threshold-status';

const METRIC: Metric = { kind: 'segment', instanceId: 'default', name: 'VIP customers' };
const at = (value: number): MetricState => ({
  metric: METRIC,
  last: { value, observedAt: 1000, sequence: 0 },
  version: 1,
  recent: [[1000, value]],
});
const statusOf = (threshold: Threshold, value: number, armed?: boolean) => {
  const { phase, next, distance } = thresholdStatus(
    threshold,
    METRIC,
    at(value),
    armed === undefined ? undefined : { armed },
  );
  return [phase, next, distance];
};

describe('a threshold', () => {
  it.each<[Threshold, number, boolean | undefined, string, string, number]>([
    [{ operator: 'above', value: 100 }, 90, undefined, 'armed', 'fires when it rises by more than 10', 10],
    [{ operator: 'above', value: 100 }, 100, undefined, 'armed', 'fires when it rises by any amount', 0],
    [{ operator: 'above', value: 100 }, 120, undefined, 'beyond', 'can fire again after it falls by 20 or more', -20],
    [{ operator: 'atOrAbove', value: 100 }, 99, undefined, 'armed', 'fires when it rises by 1 or more', 1],
    [{ operator: 'atOrAbove', value: 100 }, 100, undefined, 'beyond', 'can fire again after it falls by any amount', 0],
    [{ operator: 'below', value: 0.3 }, 0.4, undefined, 'armed', 'fires when it falls by more than 0.1', -0.1],
    [{ operator: 'atOrBelow', value: 5 }, 2, undefined, 'beyond', 'can fire again after it rises by more than 3', 3],
    [
      { operator: 'above', value: 100, recoverTo: 80 },
      120,
      false,
      'beyond',
      'can fire again after it falls by 40 or more',
      -40,
    ],
    [
      { operator: 'above', value: 100, recoverTo: 80 },
      90,
      false,
      'recovering',
      'can fire again after it falls by 10 or more',
      -10,
    ],
    [{ operator: 'above', value: 100, recoverTo: 80 }, 90, true, 'armed', 'fires when it rises by more than 10', 10],
    // Without a recovery level, the flag only records that the threshold has fired.
    [
      { operator: 'above', value: 100, fireIfAlreadyBeyond: true },
      90,
      false,
      'armed',
      'fires when it rises by more than 10',
      10,
    ],
  ])('%j at %d with flag %s', (threshold, value, armed, ...expected) => {
    expect(statusOf(threshold, value, armed)).toEqual(expected);
  });

  test('describes the effect of the first value', () => {
    expect(thresholdStatus({ operator: 'above', value: 1 }, METRIC, undefined, undefined)).toMatchObject({
      phase: 'no value',
      next: 'the first value is the baseline and does not fire',
      recent: [],
    });
    const asked: MetricState = { metric: METRIC, version: 1, recent: [] };
    expect(
      thresholdStatus({ operator: 'above', value: 1, fireIfAlreadyBeyond: true }, METRIC, asked, undefined).next,
    ).toBe('the first value fires if it is beyond the threshold');
  });

  test('changes sides when the value moves by the reported distance', () => {
    const whole = fc.integer({ min: -1e9, max: 1e9 });
    fc.assert(
      fc.property(fc.constantFrom(...THRESHOLD_OPERATORS), whole, whole, (operator, level, value) => {
        const [, next, distance] = statusOf({ operator, value: level }, value);
        const moved = value + (distance as number);
        const inclusive = String(next).includes('or more');
        const step = /rises/.test(String(next)) ? 1 : -1;
        const was = isBeyond(operator, level, value);
        expect(isBeyond(operator, level, moved)).toBe(inclusive ? !was : was);
        expect(isBeyond(operator, level, moved + step)).toBe(!was);
      }),
    );
  });
});

test('metrics as text', () => {
  expect(
    metricText({ ...METRIC, kind: 'measure', name: 'Revenue', dimensions: { Region: 'EMEA', Year: '2026' } }),
  ).toBe('Revenue (Region: EMEA; Year: 2026)');
});
