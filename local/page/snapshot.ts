import type { DeliveryRow, DeliveryStatus } from '../../lambda/delivery/core/delivery';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import { type Metric, measureOf, metricKey } from '../../lambda/shared/core/metric';
import type { Subscription, Threshold } from '../../lambda/subscriptions/core/subscription';
import { watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import type { EventPattern } from '../bus/pattern';
import type { EventCounts, MetricHistory, RuleCount, SeenEvent } from './bus-history';

/** An event that was rejected, or a message whose handler failed each time. */
export interface Rejected {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly reason: string;
  /** The message as it came. */
  readonly body: string;
}

export interface Rule {
  readonly logicalId: string;
  readonly pattern: EventPattern;
  readonly taken?: RuleCount;
}

/** Everything that the page shows, at one moment. */
export interface Snapshot {
  readonly stackName: string;
  readonly busName: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** All that came; `events` are the newest. */
  readonly eventCounts: EventCounts;
  readonly events: readonly SeenEvent[];
  readonly rules: readonly Rule[];
  readonly metrics: readonly MetricHistory[];
  readonly subscriptions: readonly Subscription[];
  /** The newest. */
  readonly deliveries: readonly DeliveryRow[];
  /** The event of a delivery; undefined when it is not kept any more. */
  readonly triggerOf: (eventId: string) => TriggerEvent | undefined;
  /** All there are. */
  readonly deliveryCounts: Readonly<Partial<Record<DeliveryStatus, number>>>;
  readonly rejected: readonly Rejected[];
}

/** A threshold on a metric. */
export interface Level extends Threshold {
  readonly subscription: string;
}

/** A metric with what watches it. */
export interface WatchedMetric extends MetricHistory {
  readonly levels: readonly Level[];
}

/** Every metric that was seen or is watched: those that are watched first, then by name. */
export function watchedMetrics({
  metrics,
  subscriptions,
}: Pick<Snapshot, 'metrics' | 'subscriptions'>): WatchedMetric[] {
  const byKey = new Map(metrics.map((one) => [metricKey(one.metric), one]));
  const levels = new Map<string, Level[]>();
  for (const { definition } of subscriptions) {
    if (!definition.threshold) continue;
    const metric = watchedMetric(definition);
    const key = metricKey(metric);
    levels.set(key, [...(levels.get(key) ?? []), { ...definition.threshold, subscription: definition.name }]);
    // A measure that came only with dimensions is seen by its members.
    const hasMembers = metrics.some((one) => isMemberOf(one.metric, key));
    if (!byKey.has(key) && !hasMembers) byKey.set(key, { metric, points: [], crossings: [] });
  }
  const levelsOf = (metric: Metric): Level[] => {
    const measure = measureOf(metric);
    return [...(levels.get(metricKey(metric)) ?? []), ...((measure && levels.get(metricKey(measure))) ?? [])];
  };
  return [...byKey.values()]
    .map((one) => ({ ...one, levels: levelsOf(one.metric) }))
    .sort((a, b) => Number(a.levels.length === 0) - Number(b.levels.length === 0) || compare(nameOf(a), nameOf(b)));
}

const isMemberOf = (metric: Metric, measureKey: string): boolean => {
  const measure = measureOf(metric);
  return measure !== undefined && metricKey(measure) === measureKey;
};
const nameOf = ({ metric }: MetricHistory): string => metricKey(metric);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
