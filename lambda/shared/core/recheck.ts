/**
 * Seconds until the next check of work in progress. The function schedules the check through its queue, because a
 * function that waits is billed.
 * @param waits wait before each check. The last one applies to all later checks.
 * @param looks number of checks so far.
 * @param pace divides the wait. The minimum is one second.
 */
export function waitBeforeRecheck(waits: readonly number[], looks: number, pace = 1): number {
  const wait = waits[Math.min(looks, waits.length - 1)] as number;
  return Math.max(1, Math.round(wait / pace));
}
