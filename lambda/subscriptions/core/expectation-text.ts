import { durationText } from '../../shared/core/duration';
import type { Expectation, Weekday } from './subscription';

const dayName = (day: Weekday): string => day.charAt(0).toUpperCase() + day.slice(1);

/** An expectation for people, such as `every 24 h` or `by 07:00 on Mon, Fri (Europe/Berlin)`. */
export function expectationText({ rhythm, grace }: Pick<Expectation, 'rhythm' | 'grace'>): string {
  const late = grace > 0 ? `, up to ${durationText(grace / 1000)} late` : '';
  if ('every' in rhythm) return `every ${durationText(rhythm.every / 1000)}${late}`;
  const { by, days, timeZone } = rhythm;
  return `by ${by}${days ? ` on ${days.map(dayName).join(', ')}` : ' every day'} (${timeZone})${late}`;
}
