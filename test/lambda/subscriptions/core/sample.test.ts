import { describe, expect, it } from 'vitest';
import { TRIGGER_IDS } from '../../../../contract/events';
import { renderBody } from '../../../../lambda/delivery/core/bodies/body';
import { isBeyond, THRESHOLD_OPERATORS } from '../../../../lambda/shared/core/position';
import { matches } from '../../../../lambda/subscriptions/core/matching';
import { sampleEvent } from '../../../../lambda/subscriptions/core/sample';
import { BODY_FORMATS, type SubscriptionDefinition } from '../../../../lambda/subscriptions/core/subscription';

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
