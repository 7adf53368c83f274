import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutOf,
  directionOf,
  encode,
  isBeyond,
  position,
  THRESHOLD_OPERATORS,
  type ThresholdOperator,
} from '../../../../lambda/shared/core/position';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
/** Small whole numbers, because random doubles never equal a boundary. */
const value = fc.oneof(fc.integer({ min: -3, max: 3 }), finite);

const crosses: Record<ThresholdOperator, (previous: number, threshold: number, current: number) => boolean> = {
  above: (previous, threshold, current) => previous <= threshold && threshold < current,
  atOrAbove: (previous, threshold, current) => previous < threshold && threshold <= current,
  below: (previous, threshold, current) => current < threshold && threshold <= previous,
  atOrBelow: (previous, threshold, current) => current <= threshold && threshold < previous,
};

describe('the encoding of a value', () => {
  it('sorts like the numbers', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(encode(a) < encode(b)).toBe(a < b);
        expect(encode(a) === encode(b)).toBe(a === b);
      }),
    );
  });

  it('has 16 hex digits and is the same for both zeros', () => {
    fc.assert(
      fc.property(value, (a) => {
        expect(encode(a)).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
    expect(encode(-0)).toBe(encode(0));
  });

  it('differs for neighbors and the ends of the range', () => {
    const ascending = [
      -Number.MAX_VALUE,
      -1,
      -Number.MIN_VALUE,
      0,
      Number.MIN_VALUE,
      0.1,
      0.1 + Number.EPSILON / 16,
      1,
      1 + Number.EPSILON,
      Number.MAX_SAFE_INTEGER,
      Number.MAX_VALUE,
    ];
    expect(ascending.map(encode).toSorted()).toEqual(ascending.map(encode));
    expect(new Set(ascending.map(encode)).size).toBe(ascending.length);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('rejects %d', (bad) => {
    expect(() => encode(bad)).toThrow(RangeError);
  });
});

describe('a cut', () => {
  it.each(THRESHOLD_OPERATORS)(
    '"%s" lies between two positions exactly when the move crosses the threshold',
    (operator) => {
      fc.assert(
        fc.property(value, value, value, (previous, threshold, current) => {
          const cut = cutOf(operator, threshold);
          const [from, to] = directionOf(operator) === 'above' ? [previous, current] : [current, previous];
          expect(position(from) < cut && cut < position(to)).toBe(crosses[operator](previous, threshold, current));
        }),
        { numRuns: 1000 },
      );
    },
  );

  it.each(THRESHOLD_OPERATORS)('"%s" never equals a position, so no boundary fires twice', (operator) => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(cutOf(operator, a)).not.toBe(position(b));
      }),
    );
  });

  it('tells on which side a value is', () => {
    expect(isBeyond('above', 10, 10)).toBe(false);
    expect(isBeyond('above', 10, 10.5)).toBe(true);
    expect(isBeyond('atOrAbove', 10, 10)).toBe(true);
    expect(isBeyond('below', 10, 10)).toBe(false);
    expect(isBeyond('atOrBelow', 10, 10)).toBe(true);
    expect(isBeyond('below', 0, -0)).toBe(false);
  });
});
