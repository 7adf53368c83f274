import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameJson } from '../../../../lambda/shared/core/same-json';

describe('sameJson', () => {
  it.each<[unknown, unknown]>([
    [
      { a: 1, b: { c: [1, 2], d: null } },
      { b: { d: null, c: [1, 2] }, a: 1 },
    ],
    [{ a: 1, b: undefined }, { a: 1 }],
    [undefined, undefined],
    [0, -0],
  ])('finds %j and %j equal', (a, b) => {
    expect(sameJson(a, b)).toBe(true);
  });

  it.each<[unknown, unknown]>([
    [{ a: 1 }, { a: '1' }],
    [{ a: 1 }, { a: 1, b: null }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: [] }, { a: {} }],
    [undefined, null],
    [{ '1': 'a', '2': 'b' }, ['a', 'b']],
  ])('finds %j and %j different', (a, b) => {
    expect(sameJson(a, b)).toBe(false);
  });

  it('agrees with a structural comparison for any JSON', () => {
    const { tree: json } = fc.letrec((tie) => ({
      tree: fc.oneof(fc.constantFrom(0, 1, '1', null, true), tie('list'), tie('map')),
      list: fc.array(tie('tree'), { maxLength: 2 }),
      map: fc.dictionary(fc.constantFrom('a', 'b', '1'), tie('tree'), { maxKeys: 2 }),
    }));
    const agrees = (a: unknown, b: unknown) => void expect(sameJson(a, b)).toBe(isDeepStrictEqual(plain(a), plain(b)));
    fc.assert(fc.property(json, json, agrees), { numRuns: 500 });
    fc.assert(fc.property(json, (a) => agrees(a, structuredClone(a))));
  });
});

/** Without the null prototypes that fast-check gives to some objects. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
