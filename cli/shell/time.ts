const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** Distance of an instant from now: `3 min ago`, `in 2 h`. */
export function relativeTime(instant: number, now: number): string {
  const distance = Math.abs(now - instant);
  const [unit, size] = UNITS.find(([, ms]) => distance >= ms) ?? ['s', 1000];
  const count = Math.floor(distance / size);
  if (count === 0) return 'now';
  return instant <= now ? `${count} ${unit} ago` : `in ${count} ${unit}`;
}

/** An instant for JSON: ISO 8601. */
export const isoTime = (instant: number | undefined): string | undefined =>
  instant === undefined ? undefined : new Date(instant).toISOString();

/** `2026-11-05 09:45:00Z (3 min ago)`. */
export const timeText = (instant: number, now: number): string =>
  `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')}Z (${relativeTime(instant, now)})`;
