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
 * `fire`: a crossing puts an event. `rearm`: the value is back at the recovery level, so the threshold may fire again.
 * `initial`: fires where a metric's first value is beyond already.
 */
export type ThresholdItemKind = 'fire' | 'rearm' | 'initial';

/** A threshold as the Thresholds table holds it, under its metric: an index of the Subscriptions table, never the truth. */
export interface ThresholdItem {
  readonly sortKey: string;
  readonly kind: ThresholdItemKind;
  readonly subscription: string;
  readonly thresholdId: string;
  readonly operator: ThresholdOperator;
  readonly threshold: number;
  readonly recoverTo?: number;
  readonly cut: string;
  /** Whether it is written down for each metric that the threshold has fired: `Flag`. */
  readonly flagged: boolean;
}

/**
 * What a threshold has done on one metric. None: it has not fired yet. `armed` matters to thresholds with a recovery level
 * alone.
 */
export interface Flag {
  readonly armed: boolean;
}

/** Names the flag of a threshold under a metric; it goes with the threshold. */
export const flagSortKey = (subscription: string, thresholdId: string): string => `flag#${subscription}#${thresholdId}`;

/** Whose a threshold's item is, from its sort key, which ends with it. */
export function ownerOf(sortKey: string): { readonly subscription: string; readonly thresholdId: string } {
  const [subscription = '', thresholdId = ''] = sortKey.split('#').slice(-2);
  return { subscription, thresholdId };
}

/** Both ends of the range of sort keys that lies between two positions: one query finds what was crossed. */
export function crossedRange(from: string, to: string): readonly [string, string] {
  return from < to ? [`above#${from}`, `above#${to}`] : [`below#${to}`, `below#${from}`];
}

/** Both ends of the range of the `initial` items; `~` sorts after whatever a subscription's name may begin with. */
export const INITIAL_RANGE: readonly [string, string] = ['initial#', 'initial#~'];

/** The metric that a subscription's threshold watches: with a measure that names no members, its members as well. */
export function watchedMetric({ instanceId, filter }: SubscriptionDefinition): Metric {
  if (filter.segment !== undefined) return { kind: 'segment', instanceId, name: filter.segment };
  if (filter.measure === undefined) throw new Error('a threshold needs a segment or a measure');
  return { kind: 'measure', instanceId, name: filter.measure, dimensions: filter.dimensions };
}

/** The items of a threshold, all under the metric that it watches. */
export function thresholdItems(subscription: string, thresholdId: string, threshold: Threshold): ThresholdItem[] {
  const { operator, value, recoverTo, fireIfAlreadyBeyond } = threshold;
  const direction = directionOf(operator);
  const cut = cutOf(operator, value);
  const flagged = recoverTo !== undefined || fireIfAlreadyBeyond === true;
  const common = { subscription, thresholdId, operator, threshold: value, recoverTo, flagged };
  const sortKeyOf = (side: Direction, at: string) => `${side}#${at}#${subscription}#${thresholdId}`;
  const items: ThresholdItem[] = [{ ...common, kind: 'fire', cut, sortKey: sortKeyOf(direction, cut) }];
  if (recoverTo !== undefined) {
    // Back at the recovery level counts as recovered: a fall crosses the cut over it, a rise the cut under it.
    const [back, backCut]: [Direction, string] =
      direction === 'above' ? ['below', cutOver(recoverTo)] : ['above', cutUnder(recoverTo)];
    items.push({ ...common, kind: 'rearm', cut: backCut, sortKey: sortKeyOf(back, backCut) });
  }
  if (fireIfAlreadyBeyond) {
    items.push({ ...common, kind: 'initial', cut, sortKey: `initial#${subscription}#${thresholdId}` });
  }
  return items;
}
