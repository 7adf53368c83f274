import { absolute, compareFractions, dividedBy, type Fraction, fractionOf, minus, times, toNumber } from './fraction';
import { encode, position } from './position';

/**
 * Changes of a value, compared with an earlier one. The changes of a metric are a series of their own, and a threshold on
 * changes is an ordinary level on that series (docs/thresholds.md).
 */

/** The earlier value: the last one, or the latest one at or before the same time on an earlier day. */
export const COMPARED_WITH = ['previous', 'sameTimeYesterday', 'sameTimeLastWeek'] as const;
export type ComparedWith = (typeof COMPARED_WITH)[number];
/** A comparison with an earlier time. */
export type ComparedTime = Exclude<ComparedWith, 'previous'>;

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long before an observation the time is that it is compared with. The clock's change in spring and autumn is ignored. */
export const COMPARED_MS: Readonly<Record<ComparedTime, number>> = {
  sameTimeYesterday: DAY_MS,
  sameTimeLastWeek: 7 * DAY_MS,
};

export const CHANGE_UNITS = ['percent', 'absolute'] as const;
export type ChangeUnit = (typeof CHANGE_UNITS)[number];

/** A series of changes: what a value is compared with, and how. */
export interface ChangeSeries {
  readonly comparedWith: ComparedWith;
  readonly unit: ChangeUnit;
  /** Changes of a base that is smaller in size count as no change. */
  readonly minimumBase?: number;
}

const HUNDRED: Fraction = { numerator: 100n, denominator: 1n };

/** The exact change. Undefined for the percentage of a base of 0. The percentage of a negative base refers to its size. */
export function changeOf(unit: ChangeUnit, base: number, value: number): Fraction | undefined {
  const from = fractionOf(base);
  const change = minus(fractionOf(value), from);
  if (unit === 'absolute') return change;
  return from.numerator === 0n ? undefined : dividedBy(times(change, HUNDRED), absolute(from));
}

/** The change as a double, for people. Undefined for the percentage of a base of 0. */
export function changeNumber(unit: ChangeUnit, base: number, value: number): number | undefined {
  const change = changeOf(unit, base, value);
  return change && rounded(change);
}

/** The value at which a base has changed by `by`, which is negative for a fall. */
export function valueAfterChange(unit: ChangeUnit, base: number, by: number): number {
  const from = fractionOf(base);
  const size = fractionOf(-by);
  const change = unit === 'absolute' ? size : dividedBy(times(absolute(from), size), HUNDRED);
  return rounded(minus(from, change));
}

/** Without rounding noise, and never infinite. */
const rounded = (exact: Fraction): number => {
  const number = Number(toNumber(exact).toPrecision(15));
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, number));
};

/** The position of a metric without a change: beyond no threshold. */
export const NO_CHANGE = position(0);

/**
 * The position of a change among the cuts of its series. Without a base, or with one that is too small, there is no change.
 * @param base the value to compare with. Undefined or null: no value.
 */
export function changePosition(
  { unit, minimumBase = 0 }: ChangeSeries,
  base: number | null | undefined,
  value: number,
) {
  if (base === undefined || base === null || Math.abs(base) < minimumBase) return NO_CHANGE;
  const change = changeOf(unit, base, value);
  return change ? fractionPosition(change) : NO_CHANGE;
}

/**
 * The position of an exact number: that of the double if one is equal, otherwise between the cuts of its two neighbors.
 * So a threshold of 20 % fires at exactly 20 %, although the quotient of two doubles can round to less.
 */
function fractionPosition(exact: Fraction): string {
  let code = BigInt(`0x${encode(toNumber(exact))}`);
  const compare = (neighbor: bigint) => compareFractions(exact, fractionOf(decode(neighbor)));
  while (compare(code) < 0) code--;
  while (compare(code + 1n) >= 0) code++;
  return `${code.toString(16).padStart(16, '0')}${compare(code) === 0 ? '1' : '3'}`;
}

const SIGN = 1n << 63n;
const ALL = (1n << 64n) - 1n;
const view = new DataView(new ArrayBuffer(8));

/** The double of an encoded position. The opposite of `encode`. */
function decode(code: bigint): number {
  view.setBigUint64(0, code & SIGN ? code ^ SIGN : ~code & ALL);
  return view.getFloat64(0);
}
