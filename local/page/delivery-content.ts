import { renderBody } from '../../lambda/delivery/core/bodies/body';
import { type Sentences, sentences } from '../../lambda/delivery/core/bodies/sentences';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import { sampleEvent } from '../../lambda/subscriptions/core/sample';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';

/** What a delivery tells its flow. */
export interface Told extends Sentences {
  /** JSON for people. */
  readonly body: string;
}

/**
 * The sentences and the body of a delivery, from its event and its subscription as they are now. Undefined when one of them
 * is not known any more, or the subscription is another one of the same name.
 */
export function told(
  row: DeliveryRow,
  subscription: Subscription | undefined,
  seen: TriggerEvent | undefined,
): Told | undefined {
  if (subscription?.uid !== row.uid) return undefined;
  const { definition } = subscription;
  const { eventId, occurredAt, acceptedAt, isTest = false } = row;
  // A test's event never was on the bus.
  const event = seen ?? (isTest ? sampleEvent(definition, eventId, occurredAt) : undefined);
  if (!event) return undefined;
  const delayedMinutes = Math.max(0, Math.floor(((row.attempts.at(-1)?.at ?? acceptedAt) - acceptedAt) / 60_000));
  const id = deliveryId(definition.name, eventId);
  const body = renderBody({ event, subscription: definition, deliveryId: id, isTest, delayedMinutes });
  return {
    ...sentences(event, { threshold: definition.threshold, isTest, delayedMinutes }),
    body: JSON.stringify(JSON.parse(body), undefined, 2),
  };
}
