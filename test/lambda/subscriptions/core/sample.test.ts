import { describe, expect, it } from 'vitest';
import { TRIGGER_IDS } from '../../../../contract/events';
import { renderBody } from '../../../../lambda/delivery/core/bodies/body';
import type { MeasureCrossing } from '../../../../lambda/events/core/trigger-event';
import { changeNumber } from '../../../../lambda/shared/core/change';
import { isBeyond, THRESHOLD_OPERATORS } from '../../../../lambda/shared/core/position';
import { matches } from '../../../../lambda/subscriptions/core/matching';
import { sampleEvent } from '../../../../lambda/subscriptions/core/sample';
import {
  BODY_FORMATS,
  CHANGE_DIRECTIONS,
  type SubscriptionDefinition,
} from '../../../../lambda/subscriptions/core/subscription';

const NOW = Date.parse('2026-11-05T09:45:00Z');
const definition = (more: Partial<SubscriptionDefinition>): SubscriptionDefinition => ({
  name: 'sample',
  trigger: 'full-refresh-completed',
  instanceId: 'default',
  filter: {},
  format: 'flat',
  owners: [],
  ...more,
});
const sample = (more: Partial<SubscriptionDefinition>) => sampleEvent(definition(more), 'e1', NOW);

describe('a sample event', () => {
  it.each(TRIGGER_IDS.flatMap((trigger) => BODY_FORMATS.map((format) => [trigger, format] as const)))(
    'of %s has a body in the format %s that says that it is a test',
    (trigger, format) => {
      const subscription = definition({ trigger, format });
      const event = sampleEvent(subscription, 'e1', NOW);
      const body = renderBody({ event, subscription, deliveryId: 'sample_e1', isTest: true, delayedMinutes: 0 });
      expect(body).toContain('Test: ');
      expect(body).toContain('nothing happened');
      expect(body).not.toContain('null');
    },
  );

  it.each(
    CHANGE_DIRECTIONS.flatMap((change) =>
      (['percent', 'absolute'] as const).map(
        (unit) => ({ change, by: 500, unit, comparedWith: 'sameTimeLastWeek' }) as const,
      ),
    ),
  )('of a change has changed by exactly as much: %j', (threshold) => {
    for (const minimumBase of [undefined, 5000]) {
      const definition = { threshold: { ...threshold, minimumBase }, filter: { measure: 'A' } };
      const event = sample({ trigger: 'measure-threshold-crossed', ...definition }) as MeasureCrossing;
      const { value, baseValue = 0, baseObservedAt, direction } = event;
      const change = threshold.change === 'falls' ? -500 : 500;
      expect(changeNumber(threshold.unit, baseValue, value)).toBe(change);
      expect(direction).toBe(threshold.change === 'falls' ? 'below' : 'above');
      expect(Math.abs(baseValue)).toBeGreaterThanOrEqual(minimumBase ?? 0);
      expect(baseObservedAt).toBe(NOW - 7 * 24 * 3600_000);
    }
  });

  it('matches the subscription', () => {
    const filter = { dataSource: 'Orders' };
    expect(sample({ trigger: 'data-source-refresh-failed', filter })).toMatchObject({ dataSource: 'Orders' });
    expect(matches({ status: ['Failed'] }, sample({ filter: { status: ['Failed'] } }))).toBe(true);
    expect(matches({ kind: 'OnDemand' }, sample({ filter: { kind: 'OnDemand' } }))).toBe(true);
    for (const operator of THRESHOLD_OPERATORS) {
      const threshold = { operator, value: 500 };
      const event = sample({ trigger: 'segment-threshold-crossed', filter: { segment: 'VIP' }, threshold });
      if (event.trigger !== 'segment-threshold-crossed') throw new Error('another trigger');
      expect(isBeyond(operator, 500, event.value)).toBe(true);
      expect(isBeyond(operator, 500, event.previousValue as number)).toBe(false);
    }
    const measure = { measure: 'Revenue', dimensions: { Region: 'EMEA' } };
    expect(sample({ trigger: 'measure-threshold-crossed', filter: measure })).toMatchObject(measure);
  });
});
