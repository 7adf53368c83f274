const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Wait before each try in milliseconds: 12 tries over slightly more than 3 days. */
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

/** Longest wait that a flow can request with `Retry-After`. */
export const MAX_RETRY_AFTER = 6 * HOUR;

/** Waits are extended by up to this share, never shortened, so that the retries of one outage are spread out. */
const JITTER = 0.1;

/**
 * Milliseconds after which a round of tries ends even if an open breaker has left tries unused: the sum of the longest
 * waits, rounded up to half a day.
 */
export const MAX_ROUND_MS = 84 * HOUR;

/**
 * Milliseconds to wait after try `n` (from 0) failed. Undefined after the last try.
 * @param random 0 to 1.
 * @param pace divides the wait.
 */
export function waitAfter(n: number, now: number, random: number, retryAfter?: string, pace = 1): number | undefined {
  const wait = RETRY_WAITS[n + 1];
  if (wait === undefined) return undefined;
  const requested = Math.min(retryAfterMs(retryAfter, now) ?? 0, MAX_RETRY_AFTER);
  return Math.round((Math.max(wait, requested) * (1 + JITTER * random)) / pace);
}

/** `Retry-After` in milliseconds from now. Undefined if it is neither seconds nor a date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * SECOND;
  // Date.parse accepts almost any text with a number. An HTTP date starts with its weekday.
  const date = /^\s*(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** SQS delays a message by up to 15 minutes (API reference). A longer wait takes several hops. */
const MAX_HOP_SECONDS = 900;

/** Seconds to delay a message for one hop of the wait until `notBefore`. */
export function hopSeconds(notBefore: number, now: number): number {
  return Math.min(MAX_HOP_SECONDS, Math.max(0, Math.ceil((notBefore - now) / SECOND)));
}
