import { durationMs } from '../lambda/core/duration';
import { shown } from '../lambda/core/entry/words';
import { UsageError } from './exit';

/** Reads an option that is a whole number from 1 to `max`. Throws a UsageError. */
export function countOption(option: string, text: string, max: number): number {
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= 1 && count <= max) return count;
  throw new UsageError(`${option} is ${shown(text)}; write a whole number from 1 to ${max}`);
}

/** Reads an option that is a duration; gives milliseconds. Throws a UsageError. */
export function durationOption(option: string, text: string): number {
  const duration = durationMs(text);
  if (duration !== undefined && duration > 0) return duration;
  throw new UsageError(`${option} is ${shown(text)}; write a duration, such as 30s, 15m or 2h`);
}
