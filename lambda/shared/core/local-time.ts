/** Local times of IANA time zones. The offsets come from `Intl`, which has the tz database. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Offsets are -12 to +14 hours: at this distance, a guess of the instant lies on the other side of a change nearby. */
const AROUND = 1.5 * DAY;

const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for an unknown time zone. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, calendar: 'iso8601', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  formats.set(timeZone, format);
  return format;
}

/** Whether a time zone is a name of the tz database. Offsets such as `+01:00` are none: they have no daylight saving time. */
export function isTimeZone(timeZone: string): boolean {
  if (!/^[A-Za-z]/.test(timeZone)) return false;
  try {
    return formatOf(timeZone) !== undefined;
  } catch {
    return false;
  }
}

/** The wall clock of a time zone, as the epoch milliseconds at which UTC shows the same. */
export function localTime(instant: number, timeZone: string): number {
  const seconds = Math.floor(instant / 1000) * 1000;
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(seconds)
      .map(({ type, value }) => [type, Number(value)]),
  ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>;
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (instant - seconds);
}

/**
 * The first instant at which the wall clock shows `local` or later. A time that the clock skips in spring is the instant of
 * the change; of a time that the clock shows twice in autumn, it is the first.
 * @param local as `localTime` returns it.
 */
export function instantOf(local: number, timeZone: string): number {
  const guesses = [local - AROUND, local + AROUND].map((near) => local - (localTime(near, timeZone) - near));
  const [before, after] = guesses as [number, number];
  const exact = guesses.filter((guess) => localTime(guess, timeZone) === local);
  if (exact.length > 0) return Math.min(...exact);
  // Skipped: the change is between the two guesses.
  let [shown, reached] = [Math.min(before, after), Math.max(before, after)];
  while (reached - shown > 1) {
    const middle = Math.floor((shown + reached) / 2);
    if (localTime(middle, timeZone) < local) shown = middle;
    else reached = middle;
  }
  return reached;
}

/** The days around an instant in a time zone: midnights as `localTime` returns them, from `first` to `last` days away. */
export function localDays(instant: number, timeZone: string, first: number, last: number): number[] {
  const midnight = Math.floor(localTime(instant, timeZone) / DAY) * DAY;
  return Array.from({ length: last - first + 1 }, (_, n) => midnight + (first + n) * DAY);
}
