import { Metric as MetricName } from '../../../contract/metrics';
import { partIdOf } from './metric-state';
import { type EvaluationPorts, publishIntent } from './observe';
import type { DueIndex, DueKey, OverdueKey, OverdueKind } from './ports';
import { flagSortKey, isSeries, ownerOf, seriesRangeOf, seriesSortKeyOf } from './threshold-item';

type SweepPorts = EvaluationPorts & { readonly due: DueIndex };

/**
 * Finishes work that crashed workers, interrupted registrations and messages in the dead-letter queue left unfinished.
 * Repeats the protocol's own step for each item.
 * @returns the number of published intents.
 * @throws AggregateError if some steps failed. The others are done, and the next sweep retries the failed ones.
 */
export async function sweep(ports: SweepPorts): Promise<number> {
  const failures: unknown[] = [];
  const each = async (
    kind: OverdueKind,
    act: (key: OverdueKey, ports: SweepPorts) => Promise<boolean>,
  ): Promise<number> => {
    let done = 0;
    for (const key of await ports.due.overdue(kind, ports.clock())) {
      try {
        if (await act(key, ports)) done++;
      } catch (error) {
        failures.push(error);
      }
    }
    return done;
  };
  let published = await each('intent', ({ metricKey }) => publishOverdue(metricKey, ports));
  for (const { id, metricKeys } of await ports.due.overduePending(ports.clock())) {
    try {
      for (const metricKey of metricKeys) if (await publishOverdue(metricKey, ports)) published++;
      // Last, so that the next sweep retries after a failure.
      await ports.due.removePending(id);
    } catch (error) {
      failures.push(error);
    }
  }
  if (published > 0) ports.telemetry.count(MetricName.SWEPT_INTENTS, published);
  // After the intents: publishing an intent deletes its parts.
  await each('part', removeUnnamedPart);
  await each('threshold', settleThreshold);
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} steps of the sweep failed`);
  return published;
}

async function publishOverdue(metricKey: string, ports: SweepPorts): Promise<boolean> {
  const state = await ports.thresholds.readState(metricKey);
  if (!state?.intent) return false;
  await publishIntent(metricKey, state.metric, state.intent, ports);
  return true;
}

/** Removes a part whose intent was never committed. */
async function removeUnnamedPart({ metricKey, sortKey }: DueKey, { thresholds, due }: SweepPorts): Promise<boolean> {
  const state = await thresholds.readState(metricKey);
  if (state?.intent?.parts?.id === partIdOf(sortKey)) return false;
  await due.remove(metricKey, sortKey);
  return true;
}

/** Keeps an item that its subscription names. Removes a leftover, with its flags on all metrics. */
async function settleThreshold(
  { metricKey, sortKey, due: markedFor }: OverdueKey,
  { subscriptions, due }: SweepPorts,
): Promise<boolean> {
  const { subscription, thresholdId } = ownerOf(sortKey);
  if ((await subscriptions.read(subscription))?.thresholdId === thresholdId) {
    // A registration that replaces the item has marked it again in between, or marks it again if it took long.
    return due.settle(metricKey, sortKey, markedFor);
  }
  const flag = flagSortKey(subscription, thresholdId);
  for (const key of [metricKey, ...(await due.memberKeys(metricKey))]) await due.remove(key, flag);
  await removeSeries({ metricKey, sortKey }, due);
  // Last, so that the next sweep retries after a crash.
  await due.remove(metricKey, sortKey);
  return true;
}

/**
 * Removes the series of a leftover unless another threshold is in it. A registration writes its threshold before it writes
 * the series: either this finds the threshold, or the series is no longer as read, and stays.
 */
async function removeSeries({ metricKey, sortKey }: DueKey, due: DueIndex): Promise<void> {
  const range = seriesRangeOf(sortKey);
  if (!range) return;
  const at = seriesSortKeyOf(sortKey);
  const [series] = await due.firstItems(metricKey, at, at, 1);
  if (!series || !isSeries(series)) return;
  const { thresholdId } = ownerOf(sortKey);
  // The leftover itself has up to two items.
  const first = await due.firstItems(metricKey, ...range, 3);
  if (first.some((item) => !isSeries(item) && item.thresholdId !== thresholdId)) return;
  await due.removeSeries(metricKey, series);
}
