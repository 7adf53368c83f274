import type { Metric } from '../../shared/core/metric';
import {
  cutOf,
  cutOver,
  cutUnder,
  type Direction,
  directionOf,
  type ThresholdOperator,
} from '../../shared/core/position';
import type { SubscriptionDefinition, Threshold } from '../../subscriptions/core/subscription';

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
}

/**
 * The history of a threshold on one metric. Absent: it has not fired yet. `armed` only affects thresholds with a recovery
 * level.
 */
export interface Flag {
  readonly armed: boolean;
}

/** The sort key of a threshold's flag under a metric. */
export const flagSortKey = (subscription: string, thresholdId: string): string => `flag#${subscription}#${thresholdId}`;

/** The subscription and threshold of an item, from the end of its sort key. */
export function ownerOf(sortKey: string): { readonly subscription: string; readonly thresholdId: string } {
  const [subscription = '', thresholdId = ''] = sortKey.split('#').slice(-2);
  return { subscription, thresholdId };
}

/** The range of sort keys between two positions. One query finds all crossed thresholds. */
export function crossedRange(from: string, to: string): readonly [string, string] {
  return from < to ? [`above#${from}`, `above#${to}`] : [`below#${to}`, `below#${from}`];
}

/** The range of the `initial` items. `~` sorts after every character that a subscription's name can start with. */
export const INITIAL_RANGE: readonly [string, string] = ['initial#', 'initial#~'];

/** The metric that a subscription's threshold watches. A measure without dimensions includes all of its members. */
export function watchedMetric({ instanceId, filter }: SubscriptionDefinition): Metric {
  if (filter.segment !== undefined) return { kind: 'segment', instanceId, name: filter.segment };
  if (filter.measure === undefined) throw new Error('a threshold needs a segment or a measure');
  return { kind: 'measure', instanceId, name: filter.measure, dimensions: filter.dimensions };
}

/** The items of a threshold, all under its metric. */
export function thresholdItems(subscription: string, thresholdId: string, threshold: Threshold): ThresholdItem[] {
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
