import { renderBody } from '../../lambda/core/body';
import type { DeliveryRow } from '../../lambda/core/delivery';
import { deliveryId } from '../../lambda/core/identity';
import { sampleEvent } from '../../lambda/core/sample';
import type { Subscription } from '../../lambda/core/subscription';
import { type Sentences, sentences } from '../../lambda/core/text';
import type { TriggerEvent } from '../../lambda/core/trigger-event';

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
