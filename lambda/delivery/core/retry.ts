const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits before each try, milliseconds: 12 tries over a little more than 3 days. */
export const RETRY_WAITS: readonly number[] = [
  0,
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** The longest wait that a flow may ask for by `Retry-After`. */
export const MAX_RETRY_AFTER = 6 * HOUR;

/** Waits are lengthened by up to this share, never shortened, so that retries of one outage do not come together. */
const JITTER = 0.1;

/**
 * Milliseconds after which a round of tries is over where the breaker keeps the tries from being used up: all waits at
 * their longest, rounded up to half a day.
 */
export const LONGEST_ROUND = 84 * HOUR;

/**
 * Milliseconds to wait after try `n` (from 0) failed, or undefined when it was the last one.
 * @param random 0 to 1.
 * @param pace divides the wait.
 */
export function waitAfter(n: number, now: number, random: number, retryAfter?: string, pace = 1): number | undefined {
  const wait = RETRY_WAITS[n + 1];
  if (wait === undefined) return undefined;
  const asked = Math.min(retryAfterMs(retryAfter, now) ?? 0, MAX_RETRY_AFTER);
  return Math.round((Math.max(wait, asked) * (1 + JITTER * random)) / pace);
}

/** `Retry-After` in milliseconds from now; undefined when there is none or it is neither seconds nor a date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * SECOND;
  // Date.parse takes nearly any text with a number for a date; an HTTP date starts with its day.
  const date = /^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** SQS delays a message by 15 minutes at most (API reference); a longer wait is made of several hops. */
const MAX_HOP_SECONDS = 900;

/** Seconds to delay a message that must not be handled before `notBefore`; one hop of the wait. */
export function hopSeconds(notBefore: number, now: number): number {
  return Math.min(MAX_HOP_SECONDS, Math.max(0, Math.ceil((notBefore - now) / SECOND)));
}
