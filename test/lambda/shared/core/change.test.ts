import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ChangeSeries,
  type ChangeUnit,
  changeNumber,
  changeOf,
  changePosition,
  NO_CHANGE,
  valueAfterChange,
} from '../../../../lambda/shared/core/change';
import {
  compareFractions,
  dividedBy,
  fractionOf,
  minus,
  times,
  toNumber,
} from '../../../../lambda/shared/core/fraction';
import { cutOf, position } from '../../../../lambda/shared/core/position';

/** Numbers that observations and thresholds can have. */
const anyNumber = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -1000, max: 1000 }),
    fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 100),
  )
  .filter((n) => n === 0 || (Math.abs(n) >= 1e-130 && Math.abs(n) < 1e126));

const percent: ChangeSeries = { comparedWith: 'previous', unit: 'percent' };
const absolute: ChangeSeries = { comparedWith: 'previous', unit: 'absolute' };
const isRise = (series: ChangeSeries, base: number, value: number, by: number) =>
  changePosition(series, base, value) > cutOf('atOrAbove', by);
const isFall = (series: ChangeSeries, base: number, value: number, by: number) =>
  changePosition(series, base, value) < cutOf('atOrBelow', -by);

describe('a fraction', () => {
  it.each([
    [0.1, 1n, 10n],
    [-12.5, -125n, 10n],
    [1200, 1200n, 1n],
    [0, 0n, 1n],
    [-0, 0n, 1n],
    [1e-130, 1n, 10n ** 130n],
  ])('is the written value of %s', (value, numerator, denominator) => {
    expect(compareFractions(fractionOf(value), { numerator, denominator })).toBe(0);
  });

  it('adds no rounding', () => {
    const [tenth, fifth, three] = [fractionOf(0.1), fractionOf(0.2), fractionOf(0.3)];
    expect(compareFractions(minus(three, fifth), tenth)).toBe(0);
    expect(compareFractions(times(tenth, three), fractionOf(0.03))).toBe(0);
    expect(compareFractions(dividedBy(three, fractionOf(-0.1)), fractionOf(-3))).toBe(0);
  });

  it('of a double is that double', () => {
    fc.assert(
      fc.property(anyNumber, (value) => {
        expect(toNumber(fractionOf(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('does not exist for %s', (value) => {
    expect(() => fractionOf(value)).toThrow('not a finite number');
  });

  it('is not divided by 0', () => {
    expect(() => dividedBy(fractionOf(1), fractionOf(0))).toThrow('division by 0');
  });
});

describe('a change', () => {
  it.each<[string, ChangeUnit, number, number, number, boolean]>([
    ['exactly the percentage', 'percent', 1000, 1200, 20, true],
    ['just short of the percentage', 'percent', 1000, 1199.99, 20, false],
    ['a quotient of doubles rounds to 19.999999999999996', 'percent', 0.1, 0.12, 20, true],
    ['a third has no decimal text', 'percent', 3, 4, 33.333333333333336, false],
    ['a third is above the double before it', 'percent', 3, 4, 33.33333333333333, true],
    ['a negative base: towards zero is a rise', 'percent', -1000, -800, 20, true],
    ['a negative base: just short', 'percent', -1000, -801, 20, false],
    ['a change of sign', 'percent', -100, 50, 150, true],
    ['from a base of 0', 'percent', 0, 1_000_000, 1, false],
    ['from a base of 0, absolute', 'absolute', 0, 500, 500, true],
    ['exactly the amount', 'absolute', 0.1, 0.3, 0.2, true],
    ['just short of the amount', 'absolute', 0.1, 0.29999999999999993, 0.2, false],
    ['from the smallest to the largest number', 'percent', 1e-130, 9e125, 1e126, true],
  ])('%s', (_, unit, base, value, by, expected) => {
    const series = { ...percent, unit };
    expect(isRise(series, base, value, by)).toBe(expected);
    // A fall is the same change with the opposite signs.
    expect(isFall(series, -base, -value, by)).toBe(expected);
    expect(isFall(series, base, value, by)).toBe(false);
  });

  it('has the position of the exact number, for any numbers', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, anyNumber, fc.boolean(), (base, value, by, isPercent) => {
        const series = isPercent ? percent : absolute;
        const change = changeOf(series.unit, base, value) ?? fractionOf(0);
        const order = compareFractions(change, fractionOf(by));
        const at = changePosition(series, base, value);
        expect([at > cutOf('atOrAbove', by), at < cutOf('atOrBelow', by)]).toEqual([order >= 0, order <= 0]);
        expect(at === position(by)).toBe(order === 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not exist without a base, and for a base that is too small', () => {
    const series = { ...percent, minimumBase: 1000 };
    for (const base of [undefined, null, 999.99, -999.99, 0])
      expect(changePosition(series, base, 5000)).toBe(NO_CHANGE);
    for (const base of [1000, -1000]) expect(changePosition(series, base, 5000)).not.toBe(NO_CHANGE);
  });

  it('is a number for people', () => {
    expect(changeNumber('percent', 3, 4)).toBe(33.3333333333333);
    expect(changeNumber('absolute', 0.1, 0.3)).toBe(0.2);
    expect(changeNumber('percent', 0, 4)).toBeUndefined();
  });

  it.each<[ChangeUnit, number, number, number]>([
    ['percent', 1000, -20, 800],
    ['percent', -1000, -20, -1200],
    ['percent', 0.1, 20, 0.12],
    ['absolute', 0.1, 0.2, 0.3],
    ['absolute', 5, -10, -5],
  ])('in %s leads from %s by %s to %s', (unit, base, by, value) => {
    expect(valueAfterChange(unit, base, by)).toBe(value);
  });
});
