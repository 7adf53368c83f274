import type { EventPublisher } from '../../../lambda/events/core/ports';
import type { ExpectationStore } from '../../../lambda/expectations/core/ports';
import { subjectKey, type Tracked } from '../../../lambda/expectations/core/tracked';
import type { RegistryPorts } from '../../../lambda/registration/core/ports';
import { canonicalDimensions, type Dimensions, memberKey, metricKey } from '../../../lambda/shared/core/metric';
import type { RejectedMessages, Telemetry } from '../../../lambda/shared/core/ports';
import { nextDue } from '../../../lambda/subscriptions/core/health';
import type { DueSubscriptions, HealthStore } from '../../../lambda/subscriptions/core/ports';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import type { HistoryItem } from '../../../lambda/thresholds/adapters/threshold-table';
import { type MetricState, type PastValue, partSortKey } from '../../../lambda/thresholds/core/metric-state';
import type {
  DueIndex,
  DueKind,
  MetricThresholdReader,
  OverdueKey,
  PendingMetrics,
  ThresholdStore,
} from '../../../lambda/thresholds/core/ports';
import {
  FLAG,
  type Flag,
  flagSortKey,
  ownerOf,
  type SeriesItem,
  type StoredItem,
  type ThresholdItem,
} from '../../../lambda/thresholds/core/threshold-item';

/** Called before and after every call to a store, with the call's name: tests interleave, fail and crash there. */
export type Gate = (call: string) => Promise<void>;
const open: Gate = async () => {};

const copy = <T>(value: T): T => structuredClone(value);

/** The Thresholds and Subscriptions tables as maps, with the conditions of the real ones; tables are shared, gates are not. */
const cutAt = (text: string, at: number): [string, string] => [text.slice(0, at), text.slice(at + 1)];

export class MemoryTables {
  readonly states = new Map<string, MetricState>();
  readonly items = new Map<string, Map<string, ThresholdItem>>();
  readonly series = new Map<string, Map<string, SeriesItem>>();
  /** Values that left the states, by metric and instant. */
  readonly past = new Map<string, Map<number, PastValue>>();
  readonly flags = new Map<string, Flag & { writtenAt: number }>();
  /** Due times by kind, metric and sort key, as in the index of the table. */
  readonly due = new Map<string, OverdueKey & { kind: DueKind }>();
  /** Lists of metrics that can have an intent. */
  readonly pending = new Map<string, PendingMetrics & { readonly due: number }>();
  private lists = 0;
  readonly measures = new Map<string, Dimensions[]>();
  readonly parts = new Map<string, unknown>();
  readonly subscriptions = new Map<string, Subscription>();
  readonly expected = new Map<string, Tracked>();
  /** Every commit, in order: what really happened to each metric. `readAt` and `at` are steps. */
  readonly commits: { key: string; before?: MetricState; after: MetricState; readAt: number; at: number }[] = [];
  /** Every change of a subscription, in order; without a subscription it is gone. */
  readonly changes: { name: string; at: number; subscription?: Subscription }[] = [];
  /** Counts the steps that were made: a clock of the tables. */
  private steps = 0;

  /** A call as it goes: the gate, the act itself, and the gate once more. */
  private stepper(gate: Gate) {
    return async <T>(name: string, act: () => T): Promise<T> => {
      await gate(`before ${name}`);
      this.steps++;
      const result = act();
      await gate(`after ${name}`);
      return copy(result);
    };
  }

  /** The states of expected subjects as one worker sees them. */
  expectations(gate: Gate = open): ExpectationStore {
    const step = this.stepper(gate);
    const isUnchanged = (key: string, read: Tracked | undefined) => {
      const stored = this.expected.get(key);
      return stored?.id === read?.id && stored?.version === read?.version;
    };
    return {
      read: (key) => step('readExpected', () => this.expected.get(key)),
      write: (tracked, read) =>
        step('writeExpected', () => {
          const key = subjectKey(tracked.subject);
          if (!isUnchanged(key, read)) return false;
          this.expected.set(key, copy({ ...tracked, version: (read?.version ?? 0) + 1 }));
          return true;
        }),
      remove: (read) =>
        step('removeExpected', () => {
          const key = subjectKey(read.subject);
          return isUnchanged(key, read) && this.expected.delete(key);
        }),
    };
  }

  /** The histories of all metrics. Past values have no time of expiry in memory. */
  async *history(): AsyncGenerator<HistoryItem> {
    for (const [metricKey, state] of this.states) yield copy({ metricKey, state });
    for (const [metricKey, members] of this.measures) for (const member of members) yield { metricKey, member };
    for (const [metricKey, values] of this.past) {
      for (const past of values.values()) yield { metricKey, past, expiresAt: Number.MAX_SAFE_INTEGER };
    }
    for (const [name, { armed, writtenAt: version }] of this.flags) {
      const [metricKey, sortKey] = cutAt(name, name.lastIndexOf(` ${FLAG}`));
      yield { metricKey, flag: { ...ownerOf(sortKey), armed, version } };
    }
  }

  /** The Thresholds table as one worker sees it. */
  thresholds(gate: Gate = open): ThresholdStore & DueIndex & MetricThresholdReader & RegistryPorts['thresholds'] {
    const readAt = new Map<string, number>();
    const step = this.stepper(gate);
    return {
      readState: (key) =>
        step('readState', () => {
          readAt.set(key, this.steps);
          return this.states.get(key);
        }),
      // Not the read that the evaluation of this metric is based on.
      isExpected: (key) => step('isExpected', () => this.states.get(key)?.expected ?? false),
      commitState: (key, state, readVersion) =>
        step('commitState', () => {
          const before = this.states.get(key);
          if (before?.version !== readVersion) return false;
          this.commits.push(copy({ key, before, after: state, readAt: readAt.get(key) ?? 0, at: this.steps }));
          this.states.set(key, copy(state));
          return true;
        }),
      markExpected: (metric) =>
        step('markExpected', () => {
          const key = metricKey(metric);
          const state = this.states.get(key) ?? { metric, version: 0, recent: [] };
          this.states.set(key, copy({ ...state, version: state.version + 1, expected: true }));
          return state.last?.observedAt;
        }),
      items: (key, from, to) => step('items', () => this.range(key, from, to)),
      firstItems: (key, from, to, count) => step('firstItems', () => this.range(key, from, to).slice(0, count)),
      putSeries: (key, item) =>
        step('putSeries', () => {
          const series = this.series.get(key) ?? new Map();
          this.series.set(key, series.set(item.sortKey, item));
        }),
      removeSeries: (key, { sortKey, writtenBy }) =>
        step('removeSeries', () => {
          const series = this.series.get(key);
          if (series?.get(sortKey)?.writtenBy === writtenBy) series.delete(sortKey);
        }),
      putPastValue: (key, value) =>
        step('putPastValue', () => {
          this.past.set(key, (this.past.get(key) ?? new Map()).set(value.observedAt, value));
        }),
      pastValueAt: (key, instant) =>
        step('pastValueAt', () =>
          [...(this.past.get(key)?.values() ?? [])]
            .filter(({ observedAt }) => observedAt <= instant)
            .reduce<PastValue | undefined>((a, b) => (a && a.observedAt > b.observedAt ? a : b), undefined),
        ),
      fireItems: (key, limit) =>
        step('fireItems', () =>
          [...(this.items.get(key)?.values() ?? [])]
            .filter(({ kind }) => kind === 'fire')
            .sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
            .slice(0, limit),
        ),
      readFlag: (key, subscription, thresholdId) =>
        step('readFlag', () => this.flags.get(`${key} ${flagSortKey(subscription, thresholdId)}`)),
      writeFlag: (key, subscription, thresholdId, flag, version) =>
        step('writeFlag', () => {
          const name = `${key} ${flagSortKey(subscription, thresholdId)}`;
          const written = this.flags.get(name);
          if (!written || written.writtenAt < version) this.flags.set(name, { ...flag, writtenAt: version });
        }),
      addMember: (key, dimensions) =>
        step('addMember', () => {
          const others = this.measures
            .get(key)
            ?.filter((one) => canonicalDimensions(one) !== canonicalDimensions(dimensions));
          this.measures.set(key, [...(others ?? []), dimensions]);
        }),
      members: (key) => step('members', () => this.measures.get(key) ?? []),
      memberKeys: (key) =>
        step('memberKeys', () => (this.measures.get(key) ?? []).map((dimensions) => memberKey(key, dimensions))),
      putIntentPart: (key, id, n, hits, due) =>
        step('putIntentPart', () => {
          this.parts.set(`${key} ${partSortKey(id, n)}`, copy(hits));
          this.mark('part', key, partSortKey(id, n), due);
        }),
      readIntentPart: (key, id, n) =>
        step('readIntentPart', () => this.parts.get(`${key} ${partSortKey(id, n)}`) as never),
      deleteIntentPart: (key, id, n) => step('deleteIntentPart', () => this.remove(key, partSortKey(id, n))),
      clearIntent: (key, version) =>
        step('clearIntent', () => {
          const state = this.states.get(key);
          if (state?.intent?.version === version) this.states.set(key, { ...state, intent: undefined });
        }),
      overdue: (kind, before) =>
        step('overdue', () => {
          return [...this.due.values()].filter((one) => one.kind === kind && one.due <= before);
        }),
      putPending: (metricKeys, due) =>
        step('putPending', () => {
          const id = `pending-${++this.lists}`;
          this.pending.set(id, { id, metricKeys, due });
          return id;
        }),
      removePending: (id) => step('removePending', () => void this.pending.delete(id)),
      overduePending: (before) =>
        step('overduePending', () => [...this.pending.values()].filter(({ due }) => due <= before)),
      putThreshold: (key, item, due) =>
        step('putThreshold', () => {
          const items = this.items.get(key) ?? new Map();
          this.items.set(key, items.set(item.sortKey, item));
          if (due !== undefined) this.mark('threshold', key, item.sortKey, due);
        }),
      markThreshold: (key, sortKey, due) =>
        step('markThreshold', () => {
          if (this.items.get(key)?.has(sortKey)) this.mark('threshold', key, sortKey, due);
        }),
      restoreThreshold: (key, item, due) =>
        step('restoreThreshold', () => {
          const items = this.items.get(key) ?? new Map();
          if (items.has(item.sortKey)) return;
          this.items.set(key, items.set(item.sortKey, item));
          this.mark('threshold', key, item.sortKey, due);
        }),
      settle: (key, sortKey, due) =>
        step('settle', () => {
          const isUnchanged = this.due.get(`${key} ${sortKey}`)?.due === due;
          return isUnchanged && this.due.delete(`${key} ${sortKey}`);
        }),
      remove: (key, sortKey) => step('remove', () => this.remove(key, sortKey)),
    };
  }

  private range(metricKey: string, from: string, to: string): StoredItem[] {
    const stored = [this.items, this.series].flatMap((map) => [...(map.get(metricKey)?.values() ?? [])]);
    return stored
      .filter(({ sortKey }) => sortKey >= from && sortKey <= to)
      .sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1));
  }

  private mark(kind: DueKind, metricKey: string, sortKey: string, due: number): void {
    this.due.set(`${metricKey} ${sortKey}`, { kind, metricKey, sortKey, due });
  }

  private remove(metricKey: string, sortKey: string): void {
    this.items.get(metricKey)?.delete(sortKey);
    for (const map of [this.flags, this.parts, this.due]) map.delete(`${metricKey} ${sortKey}`);
  }

  registry(gate: Gate = open): RegistryPorts['subscriptions'] & HealthStore & DueSubscriptions {
    const unchanged = (read: Subscription | undefined, now: Subscription | undefined) =>
      read?.uid === now?.uid && read?.generation === now?.generation && read?.managedBy === now?.managedBy;
    const sameHealth = (read: Subscription | undefined, now: Subscription | undefined) =>
      read?.health?.version === now?.health?.version;
    const step = this.stepper(gate);
    return {
      read: (name) => step('readSubscription', () => this.subscriptions.get(name)),
      put: (subscription, previous) =>
        step('putSubscription', () => {
          const { name } = subscription.definition;
          const now = this.subscriptions.get(name);
          if (!unchanged(previous, now) || !sameHealth(previous, now)) return false;
          this.subscriptions.set(name, copy(subscription));
          this.changes.push(copy({ name, at: this.steps, subscription }));
          return true;
        }),
      writeHealth: (read, health) =>
        step('writeHealth', () => {
          const { name } = read.definition;
          const now = this.subscriptions.get(name);
          if (!now || !unchanged(read, now) || !sameHealth(read, now)) return false;
          this.subscriptions.set(name, { ...now, health: copy(health) });
          return true;
        }),
      dueSubscriptions: (before) =>
        step('dueSubscriptions', () =>
          [...this.subscriptions.values()]
            .filter(({ health }) => health && (nextDue(health) ?? Infinity) <= before)
            .map(({ definition }) => definition.name),
        ),
      delete: (subscription) =>
        step('deleteSubscription', () => {
          const { name } = subscription.definition;
          if (!unchanged(subscription, this.subscriptions.get(name))) return false;
          this.changes.push({ name, at: this.steps });
          return this.subscriptions.delete(name);
        }),
      deleteAsRead: (subscription) =>
        step('deleteSubscription', () => {
          const { name } = subscription.definition;
          const now = this.subscriptions.get(name);
          if (!unchanged(subscription, now) || !sameHealth(subscription, now)) return false;
          this.changes.push({ name, at: this.steps });
          return this.subscriptions.delete(name);
        }),
    };
  }
}

/** Remembers what was put on the bus. */
export class MemoryBus {
  readonly published: { detailType: string; detail: Record<string, unknown> }[] = [];

  publisher(gate: Gate = open): EventPublisher {
    return {
      publish: async (detailType, detail) => {
        await gate('before publish');
        this.published.push(copy({ detailType, detail }));
        await gate('after publish');
      },
    };
  }
}

/** Remembers what was rejected, and why. */
export class MemoryRejected implements RejectedMessages {
  readonly kept: { body: string; reason: string }[] = [];
  async keep(body: string, reason: string): Promise<void> {
    this.kept.push({ body, reason });
  }
}

/** Sums the counts, lists the durations. */
export class MemoryTelemetry implements Telemetry {
  readonly counts: Record<string, number> = {};
  readonly durations: Record<string, number[]> = {};
  readonly lines: string[] = [];
  count(metric: string, value = 1): void {
    this.counts[metric] = (this.counts[metric] ?? 0) + value;
  }
  seconds(metric: string, value: number): void {
    this.counts[metric] = value;
  }
  milliseconds(metric: string, value: number): void {
    const durations = this.durations[metric] ?? [];
    durations.push(value);
    this.durations[metric] = durations;
  }
  info(message: string, details?: unknown): void {
    this.lines.push(`${message} ${JSON.stringify(details)}`);
  }
  warn(message: string, details?: unknown): void {
    this.info(message, details);
  }
}
