import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import type { Subscription, SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';
import type { BusEvent } from '../../../local/bus/event-bus';
import { BusHistory } from '../../../local/page/bus-history';
import type { Snapshot } from '../../../local/page/snapshot';

export const NOW = Date.parse('2026-11-23T12:00:00Z');
const MINUTE = 60_000;

let events = 0;
export const busEvent = (detailType: string, detail: Record<string, unknown>): BusEvent => ({
  ...{
    version: '0',
    id: `event-${++events}`,
    'detail-type': detailType,
    source: 'customer-insights',
    account: '000000000000',
  },
  ...{ time: new Date(NOW).toISOString(), region: 'us-east-1', resources: [], detail },
});
/** An observation `before` minutes ago. */
export const segment = (name: string, memberCount: number, before: number): BusEvent =>
  busEvent('SegmentRefreshed', {
    segment: name,
    memberCount,
    observedAt: new Date(NOW - before * MINUTE).toISOString(),
  });
export const crossing = (name: string, crossingId: string, more: Record<string, unknown> = {}): BusEvent =>
  busEvent('SegmentThresholdCrossed', {
    ...{ connector: 'c', crossingId, subscription: 'vip', uid: 'u', generation: 1, startsFlow: true, segment: name },
    ...{ direction: 'above', threshold: 10, previousValue: 5, value: 20 },
    observedAt: new Date(NOW - 10 * MINUTE).toISOString(),
    ...more,
  });

export function subscription(
  name: string,
  more: Partial<SubscriptionDefinition> = {},
  rest: Partial<Subscription> = {},
) {
  const definition: SubscriptionDefinition = {
    ...{ name, trigger: 'data-source-refresh-failed', instanceId: 'default', filter: {}, format: 'flat', owners: [] },
    ...more,
  };
  const flow = { ciphertext: 'c2VhbGVk', host: 'default0.api.powerplatform.com', fingerprint: 'ab'.repeat(32) };
  return { definition, uid: 'u', generation: 1, managedBy: 'file:default', flow, ...rest } satisfies Subscription;
}

export const watching = (name: string, segmentName: string, value: number, recoverTo?: number) =>
  subscription(name, {
    trigger: 'segment-threshold-crossed',
    filter: { segment: segmentName },
    threshold: { operator: 'above', value, recoverTo },
  });

export const delivery = (more: Partial<DeliveryRow> = {}): DeliveryRow => ({
  ...{ subscription: 'vip', eventId: '0'.repeat(32), uid: 'u', trigger: 'segment-threshold-crossed', n: 0 },
  ...{ status: 'delivered', occurredAt: NOW, acceptedAt: NOW },
  attempts: [{ at: NOW, durationMs: 12, status: 202, runId: '08585CU12' }],
  ...more,
});

/** A snapshot after these events. */
export function snapshot(seen: readonly BusEvent[] = [], more: Partial<Snapshot> = {}): Snapshot {
  const history = new BusHistory();
  for (const event of seen) history.record(event, ['ConnectorEventsSegmentRefreshed0123ABCD'], NOW);
  return {
    ...{ stackName: 'Connector', busName: 'Bus', now: NOW },
    ...{ eventCounts: history.eventCounts, events: history.events, metrics: history.metrics },
    rules: ['ConnectorEventsSegmentRefreshed0123ABCD', 'ConnectorEventsMisfits89ABCDEF'].map((logicalId) => ({
      ...{ logicalId, pattern: { source: ['customer-insights'] }, matched: history.ruleCount(logicalId) },
    })),
    ...{
      subscriptions: [],
      deliveries: [],
      triggerOf: (eventId: string) => history.trigger(eventId),
      deliveryCounts: {},
      outcomeCounts: {},
      rejected: [],
      heldCounts: {},
    },
    ...more,
  };
}
