/**
 * Positions of values and cuts of thresholds, as fixed-width text. A position never equals a cut: one range query finds
 * every crossing, and no boundary value fires twice (docs/thresholds.md).
 */

export const THRESHOLD_OPERATORS = ['above', 'atOrAbove', 'below', 'atOrBelow'] as const;
export type ThresholdOperator = (typeof THRESHOLD_OPERATORS)[number];

/** The direction in which a value crosses a threshold. */
export type Direction = 'above' | 'below';

const SIGN = 1n << 63n;
const ALL = (1n << 64n) - 1n;
const view = new DataView(new ArrayBuffer(8));

/**
 * Encodes a finite double as 16 hex digits that sort like the numbers. −0 is encoded as 0.
 * @throws RangeError for NaN and ±Infinity.
 */
export function encode(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not a finite number`);
  view.setFloat64(0, value === 0 ? 0 : value);
  const bits = view.getBigUint64(0);
  // The bits of negative doubles sort backwards, so all bits are inverted. Otherwise only the sign bit is inverted.
  return (bits & SIGN ? ~bits & ALL : bits | SIGN).toString(16).padStart(16, '0');
}

/** The position of a value among the cuts. */
export const position = (value: number): string => `${encode(value)}1`;

/** The cut just below a value. A rise to exactly this value crosses it. */
export const cutUnder = (value: number): string => `${encode(value)}0`;

/** The cut just above a value. A rise to exactly this value does not cross it. */
export const cutOver = (value: number): string => `${encode(value)}2`;

/** The direction in which a value must move to cross the threshold. */
export const directionOf = (operator: ThresholdOperator): Direction =>
  operator === 'above' || operator === 'atOrAbove' ? 'above' : 'below';

/** The cut of a threshold. */
export function cutOf(operator: ThresholdOperator, value: number): string {
  return operator === 'above' || operator === 'atOrBelow' ? cutOver(value) : cutUnder(value);
}

/** Whether a value is beyond the threshold. */
export function isBeyond(operator: ThresholdOperator, threshold: number, value: number): boolean {
  const cut = cutOf(operator, threshold);
  return directionOf(operator) === 'above' ? position(value) > cut : position(value) < cut;
}
