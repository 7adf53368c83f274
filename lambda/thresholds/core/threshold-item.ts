import type { ChangeSeries } from '../../shared/core/change';
import type { Metric } from '../../shared/core/metric';
import {
  cutOf,
  cutOver,
  cutUnder,
  type Direction,
  directionOf,
  type ThresholdOperator,
} from '../../shared/core/position';
import {
  type ChangeThreshold,
  isChange,
  type SubscriptionDefinition,
  type Threshold,
} from '../../subscriptions/core/subscription';

/**
 * `fire`: a crossing sends an event. `rearm`: the value is back at the recovery level, so the threshold can fire again.
 * `initial`: fires if a metric's first value is already beyond the threshold.
 */
export type ThresholdItemKind = 'fire' | 'rearm' | 'initial';

/** A threshold in the Thresholds table, under its metric. An index of the Subscriptions table, which has the truth. */
export interface ThresholdItem {
  readonly sortKey: string;
  readonly kind: ThresholdItemKind;
  readonly subscription: string;
  readonly thresholdId: string;
  readonly operator: ThresholdOperator;
  readonly threshold: number;
  readonly recoverTo?: number;
  readonly cut: string;
  /** Whether firing writes a `Flag` for each metric. */
  readonly flagged: boolean;
  /** The series that has the level `threshold`. Absent: the metric's values have it. */
  readonly series?: ChangeSeries;
}

/** A series of changes that thresholds under the metric watch. One item for all of them. */
export interface SeriesItem {
  readonly sortKey: string;
  readonly kind: 'series';
  readonly series: ChangeSeries;
  /** Id of the threshold that wrote the item last. Removing the item depends on it. */
  readonly writtenBy: string;
}

export type StoredItem = ThresholdItem | SeriesItem;

export const isSeries = (item: StoredItem): item is SeriesItem => item.kind === 'series';

/**
 * The history of a threshold on one metric. Absent: it has not fired yet. `armed` only affects thresholds with a recovery
 * level.
 */
export interface Flag {
  readonly armed: boolean;
}

/** Start of the sort keys of flags. */
export const FLAG = 'flag#';

/** The sort key of a threshold's flag under a metric. */
export const flagSortKey = (subscription: string, thresholdId: string): string =>
  `${FLAG}${subscription}#${thresholdId}`;

/** The subscription and threshold of an item, from the end of its sort key. */
export function ownerOf(sortKey: string): { readonly subscription: string; readonly thresholdId: string } {
  const [subscription = '', thresholdId = ''] = sortKey.split('#').slice(-2);
  return { subscription, thresholdId };
}

/**
 * The range of sort keys between two positions. One query finds all crossed thresholds.
 * @param series the series of the positions. Default: the metric's values.
 */
export function crossedRange(from: string, to: string, series?: ChangeSeries): readonly [string, string] {
  const prefix = series ? seriesPrefix(series) : '';
  return from < to
    ? [`${prefix}above#${from}`, `${prefix}above#${to}`]
    : [`${prefix}below#${to}`, `${prefix}below#${from}`];
}

/**
 * The range of the items that a metric's first value needs: the `initial` items, and the series. `~` sorts after every
 * character that a subscription's name can start with.
 */
export const INITIAL_RANGE: readonly [string, string] = ['initial#', 'initial#~'];
/** The range of the series, which sort before every name. */
export const SERIES_RANGE: readonly [string, string] = ['initial##', 'initial##~'];

/** A series as a part of a sort key. */
const seriesText = ({ comparedWith, unit, minimumBase }: ChangeSeries): string =>
  `${comparedWith}#${unit}#${minimumBase ?? ''}`;
const seriesPrefix = (series: ChangeSeries): string => `change#${seriesText(series)}#`;

/** The range of all thresholds in the series of a threshold's item. Undefined for a level. */
export function seriesRangeOf(sortKey: string): readonly [string, string] | undefined {
  const prefix = /^change#[^#]*#[^#]*#[^#]*#/.exec(sortKey)?.[0];
  return prefix === undefined ? undefined : [prefix, `${prefix}~`];
}

/** The sort key of the series of a threshold's item. */
export const seriesSortKeyOf = (sortKey: string): string => `initial##${sortKey.split('#').slice(1, 4).join('#')}`;

/** The item of a threshold's series. Undefined for a level. */
export function seriesItem(threshold: Threshold, thresholdId: string): SeriesItem | undefined {
  if (!isChange(threshold)) return undefined;
  const series = seriesOf(threshold);
  return { kind: 'series', sortKey: `initial##${seriesText(series)}`, series, writtenBy: thresholdId };
}

const seriesOf = ({ comparedWith, unit, minimumBase }: ChangeThreshold): ChangeSeries => ({
  comparedWith,
  unit,
  ...(minimumBase !== undefined && { minimumBase }),
});

/** The metric that a subscription's threshold watches. A measure without dimensions includes all of its members. */
export function watchedMetric({ instanceId, filter }: SubscriptionDefinition): Metric {
  if (filter.segment !== undefined) return { kind: 'segment', instanceId, name: filter.segment };
  if (filter.measure === undefined) throw new Error('a threshold needs a segment or a measure');
  return { kind: 'measure', instanceId, name: filter.measure, dimensions: filter.dimensions };
}

/** The items of a threshold, all under its metric. */
export function thresholdItems(subscription: string, thresholdId: string, threshold: Threshold): ThresholdItem[] {
  if (isChange(threshold)) return changeItems(subscription, thresholdId, threshold);
  const { operator, value, recoverTo, fireIfAlreadyBeyond } = threshold;
  const direction = directionOf(operator);
  const cut = cutOf(operator, value);
  const flagged = recoverTo !== undefined || fireIfAlreadyBeyond === true;
  const common = { subscription, thresholdId, operator, threshold: value, recoverTo, flagged };
  const sortKeyOf = (side: Direction, at: string) => `${side}#${at}#${subscription}#${thresholdId}`;
  const items: ThresholdItem[] = [{ ...common, kind: 'fire', cut, sortKey: sortKeyOf(direction, cut) }];
  if (recoverTo !== undefined) {
    // A value at the recovery level is recovered: a fall crosses the cut above it, a rise the cut below it.
    const [back, backCut]: [Direction, string] =
      direction === 'above' ? ['below', cutOver(recoverTo)] : ['above', cutUnder(recoverTo)];
    items.push({ ...common, kind: 'rearm', cut: backCut, sortKey: sortKeyOf(back, backCut) });
  }
  if (fireIfAlreadyBeyond) {
    items.push({ ...common, kind: 'initial', cut, sortKey: `initial#${subscription}#${thresholdId}` });
  }
  return items;
}

/** A change in either direction is a level in the series of changes, and so are both. */
function changeItems(subscription: string, thresholdId: string, threshold: ChangeThreshold): ThresholdItem[] {
  const { change, by } = threshold;
  const series = seriesOf(threshold);
  const operators: ThresholdOperator[] = [];
  if (change !== 'falls') operators.push('atOrAbove');
  if (change !== 'rises') operators.push('atOrBelow');
  return operators.map((operator) => {
    const direction = directionOf(operator);
    const level = direction === 'above' ? by : -by;
    const cut = cutOf(operator, level);
    const sortKey = `${seriesPrefix(series)}${direction}#${cut}#${subscription}#${thresholdId}`;
    return {
      sortKey,
      kind: 'fire',
      subscription,
      thresholdId,
      operator,
      threshold: level,
      cut,
      flagged: false,
      series,
    };
  });
}
