/** Exact arithmetic on numbers as they are written: 0.1 is one tenth, although no double is. */

/** `numerator / denominator`. The denominator is positive. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The exact value of a double's shortest decimal text. @throws RangeError for NaN and ±Infinity. */
export function fractionOf(value: number): Fraction {
  const [, sign, whole, decimals = '', exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential()) ?? [];
  if (whole === undefined) throw new RangeError(`${value} is not a finite number`);
  const digits = BigInt(`${sign}${whole}${decimals}`);
  const power = Number(exponent) - decimals.length;
  return power < 0
    ? { numerator: digits, denominator: 10n ** BigInt(-power) }
    : { numerator: digits * 10n ** BigInt(power), denominator: 1n };
}

export const minus = (a: Fraction, b: Fraction): Fraction => ({
  numerator: a.numerator * b.denominator - b.numerator * a.denominator,
  denominator: a.denominator * b.denominator,
});

export const times = (a: Fraction, b: Fraction): Fraction => ({
  numerator: a.numerator * b.numerator,
  denominator: a.denominator * b.denominator,
});

/** @throws RangeError if `b` is 0. */
export function dividedBy(a: Fraction, b: Fraction): Fraction {
  if (b.numerator === 0n) throw new RangeError('division by 0');
  const sign = b.numerator < 0n ? -1n : 1n;
  return { numerator: sign * a.numerator * b.denominator, denominator: sign * a.denominator * b.numerator };
}

export const absolute = ({ numerator, denominator }: Fraction): Fraction => ({
  numerator: numerator < 0n ? -numerator : numerator,
  denominator,
});

/** Negative if `a` is less than `b`, 0 if they are equal, otherwise positive. */
export function compareFractions(a: Fraction, b: Fraction): number {
  const { numerator } = minus(a, b);
  return numerator < 0n ? -1 : Number(numerator > 0n);
}

/** A double next to the fraction: up to a few units in the last place away. */
export function toNumber({ numerator, denominator }: Fraction): number {
  if (numerator === 0n) return 0;
  const digits = (value: bigint) => String(value).length;
  // The quotient has at least 20 significant digits, and a double has 17.
  const power = 21 - digits(numerator) + digits(denominator);
  const scaled =
    power < 0 ? numerator / (denominator * 10n ** BigInt(-power)) : (numerator * 10n ** BigInt(power)) / denominator;
  return Number(`${scaled}e${-power}`);
}
