import { type Metric, metricKey } from '../../lambda/shared/core/metric';
import { numberText } from '../../lambda/shared/core/number-text';
import { directionOf, isBeyond } from '../../lambda/shared/core/position';
import { difference, mapText } from '../../lambda/shared/core/text';
import type { Subscription, Threshold } from '../../lambda/subscriptions/core/subscription';
import type { MetricState } from '../../lambda/thresholds/core/metric-state';
import { type Flag, watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import type { Connector } from '../connector/connector';

/**
 * How a threshold stands on a metric. `no value`: none has come. `armed`: it waits for the value to cross it. `beyond`: the
 * value is past it. `recovering`: the value is back, but not at the recovery level, so it cannot fire yet.
 */
export type ThresholdPhase = 'no value' | 'armed' | 'beyond' | 'recovering';

/** A threshold on one metric, for people and scripts. */
export interface ThresholdAccount {
  readonly metric: string;
  readonly phase: ThresholdPhase;
  readonly value?: number;
  /** When the value was observed, epoch milliseconds. */
  readonly observedAt?: number;
  /** What must happen next, a phrase. */
  readonly next: string;
  /** How far the value must move for that, with its sign; 0: by any amount. Left out without a value. */
  readonly distance?: number;
  /** The last values, oldest first, as [epoch milliseconds, value]. */
  readonly recent: readonly (readonly [number, number])[];
  /** A crossing is committed and not yet published, of this threshold or another on the metric. */
  readonly isUnpublished: boolean;
}

/** A metric for people: `VIP customers`, `Revenue (Region: EMEA)`. */
export function metricText({ name, dimensions = {} }: Metric): string {
  const members = mapText(dimensions);
  return members === '' ? name : `${name} (${members})`;
}

/** How a threshold stands on a metric. */
export function accountOf(
  threshold: Threshold,
  metric: Metric,
  state: MetricState | undefined,
  flag: Flag | undefined,
): ThresholdAccount {
  const last = state?.last;
  const common = {
    metric: metricText(metric),
    recent: state?.recent ?? [],
    isUnpublished: state?.intent !== undefined,
  };
  if (!last) return { ...common, phase: 'no value', next: firstValueText(threshold) };
  const { value, observedAt } = last;
  const phase = phaseOf(threshold, value, flag);
  return { ...common, phase, value, observedAt, ...nextOf(threshold, value, phase) };
}

const firstValueText = ({ fireIfAlreadyBeyond }: Threshold): string =>
  fireIfAlreadyBeyond ? 'the first value fires if it is beyond' : 'the first value is the baseline and fires nothing';

function phaseOf({ operator, value: level, recoverTo }: Threshold, value: number, flag: Flag | undefined) {
  if (isBeyond(operator, level, value)) return 'beyond';
  return recoverTo !== undefined && flag?.armed === false ? 'recovering' : 'armed';
}

function nextOf(
  { operator, value: level, recoverTo }: Threshold,
  value: number,
  phase: ThresholdPhase,
): Pick<ThresholdAccount, 'next' | 'distance'> {
  const isUpward = directionOf(operator) === 'above';
  const includesLevel = operator === 'atOrAbove' || operator === 'atOrBelow';
  if (phase === 'armed') {
    const distance = difference(level, value);
    return { next: `fires when it ${moves(isUpward, distance, includesLevel)}`, distance };
  }
  const distance = difference(recoverTo ?? level, value);
  // At the level itself the value is back, unless the level counts as beyond.
  const includesBack = recoverTo !== undefined || !includesLevel;
  return { next: `can fire again once it ${moves(!isUpward, distance, includesBack)}`, distance };
}

function moves(up: boolean, distance: number, inclusive: boolean): string {
  const verb = up ? 'rises' : 'falls';
  const size = numberText(Math.abs(distance));
  if (distance === 0) return `${verb} at all`;
  return inclusive ? `${verb} by ${size} or more` : `${verb} by more than ${size}`;
}

/** Metrics that are read side by side. */
const READS = 25;

/** How a subscription's threshold stands on each metric that it watches. */
export interface ThresholdAccounts {
  /** At most as many as were asked for. */
  readonly accounts: readonly ThresholdAccount[];
  /** How many metrics it watches. */
  readonly all: number;
}

/**
 * Reads how a subscription's threshold stands: on its metric, or with a measure that names no members on the measure itself,
 * where it has a value of its own, and on each member, in the order of their names.
 */
export async function readAccounts(
  { definition, thresholdId }: Subscription,
  limit: number,
  { thresholds }: Pick<Connector, 'thresholds'>,
): Promise<ThresholdAccounts> {
  const { threshold, name } = definition;
  if (!threshold || thresholdId === undefined) return { accounts: [], all: 0 };
  const watched = watchedMetric(definition);
  const isWhole = watched.kind === 'measure' && watched.dimensions === undefined;
  const members = isWhole ? await thresholds.members(metricKey(watched)) : [];
  const metrics: Metric[] = members
    .map((dimensions) => ({ ...watched, dimensions }))
    .toSorted((a, b) => metricText(a).localeCompare(metricText(b), 'en', { numeric: true }));
  const whole = await thresholds.readState(metricKey(watched));
  if (members.length === 0 || whole?.last) metrics.unshift(watched);
  const shown = metrics.slice(0, limit);
  const accounts: ThresholdAccount[] = [];
  for (let start = 0; start < shown.length; start += READS) {
    const slice = shown.slice(start, start + READS).map(async (metric) => {
      const key = metricKey(metric);
      const [state, flag] = await Promise.all([thresholds.readState(key), thresholds.readFlag(key, name, thresholdId)]);
      return accountOf(threshold, metric, state, flag);
    });
    accounts.push(...(await Promise.all(slice)));
  }
  return { accounts, all: metrics.length };
}
