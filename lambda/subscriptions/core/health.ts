import type { HealthEvent } from '../../../contract/events';

/** A change of state to publish. Written together with the change and removed after publishing. */
export interface Announcement {
  readonly detailType: typeof HealthEvent.FLOW_SUBSCRIPTION_PAUSED | typeof HealthEvent.FLOW_SUBSCRIPTION_RESUMED;
  /** When the state changed, epoch milliseconds. */
  readonly at: number;
  /** When the sweep publishes it, epoch milliseconds. */
  readonly due: number;
  /** The event's detail, without the fields that every health event has. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/**
 * The stored health of a subscription's flow, next to the definition. Undefined until the first problem or scheduled
 * work. Every write increments `version` and requires the version that was read.
 */
export interface Health {
  readonly version: number;
  readonly state: 'active' | 'paused';
  /** Why the subscription is paused, in one sentence. */
  readonly reason?: string;
  /** Start of the pause, epoch milliseconds. */
  readonly since?: number;
  /** Paused by an operator. Only an operator can resume it. */
  readonly bySomebody?: true;
  /** Refusals since the last success, counted up to `REFUSALS_TO_PAUSE`. `since`: the first one, epoch milliseconds. */
  readonly refusals?: { readonly count: number; readonly since: number };
  /** Temporary failures since the last success. */
  readonly failures?: Failures;
  /** When the next keep-alive is sent, epoch milliseconds. */
  readonly keepAlive?: number;
  /** When the oldest held delivery is tried, epoch milliseconds. Undefined: no more probes. */
  readonly nextProbe?: number;
  /**
   * Held deliveries are being sent, until two consecutive passes find none. `due`: the next pass, epoch milliseconds.
   */
  readonly drain?: { readonly emptyPasses: number; readonly due: number };
  /** Set when the flow unregistered. Deliveries are held, and the subscription is removed at this time, epoch milliseconds. */
  readonly endsAt?: number;
  /** Set after the last probe. The subscription is removed at this time unless the flow accepts the probe, epoch milliseconds. */
  readonly retireAt?: number;
  /** In the order of the changes. */
  readonly announcements: readonly Announcement[];
}

/** When the sweep must process a subscription, epoch milliseconds. Undefined: never. */
export function nextDue({ nextProbe, drain, keepAlive, endsAt, retireAt, announcements }: Health): number | undefined {
  const dues = [nextProbe, drain?.due, keepAlive, endsAt, retireAt, ...announcements.map(({ due }) => due)];
  const all = dues.filter((due) => due !== undefined);
  return all.length > 0 ? Math.min(...all) : undefined;
}

/** True while deliveries are held: the subscription is paused, or its flow unregistered. */
export const isPaused = ({ health }: { readonly health?: Health }): boolean =>
  health?.state === 'paused' || health?.endsAt !== undefined;

/**
 * Temporary failures since the last success. While the breaker is open, no delivery is tried, so that a flow that is
 * down or slow uses up neither the workers' time nor the deliveries' tries.
 */
export interface Failures {
  /** Counted up to `FAILURES_TO_OPEN`, where the breaker opens. */
  readonly count: number;
  /** Consecutive times that the breaker opened. */
  readonly opened: number;
  /** End of the open period, epoch milliseconds. Then one worker runs a trial, and the others keep waiting. */
  readonly openUntil?: number;
}
