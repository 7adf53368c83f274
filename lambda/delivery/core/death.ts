import { HealthEvent } from '../../../contract/events';
import { subjectText } from '../../subscriptions/core/matching';
import type { Attempt, DeliveryMessage } from './delivery';
import { deliveryId } from './delivery-id';
import type { DeathNotice, DeliverPorts, DeliveryKey } from './ports';

export function deathNotice(
  { subscription, event }: DeliveryMessage,
  attempts: readonly Attempt[],
  reason: string,
  now: number,
): DeathNotice {
  const { status, error } = attempts.at(-1) ?? {};
  return {
    reason,
    httpStatus: status,
    error,
    since: new Date(now).toISOString(),
    deliveryId: deliveryId(subscription, event.eventId),
    trigger: event.trigger,
    subject: subjectText(event),
    attempts: attempts.length,
  };
}

/** Publishes a dead delivery. If publishing fails, the sweep repeats it. */
export async function announceDeath(
  key: DeliveryKey,
  notice: DeathNotice,
  { deliveries, events, connectorId }: Pick<DeliverPorts, 'deliveries' | 'events' | 'connectorId'>,
): Promise<void> {
  const detail = { connector: connectorId, subscription: key.subscription, ...notice };
  await events.publish(HealthEvent.FLOW_DELIVERY_DEAD, detail);
  await deliveries.clearNotice(key, notice);
}
