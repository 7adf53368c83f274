/**
 * Positions of values and cuts of thresholds: fixed-width text in which a position never equals a cut, so that every
 * crossing is found by one range query and no boundary value fires twice (DESIGN: exact semantics of thresholds).
 */

export const THRESHOLD_OPERATORS = ['above', 'atOrAbove', 'below', 'atOrBelow'] as const;
export type ThresholdOperator = (typeof THRESHOLD_OPERATORS)[number];

/** The way the value moved. */
export type Direction = 'above' | 'below';

const SIGN = 1n << 63n;
const ALL = (1n << 64n) - 1n;
const view = new DataView(new ArrayBuffer(8));

/**
 * Encodes a finite double as 16 hex digits that sort as the numbers do; −0 is 0.
 * @throws RangeError for NaN and ±Infinity.
 */
export function encode(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not a finite number`);
  view.setFloat64(0, value === 0 ? 0 : value);
  const bits = view.getBigUint64(0);
  // Negative doubles sort backwards by their bits, so all of them are inverted; of the others only the sign bit.
  return (bits & SIGN ? ~bits & ALL : bits | SIGN).toString(16).padStart(16, '0');
}

/** Where a value stands among the cuts. */
export const position = (value: number): string => `${encode(value)}1`;

/** The cut just under a value: values at it count as beyond on the way up. */
export const cutUnder = (value: number): string => `${encode(value)}0`;

/** The cut just over a value: values at it count as not beyond on the way up. */
export const cutOver = (value: number): string => `${encode(value)}2`;

/** The way a value must move to cross such a threshold. */
export const directionOf = (operator: ThresholdOperator): Direction =>
  operator === 'above' || operator === 'atOrAbove' ? 'above' : 'below';

/** The cut of a threshold. */
export function cutOf(operator: ThresholdOperator, value: number): string {
  return operator === 'above' || operator === 'atOrBelow' ? cutOver(value) : cutUnder(value);
}

/** Whether a value is beyond the threshold, on the side that it waits for. */
export function isBeyond(operator: ThresholdOperator, threshold: number, value: number): boolean {
  const cut = cutOf(operator, threshold);
  return directionOf(operator) === 'above' ? position(value) > cut : position(value) < cut;
}
