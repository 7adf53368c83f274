import { allSettledOrThrow } from './batch';
import type { DeathNotice, DeliveryKey } from './deliver';
import { anotherTry, type DeliveryMessage, type DeliveryStatus } from './delivery';
import type { SubscriptionReader } from './ports';

/** A delivery's row, and what was kept to send it again. */
export interface KeptDelivery {
  readonly status: DeliveryStatus;
  readonly n: number;
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
}

/** What sending kept deliveries needs. */
export interface ResendPorts {
  readonly kept: KeptDeliveries;
  readonly subscriptions: SubscriptionReader;
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
  { kept, send }: Pick<ResendPorts, 'kept' | 'send'>,
): Promise<boolean> {
  const delivery = await kept.find(key);
  if (delivery?.status !== 'held' || !delivery.message) return false;
  await send(anotherTry(delivery.message, delivery.n, kind), delaySeconds);
  return true;
}

/**
 * What became of the wish to replay a delivery. `under way`: it is being tried anyway. `no payload`: it was delivered at
 * once, and its body was not kept. `gone`: its subscription was deleted, or made anew under its name.
 */
export type Replayed = 'sent' | 'unknown' | 'under way' | 'no payload' | 'gone';

/**
 * Sends a dead, delivered or held delivery once more, under its id. A held one of a paused subscription is held again.
 * Whoever asks twice before it is tried gets it once.
 */
export async function replay(key: DeliveryKey, { kept, subscriptions, send }: ResendPorts): Promise<Replayed> {
  const delivery = await kept.find(key);
  if (!delivery) return 'unknown';
  const { status, n, message } = delivery;
  if (status === 'pending') return 'under way';
  if (!message) return 'no payload';
  if ((await subscriptions.read(key.subscription))?.uid !== message.uid) return 'gone';
  await send(anotherTry(message, n, status === 'held' ? {} : { replay: true }), 0);
  return 'sent';
}

/** Replays all that is dead or held of a subscription; gives what became of each. */
export async function replayAll(subscription: string, ports: ResendPorts): Promise<Replayed[]> {
  const keys = [...(await ports.kept.dead(subscription)), ...(await ports.kept.held(subscription))];
  return allSettledOrThrow(keys.map((key) => replay(key, ports)));
}
