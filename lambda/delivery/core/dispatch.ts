import { Metric as MetricName } from '../../../contract/metrics';
import { type CheckedEvent, checkEvent, DEFAULT_INSTANCE } from '../../events/core/events';
import { type Addressee, recognize } from '../../events/core/recognize';
import type { TriggerEvent } from '../../events/core/trigger-event';
import { recordExpected } from '../../expectations/core/dispatched';
import type { ExpectationStore } from '../../expectations/core/ports';
import { allSettledOrThrow, concurrently, type RejectPorts, reject } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { matches, subjectOf, subjectText } from '../../subscriptions/core/matching';
import type { SubscriptionIndex } from '../../subscriptions/core/ports';
import type { DeliveryMessage } from './delivery';

export interface DispatchPorts extends RejectPorts {
  readonly expectations: ExpectationStore;
  readonly index: SubscriptionIndex;
  readonly clock: Clock;
  /** Days for which delivery rows are kept to detect duplicate events. More than 14. */
  readonly retentionDays: number;
  /** Sends a delivery to `deliver`. */
  readonly send: (message: DeliveryMessage) => Promise<void>;
}

/** Maximum message retention of a queue in days (Amazon SQS quotas). */
const QUEUE_DAYS = 14;

/**
 * Sends one delivery for each subscription that an event matches. Stateless: a redelivered message sends its deliveries
 * again, and `deliver` discards duplicates.
 * @returns the ids of the messages to retry.
 */
export async function dispatchBatch(messages: readonly QueueMessage[], ports: DispatchPorts): Promise<string[]> {
  const matching = new Map(messages.map((message) => [message, deliveriesOf(message.body, ports)]));
  // All events are matched before the first delivery is sent, so that the deliveries of a batch share requests.
  const matched = Promise.allSettled(matching.values());
  const sendAll = async (message: QueueMessage) => {
    await matched;
    const deliveries = (await matching.get(message)) ?? [];
    await allSettledOrThrow(deliveries.map((delivery) => ports.send(delivery)));
  };
  return concurrently(messages, sendAll, ports);
}

/** The deliveries of an event. None if the event is rejected or matches no subscription. */
async function deliveriesOf(body: string, ports: DispatchPorts): Promise<DeliveryMessage[]> {
  const { telemetry, clock } = ports;
  const checked = checkEvent(body);
  const reason = 'reason' in checked ? checked.reason : tooOld(checked.value.time, ports);
  if ('reason' in checked || reason !== undefined) {
    await reject(body, reason as string, ports);
    return [];
  }
  const recognized = recognize(checked.value);
  if (recognized?.addressee?.startsFlow === false) return [];
  const addressees = recognized ? await addresseesOf(recognized.event, recognized.addressee, ports) : [];
  if (!recognized || addressees.length === 0) {
    telemetry.count(MetricName.UNMATCHED_EVENTS);
    telemetry.info(LogMessage.UNMATCHED, about(checked.value, recognized?.event));
    return [];
  }
  telemetry.info(LogMessage.MATCHED, {
    ...about(checked.value, recognized.event),
    subscriptions: addressees.length,
  });
  const acceptedAt = clock();
  return addressees.map(({ subscription, uid }) => ({ subscription, uid, event: recognized.event, acceptedAt, n: 0 }));
}

/**
 * Log fields of an event: everything that a subscription's filter compares. Without what a reader knows anyway, because each
 * event logs them: the detail type of a trigger, the default instance, and that a failure is final.
 */
function about({ detailType, detail }: CheckedEvent, event: TriggerEvent | undefined): Record<string, unknown> {
  const { instanceId } = 'instanceId' in detail ? detail : { instanceId: DEFAULT_INSTANCE };
  return {
    detailType: event ? undefined : detailType,
    trigger: event?.trigger,
    instanceId: instanceId === DEFAULT_INSTANCE ? undefined : instanceId,
    subject: event ? subjectText(event) : 'dataSource' in detail ? detail.dataSource : undefined,
    status: 'status' in detail ? detail.status : undefined,
    kind: 'kind' in detail ? detail.kind : undefined,
    willRetry: ('willRetry' in detail && detail.willRetry) || undefined,
    eventId: event?.eventId,
  };
}

/** Why an event is rejected as too old: the row of an earlier delivery could have expired. */
function tooOld(time: number, { clock, retentionDays }: DispatchPorts): string | undefined {
  const days = retentionDays - QUEUE_DAYS;
  if (time >= clock() - days * 24 * 60 * 60 * 1000) return undefined;
  return `the event's time ${new Date(time).toISOString()} is more than ${days} days ago: duplicates that old are not detected; send it again without Time`;
}

/** The subscriptions that an event is for. The same read finds those that expect the refresh, which is then recorded. */
async function addresseesOf(
  event: TriggerEvent,
  addressee: Addressee | undefined,
  ports: DispatchPorts,
): Promise<Pick<Addressee, 'subscription' | 'uid'>[]> {
  // A crossing or an overdue refresh names its subscription, which was read from the table. The index is eventually consistent.
  if (addressee) return [addressee];
  const found = await ports.index.find(event.trigger, event.instanceId, subjectOf(event));
  await recordExpected(
    event,
    found.filter(({ expects }) => expects),
    ports,
  );
  return found
    .filter(({ filter, expects }) => !expects && matches(filter, event))
    .map(({ name, uid }) => ({ subscription: name, uid }));
}
