import type { Failures } from '../../../subscriptions/core/health';
import { retryAfterMs } from '../retry';

/** So many tries that failed one after the other open the breaker. */
export const FAILURES_TO_OPEN = 5;

/** How long the breaker is open at first, milliseconds; twice as long each time that a trial fails … */
export const FIRST_OPEN = 30_000;
/** … up to this, milliseconds: what waits for a flow that was down is on its way within twice that. */
export const LONGEST_OPEN = 15 * 60_000;

/** How long a trial may take before another worker makes one, milliseconds: a flow's time limit, and writing it down. */
export const TRIAL = 20_000;

/**
 * After a try that failed; undefined: others have noted it already.
 * @param trial the try was the one that an open breaker lets through.
 * @param pace divides the waits.
 */
export function afterFailure(
  failures: Failures | undefined,
  trial: boolean,
  now: number,
  retryAfter?: string,
  pace = 1,
): Failures | undefined {
  const { count, opened, openUntil = 0 } = failures ?? { count: 0, opened: 0 };
  if (count + 1 < FAILURES_TO_OPEN) return { count: count + 1, opened };
  // What began before the breaker opened says nothing new.
  if (openUntil > now && !trial) return undefined;
  const asked = Math.min(retryAfterMs(retryAfter, now) ?? 0, LONGEST_OPEN);
  const open = Math.max(asked, Math.min(FIRST_OPEN * 2 ** opened, LONGEST_OPEN));
  return { count: FAILURES_TO_OPEN, opened: opened + 1, openUntil: now + Math.round(open / pace) };
}

/** Whether the breaker lets a try through: `closed` all, `trial` one, `open` none. */
export function breakerState(failures: Failures | undefined, now: number): 'closed' | 'trial' | 'open' {
  if (failures?.openUntil === undefined) return 'closed';
  return failures.openUntil <= now ? 'trial' : 'open';
}

/** Takes the trial: the others wait for what comes of it. */
export const onTrial = (failures: Failures, now: number): Failures => ({ ...failures, openUntil: now + TRIAL });

/**
 * When a delivery that met an open breaker looks again, epoch milliseconds. Spread over as long as the breaker is open, so
 * that a flow that has just recovered is not run over.
 * @param random 0 to 1.
 * @param pace divides the wait.
 */
export function afterOpen({ openUntil = 0, opened }: Failures, now: number, random: number, pace = 1): number {
  const step = Math.min(FIRST_OPEN * 2 ** Math.max(0, opened - 1), LONGEST_OPEN);
  return Math.max(now, openUntil) + Math.round((step * random) / pace);
}
