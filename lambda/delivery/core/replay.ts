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
  /** @default - dead and held */
  readonly statuses?: readonly ('dead' | 'held')[];
}

/** How much one replay does. */
export interface ReplayLimits {
  /** Deliveries to send. */
  readonly sent: number;
  /** Deliveries to read. Old ones that cannot be sent are read again in each replay until they expire. */
  readonly read: number;
}

const NO_LIMITS: ReplayLimits = { sent: Infinity, read: Infinity };

/** Deliveries that are read and sent concurrently. Each is two reads. */
const BATCH_SIZE = 100;

/**
 * Replays a subscription's dead and held deliveries: the held ones first, then the dead ones in the order in which they
 * died. A delivery that dies again moves to the end, so repeated replays with a limit reach all of them.
 * @returns the result of each delivery in the range, and whether the limits left deliveries unread.
 */
export async function replayAll(
  subscription: string,
  { from = -Infinity, until = Infinity, statuses = ['dead', 'held'] }: ReplayRange,
  ports: ResendPorts,
  limits = NO_LIMITS,
): Promise<{ readonly results: ReplayResult[]; readonly hasMore: boolean }> {
  const isInRange = (acceptedAt: number) => acceptedAt >= from && acceptedAt < until;
  const held = statuses.includes('held') ? await ports.kept.held(subscription) : [];
  const dead = statuses.includes('dead') ? await ports.kept.dead(subscription) : [];
  const keys: DeliveryKey[] = [
    ...held.filter(({ acceptedAt }) => isInRange(acceptedAt)),
    // A delivery dies after its event was accepted.
    ...dead.filter(({ diedAt }) => diedAt >= from),
  ];
  const replayOne = async (key: DeliveryKey): Promise<ReplayResult | undefined> => {
    const delivery = await ports.kept.find(key);
    if (!delivery || !isInRange(delivery.acceptedAt)) return undefined;
    // The lists can lag behind: this delivery has been sent or canceled since.
    const isWanted = delivery.status === 'pending' || statuses.some((status) => status === delivery.status);
    return isWanted ? replayKept(key, delivery, ports) : undefined;
  };
  const results: ReplayResult[] = [];
  let read = 0;
  for (let sent = 0; read < Math.min(keys.length, limits.read) && sent < limits.sent; ) {
    const size = Math.min(BATCH_SIZE, limits.sent - sent, limits.read - read);
    const batch = await allSettledOrThrow(keys.slice(read, read + size).map(replayOne));
    read += size;
    results.push(...batch.filter((one) => one !== undefined));
    sent = results.filter((one) => one === 'sent').length;
  }
  return { results, hasMore: read < keys.length };
}
