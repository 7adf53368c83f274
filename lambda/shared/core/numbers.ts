import * as v from 'valibot';

/** Limits of the numbers that producers and operators write. A hint is the text after "write …" in a message. */

export const wholeNumberHint = (least: number, most = Number.MAX_SAFE_INTEGER): string =>
  `a whole number from ${least} to ${most}`;

/** A double holds every whole number up to 2^53 - 1. */
export const isWholeNumber = (value: number, least: number, most = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most;

/** Parses a whole number of digits only. Undefined for anything else. */
export function wholeNumberOf(text: string, least: number, most: number): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return isWholeNumber(value, least, most) ? value : undefined;
}

type Message = (hint: string) => v.ErrorMessage<v.BaseIssue<unknown>>;

/** @param message makes the message from a hint. */
export function wholeNumberSchema(message: Message, least: number, most = Number.MAX_SAFE_INTEGER) {
  const wrong = message(wholeNumberHint(least, most));
  return v.pipe(
    v.number(wrong),
    v.check((value) => isWholeNumber(value, least, most), wrong),
    v.metadata({ type: 'integer', minimum: least, maximum: most }),
  );
}

/** Range of absolute values of a DynamoDB number, upper bound excluded (developer guide, "Data types"). */
const [SMALLEST, TOO_LARGE] = [1e-130, 1e126];
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

export const decimalHint = (what: string): string =>
  `${what}: 0, or in size from ${SMALLEST} to less than ${TOO_LARGE}`;

/** A double that DynamoDB can store: a number, or a decimal string as in Customer Insights measures. */
export function decimalSchema(message: v.ErrorMessage<v.BaseIssue<unknown>>) {
  return v.pipe(
    v.union(
      [
        v.pipe(v.number(), v.metadata({ exclusiveMinimum: -TOO_LARGE, exclusiveMaximum: TOO_LARGE })),
        v.pipe(v.string(), v.trim(), v.metadata({ pattern: DECIMAL.source })),
      ],
      message,
    ),
    v.check(isDecimal, message),
  );
}

/** Whether DynamoDB can store the number. */
export function isDecimal(value: number | string): boolean {
  if (typeof value === 'string' && !DECIMAL.test(value)) return false;
  const size = Math.abs(Number(value));
  return size === 0 || (size >= SMALLEST && size < TOO_LARGE);
}
