import type { TriggerEvent } from '../../events/core/trigger-event';
import type { RejectPorts } from '../../shared/core/batch';
import type { Clock } from '../../shared/core/ports';
import type { SubscriptionReader } from '../../subscriptions/core/ports';
import type { EntraAuth, FlowUrlSource } from '../../subscriptions/core/subscription';
import type { Attempt, DeliveryMessage, DeliveryRow, DeliveryStatus } from './delivery';
import type { DeliveryKey } from './delivery-id';
import type { EntraToken, TokenFailure } from './entra';
import type { HealthPorts } from './health/record-outcome';
import type { Outcome } from './outcomes/outcome';
import type { OutcomeLink } from './outcomes/outcome-link';
import type { Cadence } from './rate-limit';
import type { FlowResponse } from './response';

export type { DeliveryKey } from './delivery-id';

/** A worker's exclusive right to a row. It expires after the worker's invocation has ended. */
export interface Lease {
  /** Unique to the worker and message. */
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly until: number;
  /** Hash of the outcome link that the claim stores. Recording removes it, because no flow received the link. */
  readonly unsentLink?: string;
}

/**
 * Result of a claim. An object: the row is claimed. `done`: the row is finished, or a later try is already queued.
 * `delivered`: this try delivered it. `busy`: another worker holds the lease. `held`: this try was held because the
 * subscription is paused.
 */
export type Claim =
  | {
      readonly attempts: readonly Attempt[];
      /** Unpublished notice of an earlier death. */
      readonly notice?: DeathNotice;
    }
  | 'done'
  | 'delivered'
  | 'busy'
  | 'held';

/** Detail of a dead-delivery event, without the fields that every health event has. */
export type DeathNotice = Readonly<Record<string, unknown>>;

export interface FinishDetails {
  /** The event about a death. The row stores it until `clearNotice`. */
  readonly notice?: DeathNotice;
  /** The report that the connector awaits from the flow. A report that came before takes precedence. */
  readonly awaited?: Outcome;
}

export interface DeliveryStore {
  /** Claims the row for try `message.n`. Creates the row if it does not exist. */
  claim(message: DeliveryMessage, lease: Lease, now: number): Promise<Claim>;
  /**
   * Finishes the row if the lease is still this worker's.
   * @returns whether this call finished the row.
   */
  finish(
    key: DeliveryKey,
    lease: Lease,
    status: DeliveryStatus,
    attempts: readonly Attempt[],
    now: number,
    details?: FinishDetails,
  ): Promise<boolean>;
  /**
   * Holds the row until its subscription resumes, if the lease is still this worker's. Call `keepPayload` first.
   * @returns whether this call held the row.
   */
  hold(message: DeliveryMessage, lease: Lease, attempts: readonly Attempt[], now: number): Promise<boolean>;
  /** Removes a published notice from its row, even if a replay has claimed the row since. Keeps any other notice. */
  clearNotice(key: DeliveryKey, published: DeathNotice): Promise<void>;
  /** Leaves the row pending for try `n`, if the lease is still this worker's. */
  reschedule(key: DeliveryKey, lease: Lease, n: number, attempts: readonly Attempt[], now: number): Promise<void>;
  /** Stores the message of a held or dead delivery so that it can be sent again. */
  keepPayload(message: DeliveryMessage, now: number): Promise<void>;
}

/** A delivery's row and its stored message. */
export interface StoredDelivery {
  readonly status: DeliveryStatus;
  readonly n: number;
  /** When the event was accepted, epoch milliseconds. */
  readonly acceptedAt: number;
  /** Undefined if the delivery was never held or dead, or if its payload has expired. */
  readonly message?: DeliveryMessage;
  /** Unpublished notice of a dead delivery. */
  readonly notice?: DeathNotice;
}

/** A held delivery in the list of its subscription. */
export interface HeldDelivery extends DeliveryKey {
  /** When the event was accepted, epoch milliseconds. */
  readonly acceptedAt: number;
}

/** A dead delivery in the list of its subscription. */
export interface DeadDelivery extends DeliveryKey {
  /** Epoch milliseconds. */
  readonly diedAt: number;
}

/** Reads deliveries that are not delivered. All but `find` are eventually consistent. */
export interface DeliveryReader {
  /** One delivery, read consistently. */
  find(key: DeliveryKey): Promise<StoredDelivery | undefined>;
  /** A subscription's held deliveries, oldest first. */
  held(subscription: string): Promise<HeldDelivery[]>;
  /** A subscription's dead deliveries, oldest first. */
  dead(subscription: string): Promise<DeadDelivery[]>;
  /** When the longest-waiting delivery with a pending retry was first tried, epoch milliseconds. */
  oldestPending(): Promise<number | undefined>;
}

/** Reads all deliveries of a subscription, also the delivered ones. */
export interface DeliveryLog {
  /**
   * The next part of a subscription's deliveries, in an order that is not that of time. Eventually consistent.
   * @param after `next` of the previous part. Undefined: from the start.
   * @returns up to a few thousand deliveries, and where the next part starts. Without `next` it is the last part.
   */
  part(subscription: string, after?: string): Promise<{ readonly rows: DeliveryRow[]; readonly next?: string }>;
}

export interface DeliverPorts extends RejectPorts, HealthPorts {
  readonly deliveries: DeliveryStore;
  readonly calls: RateLimiter;
  /** 0 to 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** Returns the flow URL in plain text, or why it is unavailable. Never throws. */
  readonly open: (subscription: string, flow: FlowUrlSource) => Promise<OpenedFlow>;
  /** Calls a flow. Returns every response, and a missing response, as a result. */
  readonly post: (url: string, request: FlowRequest) => Promise<FlowResponse>;
  /** Sends a message to the deliveries queue. */
  readonly send: (message: DeliveryMessage, delaySeconds: number) => Promise<void>;
  /** A new link with which a flow reports its outcome. Undefined: the connector accepts no reports. */
  readonly newOutcomeLink?: (delivery: DeliveryKey) => OutcomeLink;
}

/** A delivery's row, as far as its outcome depends on it. */
export interface OutcomeRow {
  readonly uid: string;
  readonly trigger: TriggerEvent['trigger'];
  readonly status: DeliveryStatus;
  readonly attempts: readonly Attempt[];
  readonly outcome?: Outcome;
  /** Hashes of the outcome links that were sent, and of one whose worker has not recorded yet. */
  readonly links: readonly string[];
}

export interface OutcomeStore {
  /** Reads a row consistently. */
  read(key: DeliveryKey): Promise<OutcomeRow | undefined>;
  /**
   * Replaces a row's outcome.
   * @returns false if the row's status or outcome changed since it was read.
   */
  write(key: DeliveryKey, read: OutcomeRow, outcome: Outcome): Promise<boolean>;
}

export interface ResendPorts {
  readonly kept: Pick<DeliveryReader, 'find' | 'held' | 'dead'>;
  readonly subscriptions: SubscriptionReader;
  readonly clock: Clock;
  readonly send: DeliverPorts['send'];
}

/** A flow URL that is ready to be called, or why it is unavailable. */
export type OpenedFlow =
  | {
      readonly url: string;
      /** Drops a cached URL that the flow refuses, because its secret may have been rotated. */
      readonly invalidate?: () => void;
    }
  | { readonly refusal: FlowResponse };

export interface FlowRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** The application that calls the flow. Undefined: the flow URL is signed. */
  readonly auth?: EntraAuth;
}

/** Books the calls of subscriptions that have a rate limit. */
export interface RateLimiter {
  /** Books the subscription's next call. Returns its time in epoch milliseconds: `now` or later. */
  book(subscription: string, cadence: Cadence, now: number): Promise<number>;
}

export interface EntraTokens {
  /** Returns a token that is not stale, or why none is available, within `timeoutMs`. */
  get(auth: EntraAuth, timeoutMs: number): Promise<EntraToken | TokenFailure>;
  /** Drops a token that the flow refused. */
  forget(auth: EntraAuth, token: EntraToken): void;
}
