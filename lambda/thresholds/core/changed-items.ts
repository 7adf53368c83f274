import { COMPARED_MS, type ComparedTime, changePosition, NO_CHANGE } from '../../shared/core/change';
import type { Observation } from '../../shared/core/metric';
import type { Base, Changes, MetricState } from './metric-state';
import type { ThresholdStore } from './ports';
import {
  crossedRange,
  isSeries,
  SERIES_RANGE,
  type SeriesItem,
  type StoredItem,
  type ThresholdItem,
} from './threshold-item';

/** A threshold's item that an observation hits. `base`: the value that it was compared with, for a threshold on changes. */
export type HitItem = ThresholdItem & { readonly base?: Base };

/** The thresholds on changes that an observation crosses. */
export interface ChangedItems {
  readonly items: readonly HitItem[];
  /** For the next state. Undefined if no threshold watches changes of the metric. */
  readonly changes?: Changes;
}

type Settled = MetricState & Required<Pick<MetricState, 'last'>>;
type Bases = ReadonlyMap<ComparedTime, Base | undefined>;

/**
 * Finds the thresholds on changes that an observation crosses: one query for the series of each partition, and one for each
 * series whose change moved. A change since the previous value starts from no change at each observation.
 * @param keys partitions of the metric: its own, and its measure's.
 */
export async function changedItems(
  keys: readonly string[],
  state: Settled,
  { value, observedAt }: Observation,
  thresholds: ThresholdStore,
): Promise<ChangedItems> {
  const [key = ''] = keys;
  const { last } = state;
  const series = await Promise.all(
    keys.map(async (partition) => (await thresholds.items(partition, ...SERIES_RANGE)).filter(isSeries)),
  );
  if (series.flat().length === 0) return { items: [] };
  const times = timesOf(series.flat());
  const now: Bases = new Map(
    await Promise.all(
      times.map(async (time) => [time, await baseAt(key, state, observedAt, time, thresholds)] as const),
    ),
  );
  const before = await basesBefore(key, state, times, thresholds);

  const found = keys.flatMap((partition, n) =>
    (series[n] ?? []).map(async ({ series: one }): Promise<HitItem[]> => {
      const { comparedWith } = one;
      const base = comparedWith === 'previous' ? last : now.get(comparedWith);
      const from = comparedWith === 'previous' ? NO_CHANGE : changePosition(one, before[comparedWith], last.value);
      const to = changePosition(one, base?.value, value);
      if (from === to || !base) return [];
      const items = await thresholds.items(partition, ...crossedRange(from, to, one));
      const inOrder = to < from ? items.toReversed() : items;
      const about = { value: base.value, observedAt: base.observedAt };
      return inOrder.flatMap((item) => (isSeries(item) ? [] : [{ ...item, base: about }]));
    }),
  );
  const bases = Object.fromEntries(times.map((time) => [time, now.get(time)?.value ?? null]));
  return { items: (await Promise.all(found)).flat(), changes: { bases } };
}

/** What a metric's first value leaves for the next one. Undefined if no threshold watches changes of the metric. */
export function firstChanges(items: readonly StoredItem[]): Changes | undefined {
  const series = items.filter(isSeries);
  if (series.length === 0) return undefined;
  return { bases: Object.fromEntries(timesOf(series).map((time) => [time, null])) };
}

/** The earlier times that the series compare with. */
const timesOf = (series: readonly SeriesItem[]): ComparedTime[] => {
  const times = series.map(({ series: { comparedWith } }) => comparedWith);
  return [...new Set(times)].filter((time) => time !== 'previous');
};

/** The longest time that the thresholds on changes compare over, milliseconds. 0: none. */
export const periodOf = (changes: Changes | undefined): number =>
  Math.max(0, ...Object.keys(changes?.bases ?? {}).map((time) => COMPARED_MS[time as ComparedTime]));

/** The values that the last value was compared with. A new threshold can compare with another time than those before. */
async function basesBefore(
  key: string,
  { changes, ...state }: Settled,
  times: readonly ComparedTime[],
  thresholds: ThresholdStore,
): Promise<Partial<Record<ComparedTime, number | null>>> {
  const bases = times.map(async (time) => {
    const known = changes?.bases[time];
    return [
      time,
      known === undefined ? (await baseAt(key, state, state.last.observedAt, time, thresholds))?.value : known,
    ];
  });
  return Object.fromEntries(await Promise.all(bases));
}

/** The value that an observation at an instant is compared with: the latest at or before the earlier time. */
async function baseAt(
  key: string,
  { recent }: Pick<MetricState, 'recent'>,
  observedAt: number,
  time: ComparedTime,
  thresholds: ThresholdStore,
): Promise<Base | undefined> {
  const instant = observedAt - COMPARED_MS[time];
  const point = recent.findLast(([at]) => at <= instant);
  if (point) return { observedAt: point[0], value: point[1] };
  const past = await thresholds.pastValueAt(key, instant);
  // Between this value and the recent ones others can be missing: those from before the first threshold on changes.
  return past && instant < past.until ? { observedAt: past.observedAt, value: past.value } : undefined;
}
