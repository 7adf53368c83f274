import type { ChangeThreshold } from '../../../lambda/subscriptions/core/subscription';

/** A committed value of a metric. */
export interface Value {
  readonly value: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** How much older the base is at least, milliseconds (docs/thresholds.md, "Changes of the value"). */
const AGES = { sameTimeYesterday: 24 * 3_600_000, sameTimeLastWeek: 7 * 24 * 3_600_000 } as const;

/**
 * Values that the state has at least, before the last one. An older base is known only if a threshold on changes watched the
 * metric since.
 */
const KEPT = 4;

/** A change that is large enough. */
export interface Change {
  readonly direction: 'above' | 'below';
  /** The value at which the base has changed enough. */
  readonly threshold: number;
}

/** The index of the value that the n-th value is compared with. Undefined: none. */
function baseIndex({ comparedWith }: ChangeThreshold, values: readonly Value[], n: number): number | undefined {
  if (comparedWith === 'previous') return n > 0 ? n - 1 : undefined;
  const latest = (values[n] as Value).at - AGES[comparedWith];
  const found = values.slice(0, n).findLastIndex(({ at }) => at <= latest);
  return found < 0 ? undefined : found;
}

/** The change of the n-th value, if it is large enough. All numbers are small and whole, so that doubles are exact. */
function changeAt(threshold: ChangeThreshold, values: readonly Value[], n: number): Change | undefined {
  const at = baseIndex(threshold, values, n);
  if (at === undefined) return undefined;
  const { unit, by, change, minimumBase = 0 } = threshold;
  const base = (values[at] as Value).value;
  const size = Math.abs(base);
  if (size < minimumBase || (unit === 'percent' && base === 0)) return undefined;
  const difference = (values[n] as Value).value - base;
  const enough = unit === 'percent' ? Math.abs(difference) * 100 >= by * size : Math.abs(difference) >= by;
  const isWanted = change === 'changes' || (change === 'rises') === difference > 0;
  if (!enough || !isWanted) return undefined;
  const step = unit === 'percent' ? (size * by) / 100 : by;
  const level = base + Math.sign(difference) * step;
  return { direction: difference > 0 ? 'above' : 'below', threshold: Number(level.toPrecision(15)) };
}

/**
 * What a threshold on changes does at the last of the values. `isCertain`: the values that it compares with are known.
 * @param watchedFrom number of values that had been committed when the threshold began to watch the metric.
 */
export function changeOfLast(
  threshold: ChangeThreshold,
  values: readonly Value[],
  watchedFrom: number | undefined,
): { readonly change: Change; readonly fires: boolean; readonly isCertain: boolean } | undefined {
  const n = values.length - 1;
  const change = changeAt(threshold, values, n);
  if (!change) return undefined;
  const isOngoing =
    threshold.comparedWith !== 'previous' && changeAt(threshold, values, n - 1)?.direction === change.direction;
  const isKnown = (index: number) => index > n - KEPT || (watchedFrom ?? Infinity) <= index + KEPT;
  const bases = [baseIndex(threshold, values, n), n > 0 ? baseIndex(threshold, values, n - 1) : undefined];
  const isCertain =
    threshold.comparedWith === 'previous' || bases.every((index) => index === undefined || isKnown(index));
  return { change, fires: !isOngoing, isCertain };
}
