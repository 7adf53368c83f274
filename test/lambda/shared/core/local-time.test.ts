import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantOf, isTimeZone, localTime } from '../../../../lambda/shared/core/local-time';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RUNS = Math.min(Number(process.env.PROPERTY_RUNS ?? 60), 2000);

const local = (text: string) => Date.parse(`${text}Z`);
const utc = (at: number) => new Date(at).toISOString().slice(0, 16);

describe('instantOf', () => {
  it.each([
    ['an offset', '2026-11-02T07:00', 'America/New_York', '2026-11-02T12:00'],
    ['half an hour', '2026-11-02T07:00', 'Asia/Kolkata', '2026-11-02T01:30'],
    ['a time that does not exist', '2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:00'],
    ['a time that comes twice', '2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30'],
    ['a change of half an hour', '2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:30'],
    ['a day that does not exist', '2011-12-30T07:00', 'Pacific/Apia', '2011-12-30T10:00'],
    ['the end of a leap February', '2028-02-29T23:59', 'UTC', '2028-02-29T23:59'],
  ])('finds %s', (_, time, zone, expected) => {
    expect(utc(instantOf(local(time), zone))).toBe(expected);
  });

  it('is the first minute whose wall clock shows the time or later', () => {
    const zones = [
      'Europe/Berlin',
      'America/Santiago',
      'Australia/Lord_Howe',
      'Africa/Casablanca',
      'Pacific/Chatham',
      'UTC',
    ];
    const changes = ['2026-03-29', '2026-04-05', '2026-09-06', '2026-10-04', '2026-10-25', '2026-02-15', '2026-03-22'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...changes),
        fc.integer({ min: -1440, max: 2880 }),
        (zone, day, minutes) => {
          const wanted = local(`${day}T00:00`) + minutes * MINUTE;
          // Another way to read the wall clock than the code's.
          const shown = (at: number) =>
            Date.parse(`${new Date(at).toLocaleString('sv-SE', { timeZone: zone }).replace(' ', 'T')}Z`);
          let at = wanted - 16 * HOUR;
          while (shown(at) < wanted) at += MINUTE;
          expect(utc(instantOf(wanted, zone))).toBe(utc(at));
        },
      ),
      { numRuns: RUNS },
    );
  });
});

it('reads the wall clock to the millisecond', () => {
  expect(localTime(Date.parse('2026-07-01T05:00:00.123Z'), 'Europe/Berlin')).toBe(local('2026-07-01T07:00:00.123'));
  expect(localTime(-1, 'UTC')).toBe(-1);
});

it.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['Europe/Berlim', false],
  ['+01:00', false],
  ['', false],
])('%s is a time zone: %s', (zone, expected) => {
  expect(isTimeZone(zone)).toBe(expected);
});
