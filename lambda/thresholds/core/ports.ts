import type { Dimensions } from '../../shared/core/metric';
import type { Intent, MetricState, PastValue } from './metric-state';
import type { Flag, SeriesItem, StoredItem, ThresholdItem } from './threshold-item';

/** Lists of metrics that can have an intent. Each list is one item. */
export interface PendingStore {
  /**
   * Writes a list before the intents of its metrics are committed.
   * @param due when the sweep looks at the metrics, epoch milliseconds.
   * @returns the id of the list.
   */
  putPending(metricKeys: readonly string[], due: number): Promise<string>;
  /** Removes a list whose metrics have no intent. */
  removePending(id: string): Promise<void>;
  /** The lists that were due by `before`, epoch milliseconds. Eventually consistent. */
  overduePending(before: number): Promise<PendingMetrics[]>;
}

export interface PendingMetrics {
  readonly id: string;
  readonly metricKeys: readonly string[];
}

export interface ThresholdStore extends Pick<PendingStore, 'putPending' | 'removePending'> {
  /** The metric's state, read consistently. */
  readState(metricKey: string): Promise<MetricState | undefined>;
  /** Whether a subscription expects refreshes of the metric. */
  isExpected(metricKey: string): Promise<boolean>;
  /** Writes the state if its stored version is `readVersion` (undefined: no state is stored). Returns false if not. */
  commitState(metricKey: string, state: MetricState, readVersion: number | undefined): Promise<boolean>;
  /** All threshold and series items between two sort keys, read consistently and in order. */
  items(metricKey: string, from: string, to: string): Promise<StoredItem[]>;
  /**
   * Stores a value that left the state. Without effect on values that are stored.
   * @param expiresAt when it can be deleted, epoch milliseconds.
   */
  putPastValue(metricKey: string, past: PastValue, expiresAt: number): Promise<void>;
  /** The latest stored value at or before an instant, read consistently. */
  pastValueAt(metricKey: string, instant: number): Promise<PastValue | undefined>;
  /** The flag of a threshold on a metric, read consistently. */
  readFlag(metricKey: string, subscription: string, thresholdId: string): Promise<Flag | undefined>;
  /**
   * Writes the n-th part of an intent that is too large for the state. Without effect until a state's intent names it.
   * @param due when the sweep checks whether an intent names the part, epoch milliseconds.
   */
  putIntentPart(metricKey: string, partId: string, n: number, hits: Intent['hits'], due: number): Promise<void>;
  /** The n-th part, read consistently. Undefined if it was published and deleted. */
  readIntentPart(metricKey: string, partId: string, n: number): Promise<Intent['hits'] | undefined>;
  deleteIntentPart(metricKey: string, partId: string, n: number): Promise<void>;
  /** Writes the flag of a threshold on a metric, unless the same or a later version has written it. */
  writeFlag(metricKey: string, subscription: string, thresholdId: string, flag: Flag, version: number): Promise<void>;
  /** Removes the intent if it has this version. */
  clearIntent(metricKey: string, version: number): Promise<void>;
  /** Adds a member to a measure. */
  addMember(measureKey: string, dimensions: Dimensions): Promise<void>;
}

/** Reads the thresholds on a metric. */
export interface MetricThresholdReader extends Pick<ThresholdStore, 'readState' | 'readFlag'> {
  /** Up to `limit` threshold items of the kind `fire` under a metric. Eventually consistent. */
  fireItems(metricKey: string, limit: number): Promise<ThresholdItem[]>;
}

/**
 * Kinds of unfinished work in the index. `threshold`: an item that is being created or deleted and
 * can be a leftover. `part`: a part of an intent that may not be committed.
 */
export type DueKind = 'threshold' | 'part';

/** Also what earlier versions wrote. `intent`: a committed crossing, which is now in a list of pending metrics. */
export type OverdueKind = DueKind | 'intent';

export interface DueKey {
  readonly metricKey: string;
  readonly sortKey: string;
}

/** A key in the index of unfinished work. */
export interface OverdueKey extends DueKey {
  /** Epoch milliseconds. */
  readonly due: number;
}

/** The index of unfinished work, for the sweep. */
export interface DueIndex extends Pick<PendingStore, 'overduePending' | 'removePending'> {
  /** Keys of the work that was due by `before`, epoch milliseconds. Eventually consistent. */
  overdue(kind: OverdueKind, before: number): Promise<OverdueKey[]>;
  /** Marks a threshold's item as finished. Returns false if it is no longer due at `due`: removed, or marked again. */
  settle(metricKey: string, sortKey: string, due: number): Promise<boolean>;
  /** Deletes a threshold's item, a flag or an intent's part. */
  remove(metricKey: string, sortKey: string): Promise<void>;
  /** The first items between two sort keys, read consistently. */
  firstItems(metricKey: string, from: string, to: string, count: number): Promise<StoredItem[]>;
  /** Removes a series' item if it is as read. */
  removeSeries(metricKey: string, item: SeriesItem): Promise<void>;
  /** Metric keys of a measure's members. Empty for other metrics. */
  memberKeys(measureKey: string): Promise<string[]>;
}
