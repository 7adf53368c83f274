import { metricKey } from '../../shared/core/metric';
import {
  isChange,
  type Subscription,
  type SubscriptionDefinition,
  type Threshold,
} from '../../subscriptions/core/subscription';
import { isSeries, SERIES_RANGE, seriesItem, watchedMetric } from '../../thresholds/core/threshold-item';
import { SubscriptionError } from './errors';
import type { RegistryPorts } from './ports';

/** Registration of thresholds on changes. */

/** Series of changes that a metric can have, because each observation reads each of them. */
export const MAX_SERIES = 10;

/** Keeps the reads of an observation independent of the number of thresholds. Two registrations at once can add one more. */
export async function checkSeries(
  { name, threshold, ...definition }: SubscriptionDefinition,
  thresholds: Pick<RegistryPorts['thresholds'], 'items'>,
): Promise<void> {
  const wanted = threshold && seriesItem(threshold, '');
  if (!wanted) return;
  const metric = watchedMetric({ name, ...definition });
  const stored = (await thresholds.items(metricKey(metric), ...SERIES_RANGE)).filter(isSeries);
  if (stored.length < MAX_SERIES || stored.some(({ sortKey }) => sortKey === wanted.sortKey)) return;
  const minimums = [...new Set(stored.flatMap(({ series }) => series.minimumBase ?? []))].toSorted((a, b) => a - b);
  throw new SubscriptionError(
    `subscription "${name}": ${metric.kind} "${metric.name}" has thresholds with ${stored.length} combinations of comparedWith, unit and minimumBase, which is the limit: use one that it has, such as a minimumBase of ${minimums.join(', ')}`,
  );
}

/** Writes the series of a threshold, after the threshold: the sweep removes a series in which it finds no threshold. */
export async function putSeries(
  { definition, thresholdId }: Subscription,
  thresholds: Pick<RegistryPorts['thresholds'], 'putSeries'>,
): Promise<void> {
  const item = definition.threshold && thresholdId !== undefined && seriesItem(definition.threshold, thresholdId);
  if (item) await thresholds.putSeries(metricKey(watchedMetric(definition)), item);
}

/** Whether `evaluate` has to know of the threshold: to compare the current value, or to watch changes of the metric. */
export const needsCheck = (threshold: Threshold | undefined): boolean =>
  threshold !== undefined && (isChange(threshold) || threshold.fireIfAlreadyBeyond === true);
