import { durationMs } from '../../lambda/shared/core/duration';
import { wrongValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from './exit';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** How long ago or ahead an instant is: `3 min ago`, `in 2 h`. */
export function relative(instant: number, now: number): string {
  const distance = Math.abs(now - instant);
  const [unit, size] = UNITS.find(([, ms]) => distance >= ms) ?? ['s', 1000];
  const count = Math.floor(distance / size);
  if (count === 0) return 'now';
  return instant <= now ? `${count} ${unit} ago` : `in ${count} ${unit}`;
}

/** An instant for people: `2026-11-05 09:45:00Z (3 min ago)`. */
export const timeText = (instant: number, now: number): string =>
  `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')}Z (${relative(instant, now)})`;

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Reads an option that is an instant, or how long ago.
 * @throws UsageError for anything else.
 */
export function instantOption(option: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = durationMs(text);
  const instant = ago !== undefined ? now - ago : INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (instant >= 0) return instant;
  throw new UsageError(
    `${option} ${wrongValue(text, 'how long ago, such as 2h, 30m or 3d, or when, such as 2026-11-05 or 2026-11-05T09:00:00Z; from 1970 on')}`,
  );
}
