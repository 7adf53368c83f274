import { measureOf, metricKey } from '../../shared/core/metric';
import type { Subscription, Threshold } from '../../subscriptions/core/subscription';
import type { MetricState } from './metric-state';
import type { MetricThresholdReader } from './ports';
import { type ThresholdStatus, thresholdStatus } from './threshold-status';

/** A threshold on a metric, and its state there. */
export interface MetricThreshold {
  readonly subscription: string;
  readonly threshold: Threshold;
  readonly status: ThresholdStatus;
}

export interface MetricThresholdPorts {
  readonly thresholds: MetricThresholdReader;
  readonly subscriptions: { read(name: string): Promise<Subscription | undefined> };
}

/**
 * Reads up to `limit` thresholds on a metric, sorted by level. A member of a measure also has the thresholds of the measure
 * without dimensions.
 * @returns `hasMore`: whether the metric has more thresholds than were read.
 */
export async function readMetricThresholds(
  state: MetricState,
  limit: number,
  { thresholds, subscriptions }: MetricThresholdPorts,
): Promise<{ readonly thresholds: readonly MetricThreshold[]; readonly hasMore: boolean }> {
  const { metric } = state;
  const key = metricKey(metric);
  const measure = measureOf(metric);
  const keys = measure ? [key, metricKey(measure)] : [key];
  const items = (await Promise.all(keys.map((one) => thresholds.fireItems(one, limit + 1)))).flat();
  const read = items
    .slice(0, limit)
    .map(async ({ subscription, thresholdId, operator, threshold: value, recoverTo }) => {
      // An item that its subscription does not name is a leftover of an edit, or the edit is not complete.
      if ((await subscriptions.read(subscription))?.thresholdId !== thresholdId) return undefined;
      const threshold: Threshold = { operator, value, ...(recoverTo !== undefined && { recoverTo }) };
      const flag = recoverTo === undefined ? undefined : await thresholds.readFlag(key, subscription, thresholdId);
      return { subscription, threshold, status: thresholdStatus(threshold, metric, state, flag) };
    });
  const found = (await Promise.all(read)).filter((one) => one !== undefined);
  return { thresholds: found.toSorted(byLevel), hasMore: items.length > limit };
}

const byLevel = (a: MetricThreshold, b: MetricThreshold): number =>
  a.threshold.value - b.threshold.value || (a.subscription < b.subscription ? -1 : 1);
