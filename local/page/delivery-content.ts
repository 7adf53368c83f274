import { renderBody } from '../../lambda/delivery/core/bodies/body';
import { type Sentences, sentences } from '../../lambda/delivery/core/bodies/sentences';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import { sampleEvent } from '../../lambda/subscriptions/core/sample';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';

/** The sentences and the body of a delivery. */
export interface DeliveryContent extends Sentences {
  /** Formatted JSON. */
  readonly body: string;
}

/**
 * Renders a delivery from its event and its current subscription. Returns undefined if one of them is unknown, or if
 * the subscription was replaced by another one with the same name.
 */
export function deliveryContent(
  row: DeliveryRow,
  subscription: Subscription | undefined,
  trigger: TriggerEvent | undefined,
): DeliveryContent | undefined {
  if (subscription?.uid !== row.uid) return undefined;
  const { definition } = subscription;
  const { eventId, occurredAt, acceptedAt, isTest = false } = row;
  // The event of a test is not on the bus.
  const event = trigger ?? (isTest ? sampleEvent(definition, eventId, occurredAt) : undefined);
  if (!event) return undefined;
  const delayedMinutes = Math.max(0, Math.floor(((row.attempts.at(-1)?.at ?? acceptedAt) - acceptedAt) / 60_000));
  const id = deliveryId(definition.name, eventId);
  const body = renderBody({ event, subscription: definition, deliveryId: id, isTest, delayedMinutes });
  return {
    ...sentences(event, { threshold: definition.threshold, isTest, delayedMinutes }),
    body: JSON.stringify(JSON.parse(body), undefined, 2),
  };
}
