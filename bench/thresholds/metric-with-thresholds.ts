import type { SubscriptionDefinition, Threshold } from '../../lambda/subscriptions/core/subscription';
import type { Level } from './rule-by-rule';

/** The middle of the thresholds, which are at every 100th value. So high that a million of them are positive. */
const MIDDLE = 100_000_000;
const STEP = 100;
/** The value that the changes of a metric are compared with. */
export const BASE = 1_000_000;

/** What the thresholds of a metric watch. */
export const WATCHED = ['levels', 'changes'] as const;
export type Watched = (typeof WATCHED)[number];

/** A rise of a value. */
export interface Move {
  readonly from: number;
  readonly to: number;
}

/** The n-th rise that crosses `crossed` thresholds. Each n has other values between the same thresholds. */
export function moveOf(crossed: number, n: number): Move {
  const [a, b] = [n % 50, (n * 7) % 50];
  // Between two thresholds, up to exactly the upper one, which does not cross it.
  if (crossed === 0) return { from: MIDDLE + 1 + a, to: MIDDLE + 51 + b };
  // From the lowest threshold or less to above the highest one.
  return { from: MIDDLE - a, to: MIDDLE + (crossed - 1) * STEP + 1 + b };
}

/** A metric with a number of thresholds. All names have the same length, so that all items have the same size. */
export class MetricWithThresholds {
  readonly segment: string;
  /** The thresholds that observations can cross, lowest first. */
  readonly reachable: readonly Level[];
  /** Number of thresholds below the reachable ones. */
  private readonly below: number;

  constructor(
    readonly watched: Watched,
    readonly thresholds: number,
    reach: number,
  ) {
    this.segment = `Customers of metric ${watched} ${String(thresholds).padStart(9, '0')}`;
    const within = Math.min(thresholds, Math.max(reach, 1));
    this.below = Math.floor((thresholds - within) / 2);
    this.reachable = Array.from({ length: within }, (_, n) => this.level(this.below + n));
  }

  /** The thresholds around the reachable ones. */
  *others(): Generator<Level> {
    for (let n = 0; n < this.below; n++) yield this.level(n);
    for (let n = this.below + this.reachable.length; n < this.thresholds; n++) yield this.level(n);
  }

  get levels(): readonly Level[] {
    return [...this.reachable, ...this.others()];
  }

  definition({ subscription: name, value }: Level): SubscriptionDefinition {
    return {
      name,
      trigger: 'segment-threshold-crossed',
      instanceId: 'default',
      filter: { segment: this.segment },
      threshold: this.thresholdAt(value),
      format: 'flat',
      owners: ['customer-data@example.com'],
    };
  }

  /** A rise above the level, or a rise by so much that the value is above the level. */
  private thresholdAt(value: number): Threshold {
    if (this.watched === 'levels') return { operator: 'above', value };
    return { change: 'rises', by: value - BASE + 0.5, unit: 'absolute', comparedWith: 'sameTimeYesterday' };
  }

  private level(n: number): Level {
    const name = `${this.watched}-${String(this.thresholds).padStart(9, '0')}-threshold-${String(n).padStart(9, '0')}`;
    return { subscription: name, value: MIDDLE + (n - this.below) * STEP };
  }
}
