import { metricKey } from '../../lambda/shared/core/metric';
import { isPaused } from '../../lambda/subscriptions/core/health';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import { metricText } from '../../lambda/thresholds/core/threshold-status';

/** A subscription with a threshold. */
export interface Watching {
  readonly subscription: string;
  readonly metricKey: string;
  /** Kind and instance of the metric. */
  readonly group: string;
  readonly subject: string;
}

/** A subscription to one data source. */
export interface Naming {
  readonly subscription: string;
  readonly instanceId: string;
  readonly dataSource: string;
}

/**
 * What the findings need of all subscriptions. Only subscriptions that a finding can be about are kept whole: 100,000 of
 * them would need more than 256 MB.
 */
export interface RegistryFacts {
  /** Paused subscriptions, and those that `readFacts` was asked to keep. Sorted, without the flow. */
  readonly kept: readonly Subscription[];
  /** Names of subscriptions of flows that registered themselves. */
  readonly registered: ReadonlySet<string>;
  /** Names of active subscriptions with a flow and without keepAlive, sorted. */
  readonly callable: readonly string[];
  /** Subscriptions with a threshold, as `ownerText` of their items. */
  readonly owners: ReadonlySet<string>;
  readonly watching: readonly Watching[];
  readonly naming: readonly Naming[];
}

/** The subscription and the threshold that an item of the Thresholds table belongs to. */
export const ownerText = (subscription: string, thresholdId: string | undefined): string =>
  `${subscription} ${thresholdId}`;

/** Kind and instance of a metric, whose names are similar to a misspelled one. */
export const groupOf = ({ kind, instanceId }: { readonly kind: string; readonly instanceId: string }): string =>
  `${kind} ${instanceId}`;

/**
 * Reads the facts, one subscription at a time.
 * @param keep further subscriptions to keep whole.
 */
export async function readFacts(
  subscriptions: AsyncIterable<Subscription>,
  keep: (subscription: Subscription) => boolean,
): Promise<RegistryFacts> {
  const kept: Subscription[] = [];
  const registered = new Set<string>();
  const callable: string[] = [];
  const owners = new Set<string>();
  const watching: Watching[] = [];
  const naming: Naming[] = [];
  for await (const one of subscriptions) {
    const { definition, thresholdId, flow, registration } = one;
    const { name: subscription, instanceId, filter } = definition;
    if (isPaused(one) || keep(one)) kept.push({ ...one, flow: undefined });
    if (registration) registered.add(subscription);
    if (flow && !definition.keepAlive && !isPaused(one)) callable.push(subscription);
    if (filter.dataSource !== undefined) naming.push({ subscription, instanceId, dataSource: filter.dataSource });
    if (!definition.threshold) continue;
    owners.add(ownerText(subscription, thresholdId));
    const metric = watchedMetric(definition);
    watching.push({ subscription, metricKey: metricKey(metric), group: groupOf(metric), subject: metricText(metric) });
  }
  kept.sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  callable.sort();
  for (const list of [watching, naming]) list.sort((a, b) => (a.subscription < b.subscription ? -1 : 1));
  return { kept, registered, callable, owners, watching, naming };
}
