import type { ExpectationStatus } from '../../cli/subscriptions/expectation-text';
import type { DeliveryRow, DeliveryStatus } from '../../lambda/delivery/core/delivery';
import type { OutcomeState } from '../../lambda/delivery/core/outcomes/outcome';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import { type Metric, measureOf, metricKey } from '../../lambda/shared/core/metric';
import {
  type ChangeThreshold,
  isChange,
  type LevelThreshold,
  type Subscription,
} from '../../lambda/subscriptions/core/subscription';
import { watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import type { EventPattern } from '../bus/pattern';
import type { Flow } from '../power-automate/flow';
import type { EventCounts, MetricHistory, RecordedEvent, RuleCount } from './bus-history';

/** A rejected event, or a message whose handler failed each time. */
export interface Rejected {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly reason: string;
  /** The message's body. */
  readonly body: string;
}

export interface Rule {
  readonly logicalId: string;
  readonly pattern: EventPattern;
  readonly matched?: RuleCount;
}

/** The content of the page at one time. */
export interface Snapshot {
  readonly stackName: string;
  readonly busName: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Numbers of all events. `events` has only the newest. */
  readonly eventCounts: EventCounts;
  readonly events: readonly RecordedEvent[];
  readonly rules: readonly Rule[];
  readonly metrics: readonly MetricHistory[];
  readonly subscriptions: readonly Subscription[];
  /** The newest deliveries. */
  readonly deliveries: readonly DeliveryRow[];
  /** The event of a delivery. Undefined if it is no longer available. */
  readonly triggerOf: (eventId: string) => TriggerEvent | undefined;
  /** Numbers of all deliveries by status. */
  readonly deliveryCounts: Readonly<Partial<Record<DeliveryStatus, number>>>;
  /** Numbers of all deliveries by the outcome of their flow run. Empty: no flow reports. */
  readonly outcomeCounts: Readonly<Partial<Record<OutcomeState, number>>>;
  readonly rejected: readonly Rejected[];
  /** Numbers of held deliveries by subscription. */
  readonly heldCounts: Readonly<Record<string, number>>;
  /** What is known of expected refreshes, by subscription. */
  readonly expectations?: ReadonlyMap<string, ExpectationStatus>;
  /** Flows that the designer saved, newest first. Undefined: the page has no designer. */
  readonly flows?: readonly Flow[];
}

/** A subscription's level on a metric. */
export interface Level extends LevelThreshold {
  readonly subscription: string;
}

/** A subscription's threshold on changes of a metric. */
export interface ChangeLevel extends ChangeThreshold {
  readonly subscription: string;
}

/** A metric and its thresholds. */
export interface PlottedMetric extends MetricHistory {
  readonly levels: readonly Level[];
  readonly changes: readonly ChangeLevel[];
}

/** Every observed metric and every metric with a threshold. Those with thresholds come first; each group is sorted. */
export function plottedMetrics({
  metrics,
  subscriptions,
}: Pick<Snapshot, 'metrics' | 'subscriptions'>): PlottedMetric[] {
  const byKey = new Map(metrics.map((one) => [metricKey(one.metric), one]));
  const levels = new Map<string, (Level | ChangeLevel)[]>();
  for (const { definition } of subscriptions) {
    if (!definition.threshold) continue;
    const metric = watchedMetric(definition);
    const key = metricKey(metric);
    levels.set(key, [...(levels.get(key) ?? []), { ...definition.threshold, subscription: definition.name }]);
    // A measure with dimensions is represented by its members.
    const hasMembers = metrics.some((one) => isMemberOf(one.metric, key));
    if (!byKey.has(key) && !hasMembers) byKey.set(key, { metric, points: [], crossings: [] });
  }
  const levelsOf = (metric: Metric): (Level | ChangeLevel)[] => {
    const measure = measureOf(metric);
    return [...(levels.get(metricKey(metric)) ?? []), ...((measure && levels.get(metricKey(measure))) ?? [])];
  };
  return [...byKey.values()]
    .map((one) => {
      const all = levelsOf(one.metric);
      const isOfChanges = (level: Level | ChangeLevel): level is ChangeLevel => isChange(level);
      const levels = all.filter((level) => !isOfChanges(level)) as Level[];
      return { ...one, levels, changes: all.filter(isOfChanges) };
    })
    .sort((a, b) => Number(isUnwatched(a)) - Number(isUnwatched(b)) || compare(nameOf(a), nameOf(b)));
}

const isUnwatched = ({ levels, changes }: PlottedMetric): boolean => levels.length + changes.length === 0;

const isMemberOf = (metric: Metric, measureKey: string): boolean => {
  const measure = measureOf(metric);
  return measure !== undefined && metricKey(measure) === measureKey;
};
const nameOf = ({ metric }: MetricHistory): string => metricKey(metric);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
