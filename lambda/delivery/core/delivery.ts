import type { TriggerEvent } from '../../events/core/trigger-event';
import type { Outcome } from './outcomes/outcome';

/** Message that `dispatch` sends to `deliver`, and that `deliver` sends to itself for a later try. */
export interface DeliveryMessage {
  readonly subscription: string;
  /** Uid of the subscription: a recreated subscription of the same name does not receive old data. */
  readonly uid: string;
  readonly event: TriggerEvent;
  /** When `dispatch` accepted the event, epoch milliseconds. */
  readonly acceptedAt: number;
  /** Number of this message of the delivery, from 0. Each try has one, and so has each part of a wait. */
  readonly n: number;
  /** Earliest time of the next try, epoch milliseconds. */
  readonly notBefore?: number;
  /** The `n` from which the retry schedule counts: that of the round's first try, plus one for each wait. Default: 0. */
  readonly firstTry?: number;
  /** When this round of tries began, epoch milliseconds. Default: `acceptedAt`. */
  readonly roundSince?: number;
  /** Booked time of the call, if the flow has a rate limit, epoch milliseconds. */
  readonly booked?: number;
  /** A test or a keep-alive: no event happened. */
  readonly isTest?: boolean;
  /** Ignores `maxAge` for the whole round. */
  readonly anyAge?: boolean;
  /** Checks whether a paused subscription's flow accepts deliveries again. For this try only. */
  readonly probe?: boolean;
  /** Sends a finished delivery again. For this try only. */
  readonly replay?: boolean;
}

/**
 * The message that starts a new round of tries after try `rowN`. Two messages for the same `rowN` deliver once, because
 * only the first can claim the row.
 */
export const newRound = (
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

/** One POST and its outcome. */
export interface Attempt {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly durationMs: number;
  /** HTTP status. Undefined without a response. */
  readonly status?: number;
  /** The flow's error code, or the network error's. */
  readonly error?: string;
  /** The flow run, from the response headers. */
  readonly runId?: string;
}

/** A delivery's row: both idempotency record and log. */
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
  /** A test or a keep-alive: no event happened. */
  readonly isTest?: boolean;
  /** Account and Region of the event. Absent: the connector's own. */
  readonly awsAccount?: string;
  readonly awsRegion?: string;
  /** Whether the flow's run finished. Undefined: no report was awaited, and none arrived. */
  readonly outcome?: Outcome;
}

/** Newest attempts that a row keeps. */
export const MAX_ATTEMPTS_KEPT = 20;
