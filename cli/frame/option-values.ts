import { durationHint, durationMs } from '../../lambda/shared/core/duration';
import { wholeNumberHint, wholeNumberOf } from '../../lambda/shared/core/numbers';
import { invalidValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';

/** Parses an option that takes a whole number from 1 to `max`. Throws a UsageError. */
export function countOption(option: string, text: string, max: number): number {
  const count = wholeNumberOf(text, 1, max);
  if (count !== undefined) return count;
  throw new UsageError(`${option} ${invalidValue(text, wholeNumberHint(1, max))}`);
}

/** Parses an option that takes a duration from one second to `max`, into milliseconds. Throws a UsageError. */
export function durationOption(option: string, text: string, max: string): number {
  const duration = durationMs(text) ?? Number.NaN;
  if (duration >= 1000 && duration <= (durationMs(max) as number)) return duration;
  throw new UsageError(`${option} ${invalidValue(text, durationHint('1s', max))}`);
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Parses an option that takes an instant or an age, into epoch milliseconds. Throws a UsageError. */
export function instantOption(option: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const age = durationMs(text);
  const instant = age !== undefined ? now - age : INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (instant >= 0) return instant;
  const hint =
    'an age, such as 30m, 2h or 3d, or a date or time from 1970 on, such as 2026-11-05 or 2026-11-05T09:00:00Z';
  throw new UsageError(`${option} ${invalidValue(text, hint)}`);
}
