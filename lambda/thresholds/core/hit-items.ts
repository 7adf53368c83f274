import { measureOf, metricKey, type Observation } from '../../shared/core/metric';
import { isBeyond, position } from '../../shared/core/position';
import { type ChangedItems, changedItems, firstChanges } from './changed-items';
import type { MetricState } from './metric-state';
import type { ThresholdStore } from './ports';
import { crossedRange, INITIAL_RANGE, isSeries, type StoredItem, type ThresholdItem } from './threshold-item';

/**
 * The items that a new value crosses, in the order of crossing: levels, then changes.
 * @param anyway reads the series although the state does not say that there are any: a threshold was just replaced, and its
 * replacement can be the metric's first one on changes.
 */
export async function itemsHit(
  key: string,
  state: MetricState | undefined,
  observation: Observation,
  anyway: boolean,
  thresholds: ThresholdStore,
): Promise<ChangedItems> {
  // Thresholds on the whole measure are stored under the measure and apply to each of its members.
  const measure = measureOf(observation.metric);
  const keys = measure ? [key, metricKey(measure)] : [key];
  const read = async (range: readonly [string, string]): Promise<StoredItem[]> =>
    (await Promise.all(keys.map((partition) => thresholds.items(partition, ...range)))).flat();
  const { value } = observation;
  const last = state?.last;
  if (!last) {
    const found = await read(INITIAL_RANGE);
    return { items: inOrder(found).filter(initialBeyond(value)), changes: firstChanges(found) };
  }
  const [from, to] = [position(last.value), position(value)];
  const levels = from === to ? [] : inOrder(await read(crossedRange(from, to)), to < from);
  if (!state.changes && !anyway) return { items: levels };
  const { items, changes } = await changedItems(keys, { ...state, last }, observation, thresholds);
  return { items: [...levels, ...items], changes };
}

function inOrder(items: readonly StoredItem[], falls = false): ThresholdItem[] {
  const ascending = items.filter((item) => !isSeries(item)).toSorted((a, b) => (a.sortKey < b.sortKey ? -1 : 1));
  return falls ? ascending.reverse() : ascending;
}

/** Whether a value fires an item at once: as the metric's first one, or for a new threshold. */
export const initialBeyond =
  (value: number) =>
  ({ kind, operator, threshold }: ThresholdItem): boolean =>
    kind === 'initial' && isBeyond(operator, threshold, value);
