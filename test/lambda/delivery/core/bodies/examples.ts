import type { TriggerId } from '../../../../../contract/events';
import type { BodyInput } from '../../../../../lambda/delivery/core/bodies/body';
import type { TriggerEvent } from '../../../../../lambda/events/core/trigger-event';
import type { BodyFormat, SubscriptionDefinition } from '../../../../../lambda/subscriptions/core/subscription';

const AT = Date.parse('2026-11-05T09:45:00Z');
const base = { eventId: '3b34970d3c8c103542da5ee326a6c24f', instanceId: 'default', occurredAt: AT };
const run = { runId: 'nightly-5', startedAt: AT - 250_000, endedAt: AT, runLink: 'https://example.com/runs/nightly-5' };

/** One event per trigger, from the retailer of the examples. */
export const EXAMPLES = {
  'data-source-refresh-failed': {
    ...base,
    ...run,
    trigger: 'data-source-refresh-failed',
    dataSource: 'Orders',
    status: 'Failed',
    willRetry: false,
    attempt: 3,
    error: 'The credentials expired.\nSign in again.',
  },
  'data-source-refresh-succeeded': {
    ...base,
    ...run,
    trigger: 'data-source-refresh-succeeded',
    dataSource: 'Orders',
    status: 'Successful',
    willRetry: false,
    recordCount: 120_500,
  },
  'segment-threshold-crossed': {
    ...base,
    trigger: 'segment-threshold-crossed',
    segment: 'VIP customers',
    direction: 'above',
    threshold: 10_000,
    previousValue: 10_000,
    value: 10_120,
    observedAt: AT,
    runId: 'manual-2026-11-05',
  },
  'measure-threshold-crossed': {
    ...base,
    trigger: 'measure-threshold-crossed',
    measure: 'Revenue',
    dimensions: { Region: 'EMEA', Channel: 'Web' },
    unit: 'EUR',
    direction: 'below',
    threshold: 9000,
    previousValue: 9500.5,
    value: 8000.25,
    recoverTo: 10_000,
    observedAt: AT,
  },
  'full-refresh-completed': {
    ...base,
    ...run,
    trigger: 'full-refresh-completed',
    status: 'Failed',
    kind: 'Scheduled',
    processes: { Segments: 'Successful', Measures: 'Failed' },
    error: 'Measures failed.',
  },
  'unification-refresh-completed': {
    ...base,
    ...run,
    trigger: 'unification-refresh-completed',
    status: 'Successful',
    stages: { map: 'Successful', match: 'Successful', merge: 'Successful' },
  },
  'refresh-overdue': {
    ...base,
    trigger: 'refresh-overdue',
    state: 'Overdue',
    subjectType: 'DataSource',
    dataSource: 'Orders',
    expectation: 'every 24 h, up to 1 h late',
    expectedBy: AT - 3_600_000,
    overdueSince: AT - 3_600_000,
    repeat: 0,
    lastSuccessAt: AT - 25 * 3_600_000,
    lastSuccessRunId: 'nightly-4',
    lastFailureAt: AT - 4_000_000,
    lastFailureStatus: 'Failed',
    lastFailureRunId: 'nightly-5',
    error: 'The credentials expired.\nSign in again.',
  },
} as const satisfies Record<TriggerId, TriggerEvent>;

/** An example's delivery. */
export function exampleInput(event: TriggerEvent, format: BodyFormat, more: Partial<BodyInput> = {}): BodyInput {
  const subscription: SubscriptionDefinition = {
    name: 'vip-over-10k',
    trigger: event.trigger,
    instanceId: 'default',
    filter: {},
    format,
    owners: ['data-owners@example.com', 'marketing@example.com'],
    ...(event.trigger === 'segment-threshold-crossed' && { link: 'https://example.com/segments/vip-customers' }),
  };
  const deliveryId = `${subscription.name}_${event.eventId}`;
  return { event, subscription, deliveryId, isTest: false, delayedMinutes: 0, ...more };
}
