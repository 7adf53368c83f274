import { durationHint, durationMs } from '../../lambda/shared/core/duration';
import { wholeNumberHint, wholeNumberOf } from '../../lambda/shared/core/numbers';
import { wrongValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from './exit';

/** Reads an option that is a whole number from 1 to `max`. Throws a UsageError. */
export function countOption(option: string, text: string, max: number): number {
  const count = wholeNumberOf(text, 1, max);
  if (count !== undefined) return count;
  throw new UsageError(`${option} ${wrongValue(text, wholeNumberHint(1, max))}`);
}

/** Reads an option that is a duration from one second to `most`, a duration; gives milliseconds. Throws a UsageError. */
export function durationOption(option: string, text: string, most: string): number {
  const duration = durationMs(text) ?? Number.NaN;
  if (duration >= 1000 && duration <= (durationMs(most) as number)) return duration;
  throw new UsageError(`${option} ${wrongValue(text, durationHint('1s', most))}`);
}
