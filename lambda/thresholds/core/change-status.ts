import { COMPARED_MS, changeNumber, changePosition, valueAfterChange } from '../../shared/core/change';
import { numberText } from '../../shared/core/number-text';
import { cutOf } from '../../shared/core/position';
import { difference, percentText } from '../../shared/core/text';
import { changeSizeText } from '../../subscriptions/core/condition-text';
import type { ChangeThreshold } from '../../subscriptions/core/subscription';
import type { MetricState } from './metric-state';

/** The part of a threshold's status that depends on changes. */
export interface ChangeStatus {
  /** `no base`: a change of the value would not fire, because it has nothing to compare with. */
  readonly phase: 'armed' | 'beyond' | 'no base';
  readonly next: string;
  readonly distance?: number;
  /** The earlier value, if there is one. */
  readonly base?: number;
  /** The change of the value since the base, in the threshold's unit. */
  readonly change?: number;
}

type WithValue = MetricState & Required<Pick<MetricState, 'last'>>;

const DAY_MS = 24 * 3600_000;

/** Status of a threshold on changes. */
export function changeStatus(threshold: ChangeThreshold, state: WithValue): ChangeStatus {
  if (!state.changes) {
    const next = 'not watched yet: evaluate has not processed its check; if this lasts, apply the subscription again';
    return { phase: 'no base', next };
  }
  return threshold.comparedWith === 'previous' ? sincePrevious(threshold, state) : sinceTime(threshold, state);
}

/** Each observation is compared with the one before, so the last value is the next base. */
function sincePrevious(threshold: ChangeThreshold, { last, recent }: WithValue): ChangeStatus {
  const { change, by, unit } = threshold;
  const base = recent.at(-2)?.[1];
  const changed = base === undefined ? {} : { base, change: changeNumber(unit, base, last.value) };
  const missing = missingBase(threshold, last.value);
  if (missing) return { phase: 'no base', next: missing, ...changed };
  const [high, low] = [by, -by].map((size) => valueAfterChange(unit, last.value, size)) as [number, number];
  const parts = [
    change !== 'falls' && `at ${numberText(high)} or more`,
    change !== 'rises' && `at ${numberText(low)} or less`,
  ].filter(Boolean);
  const next = `fires if the next value is ${parts.join(', or ')}`;
  return { phase: 'armed', next, distance: difference(change === 'falls' ? low : high, last.value), ...changed };
}

function sinceTime(threshold: ChangeThreshold, { last, changes }: WithValue): ChangeStatus {
  const { comparedWith, change, unit } = threshold;
  if (comparedWith === 'previous') throw new Error('the previous value has no time');
  const base = changes?.bases[comparedWith] ?? undefined;
  if (base === undefined) {
    const days = COMPARED_MS[comparedWith] / DAY_MS;
    const age = days === 1 ? '24 hours' : `${days} days`;
    return { phase: 'no base', next: `nothing to compare with: no known value was ${age} older than the last one` };
  }
  const now = changeNumber(unit, base, last.value);
  const missing = missingBase(threshold, base);
  if (missing) return { phase: 'no base', next: missing, base, change: now };
  const size = changeSizeText(threshold);
  const words = `its change is ${signed(now ?? 0, unit)} since ${numberText(base)}`;
  return isChanged(threshold, base, last.value)
    ? { phase: 'beyond', next: `${words}; can fire again after it was less than ${size}`, base, change: now }
    : { phase: 'armed', next: `${words}; fires when it ${change} by ${size} or more`, base, change: now };
}

/** Why a base does not count. Undefined if it does. */
function missingBase({ unit, minimumBase = 0 }: ChangeThreshold, base: number): string | undefined {
  const text = `the earlier value is ${numberText(base)}`;
  if (Math.abs(base) < minimumBase) return `${text}, in size less than minimumBase ${numberText(minimumBase)}`;
  return unit === 'percent' && base === 0 ? `${text}, and a change of 0 has no percentage` : undefined;
}

/** Whether a value has changed enough since a base. */
export function isChanged(threshold: ChangeThreshold, base: number | undefined, value: number): boolean {
  const { change, by } = threshold;
  const at = changePosition(threshold, base, value);
  return (change !== 'falls' && at > cutOf('atOrAbove', by)) || (change !== 'rises' && at < cutOf('atOrBelow', -by));
}

/** `+12.5%`, `-500`. */
const signed = (change: number, unit: ChangeThreshold['unit']): string =>
  `${change > 0 ? '+' : ''}${unit === 'percent' ? percentText(change) : numberText(change)}`;
