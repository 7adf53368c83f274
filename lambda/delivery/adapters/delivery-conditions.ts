import { PARTITION_KEY as PK } from '../../../contract/shared';
import type { DeliveryMessage } from '../core/delivery';

/**
 * Conditions of the writes to a delivery's row (protocol D).
 *
 * A lease ends after its worker's invocation. Worker B takes over from worker A, which crashed before it recorded:
 *
 *   time      --+---------+---------+-----------+----------+-----------------+--->
 *   worker A    claim n   POST      crash       |          |                 |
 *   worker B    |                   claim n:    |          claim n   POST    record
 *               |                   busy        |          |                 |
 *   lease       [------- A: pending, n ---------] expired  [- B: pending, n -] removed: delivered
 *
 * If A is only slow, its record fails after B's claim: A no longer owns the lease.
 *
 * Joined as an OR of ANDs without parentheses, because DynamoDB Local parses nested parentheses twenty times slower.
 */

/** No worker has claimed this event for this subscription. */
const notYetClaimed = `attribute_not_exists(${PK})`;
/** The last worker recorded its outcome. */
const leaseReleased = 'attribute_not_exists(leaseUntil)';
/** The last worker crashed: its invocation has ended without a record. */
const leaseExpired = 'leaseUntil < :now';
/** The row waits for this try, or a crash kept it from being advanced to this try. */
const pendingForThisTry = '#status = :pending AND n <= :n';
/** An earlier try was held. This try resumes the delivery. */
const heldAtOlderTry = '#status = :held AND n < :n';
/** An earlier try finished the row as delivered, dead or canceled. */
const finishedAtOlderTry = '#status <> :pending AND #status <> :held AND n < :n';

/** A worker can claim the row for the message's try. */
export const claimable = ({ replay }: DeliveryMessage): string =>
  [
    notYetClaimed,
    `${leaseReleased} AND ${pendingForThisTry}`,
    `${leaseReleased} AND ${heldAtOlderTry}`,
    `${leaseExpired} AND ${pendingForThisTry}`,
    `${leaseExpired} AND ${heldAtOlderTry}`,
    ...(replay ? [finishedAtOlderTry] : []),
  ].join(' OR ');

/** No other worker has claimed the row since. */
export const leaseIsMine = 'leaseOwner = :owner';

const stillUnannounced = '#open = :unannounced';
const sameDeath = 'notice.since = :since AND notice.attempts = :attempts';
/** The published notice is still the row's: a replay can have died since. */
export const noticeUnchanged = `${stillUnannounced} AND ${sameDeath}`;
