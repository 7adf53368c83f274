import { identityHash } from '../../shared/core/identity';
import { isPaused } from '../../subscriptions/core/health';
import { sampleEvent } from '../../subscriptions/core/sample';
import type { Subscription } from '../../subscriptions/core/subscription';
import type { DeliveryMessage } from './delivery';

/**
 * A message that sends a made-up event to a subscription's flow. The body has `isTest: true`.
 * @param id unique: each id is another event.
 * @param now epoch milliseconds.
 */
export function testDelivery(subscription: Subscription, id: string, now: number): DeliveryMessage {
  const { definition, uid } = subscription;
  return {
    subscription: definition.name,
    uid,
    event: sampleEvent(definition, identityHash('test', uid, id), now),
    acceptedAt: now,
    n: 0,
    isTest: true,
    // A probe, because `deliver` would hold any other delivery of a paused subscription.
    probe: isPaused(subscription) || undefined,
  };
}
