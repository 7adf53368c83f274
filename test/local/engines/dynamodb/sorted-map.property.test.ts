import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Bound, SortedMap } from '../../../../local/engines/dynamodb/sorted-map';

const key = fc.integer({ min: 0, max: 1500 }).map((n) => String(n).padStart(4, '0'));
const bound = fc.option(fc.record({ key, inclusive: fc.boolean() }), { nil: undefined });

it('has the ranges of a sorted list, in both directions', () => {
  const writes = fc.array(fc.tuple(key, fc.boolean()), { maxLength: 3000, size: 'max' });
  fc.assert(
    fc.property(writes, fc.array(fc.tuple(bound, bound), { maxLength: 5 }), (all, ranges) => {
      const [map, model] = [new SortedMap<number>(), new Map<string, number>()];
      for (const [n, [name, isDelete]] of all.entries()) {
        if (isDelete) {
          map.delete(name);
          model.delete(name);
        } else {
          map.set(name, n);
          model.set(name, n);
        }
      }
      const sorted = [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));
      expect(map.size).toBe(model.size);
      for (const [name, n] of model) expect(map.get(name)).toBe(n);
      for (const [low, high] of [[undefined, undefined], ...ranges] as [Bound | undefined, Bound | undefined][]) {
        const inside = sorted.filter(([name]) => {
          const above = !low || name > low.key || (low.inclusive && name === low.key);
          return above && (!high || name < high.key || (high.inclusive && name === high.key));
        });
        expect([...map.range(low, high)]).toEqual(inside);
        expect([...map.range(low, high, true)]).toEqual(inside.toReversed());
      }
    }),
    { numRuns: 30 },
  );
});
