import type { RateLimit } from '../../subscriptions/core/subscription';

/**
 * A rate limit for the generic cell rate algorithm (ITU-T I.371). Each call advances the theoretical arrival time by
 * `interval`. A call is allowed when that time is no more than `tolerance` ahead.
 */
export interface Cadence {
  /** Average milliseconds between calls. */
  readonly interval: number;
  /** Milliseconds that a call can be early. */
  readonly tolerance: number;
}

/** Share of the calls that can be made in a burst. */
const BURST = 0.1;

/** The cadence that never allows more than `calls` in any span of `per`, burst included. */
export function cadenceOf({ calls, per }: RateLimit): Cadence {
  const burst = Math.floor(calls * BURST);
  // Rounded up to the microsecond, because DynamoDB adds it as a decimal number.
  const interval = Math.ceil((per / (calls - burst)) * 1000) / 1000;
  return { interval, tolerance: Math.max(0, burst - 1) * interval };
}

/**
 * Milliseconds for which a booked call is valid. A later delivery books again. Otherwise a backlog that waited in the
 * queue would make all its calls at once.
 */
export const BOOKING_LIFETIME_MS = 10_000;
