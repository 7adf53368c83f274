import type { Health } from '../../../subscriptions/core/flow-health';
import type { SubscriptionReader } from '../../../subscriptions/core/ports';
import type { Subscription } from '../../../subscriptions/core/subscription';

export interface HealthStore extends SubscriptionReader {
  /** Writes how it goes with a subscription's flow. False when it, or the subscription, was changed since it was read. */
  writeHealth(read: Subscription, health: Health): Promise<boolean>;
}

/** Subscriptions that the sweep must come back to. */
export interface DueSubscriptions {
  /** Names of those that have been due since before `before` (epoch milliseconds). May lag behind the table. */
  dueSubscriptions(before: number): Promise<string[]>;
}
