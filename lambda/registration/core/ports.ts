import type { ExpectationStore, MetricMarks } from '../../expectations/core/ports';
import type { Dimensions } from '../../shared/core/metric';
import type { Clock } from '../../shared/core/ports';
import type { SubscriptionReader } from '../../subscriptions/core/ports';
import type { SealedFlowUrl, Subscription } from '../../subscriptions/core/subscription';
import type { ThresholdCheck } from '../../thresholds/core/observe';
import type { SeriesItem, StoredItem, ThresholdItem } from '../../thresholds/core/threshold-item';

/** What adding, changing and removing subscriptions needs. */
export interface RegistryPorts {
  readonly subscriptions: SubscriptionReader & {
    /** Returns false if the subscription or its health changed since `previous` was read. */
    put(subscription: Subscription, previous: Subscription | undefined): Promise<boolean>;
    delete(subscription: Subscription): Promise<boolean>;
    /** Like `delete`. Also returns false if the health changed since it was read. */
    deleteAsRead(subscription: Subscription): Promise<boolean>;
  };
  readonly thresholds: {
    /**
     * Adds an item. It has no effect until its subscription names its `thresholdId`.
     * @param due when the sweep checks whether the subscription does, epoch milliseconds. Absent: never.
     */
    putThreshold(metricKey: string, item: ThresholdItem, due?: number): Promise<void>;
    /** Adds the item of a series, or writes it again. */
    putSeries(metricKey: string, item: SeriesItem): Promise<void>;
    /** All items between two sort keys, read consistently. */
    items(metricKey: string, from: string, to: string): Promise<StoredItem[]>;
    /** Makes the sweep check an item when it is due, epoch milliseconds. */
    markThreshold(metricKey: string, sortKey: string, due: number): Promise<void>;
    /** Marks an item as finished. Returns false if it is no longer due at `due`: removed, or marked again. */
    settle(metricKey: string, sortKey: string, due: number): Promise<boolean>;
    /** Adds an item that is due, unless it exists. */
    restoreThreshold(metricKey: string, item: ThresholdItem, due: number): Promise<void>;
    members(measureKey: string): Promise<Dimensions[]>;
  } & MetricMarks;
  readonly expectations: ExpectationStore;
  /** Asks `evaluate` to check whether the value is already beyond a threshold. */
  readonly requestCheck: (check: ThresholdCheck) => Promise<void>;
  readonly fingerprint: (flowUrl: string) => string;
  readonly seal: (subscription: string, flowUrl: string) => Promise<SealedFlowUrl>;
  readonly newId: () => string;
  readonly clock: Clock;
}
