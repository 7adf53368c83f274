import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  paginateScan,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { OPEN_INDEX } from '../../../contract/delivery';
import { PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE } from '../../../contract/shared';
import { conditionHeld, type Item, queryAll } from '../../shared/adapters/dynamodb';
import type { Claim, DeathNotice, DeliveryKey, DeliveryStore, Lease } from '../core/deliver';
import {
  type Attempt,
  type DeliveryMessage,
  type DeliveryRow,
  type DeliveryStatus,
  MAX_ATTEMPTS_KEPT,
} from '../core/delivery';
import type { HeldDelivery, KeptDeliveries, KeptDelivery } from '../core/replay';

const DAY_SECONDS = 24 * 60 * 60;
/** Placeholders, since some of these names are reserved words of DynamoDB's expressions. */
const NAMES = { '#status': 'status', '#open': OPEN_INDEX.partitionKey, '#openSince': OPEN_INDEX.sortKey };

/** Partition of the index of open deliveries: dead ones that the bus has not been told of. */
const UNANNOUNCED = 'unannounced';
const PENDING = 'pending';
const DEAD = 'dead';
const heldBy = (subscription: string): string => `held#${subscription}`;
const payloadSortKey = (eventId: string): string => `${eventId}#payload`;

const NO_ROW = `attribute_not_exists(${PK})`;
const NO_LEASE = 'attribute_not_exists(leaseUntil)';
const LEASE_EXPIRED = 'leaseUntil < :now';
/** The try that the row waits for, or a later one. */
const PENDING_TRY = '#status = :pending AND n <= :n';
/** A held row waits for a later try than the one that was held. */
const HELD_BEFORE = '#status = :held AND n < :n';
const FINISHED_BEFORE = '#status <> :pending AND #status <> :held AND n < :n';

/**
 * When a worker may claim a row for a try. An OR of ANDs without parentheses: the embedded DynamoDB parses nested
 * parentheses twenty times slower.
 */
const claimable = ({ replay }: DeliveryMessage): string =>
  [
    NO_ROW,
    ...[NO_LEASE, LEASE_EXPIRED].flatMap((free) =>
      [PENDING_TRY, HELD_BEFORE].map((earlier) => `${free} AND ${earlier}`),
    ),
    ...(replay ? [FINISHED_BEFORE] : []),
  ].join(' OR ');

/** The Deliveries table: one row for each event and subscription (protocol D). */
export class DeliveryTable implements DeliveryStore, KeptDeliveries {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    /** Days for which finished, held and dead deliveries are kept. */
    private readonly retentionDays: number,
  ) {}

  async claim(message: DeliveryMessage, lease: Lease, now: number): Promise<Claim> {
    const { subscription, uid, event, acceptedAt, n } = message;
    const Key = { [PK]: subscription, [SK]: event.eventId };
    const update = new UpdateCommand({
      TableName: this.table,
      Key,
      UpdateExpression: [
        'SET #status = :pending, n = :n, leaseOwner = :owner, leaseUntil = :until',
        'uid = if_not_exists(uid, :uid), #trigger = :trigger, occurredAt = :occurredAt',
        ...(message.isTest ? ['isTest = :isTest'] : []),
        `acceptedAt = if_not_exists(acceptedAt, :acceptedAt) REMOVE ${TTL_ATTRIBUTE}`,
      ].join(', '),
      ConditionExpression: claimable(message),
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
        ...(message.isTest && { ':isTest': true }),
      },
      ReturnValues: 'ALL_NEW',
    });
    try {
      const { Attributes } = await this.client.send(update);
      const { attempts = [], notice } = Attributes ?? {};
      return { attempts, notice } as Claim;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
    const { Item: row } = await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }));
    if (row === undefined) return 'busy';
    if (row.status === 'held' && n === row.n) return 'held';
    if (row.status === 'delivered' && n === row.n) return 'delivered';
    const finished = !['pending', 'held'].includes(row.status);
    // A replay meets a row that has only just been finished: it has still to be made.
    if (finished && message.replay && n > row.n) return 'busy';
    return finished || n < row.n ? 'done' : 'busy';
  }

  async finish(
    key: DeliveryKey,
    lease: Lease,
    status: DeliveryStatus,
    attempts: readonly Attempt[],
    now: number,
    notice?: DeathNotice,
  ): Promise<boolean> {
    const set = ['#status = :status', `${TTL_ATTRIBUTE} = :expires`];
    const values = { ':status': status, ':expires': this.expiry(now) };
    // In the index are those that somebody may still want to send.
    if (status !== DEAD) return this.update(key, lease, attempts, set, ['#open', '#openSince', 'notice'], values);
    set.push('#open = :open', '#openSince = :now', ...(notice ? ['notice = :notice'] : []));
    return this.update(key, lease, attempts, set, notice ? [] : ['notice'], {
      ...values,
      ':open': notice ? UNANNOUNCED : DEAD,
      ':now': now,
      ...(notice && { ':notice': notice }),
    });
  }

  async clearNotice({ subscription, eventId }: DeliveryKey, { since, attempts }: DeathNotice): Promise<void> {
    await conditionHeld(
      this.client.send(
        new UpdateCommand({
          TableName: this.table,
          Key: { [PK]: subscription, [SK]: eventId },
          UpdateExpression: 'SET #open = :dead REMOVE notice',
          ConditionExpression: '#open = :unannounced AND notice.since = :since AND notice.attempts = :attempts',
          ExpressionAttributeNames: { '#open': NAMES['#open'] },
          ExpressionAttributeValues: {
            ':dead': DEAD,
            ':unannounced': UNANNOUNCED,
            ':since': since,
            ':attempts': attempts,
          },
        }),
      ),
    );
  }

  hold(
    { subscription, event, acceptedAt }: DeliveryMessage,
    lease: Lease,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<boolean> {
    // By when they were accepted: that decides which is sent first, and which is too old to be sent.
    const set = ['#status = :held', '#open = :open', '#openSince = :acceptedAt', `${TTL_ATTRIBUTE} = :expires`];
    const open = heldBy(subscription);
    const values = { ':held': 'held', ':open': open, ':acceptedAt': acceptedAt, ':expires': this.expiry(now) };
    return this.update({ subscription, eventId: event.eventId }, lease, attempts, set, [], values);
  }

  async reschedule(
    key: DeliveryKey,
    lease: Lease,
    n: number,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<void> {
    const set = ['n = :n', '#open = :pending', '#openSince = if_not_exists(#openSince, :now)'];
    await this.update(key, lease, attempts, set, [], { ':n': n, ':pending': PENDING, ':now': now });
  }

  async keepPayload(message: DeliveryMessage, now: number): Promise<void> {
    const { subscription, event } = message;
    const Item = {
      [PK]: subscription,
      [SK]: payloadSortKey(event.eventId),
      payload: JSON.stringify(message),
      [TTL_ATTRIBUTE]: this.expiry(now),
    };
    await this.client.send(new PutCommand({ TableName: this.table, Item }));
  }

  async find({ subscription, eventId }: DeliveryKey): Promise<KeptDelivery | undefined> {
    const read = async (sortKey: string): Promise<Item | undefined> => {
      const Key = { [PK]: subscription, [SK]: sortKey };
      return (await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }))).Item;
    };
    const [row, kept] = await Promise.all([read(eventId), read(payloadSortKey(eventId))]);
    if (!row) return undefined;
    const { status, n, notice, acceptedAt } = row;
    return { status, n, notice, acceptedAt, message: kept && JSON.parse(String(kept.payload)) } as KeptDelivery;
  }

  async held(subscription: string): Promise<HeldDelivery[]> {
    const items = await this.open(heldBy(subscription));
    return items.map((item) => ({ ...keyOf(item), acceptedAt: Number(item[OPEN_INDEX.sortKey]) }));
  }

  async dead(subscription: string): Promise<DeliveryKey[]> {
    const all = [...(await this.open(DEAD)), ...(await this.open(UNANNOUNCED))];
    return all.map(keyOf).filter((key) => key.subscription === subscription);
  }

  /** Dead deliveries of which the bus has had to be told since before `before` (epoch milliseconds). */
  async unannounced(before: number): Promise<DeliveryKey[]> {
    return (await this.open(UNANNOUNCED, before)).map(keyOf);
  }

  async oldestPending(): Promise<number | undefined> {
    const { Items } = await this.client.send(new QueryCommand({ ...this.openQuery(PENDING), Limit: 1 }));
    return Items?.[0]?.[OPEN_INDEX.sortKey];
  }

  /** A delivery's row, read consistently. */
  async row({ subscription, eventId }: DeliveryKey): Promise<DeliveryRow | undefined> {
    const Key = { [PK]: subscription, [SK]: eventId };
    const { Item: item } = await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }));
    return item && rowOf(item);
  }

  /**
   * Rows of deliveries, a page at a time, in no order. For people: reads all of a subscription's, or the whole table.
   * @param subscription left out: all.
   * @param from rows of events accepted at this time or later, epoch milliseconds.
   */
  async *rows({ subscription, from = 0 }: { subscription?: string; from?: number } = {}): AsyncGenerator<DeliveryRow> {
    const input = {
      TableName: this.table,
      ConsistentRead: true,
      // Payloads and booked calls are items beside the rows, without a status.
      FilterExpression: 'attribute_exists(#status) AND acceptedAt >= :from',
      ExpressionAttributeNames: { '#status': NAMES['#status'] },
      ExpressionAttributeValues: { ':from': from },
    };
    const { client } = this;
    const pages =
      subscription === undefined
        ? paginateScan({ client }, input)
        : paginateQuery(
            { client },
            {
              ...input,
              KeyConditionExpression: `${PK} = :subscription`,
              ExpressionAttributeValues: { ...input.ExpressionAttributeValues, ':subscription': subscription },
            },
          );
    for await (const { Items } of pages) for (const item of Items ?? []) yield rowOf(item);
  }

  /** A partition of the index of open deliveries, oldest first. */
  private open(partition: string, before?: number): Promise<Item[]> {
    return queryAll(this.client, this.openQuery(partition, before));
  }

  private openQuery(partition: string, before = Number.MAX_SAFE_INTEGER): QueryCommandInput {
    return {
      TableName: this.table,
      IndexName: OPEN_INDEX.name,
      KeyConditionExpression: '#open = :open AND #openSince <= :before',
      ExpressionAttributeNames: { '#open': OPEN_INDEX.partitionKey, '#openSince': OPEN_INDEX.sortKey },
      ExpressionAttributeValues: { ':open': partition, ':before': before },
    };
  }

  private expiry(now: number): number {
    return Math.floor(now / 1000) + this.retentionDays * DAY_SECONDS;
  }

  /** Writes what came of a try and gives the lease back, if it is still this worker's: false when it is not. */
  private async update(
    { subscription, eventId }: DeliveryKey,
    lease: Lease,
    attempts: readonly Attempt[],
    set: readonly string[],
    remove: readonly string[],
    values: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    const UpdateExpression = [
      `SET ${[...set, 'attempts = :attempts'].join(', ')}`,
      `REMOVE ${['leaseOwner', 'leaseUntil', ...remove].join(', ')}`,
    ].join(' ');
    // DynamoDB refuses a placeholder that no expression uses.
    const used = Object.entries(NAMES).filter(([placeholder]) =>
      new RegExp(`${placeholder}\\b`).test(UpdateExpression),
    );
    return conditionHeld(
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

const rowOf = ({ [PK]: subscription, [SK]: eventId, attempts, ...row }: Item): DeliveryRow =>
  ({ ...row, subscription, eventId, attempts: attempts ?? [] }) as DeliveryRow;

const keyOf = (item: Item): DeliveryKey => ({ subscription: String(item[PK]), eventId: String(item[SK]) });
