import type { Failures } from '../../../subscriptions/core/health';
import { retryAfterMs } from '../retry';

/** Consecutive failed tries that open the breaker. */
export const FAILURES_TO_OPEN = 5;

/** First open period in milliseconds. It doubles with each failed trial … */
export const FIRST_OPEN_MS = 30_000;
/** … up to this limit. Waiting deliveries are sent within twice this time after the flow recovers. */
export const MAX_OPEN_MS = 15 * 60_000;

/** Milliseconds until another worker can start a trial: the flow's time limit plus the time to record the outcome. */
export const TRIAL_TIMEOUT = 20_000;

/**
 * Counts a failed try. Undefined: it adds nothing to what is already recorded.
 * @param trial the try was the trial of an open breaker.
 * @param pace divides the waits.
 */
export function countFailure(
  failures: Failures | undefined,
  trial: boolean,
  now: number,
  retryAfter?: string,
  pace = 1,
): Failures | undefined {
  const { count, opened, openUntil = 0 } = failures ?? { count: 0, opened: 0 };
  if (count + 1 < FAILURES_TO_OPEN) return { count: count + 1, opened };
  // The try started before the breaker opened.
  if (openUntil > now && !trial) return undefined;
  const asked = Math.min(retryAfterMs(retryAfter, now) ?? 0, MAX_OPEN_MS);
  const open = Math.max(asked, Math.min(FIRST_OPEN_MS * 2 ** opened, MAX_OPEN_MS));
  return { count: FAILURES_TO_OPEN, opened: opened + 1, openUntil: now + Math.round(open / pace) };
}

/** Which tries the breaker lets through. `closed`: all. `trial`: one. `open`: none. */
export function breakerState(failures: Failures | undefined, now: number): 'closed' | 'trial' | 'open' {
  if (failures?.openUntil === undefined) return 'closed';
  return failures.openUntil <= now ? 'trial' : 'open';
}

/** Keeps the breaker open for other workers while one worker runs the trial. */
export const withTrialStarted = (failures: Failures, now: number): Failures => ({
  ...failures,
  openUntil: now + TRIAL_TIMEOUT,
});

/**
 * When a delivery that met an open breaker checks it again, epoch milliseconds. Deliveries are spread over one open
 * period, so that they do not overload a flow that has just recovered.
 * @param random 0 to 1.
 * @param pace divides the wait.
 */
export function recheckTime({ openUntil = 0, opened }: Failures, now: number, random: number, pace = 1): number {
  const step = Math.min(FIRST_OPEN_MS * 2 ** Math.max(0, opened - 1), MAX_OPEN_MS);
  return Math.max(now, openUntil) + Math.round((step * random) / pace);
}
