import { numberText } from './number-text';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 60 * 60_000, d: 24 * 60 * 60_000 };

/** Milliseconds of a duration such as `90s`, `15m`, `12h` or `3d`; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = /^\s*(\d{1,9})\s*([smhd])\s*$/.exec(text) ?? [];
  return count && unit ? Number(count) * (UNITS[unit] as number) : undefined;
}

/** The text after "write …" in a message. `least` and `most` are durations such as `1m`. */
export const durationHint = (least: string, most: string): string =>
  `a duration such as 90m, 12h or 3d, from ${least} to ${most}`;

/** A duration for people, such as `1 h 30 min`. `seconds` is a whole number of 0 or more. */
export function durationText(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const parts =
    hours > 0
      ? [`${numberText(hours)} h`, minutes > 0 && `${minutes} min`]
      : [minutes > 0 && `${minutes} min`, (minutes === 0 || seconds % 60 > 0) && `${seconds % 60} s`];
  return parts.filter(Boolean).join(' ');
}
