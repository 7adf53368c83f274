import { instantOf, localDays } from '../../shared/core/local-time';
import { type Rhythm, WEEKDAYS } from '../../subscriptions/core/subscription';

/** A rhythm with a local time. */
export type DailyRhythm = Extract<Rhythm, { by: string }>;

/** A week, and a day on each side: the local day of an instant before or after it can be another one. */
const REACH = 8;

/** The instants by which refreshes are expected on the days around an instant, in order. */
function timesAround({ by, days, timeZone }: DailyRhythm, instant: number, first: number, last: number): number[] {
  const [hours, minutes] = by.split(':').map(Number) as [number, number];
  const sinceMidnight = (hours * 60 + minutes) * 60_000;
  const wanted = (midnight: number) => days?.includes(WEEKDAYS[new Date(midnight).getUTCDay()] as never) ?? true;
  return localDays(instant, timeZone, first, last)
    .filter(wanted)
    .map((midnight) => instantOf(midnight + sinceMidnight, timeZone));
}

/** The first time after an instant by which a refresh is expected. */
export const timeAfter = (rhythm: DailyRhythm, instant: number): number =>
  timesAround(rhythm, instant, -1, REACH).find((time) => time > instant) as number;

/** The first such time at or after an instant. */
export const timeFrom = (rhythm: DailyRhythm, instant: number): number => timeAfter(rhythm, instant - 1);
