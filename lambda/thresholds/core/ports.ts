import type { Dimensions } from '../../shared/core/metric';
import type { Intent, MetricState } from './metric-state';
import type { Flag, ThresholdItem } from './threshold-item';

export interface ThresholdStore {
  /** The metric's state, read consistently. */
  readState(metricKey: string): Promise<MetricState | undefined>;
  /** Writes the state if the stored version is still `readVersion` (undefined: if there is none). False: the race is lost. */
  commitState(metricKey: string, state: MetricState, readVersion: number | undefined): Promise<boolean>;
  /** Every threshold item between two sort keys, read consistently, in their order. */
  items(metricKey: string, from: string, to: string): Promise<ThresholdItem[]>;
  /** The flag of a threshold on a metric, read consistently. */
  readFlag(metricKey: string, subscription: string, thresholdId: string): Promise<Flag | undefined>;
  /**
   * Writes the n-th part of an intent too large for the state; nothing reads it until a state's intent names it.
   * @param due when the sweep may look whether it has been named, epoch milliseconds.
   */
  putIntentPart(metricKey: string, partId: string, n: number, hits: Intent['hits'], due: number): Promise<void>;
  /** The n-th part, read consistently; undefined when it has been published and deleted. */
  readIntentPart(metricKey: string, partId: string, n: number): Promise<Intent['hits'] | undefined>;
  deleteIntentPart(metricKey: string, partId: string, n: number): Promise<void>;
  /** Writes the flag of a threshold on a metric, unless a later version has written it already. */
  writeFlag(metricKey: string, subscription: string, thresholdId: string, flag: Flag, version: number): Promise<void>;
  /** Removes the intent of that version; another version's stays. */
  clearIntent(metricKey: string, version: number): Promise<void>;
  /** Remembers that a measure has these members. */
  addMember(measureKey: string, dimensions: Dimensions): Promise<void>;
}

/**
 * What somebody must come back to. `intent`: a crossing that was committed. `threshold`: an item that is being made or
 * deleted, and may be a leftover. `part`: a part of an intent, which may never have been committed.
 */
export type DueKind = 'intent' | 'threshold' | 'part';

export interface DueKey {
  readonly metricKey: string;
  readonly sortKey: string;
}

/** What the sweep needs besides. */
export interface DueIndex {
  /** What has been due since before `before` (epoch milliseconds). May lag behind the table. */
  overdue(kind: DueKind, before: number): Promise<DueKey[]>;
  /** A threshold's item is no leftover. False when it is not there. */
  settle(metricKey: string, sortKey: string): Promise<boolean>;
  /** Deletes a threshold's item, a flag or an intent's part. */
  remove(metricKey: string, sortKey: string): Promise<void>;
  /** Keys of the metrics that are a measure's members; none for what is no measure. */
  memberKeys(measureKey: string): Promise<string[]>;
}
