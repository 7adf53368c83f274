import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hopSeconds,
  MAX_RETRY_AFTER,
  RETRY_WAITS,
  retryAfterMs,
  waitAfter,
} from '../../../../lambda/delivery/core/retry';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const SECOND = 1000;
const HOUR = 3600 * SECOND;

describe('the schedule', () => {
  it('has 12 tries over slightly more than 3 days', () => {
    const waits = RETRY_WAITS.map((_, n) => waitAfter(n, NOW, 0));
    expect(waits.map((wait) => wait && wait / SECOND)).toEqual([
      5,
      30,
      120,
      600,
      1800,
      7200,
      18_000,
      36_000,
      50_400,
      72_000,
      86_400,
      undefined,
    ]);
    const whole = waits.reduce((sum: number, wait) => sum + (wait ?? 0), 0);
    expect(whole / HOUR).toBeGreaterThan(72);
    expect(whole / HOUR).toBeLessThan(80);
  });

  it('is never shortened and extended by up to a tenth', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.double({ min: 0, max: 1, noNaN: true }), (n, random) => {
        const wait = waitAfter(n, NOW, random) as number;
        expect(wait).toBeGreaterThanOrEqual(RETRY_WAITS[n + 1] as number);
        expect(wait).toBeLessThanOrEqual((RETRY_WAITS[n + 1] as number) * 1.1);
      }),
    );
    expect(waitAfter(3, NOW, 0)).toBeLessThan(waitAfter(3, NOW, 0.5) as number);
  });

  it('is divided by the pace, including Retry-After', () => {
    expect(RETRY_WAITS.slice(1).map((_, n) => waitAfter(n, NOW, 0, undefined, 100))).toEqual(
      RETRY_WAITS.slice(1).map((wait) => wait / 100),
    );
    expect(waitAfter(0, NOW, 1, '3600', 60)).toBe(66 * SECOND);
    expect(waitAfter(0, NOW, 0, '9'.repeat(20), 60)).toBe(MAX_RETRY_AFTER / 60);
    expect(waitAfter(0, NOW, 0, undefined, 7)).toBe(714);
    expect(waitAfter(11, NOW, 0, undefined, 100)).toBeUndefined();
  });

  it('has an end that Retry-After cannot delay', () => {
    expect(waitAfter(11, NOW, 0, '60')).toBeUndefined();
    expect(waitAfter(500, NOW, 0)).toBeUndefined();
  });
});

describe('Retry-After', () => {
  const inAMinute = 'Fri, 20 Nov 2026 12:01:00 GMT';
  it.each<[string, string | undefined, number | undefined]>([
    ['nothing', undefined, undefined],
    ['seconds', '120', 120 * SECOND],
    ['no time', '0', 0],
    ['seconds with blanks', ' 7 ', 7 * SECOND],
    ['a date', inAMinute, 60 * SECOND],
    ['a date of the older form', 'Friday, 20-Nov-26 12:01:00 GMT', 60 * SECOND],
    ['a date that is past', 'Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['an empty text', '', undefined],
    ['a word', 'soon', undefined],
    ['words with a number that looks like a year', 'not before 9999', undefined],
    ['a negative number', '-5', undefined],
    ['a fraction', '1.5', undefined],
    ['a number with a unit', '5 s', undefined],
    ['two numbers', '120, 120', undefined],
    ['hexadecimal', '0x10', undefined],
    ['a day that is none', 'Fri, 99 Foo 2026 12:01:00 GMT', undefined],
  ])('says %s', (_, header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });

  it.each<[string, number, string, number]>([
    ['is taken when it is longer than the schedule', 0, '120', 120 * SECOND],
    ['does not shorten the schedule', 5, '1', 2 * HOUR],
    ['counts for nothing when it is garbage', 0, 'not before 9999', 5 * SECOND],
    ['is capped', 0, '9'.repeat(400), MAX_RETRY_AFTER],
    ['is capped as a date', 0, 'Fri, 31 Dec 9999 23:59:59 GMT', MAX_RETRY_AFTER],
    ['does not shorten what is longer than its cap', 10, '9'.repeat(20), 24 * HOUR],
  ])('%s', (_, n, header, expected) => {
    expect(waitAfter(n, NOW, 0, header)).toBe(expected);
    expect(waitAfter(n, NOW, 1, header)).toBe(Math.round(expected * 1.1));
  });

  it('always results in a whole number of milliseconds within the bounds', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(10), fc.double({ min: 0, max: 1, noNaN: true }), (header, n, random) => {
        const wait = waitAfter(n, NOW, random, header);
        expect(Number.isSafeInteger(wait)).toBe(true);
        expect(wait).toBeLessThanOrEqual(24 * HOUR * 1.1);
      }),
    );
  });
});

describe('a hop', () => {
  it.each([
    ['of no time', 0, 0],
    ['into the past', -5000, 0],
    ['of a part of a second', 1, 1],
    ['of seconds', 4500, 5],
    ['of what SQS can delay', 900_000, 900],
    ['of more than SQS can delay', 900_001, 900],
    ['of a day', 24 * HOUR, 900],
  ])('%s', (_, wait, expected) => {
    expect(hopSeconds(NOW + wait, NOW)).toBe(expected);
  });

  it('sequence ends exactly when the wait ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 * HOUR }), (wait) => {
        let [now, hops] = [NOW, 0];
        for (let seconds = hopSeconds(NOW + wait, now); seconds > 0; seconds = hopSeconds(NOW + wait, now)) {
          now += seconds * SECOND;
          hops++;
        }
        expect(now).toBeGreaterThanOrEqual(NOW + wait);
        expect(now).toBeLessThan(NOW + wait + SECOND);
        expect(hops).toBe(Math.ceil(wait / 900_000));
      }),
    );
  });
});
