import { type Dimensions, type Metric, metricKey } from '../../shared/core/metric';
import { numberText } from '../../shared/core/number-text';
import { directionOf, isBeyond } from '../../shared/core/position';
import { difference, mapText } from '../../shared/core/text';
import {
  isChange,
  type LevelThreshold,
  type Subscription,
  type Threshold,
} from '../../subscriptions/core/subscription';
import { type ChangeStatus, changeStatus } from './change-status';
import type { MetricState } from './metric-state';
import type { ThresholdStore } from './ports';
import { type Flag, watchedMetric } from './threshold-item';

/**
 * State of a threshold on a metric. `no value`: the metric has no value yet. `armed`: the next crossing fires.
 * `beyond`: the value is past the threshold. `recovering`: the value is back, but has not reached the recovery level,
 * so it cannot fire. `no base`: there is no earlier value to compare with, so a threshold on changes cannot fire.
 */
export type ThresholdPhase = 'no value' | 'armed' | 'beyond' | 'recovering' | 'no base';

export interface ThresholdStatus extends Pick<ChangeStatus, 'base' | 'change'> {
  readonly metric: string;
  readonly phase: ThresholdPhase;
  readonly value?: number;
  /** When the value was observed, epoch milliseconds. */
  readonly observedAt?: number;
  /** The change that fires or re-arms it, a phrase. */
  readonly next: string;
  /** Signed change of the value that `next` needs; 0 for any change. Undefined without a value. */
  readonly distance?: number;
  /** Recent values, oldest first, as [epoch milliseconds, value]. */
  readonly recent: readonly (readonly [number, number])[];
  /** Whether a crossing on this metric is committed but not yet published. */
  readonly isUnpublished: boolean;
}

/** `VIP customers`, `Revenue (Region: EMEA)`. */
export function metricText({ name, dimensions = {} }: Metric): string {
  const members = mapText(dimensions);
  return members === '' ? name : `${name} (${members})`;
}

export function thresholdStatus(
  threshold: Threshold,
  metric: Metric,
  state: MetricState | undefined,
  flag: Flag | undefined,
): ThresholdStatus {
  const last = state?.last;
  const common = {
    metric: metricText(metric),
    recent: state?.recent ?? [],
    isUnpublished: state?.intent !== undefined,
  };
  if (!last) return { ...common, phase: 'no value', next: firstValueText(threshold) };
  const { value, observedAt } = last;
  if (isChange(threshold)) return { ...common, value, observedAt, ...changeStatus(threshold, { ...state, last }) };
  const phase = phaseOf(threshold, value, flag);
  return { ...common, phase, value, observedAt, ...nextOf(threshold, value, phase) };
}

function firstValueText(threshold: Threshold): string {
  if (isChange(threshold)) return 'the first value has nothing to compare with and does not fire';
  return threshold.fireIfAlreadyBeyond
    ? 'the first value fires if it is beyond the threshold'
    : 'the first value is the baseline and does not fire';
}

function phaseOf({ operator, value: level, recoverTo }: LevelThreshold, value: number, flag: Flag | undefined) {
  if (isBeyond(operator, level, value)) return 'beyond';
  return recoverTo !== undefined && flag?.armed === false ? 'recovering' : 'armed';
}

function nextOf(
  { operator, value: level, recoverTo }: LevelThreshold,
  value: number,
  phase: ThresholdPhase,
): Pick<ThresholdStatus, 'next' | 'distance'> {
  const isUpward = directionOf(operator) === 'above';
  const includesLevel = operator === 'atOrAbove' || operator === 'atOrBelow';
  if (phase === 'armed') {
    const distance = difference(level, value);
    return { next: `fires when it ${moves(isUpward, distance, includesLevel)}`, distance };
  }
  const distance = difference(recoverTo ?? level, value);
  // A value equal to the level is back, unless the operator includes the level.
  const includesBack = recoverTo !== undefined || !includesLevel;
  return { next: `can fire again after it ${moves(!isUpward, distance, includesBack)}`, distance };
}

function moves(isUpward: boolean, distance: number, isInclusive: boolean): string {
  const verb = isUpward ? 'rises' : 'falls';
  const size = numberText(Math.abs(distance));
  if (distance === 0) return `${verb} by any amount`;
  return isInclusive ? `${verb} by ${size} or more` : `${verb} by more than ${size}`;
}

/** Maximum number of metrics read concurrently. */
const READS = 25;

/** Reads what the statuses of a subscription depend on. */
export interface StatusReader extends Pick<ThresholdStore, 'readState' | 'readFlag'> {
  /** The sets of members of a measure that have a value. */
  members(measureKey: string): Promise<Dimensions[]>;
}

export interface ThresholdStatuses {
  /** Up to the requested number. */
  readonly statuses: readonly ThresholdStatus[];
  /** Number of metrics that the subscription watches. */
  readonly all: number;
}

/**
 * Reads the status of a subscription's threshold on each metric that it watches, sorted by name. A measure without
 * dimensions stands for each of its members, and for the measure itself if that has a value.
 */
export async function readThresholdStatuses(
  { definition, thresholdId }: Subscription,
  limit: number,
  { thresholds }: { readonly thresholds: StatusReader },
): Promise<ThresholdStatuses> {
  const { threshold, name } = definition;
  if (!threshold || thresholdId === undefined) return { statuses: [], all: 0 };
  const watched = watchedMetric(definition);
  const isWhole = watched.kind === 'measure' && watched.dimensions === undefined;
  const members = isWhole ? await thresholds.members(metricKey(watched)) : [];
  const metrics: Metric[] = members
    .map((dimensions) => ({ ...watched, dimensions }))
    .toSorted((a, b) => metricText(a).localeCompare(metricText(b), 'en', { numeric: true }));
  const whole = await thresholds.readState(metricKey(watched));
  if (members.length === 0 || whole?.last) metrics.unshift(watched);
  const read = async (metric: Metric) => {
    const key = metricKey(metric);
    const [state, flag] = await Promise.all([thresholds.readState(key), thresholds.readFlag(key, name, thresholdId)]);
    return thresholdStatus(threshold, metric, state, flag);
  };
  const wanted = metrics.slice(0, limit);
  const statuses: ThresholdStatus[] = [];
  for (let n = 0; n < wanted.length; n += READS) {
    statuses.push(...(await Promise.all(wanted.slice(n, n + READS).map(read))));
  }
  return { statuses, all: metrics.length };
}
