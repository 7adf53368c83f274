/**
 * Seconds until something that is under way is looked at again: a function leaves word for itself on its queue, since one
 * that waits is paid for.
 * @param waits before each look, and before each further one the last of them.
 * @param looks how often it has been looked at since it was begun.
 * @param pace divides the wait; at least a second is left.
 */
export function waitBeforeRecheck(waits: readonly number[], looks: number, pace = 1): number {
  const wait = waits[Math.min(looks, waits.length - 1)] as number;
  return Math.max(1, Math.round(wait / pace));
}
