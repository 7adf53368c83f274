import { allSettledOrThrow } from '../../shared/core/batch';
import type { Clock } from '../../shared/core/ports';
import { isPaused } from '../../subscriptions/core/health';
import type { SubscriptionReader } from '../../subscriptions/core/ports';
import type { DeathNotice, DeliveryKey } from './deliver';
import { anotherTry, type DeliveryMessage, type DeliveryStatus } from './delivery';

/** A delivery's row, and what was kept to send it again. */
export interface KeptDelivery {
  readonly status: DeliveryStatus;
  readonly n: number;
  /** When its event was accepted, epoch milliseconds. */
  readonly acceptedAt: number;
  /** Left out where nothing was kept: it was never held or dead, or its payload is forgotten. */
  readonly message?: DeliveryMessage;
  /** What the bus has still to be told of a dead delivery. */
  readonly notice?: DeathNotice;
}

/** A held delivery in the list of its subscription. */
export interface HeldDelivery extends DeliveryKey {
  /** When its event was accepted, epoch milliseconds. */
  readonly acceptedAt: number;
}

export interface KeptDeliveries {
  /** A delivery, read consistently. */
  find(key: DeliveryKey): Promise<KeptDelivery | undefined>;
  /** A subscription's held deliveries, oldest first. May lag behind the table. */
  held(subscription: string): Promise<HeldDelivery[]>;
  /** A subscription's dead deliveries, oldest first. May lag behind the table. */
  dead(subscription: string): Promise<DeliveryKey[]>;
  /** When the delivery that waits longest to be tried again was first tried, epoch milliseconds. May lag behind the table. */
  oldestPending(): Promise<number | undefined>;
}

/** What sending kept deliveries needs. */
export interface ResendPorts {
  readonly kept: KeptDeliveries;
  readonly subscriptions: SubscriptionReader;
  readonly clock: Clock;
  /** Sends a message to the deliveries queue. */
  readonly send: (message: DeliveryMessage, delaySeconds: number) => Promise<void>;
}

/**
 * Sends a held delivery on its way again.
 * @returns whether it was there to be sent.
 */
export async function resendHeld(
  key: DeliveryKey,
  kind: Pick<DeliveryMessage, 'probe'>,
  delaySeconds: number,
  { kept, send, clock }: Pick<ResendPorts, 'kept' | 'send' | 'clock'>,
): Promise<boolean> {
  const delivery = await kept.find(key);
  if (delivery?.status !== 'held' || !delivery.message) return false;
  await send(anotherTry(delivery.message, delivery.n, clock() + delaySeconds * 1000, kind), delaySeconds);
  return true;
}

/**
 * What became of the wish to replay a delivery. `under way`: it is being tried anyway. `paused`: it waits for its
 * subscription to be resumed. `no payload`: it was delivered at once, and its body was not kept. `gone`: its subscription
 * was deleted, or made anew under its name.
 */
export type Replayed = 'sent' | 'unknown' | 'under way' | 'paused' | 'no payload' | 'gone';

/**
 * Sends a dead, delivered or held delivery once more, under its id and whatever its age. Whoever asks twice before it is
 * tried gets it once.
 */
export async function replay(key: DeliveryKey, ports: ResendPorts): Promise<Replayed> {
  const delivery = await ports.kept.find(key);
  return delivery ? replayKept(key, delivery, ports) : 'unknown';
}

async function replayKept(
  key: DeliveryKey,
  { status, n, message }: KeptDelivery,
  { subscriptions, send, clock }: ResendPorts,
): Promise<Replayed> {
  if (status === 'pending') return 'under way';
  if (!message) return 'no payload';
  const subscription = await subscriptions.read(key.subscription);
  if (subscription?.uid !== message.uid) return 'gone';
  if (isPaused(subscription)) return 'paused';
  await send(anotherTry(message, n, clock(), { replay: status !== 'held' || undefined, anyAge: true }), 0);
  return 'sent';
}

/** Which kept deliveries are meant. */
export interface ReplayRange {
  /** Events accepted at this time or later, epoch milliseconds. */
  readonly from?: number;
  /** Events accepted before, epoch milliseconds. */
  readonly until?: number;
}

/** Replays what is dead or held of a subscription; gives what became of each that is meant. */
export async function replayAll(
  subscription: string,
  { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }: ReplayRange,
  ports: ResendPorts,
): Promise<Replayed[]> {
  const keys = [...(await ports.kept.dead(subscription)), ...(await ports.kept.held(subscription))];
  const replayed = await allSettledOrThrow(
    keys.map(async (key) => {
      const delivery = await ports.kept.find(key);
      const isMeant = delivery && delivery.acceptedAt >= from && delivery.acceptedAt < until;
      return isMeant ? replayKept(key, delivery, ports) : undefined;
    }),
  );
  return replayed.filter((one) => one !== undefined);
}
