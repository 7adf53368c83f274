import type { TriggerId } from '../../../contract/events';
import type { Health } from './health';
import type { Filter, Subscription } from './subscription';

export interface SubscriptionReader {
  /** The subscription of that name, read consistently. */
  read(name: string): Promise<Subscription | undefined>;
}

/** What `dispatch` may see of a subscription: never its flow URL. */
export interface SubscriptionEntry {
  readonly name: string;
  readonly uid: string;
  readonly filter: Filter;
}

export interface SubscriptionIndex {
  /** Subscriptions of a trigger in an instance that name this subject, or none. */
  find(trigger: TriggerId, instanceId: string, subject: string | undefined): Promise<SubscriptionEntry[]>;
}

export interface HealthStore extends SubscriptionReader {
  /** Writes how it goes with a subscription's flow. False when it, or the subscription, was changed since it was read. */
  writeHealth(read: Subscription, health: Health): Promise<boolean>;
}

/** Subscriptions that the sweep must come back to. */
export interface DueSubscriptions {
  /** Names of those that have been due since before `before` (epoch milliseconds). May lag behind the table. */
  dueSubscriptions(before: number): Promise<string[]>;
}
