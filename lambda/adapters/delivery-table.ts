import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { OPEN_INDEX, PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE } from '../../lib/private/contract';
import type { Claim, DeliveryKey, DeliveryStore, Lease } from '../core/deliver';
import { type Attempt, type DeliveryMessage, type DeliveryStatus, MAX_ATTEMPTS_KEPT } from '../core/delivery';
import { DELIVERY_RETENTION_DAYS } from '../core/dispatch';
import { conditionHeld } from './dynamodb';

const DAY_SECONDS = 24 * 60 * 60;
const OPEN = OPEN_INDEX.partitionKey;
const OPEN_SINCE = OPEN_INDEX.sortKey;

/** The Deliveries table: one row for each event and subscription (protocol D). */
export class DeliveryTable implements DeliveryStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async claim({ subscription, uid, event, acceptedAt, n }: DeliveryMessage, lease: Lease, now: number): Promise<Claim> {
    const Key = { [PK]: subscription, [SK]: event.eventId };
    const update = new UpdateCommand({
      TableName: this.table,
      Key,
      UpdateExpression: [
        'SET #status = :pending, n = :n, leaseOwner = :owner, leaseUntil = :until',
        'uid = if_not_exists(uid, :uid), #trigger = :trigger, occurredAt = :occurredAt',
        'acceptedAt = if_not_exists(acceptedAt, :acceptedAt)',
      ].join(', '),
      ConditionExpression: [
        `attribute_not_exists(${PK})`,
        '((attribute_not_exists(leaseUntil) OR leaseUntil < :now) AND ' +
          '((#status IN (:pending, :held) AND n < :n) OR (#status = :pending AND n = :n)))',
      ].join(' OR '),
      ExpressionAttributeNames: { '#status': 'status', '#trigger': 'trigger' },
      ExpressionAttributeValues: {
        ':pending': 'pending',
        ':held': 'held',
        ':n': n,
        ':owner': lease.owner,
        ':until': lease.until,
        ':now': now,
        ':uid': uid,
        ':trigger': event.trigger,
        ':occurredAt': event.occurredAt,
        ':acceptedAt': acceptedAt,
      },
      ReturnValues: 'ALL_NEW',
    });
    try {
      const { Attributes } = await this.client.send(update);
      return { attempts: (Attributes?.attempts as Attempt[] | undefined) ?? [] };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
    const { Item: row } = await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }));
    const finished = row !== undefined && !['pending', 'held'].includes(row.status);
    return finished || (row !== undefined && n < row.n) ? 'done' : 'busy';
  }

  async finish(
    key: DeliveryKey,
    lease: Lease,
    status: DeliveryStatus,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<void> {
    const open = status === 'dead';
    await this.update(key, lease, attempts, {
      set: [
        '#status = :status',
        `${TTL_ATTRIBUTE} = :expires`,
        ...(open ? [`${OPEN} = :status`, `${OPEN_SINCE} = :now`] : []),
      ],
      remove: open ? [] : [OPEN, OPEN_SINCE],
      names: { '#status': 'status' },
      values: {
        ':status': status,
        ':expires': Math.floor(now / 1000) + DELIVERY_RETENTION_DAYS * DAY_SECONDS,
        ...(open && { ':now': now }),
      },
    });
  }

  async reschedule(
    key: DeliveryKey,
    lease: Lease,
    n: number,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<void> {
    await this.update(key, lease, attempts, {
      set: ['n = :n', `${OPEN} = :pending`, `${OPEN_SINCE} = if_not_exists(${OPEN_SINCE}, :now)`],
      remove: [],
      names: {},
      values: { ':n': n, ':pending': 'pending', ':now': now },
    });
  }

  async keepPayload(message: DeliveryMessage): Promise<void> {
    const { subscription, event } = message;
    const Item = { [PK]: subscription, [SK]: `${event.eventId}#payload`, payload: JSON.stringify(message) };
    await this.client.send(new PutCommand({ TableName: this.table, Item }));
  }

  /** Writes what came of a try and gives the lease back, if it is still this worker's. */
  private async update(
    { subscription, eventId }: DeliveryKey,
    lease: Lease,
    attempts: readonly Attempt[],
    change: { set: string[]; remove: string[]; names: Record<string, string>; values: Record<string, unknown> },
  ): Promise<void> {
    const remove = ['leaseOwner', 'leaseUntil', ...change.remove];
    await conditionHeld(
      this.client.send(
        new UpdateCommand({
          TableName: this.table,
          Key: { [PK]: subscription, [SK]: eventId },
          UpdateExpression: `SET ${[...change.set, 'attempts = :attempts'].join(', ')} REMOVE ${remove.join(', ')}`,
          ConditionExpression: 'leaseOwner = :owner',
          ...(Object.keys(change.names).length > 0 && { ExpressionAttributeNames: change.names }),
          ExpressionAttributeValues: {
            ...change.values,
            ':attempts': attempts.slice(-MAX_ATTEMPTS_KEPT),
            ':owner': lease.owner,
          },
        }),
      ),
    );
  }
}
