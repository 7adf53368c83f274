import type { TriggerId } from '../../../contract/events';
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
