import { describe, expect, it } from 'vitest';
import type { Metric } from '../../../../lambda/shared/core/metric';
import { crossingId } from '../../../../lambda/thresholds/core/crossing-id';

describe('the id of a crossing', () => {
  const metric: Metric = { kind: 'measure', instanceId: 'default', name: 'Revenue', dimensions: { A: '1', B: '2' } };
  const at = { observedAt: 1000, sequence: 0 };
  const hit = { kind: 'fire', cut: 'cut', subscription: 'vip', thresholdId: 'threshold-1' } as const;
  const id = crossingId(metric, at, hit);

  it('does not depend on the order of the dimensions or on the threshold’s id', () => {
    expect(crossingId({ ...metric, dimensions: { B: '2', A: '1' } }, at, hit)).toBe(id);
    expect(crossingId(metric, at, { ...hit, thresholdId: 'threshold-2' })).toBe(id);
  });

  it.each([
    ['another instant', () => crossingId(metric, { ...at, observedAt: 1001 }, hit)],
    ['another sequence', () => crossingId(metric, { ...at, sequence: 1 }, hit)],
    ['another cut', () => crossingId(metric, at, { ...hit, cut: 'cut2' })],
    ['another subscription', () => crossingId(metric, at, { ...hit, subscription: 'other' })],
    ['a value that is already beyond', () => crossingId(metric, at, { ...hit, kind: 'initial' })],
    ['another member', () => crossingId({ ...metric, dimensions: { A: '1', B: '3' } }, at, hit)],
    ['the measure itself', () => crossingId({ ...metric, dimensions: undefined }, at, hit)],
    ['another instance', () => crossingId({ ...metric, instanceId: 'x' }, at, hit)],
    ['a segment with the same name', () => crossingId({ ...metric, kind: 'segment' }, at, hit)],
  ])('differs for %s', (_, other) => {
    expect(other()).not.toBe(id);
  });
});
