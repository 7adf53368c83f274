import type { RateLimit } from '../../subscriptions/core/subscription';

/**
 * A rate limit as the generic cell rate algorithm keeps it (ITU-T I.371): each call moves one instant, the theoretical
 * arrival time, on by `interval`; a call may be made when that instant is no more than `tolerance` ahead.
 */
export interface Cadence {
  /** Milliseconds from one call to the next on the average. */
  readonly interval: number;
  /** Milliseconds by which calls may come before their time. */
  readonly tolerance: number;
}

/** Share of the calls that may come at once. */
const BURST = 0.1;

/** The cadence that never makes more calls than `calls` in any span of `per`: those that come at once, and those at intervals. */
export function cadenceOf({ calls, per }: RateLimit): Cadence {
  const burst = Math.floor(calls * BURST);
  // To the microsecond, upwards: DynamoDB adds it up as a decimal number.
  const interval = Math.ceil((per / (calls - burst)) * 1000) / 1000;
  return { interval, tolerance: Math.max(0, burst - 1) * interval };
}

/**
 * Milliseconds for which a booked call stands. Whoever comes later books again: else the calls of a backlog that waited in
 * the queue would all come at once.
 */
export const BOOKING_LIFETIME = 10_000;

/** Books calls of subscriptions. */
export interface RateLimiter {
  /** Books the subscription's next call; gives when it may be made, epoch milliseconds: `now` or later. */
  book(subscription: string, cadence: Cadence, now: number): Promise<number>;
}
