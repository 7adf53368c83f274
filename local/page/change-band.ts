import { COMPARED_MS, valueAfterChange } from '../../lambda/shared/core/change';
import { numberText } from '../../lambda/shared/core/number-text';
import { quantityText } from '../../lambda/shared/core/text';
import type { Point } from './bus-history';
import type { ChangeLevel } from './snapshot';

/** The values between which a threshold on changes does not fire. */
export interface Band {
  readonly base: number;
  /** Undefined: the value can fall, or rise, without limit. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * The band of the newest value: around it, if the next value is compared with it, otherwise around the value that it was
 * compared with. Undefined without a value to compare with.
 */
export function bandOf(level: ChangeLevel, points: readonly Point[]): Band | undefined {
  const base = baseOf(level, points);
  const { change, unit, by, minimumBase = 0 } = level;
  if (base === undefined || Math.abs(base) < minimumBase || (unit === 'percent' && base === 0)) return undefined;
  return {
    base,
    low: change === 'rises' ? undefined : valueAfterChange(unit, base, -by),
    high: change === 'falls' ? undefined : valueAfterChange(unit, base, by),
  };
}

function baseOf({ comparedWith }: ChangeLevel, points: readonly Point[]): number | undefined {
  const last = points.at(-1);
  if (!last || comparedWith === 'previous') return last?.value;
  const instant = last.observedAt - COMPARED_MS[comparedWith];
  return points.findLast(({ observedAt }) => observedAt <= instant)?.value;
}

const COMPARED_WITH: Readonly<Record<ChangeLevel['comparedWith'], string>> = {
  previous: 'the previous value',
  sameTimeYesterday: 'the same time yesterday',
  sameTimeLastWeek: 'the same time last week',
};

/** Such as `falls by 20% compared with the same time last week (1,000)`. */
export function changeLevelText(level: ChangeLevel, points: readonly Point[]): string {
  const { change, by, unit, comparedWith } = level;
  const base = bandOf(level, points)?.base;
  const size = quantityText(by, unit === 'percent' ? '%' : '');
  return `${change} by ${size} compared with ${COMPARED_WITH[comparedWith]}${base === undefined ? '' : ` (${numberText(base)})`}`;
}
