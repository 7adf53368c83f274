import type { HealthEvent } from '../../../contract/events';

/** A change of state that the bus has to be told of: written with the change, removed when the bus has taken it. */
export interface Announcement {
  readonly detailType: typeof HealthEvent.FLOW_SUBSCRIPTION_PAUSED | typeof HealthEvent.FLOW_SUBSCRIPTION_RESUMED;
  /** When the state changed, epoch milliseconds. */
  readonly at: number;
  /** When the sweep shall publish it, epoch milliseconds. */
  readonly due: number;
  /** The event's detail, but for what every such event has. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * How it goes with a subscription's flow: a field of its own beside the definition. Left out while nothing has ever gone
 * wrong. Every write raises `version`, and is made only over the version that was read.
 */
export interface Health {
  readonly version: number;
  readonly state: 'active' | 'paused';
  /** Why it is paused, a sentence. */
  readonly reason?: string;
  /** When it was paused, epoch milliseconds. */
  readonly since?: number;
  /** Somebody paused it: nothing but their word resumes it. */
  readonly bySomebody?: true;
  /** Answers that pause, since the last success; no more are counted than it takes. `since`: of the first, epoch milliseconds. */
  readonly refusals?: { readonly count: number; readonly since: number };
  /** Failed tries since the last success, for reasons that may pass. */
  readonly failures?: Failures;
  /** When the next test body keeps the flow alive, epoch milliseconds. */
  readonly keepAlive?: number;
  /** When the oldest held delivery is tried, epoch milliseconds; left out: not any more. */
  readonly nextProbe?: number;
  /** Held deliveries are on their way out: until two passes in a row find none. `due`: of the next, epoch milliseconds. */
  readonly drain?: { readonly emptyPasses: number; readonly due: number };
  /** In the order of the changes. */
  readonly announcements: readonly Announcement[];
}

/** When the sweep must come back to a subscription, epoch milliseconds; undefined: never. */
export function dueOf({ nextProbe, drain, keepAlive, announcements }: Health): number | undefined {
  const dues = [nextProbe, drain?.due, keepAlive, ...announcements.map(({ due }) => due)];
  const all = dues.filter((due) => due !== undefined);
  return all.length > 0 ? Math.min(...all) : undefined;
}

export const isPaused = ({ health }: { readonly health?: Health }): boolean => health?.state === 'paused';

/**
 * Tries of a subscription that failed, for reasons that may pass, since the last that did not. While the breaker is open
 * no delivery is tried, so that a flow that is down or slow takes neither the workers' time nor the deliveries' tries.
 */
export interface Failures {
  /** Counted up to `FAILURES_TO_OPEN`: then there is a breaker. */
  readonly count: number;
  /** How many times in a row it was opened. */
  readonly opened: number;
  /** Nobody tries before, epoch milliseconds; then one worker does, and the others go on waiting. */
  readonly openUntil?: number;
}
