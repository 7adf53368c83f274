import type { TriggerId } from '../../../contract/events';
import type { Health } from './health';
import type { Filter, Subscription } from './subscription';

export interface SubscriptionReader {
  /** The named subscription, read consistently. */
  read(name: string): Promise<Subscription | undefined>;
}

/** The part of a subscription that `dispatch` reads. Excludes the flow URL. */
export interface SubscriptionEntry {
  readonly name: string;
  readonly uid: string;
  readonly filter: Filter;
  /** Set for an entry that does not receive the events, but expects refreshes of the subject. */
  readonly expects?: true;
}

/** Where a search ended, for the next page. JSON, and only for the index that returned it. */
export type IndexPlace = readonly (Readonly<Record<string, string>> | null)[];

export interface SubscriptionPage {
  readonly entries: readonly SubscriptionEntry[];
  /** Undefined on the last page. */
  readonly next?: IndexPlace;
}

export interface SubscriptionIndex {
  /**
   * Subscriptions of a trigger in an instance whose filter names this subject or no subject: one page. Entries that expect
   * refreshes come first.
   * @param after `next` of the previous page. Default: the first page.
   */
  find(
    trigger: TriggerId,
    instanceId: string,
    subject: string | undefined,
    after?: IndexPlace,
  ): Promise<SubscriptionPage>;
}

export interface HealthStore extends SubscriptionReader {
  /** Writes a subscription's health. Returns false if the subscription or its health changed since `read`. */
  writeHealth(read: Subscription, health: Health): Promise<boolean>;
}

/** Subscriptions that the sweep must process. */
export interface DueSubscriptions {
  /**
   * Names of subscriptions due before `before` (epoch milliseconds), and keys of expected subjects, which start with
   * `EXPECTED_PREFIX`: one query for both. Eventually consistent.
   */
  dueSubscriptions(before: number): Promise<string[]>;
}
