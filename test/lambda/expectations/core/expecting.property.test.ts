import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Status } from '../../../../contract/events';
import { type Expectation, WEEKDAYS, type Weekday } from '../../../../lambda/subscriptions/core/subscription';
import { expecting, Watch } from '../../../support/expectations';

const RUNS = Math.min(Number(process.env.PROPERTY_RUNS ?? 400), 20_000);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Arrival {
  readonly end: number;
  readonly at: number;
  readonly status: Status;
}

/** Start of the histories: four days around a change of the clock in Berlin. */
const START = Date.parse('2026-03-27T00:00:00Z');
const END = START + 5 * DAY;

/** The times of a daily rhythm, found by looking at the clock of each minute. */
const daily = new Map<string, number[]>();
function timesOf(by: string, days: readonly Weekday[] | undefined, timeZone: string): number[] {
  const key = JSON.stringify([by, days, timeZone]);
  const known = daily.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const times = new Map<string, number>();
  for (let at = START - 10 * DAY; at < END + DAY; at += 15 * MINUTE) {
    const [date = '', time = ''] = format.format(at).split(' ');
    const day = WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] as Weekday;
    if (time >= by && !times.has(date) && (days?.includes(day) ?? true)) times.set(date, at);
  }
  const found = [...times.values()].slice(1);
  daily.set(key, found);
  return found;
}

const counts = ({ status }: Arrival, { anyOutcome }: Expectation) =>
  status === 'Successful' || (anyOutcome === true && status !== 'Skipped');

/** What the page says of `every`, minute by minute from everything that has arrived so far. */
function everyOracle(expectation: Expectation, every: number, made: number, arrivals: readonly Arrival[]): string[] {
  const { grace, firstRefreshWithin = every, repeatEvery, alsoWhenBack } = expectation;
  const events: string[] = [];
  let alerted: number | undefined;
  let newest: number | undefined;
  for (let now = made; now <= END; now += MINUTE) {
    const before = newest;
    const ends = arrivals
      .filter((one) => one.at <= now && counts(one, expectation))
      .map(({ end, at }) => Math.min(end, at));
    newest = ends.length > 0 ? Math.max(...ends) : undefined;
    const time = newest === undefined ? made + firstRefreshWithin : newest + every;
    const overdue = time + grace <= now;
    if (alerted !== undefined && newest !== before && !overdue) {
      if (alsoWhenBack) events.push(`back of ${alerted} at ${now}`);
      alerted = undefined;
    }
    if (alerted === undefined && overdue) {
      alerted = time;
      events.push(`missed ${time} at ${now}`);
    } else if (alerted !== undefined && repeatEvery !== undefined) {
      const lasted = now - alerted - grace;
      if (lasted > 0 && lasted % repeatEvery === 0) events.push(`repeat of ${alerted} at ${now}`);
    }
  }
  return events;
}

/** What the page says of `by`: each time has a period of its own, from the end of the previous one's grace. */
function dailyOracle(
  expectation: Expectation,
  times: readonly number[],
  made: number,
  arrivals: readonly Arrival[],
): string[] {
  const { grace, repeatEvery, alsoWhenBack } = expectation;
  const events: string[] = [];
  const useful = arrivals
    .filter((one) => counts(one, expectation))
    .map(({ end, at }) => ({ end: Math.min(end, at), at }));
  let alerted: { time: number; from: number } | undefined;
  for (let now = made; now <= END; now += MINUTE) {
    const arrived = useful.filter(({ at }) => at === now);
    if (alerted && arrived.some(({ end }) => end > (alerted?.from ?? 0))) {
      // Only if it is newer than all before: an older one tells nothing.
      const best = Math.max(...arrived.map(({ end }) => end));
      if (useful.every(({ end, at }) => at >= now || end < best)) {
        if (alsoWhenBack) events.push(`back of ${alerted.time} at ${now}`);
        alerted = undefined;
      }
    }
    times.forEach((time, n) => {
      if (time <= made || time + grace !== now) return;
      const from = (times[n - 1] as number) + grace;
      if (useful.some(({ end, at }) => at <= now && end > from && end <= now)) return;
      alerted = { time, from };
      events.push(`missed ${time} at ${now}`);
    });
    if (alerted && repeatEvery !== undefined) {
      const lasted = now - alerted.time - grace;
      if (lasted > 0 && lasted % repeatEvery === 0) events.push(`repeat of ${alerted.time} at ${now}`);
    }
  }
  return events;
}

function play(expectation: Expectation, made: number, arrivals: readonly Arrival[]): string[] {
  const watch = new Watch(expecting(expectation), made);
  arrivals.forEach(({ end, at, status }) => {
    watch.refresh(end, at, status);
  });
  watch.runUntil(END);
  return watch.sent.map(
    ({ kind, time, n, at }) => `${kind === 'back' ? 'back of' : n > 0 ? 'repeat of' : 'missed'} ${time} at ${at}`,
  );
}

const hours = (least: number, most: number) =>
  fc.integer({ min: least * 4, max: most * 4 }).map((n) => n * 15 * MINUTE);
const options = {
  grace: fc.oneof(fc.constant(0), hours(0, 3)),
  repeatEvery: fc.option(hours(1, 12), { nil: undefined }),
  alsoWhenBack: fc.boolean(),
  anyOutcome: fc.boolean(),
};
/** Refreshes in random order: late, doubled, failed, and from a producer whose clock is up to an hour ahead. */
const history = fc
  .uniqueArray(
    fc.record({
      end: fc.integer({ min: -12 * 60, max: 5 * 24 * 60 }).map((n) => START + n * MINUTE),
      delay: fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 60 }), fc.integer({ min: 0, max: 36 * 60 })),
      status: fc.constantFrom<Status>('Successful', 'Successful', 'Successful', 'Failed', 'Skipped'),
      again: fc.option(fc.integer({ min: 0, max: 600 }), { nil: undefined, freq: 8 }),
    }),
    { maxLength: 12, selector: ({ end }) => end },
  )
  .map((events) =>
    events
      .flatMap(({ end, delay, status, again }) => {
        const at = Math.max(START, end + delay * MINUTE);
        const one = { end, at, status };
        // A duplicate of an event whose end was in the future still has the first end.
        return again === undefined || end > at ? [one] : [one, { ...one, at: at + again * MINUTE }];
      })
      .filter(({ at }) => at <= END)
      .toSorted((a, b) => a.at - b.at || a.end - b.end)
      // The model decides once a minute, so only one event arrives in each.
      .filter(({ at }, n, all) => all[n - 1]?.at !== at)
      // A second event with the end of one from the future would be its duplicate.
      .filter(
        ({ end, status }, n, all) =>
          !all.slice(0, n).some((one) => one.end === end && one.status === status && one.end > one.at),
      ),
  );
const made = fc.integer({ min: 0, max: 36 * 60 }).map((n) => START + n * MINUTE);

it('every: fires as a plain model says, for any history', () => {
  const rhythm = hours(2, 30).map((every) => ({ every }));
  const expectations = fc.record({
    rhythm,
    ...options,
    firstRefreshWithin: fc.option(hours(1, 60), { nil: undefined }),
  });
  fc.assert(
    fc.property(expectations, made, history, (expectation, at, all) => {
      const arrivals = all.filter((one) => one.at >= at);
      expect(play(expectation, at, arrivals)).toEqual(everyOracle(expectation, expectation.rhythm.every, at, arrivals));
    }),
    { numRuns: RUNS },
  );
});

it('by: fires as a plain model says, for any history and around a change of the clock', () => {
  const rhythm = fc.record({
    by: fc.constantFrom('00:00', '02:30', '03:15', '07:00', '23:45'),
    days: fc.constantFrom<readonly Weekday[] | undefined>(undefined, ['sat', 'sun'], ['fri', 'mon']),
    timeZone: fc.constantFrom('Europe/Berlin', 'UTC', 'America/New_York'),
  });
  fc.assert(
    fc.property(fc.record({ rhythm, ...options }), made, history, (expectation, at, all) => {
      const { by, days, timeZone } = expectation.rhythm;
      const arrivals = all.filter((one) => one.at >= at);
      const expected = dailyOracle(expectation, timesOf(by, days, timeZone), at, arrivals);
      expect(play(expectation, at, arrivals)).toEqual(expected);
    }),
    { numRuns: RUNS },
  );
});
