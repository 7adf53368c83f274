import { allSettledOrThrow } from '../../shared/core/batch';
import { isPaused } from '../../subscriptions/core/health';
import { type DeliveryMessage, newRound } from './delivery';
import type { DeliveryKey, ResendPorts, StoredDelivery } from './ports';

/**
 * Sends a held delivery again.
 * @returns whether it was still held.
 */
export async function resendHeld(
  key: DeliveryKey,
  kind: Pick<DeliveryMessage, 'probe'>,
  delaySeconds: number,
  { kept, send, clock }: Pick<ResendPorts, 'kept' | 'send' | 'clock'>,
): Promise<boolean> {
  const delivery = await kept.find(key);
  if (delivery?.status !== 'held' || !delivery.message) return false;
  await send(newRound(delivery.message, delivery.n, clock() + delaySeconds * 1000, kind), delaySeconds);
  return true;
}

/**
 * Result of a replay. `under way`: the delivery is still being tried. `paused`: its subscription must be resumed first.
 * `no payload`: no message is stored, because the delivery succeeded without being held. `gone`: its subscription was
 * deleted, or deleted and recreated.
 */
export type ReplayResult = 'sent' | 'unknown' | 'under way' | 'paused' | 'no payload' | 'gone';

/**
 * Sends a dead, delivered or held delivery again with the same id, regardless of its age. Two replays before the next
 * try send it once.
 */
export async function replay(key: DeliveryKey, ports: ResendPorts): Promise<ReplayResult> {
  const delivery = await ports.kept.find(key);
  return delivery ? replayKept(key, delivery, ports) : 'unknown';
}

async function replayKept(
  key: DeliveryKey,
  { status, n, message }: StoredDelivery,
  { subscriptions, send, clock }: ResendPorts,
): Promise<ReplayResult> {
  if (status === 'pending') return 'under way';
  if (!message) return 'no payload';
  const subscription = await subscriptions.read(key.subscription);
  if (subscription?.uid !== message.uid) return 'gone';
  if (isPaused(subscription)) return 'paused';
  await send(newRound(message, n, clock(), { replay: status !== 'held' || undefined, anyAge: true }), 0);
  return 'sent';
}

/** Which stored deliveries to replay. */
export interface ReplayRange {
  /** Events accepted at this time or later, epoch milliseconds. */
  readonly from?: number;
  /** Events accepted before, epoch milliseconds. */
  readonly until?: number;
}

/** Replays a subscription's dead and held deliveries. Returns the result of each delivery in the range. */
export async function replayAll(
  subscription: string,
  { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }: ReplayRange,
  ports: ResendPorts,
): Promise<ReplayResult[]> {
  const keys = [...(await ports.kept.dead(subscription)), ...(await ports.kept.held(subscription))];
  const replayed = await allSettledOrThrow(
    keys.map(async (key) => {
      const delivery = await ports.kept.find(key);
      const isInRange = delivery && delivery.acceptedAt >= from && delivery.acceptedAt < until;
      return isInRange ? replayKept(key, delivery, ports) : undefined;
    }),
  );
  return replayed.filter((one) => one !== undefined);
}
