import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cadenceOf } from '../../../../lambda/delivery/core/rate-limit';
import { MemoryCallBook } from '../../../support/memory/memory-deliveries';

it('allows a tenth of the calls in a burst and spaces the others', () => {
  expect(cadenceOf({ calls: 4500, per: 300_000 })).toEqual({ interval: 74.075, tolerance: 449 * 74.075 });
  expect(cadenceOf({ calls: 1, per: 60_000 })).toEqual({ interval: 60_000, tolerance: 0 });
});

it('never books more calls than the limit in any period, and wastes little of it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ calls: fc.integer({ min: 1, max: 60 }), per: fc.integer({ min: 1000, max: 100_000 }) }),
      fc.array(fc.nat(3000), { minLength: 50, maxLength: 200 }),
      async (limit, gaps) => {
        const book = new MemoryCallBook().book(async () => {});
        const times: number[] = [];
        let now = 1_000_000;
        for (const gap of gaps) {
          now += gap;
          times.push(await book.book('flow', cadenceOf(limit), now));
        }
        expect(times.every((time, n) => n === 0 || time >= (times[n - 1] as number))).toBe(true);
        for (const [n, from] of times.entries()) {
          // Calls are made to the millisecond. The cadence has microseconds.
          const within = times.slice(n).filter((time) => time < from + limit.per - 1);
          expect(within.length).toBeLessThanOrEqual(limit.calls);
        }
        const last = times.at(-1) as number;
        const needed = (gaps.length / limit.calls) * limit.per;
        expect(last - 1_000_000).toBeLessThanOrEqual(now - 1_000_000 + needed * 1.2 + limit.per);
      },
    ),
  );
});
