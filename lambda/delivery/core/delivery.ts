import type { TriggerEvent } from '../../events/core/trigger-event';

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
  /** Number of the first try of this round, 0 when left out: the schedule of retries counts from it. */
  readonly firstTry?: number;
  /** When this round of tries began, epoch milliseconds; left out: `acceptedAt`. */
  readonly roundSince?: number;
  /** When the call was booked for, where the flow has a rate limit, epoch milliseconds. */
  readonly booked?: number;
  /** Nothing happened: somebody tries the flow, or keeps it from being switched off. */
  readonly isTest?: boolean;
  /** Somebody asked for it whatever its age. Holds for the whole round. */
  readonly anyAge?: boolean;
  /** Tries whether a paused subscription's flow takes deliveries again. Holds for this one try. */
  readonly probe?: boolean;
  /** Somebody asked for a finished delivery once more. Holds for this one try. */
  readonly replay?: boolean;
}

/**
 * The message that tries a delivery once more, after whatever its row has seen. Two of them for the same `rowN` are one:
 * only the first can claim the row.
 */
export const anotherTry = (
  { subscription, uid, event, acceptedAt, isTest }: DeliveryMessage,
  rowN: number,
  now: number,
  kind: Pick<DeliveryMessage, 'probe' | 'replay' | 'anyAge'> = {},
): DeliveryMessage => ({
  ...{ subscription, uid, event, acceptedAt, isTest },
  n: rowN + 1,
  firstTry: rowN + 1,
  roundSince: now,
  ...kind,
});

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
  /** Nothing happened: somebody tried the flow, or it was kept from being switched off. */
  readonly isTest?: boolean;
}

/** Attempts that a row keeps, the newest. */
export const MAX_ATTEMPTS_KEPT = 20;
