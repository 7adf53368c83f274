/**
 * What the pure core asks of the world. The handlers pass adapters of AWS services and of HTTP; tests pass the same
 * adapters on embedded engines. Calls may be made side by side: the adapters put together what one request can carry.
 */
import type { DefinedDetailType } from './events';
import type { Health } from './health';
import type { Dimensions } from './metric';
import type { Intent, MetricState } from './metric-state';
import type { Filter, Subscription, TriggerId } from './subscription';
import type { Flag, ThresholdItem } from './threshold-item';

/** Epoch milliseconds. */
export type Clock = () => number;

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

export interface SubscriptionReader {
  /** The subscription of that name, read consistently. */
  read(name: string): Promise<Subscription | undefined>;
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

export interface EventPublisher {
  /** Puts an event of the connector's own on the bus. Rejects when the bus did not take it. */
  publish(detailType: DefinedDetailType, detail: Readonly<Record<string, unknown>>): Promise<void>;
}

/** Runs that were put on the bus, by their events' identity. */
export interface NotedRuns {
  note(eventId: string): Promise<void>;
  /** Whether it is noted, read consistently. */
  isNoted(eventId: string): Promise<boolean>;
}

export interface RejectedMessages {
  /** Keeps a message that can never succeed, with the reason, in the dead-letter queue. */
  keep(body: string, reason: string): Promise<void>;
}

/** Counts and notes for the operator. Never told a flow URL. */
export interface Telemetry {
  count(metric: string, value?: number): void;
  /** How long something has lasted. */
  seconds(metric: string, value: number): void;
  milliseconds(metric: string, value: number): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** A message of a queue as a handler sees it. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
}
