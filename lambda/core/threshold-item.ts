import type { Metric } from './metric';
import { cutOf, cutOver, cutUnder, type Direction, directionOf, type ThresholdOperator } from './position';
import type { SubscriptionDefinition, Threshold } from './subscription';

/** `fire`: a crossing puts an event. `rearm`: the value is back at the recovery level, the threshold may fire again. */
export type ThresholdItemKind = 'fire' | 'rearm';

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
  /** `fire` items with a recovery level: whether it fires when it is crossed. */
  readonly armed: boolean;
  /** `rearm` items: the sort key of the `fire` item that they arm. */
  readonly arms?: string;
}

const sortKeyOf = (direction: Direction, cut: string, subscription: string, thresholdId: string): string =>
  `${direction}#${cut}#${subscription}#${thresholdId}`;

/** Both ends of the one range query that finds what lies between two positions. */
export function crossedRange(direction: Direction, from: string, to: string): readonly [string, string] {
  return from < to ? [`${direction}#${from}`, `${direction}#${to}`] : [`${direction}#${to}`, `${direction}#${from}`];
}

/** The metric that a subscription's threshold watches. */
export function watchedMetric({ instanceId, filter }: SubscriptionDefinition): Metric {
  if (filter.segment !== undefined) return { kind: 'segment', instanceId, name: filter.segment };
  if (filter.measure === undefined) throw new Error('a threshold needs a segment or a measure');
  return { kind: 'measure', instanceId, name: filter.measure, dimensions: filter.dimensions };
}

/** The items of a threshold: one that fires and, with a recovery level, one in the other direction that arms it again. */
export function thresholdItems(subscription: string, thresholdId: string, threshold: Threshold): ThresholdItem[] {
  const { operator, value, recoverTo } = threshold;
  const direction = directionOf(operator);
  const cut = cutOf(operator, value);
  const common = { subscription, thresholdId, operator, threshold: value, recoverTo, armed: true };
  const fire: ThresholdItem = {
    ...common,
    kind: 'fire',
    cut,
    sortKey: sortKeyOf(direction, cut, subscription, thresholdId),
  };
  if (recoverTo === undefined) return [fire];
  // Back at the recovery level counts as recovered: a fall crosses the cut over it, a rise the cut under it.
  const [back, backCut]: [Direction, string] =
    direction === 'above' ? ['below', cutOver(recoverTo)] : ['above', cutUnder(recoverTo)];
  const sortKey = sortKeyOf(back, backCut, subscription, thresholdId);
  return [fire, { ...common, kind: 'rearm', cut: backCut, sortKey, arms: fire.sortKey }];
}
