import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { OPEN_INDEX, PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE } from '../../lib/private/contract';
import type { Claim, DeliveryKey, DeliveryStore, Lease } from '../core/deliver';
import { type Attempt, type DeliveryMessage, type DeliveryStatus, MAX_ATTEMPTS_KEPT } from '../core/delivery';
import { DELIVERY_RETENTION_DAYS } from '../core/dispatch';
import { conditionHeld } from './dynamodb';

const DAY_SECONDS = 24 * 60 * 60;
/** Placeholders, since some of these names are reserved words of DynamoDB's expressions. */
const NAMES = { '#status': 'status', '#open': OPEN_INDEX.partitionKey, '#openSince': OPEN_INDEX.sortKey };

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
      ExpressionAttributeNames: { '#status': NAMES['#status'], '#trigger': 'trigger' },
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
    // In the index are those that somebody may still want to send.
    const open = status === 'dead';
    const set = ['#status = :status', `${TTL_ATTRIBUTE} = :expires`];
    const expires = Math.floor(now / 1000) + DELIVERY_RETENTION_DAYS * DAY_SECONDS;
    const values = { ':status': status, ':expires': expires };
    if (open) set.push('#open = :status', '#openSince = :now');
    await this.update(key, lease, attempts, set, open ? [] : ['#open', '#openSince'], {
      ...values,
      ...(open && { ':now': now }),
    });
  }

  async reschedule(
    key: DeliveryKey,
    lease: Lease,
    n: number,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<void> {
    const set = ['n = :n', '#open = :pending', '#openSince = if_not_exists(#openSince, :now)'];
    await this.update(key, lease, attempts, set, [], { ':n': n, ':pending': 'pending', ':now': now });
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
    set: readonly string[],
    remove: readonly string[],
    values: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const UpdateExpression = [
      `SET ${[...set, 'attempts = :attempts'].join(', ')}`,
      `REMOVE ${['leaseOwner', 'leaseUntil', ...remove].join(', ')}`,
    ].join(' ');
    // DynamoDB refuses a placeholder that no expression uses.
    const used = Object.entries(NAMES).filter(([placeholder]) =>
      new RegExp(`${placeholder}\\b`).test(UpdateExpression),
    );
    await conditionHeld(
      this.client.send(
        new UpdateCommand({
          TableName: this.table,
          Key: { [PK]: subscription, [SK]: eventId },
          UpdateExpression,
          ConditionExpression: 'leaseOwner = :owner',
          ExpressionAttributeNames: Object.fromEntries(used),
          ExpressionAttributeValues: {
            ...values,
            ':attempts': attempts.slice(-MAX_ATTEMPTS_KEPT),
            ':owner': lease.owner,
          },
        }),
      ),
    );
  }
}
