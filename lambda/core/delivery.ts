import type { TriggerEvent } from './trigger-event';

/** What `dispatch` sends to `deliver`, and `deliver` to itself for a later try. */
export interface DeliveryMessage {
  readonly subscription: string;
  /** The subscription that was meant: one that was made anew under the name does not get old data. */
  readonly uid: string;
  readonly event: TriggerEvent;
  /** When `dispatch` took the event, epoch milliseconds. */
  readonly acceptedAt: number;
  /** Number of this try, from 0. Hops of a long wait keep it. */
  readonly n: number;
  /** Not to be tried before, epoch milliseconds. */
  readonly notBefore?: number;
}

export const DELIVERY_STATUSES = ['pending', 'delivered', 'held', 'dead', 'canceled'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** One POST and what came of it. */
export interface Attempt {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly durationMs: number;
  /** HTTP status; left out when there was no answer. */
  readonly status?: number;
  /** The flow's error code, or the network error's. */
  readonly error?: string;
  /** The flow's run, from the answer's headers. */
  readonly runId?: string;
}

/** A delivery's row: idempotency record and log in one. */
export interface DeliveryRow {
  readonly subscription: string;
  readonly eventId: string;
  readonly uid: string;
  readonly trigger: TriggerEvent['trigger'];
  readonly status: DeliveryStatus;
  readonly n: number;
  readonly attempts: readonly Attempt[];
  readonly occurredAt: number;
  readonly acceptedAt: number;
}

/** Attempts that a row keeps, the newest. */
export const MAX_ATTEMPTS_KEPT = 20;
