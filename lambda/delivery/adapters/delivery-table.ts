import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  paginateScan,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { OPEN_INDEX } from '../../../contract/delivery';
import { PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE } from '../../../contract/shared';
import type { Origin } from '../../events/core/origin';
import { conditionHeld, type Item, ifConditionHeld } from '../../shared/adapters/dynamodb';
import type { Attempt, DeliveryMessage, DeliveryRow, DeliveryStatus } from '../core/delivery';
import { afterAcceptance, type Outcome } from '../core/outcomes/outcome';
import type {
  Claim,
  DeadDelivery,
  DeathNotice,
  DeliveryKey,
  DeliveryReader,
  DeliveryStore,
  FinishDetails,
  HeldDelivery,
  Lease,
  StoredDelivery,
} from '../core/ports';
import { claimable, noticeUnchanged } from './delivery-conditions';
import { DEAD, heldBy, keyOf, openDeliveries, openSince, PENDING, UNANNOUNCED } from './open-deliveries';
import { moveTo, outcomeUnchanged } from './outcome-table';
import { type RowChange, recordTry } from './record-try';

const DAY_SECONDS = 24 * 60 * 60;
const payloadSortKey = (eventId: string): string => `${eventId}#payload`;

/** The Deliveries table: one row per event and subscription (protocol D). */
export class DeliveryTable implements DeliveryStore, DeliveryReader {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    /** Days for which finished, held and dead deliveries are kept. */
    private readonly retentionDays: number,
    private readonly open = openDeliveries(client, table),
  ) {}

  async claim(message: DeliveryMessage, lease: Lease, now: number): Promise<Claim> {
    const { subscription, uid, event, acceptedAt, n } = message;
    const { awsAccount, awsRegion } = event as Origin;
    const hasOrigin = awsAccount !== undefined;
    const update = new UpdateCommand({
      TableName: this.table,
      Key: { [PK]: subscription, [SK]: event.eventId },
      UpdateExpression: [
        'SET #status = :pending, n = :n, leaseOwner = :owner, leaseUntil = :until',
        'uid = if_not_exists(uid, :uid), #trigger = :trigger, occurredAt = :occurredAt',
        ...(message.isTest ? ['isTest = :isTest'] : []),
        ...(hasOrigin ? ['awsAccount = :awsAccount, awsRegion = :awsRegion'] : []),
        `acceptedAt = if_not_exists(acceptedAt, :acceptedAt) REMOVE ${TTL_ATTRIBUTE}${lease.unsentLink ? ' ADD links :link' : ''}`,
      ].join(', '),
      ConditionExpression: claimable(message),
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
        ...(message.isTest && { ':isTest': true }),
        ...(hasOrigin && { ':awsAccount': awsAccount, ':awsRegion': awsRegion ?? '' }),
        ...(lease.unsentLink && { ':link': new Set([lease.unsentLink]) }),
      },
      ReturnValues: 'ALL_NEW',
    });
    const claimed = await ifConditionHeld(this.client.send(update));
    if (claimed) {
      const { attempts = [], notice } = claimed.Attributes ?? {};
      return { attempts, notice } as Claim;
    }
    const row = (await this.get(subscription, event.eventId)) as Pick<DeliveryRow, 'status' | 'n'> | undefined;
    if (row === undefined) return 'busy';
    if (row.status === 'held' && n === row.n) return 'held';
    if (row.status === 'delivered' && n === row.n) return 'delivered';
    const finished = !['pending', 'held'].includes(row.status);
    // The row was finished between the claim and this read. The retried replay can claim it.
    if (finished && message.replay && n > row.n) return 'busy';
    return finished || n < row.n ? 'done' : 'busy';
  }

  async finish(
    key: DeliveryKey,
    lease: Lease,
    status: DeliveryStatus,
    attempts: readonly Attempt[],
    now: number,
    { notice, awaited }: FinishDetails = {},
  ): Promise<boolean> {
    const set = ['#status = :status', `${TTL_ATTRIBUTE} = :expires`];
    const values = { ':status': status, ':expires': this.expiry(now) };
    if (status === 'delivered') return this.finishDelivered(key, lease, attempts, { set, values }, awaited);
    // Only deliveries that can be sent again are in the index.
    if (status !== DEAD)
      return this.record(key, lease, attempts, { set, values, remove: ['#open', '#openSince', 'notice'] });
    set.push('#open = :open', '#openSince = :now', ...(notice ? ['notice = :notice'] : []));
    return this.record(key, lease, attempts, {
      set,
      remove: notice ? [] : ['notice'],
      values: { ...values, ':open': notice ? UNANNOUNCED : DEAD, ':now': now, ...(notice && { ':notice': notice }) },
    });
  }

  /** A flow can report its outcome before its response is recorded. That outcome then decides the place in the index. */
  private async finishDelivered(
    key: DeliveryKey,
    lease: Lease,
    attempts: readonly Attempt[],
    { set, values }: { readonly set: readonly string[]; readonly values: Item },
    awaited: Outcome | undefined,
  ): Promise<boolean> {
    for (let early: Outcome | undefined; ; ) {
      const outcome = early ? afterAcceptance(early, awaited) : awaited;
      const move = moveTo(outcome);
      const unchanged = outcomeUnchanged(early);
      const recorded = await this.record(key, lease, attempts, {
        set: [...set, ...move.set, ...(outcome ? ['outcome = :outcome'] : [])],
        remove: [...move.remove, 'notice'],
        values: { ...values, ...move.values, ...unchanged.values, ...(outcome && { ':outcome': outcome }) },
        condition: unchanged.condition,
      });
      if (recorded) return true;
      const row = await this.get(key.subscription, key.eventId);
      if (row?.leaseOwner !== lease.owner) return false;
      early = row.outcome as Outcome | undefined;
    }
  }

  async clearNotice({ subscription, eventId }: DeliveryKey, { since, attempts }: DeathNotice): Promise<void> {
    const update = new UpdateCommand({
      TableName: this.table,
      Key: { [PK]: subscription, [SK]: eventId },
      UpdateExpression: 'SET #open = :dead REMOVE notice',
      ConditionExpression: noticeUnchanged,
      ExpressionAttributeNames: { '#open': OPEN_INDEX.partitionKey },
      ExpressionAttributeValues: {
        ':dead': DEAD,
        ':unannounced': UNANNOUNCED,
        ':since': since,
        ':attempts': attempts,
      },
    });
    await conditionHeld(this.client.send(update));
  }

  hold(
    { subscription, event, acceptedAt }: DeliveryMessage,
    lease: Lease,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<boolean> {
    // Ordered by acceptance, which decides what is sent first and what is too old.
    const set = ['#status = :held', '#open = :open', '#openSince = :acceptedAt', `${TTL_ATTRIBUTE} = :expires`];
    const open = heldBy(subscription);
    const values = { ':held': 'held', ':open': open, ':acceptedAt': acceptedAt, ':expires': this.expiry(now) };
    return this.record({ subscription, eventId: event.eventId }, lease, attempts, { set, values });
  }

  async reschedule(
    key: DeliveryKey,
    lease: Lease,
    n: number,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<void> {
    const set = ['n = :n', '#open = :pending', '#openSince = if_not_exists(#openSince, :now)'];
    await this.record(key, lease, attempts, { set, values: { ':n': n, ':pending': PENDING, ':now': now } });
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

  async find({ subscription, eventId }: DeliveryKey): Promise<StoredDelivery | undefined> {
    const [row, kept] = await Promise.all([
      this.get(subscription, eventId),
      this.get(subscription, payloadSortKey(eventId)),
    ]);
    if (!row) return undefined;
    const { status, n, notice, acceptedAt } = row;
    return { status, n, notice, acceptedAt, message: kept && JSON.parse(String(kept.payload)) } as StoredDelivery;
  }

  async held(subscription: string): Promise<HeldDelivery[]> {
    const items = await this.open.list(heldBy(subscription));
    return items.map((item) => ({ ...keyOf(item), acceptedAt: openSince(item) }));
  }

  async dead(subscription: string): Promise<DeadDelivery[]> {
    const all = [...(await this.open.list(DEAD)), ...(await this.open.list(UNANNOUNCED))];
    return all
      .map((item) => ({ ...keyOf(item), diedAt: openSince(item) }))
      .filter((delivery) => delivery.subscription === subscription)
      .sort((a, b) => a.diedAt - b.diedAt);
  }

  /** Dead deliveries not announced since `before` (epoch milliseconds). */
  async unannounced(before: number): Promise<DeliveryKey[]> {
    return (await this.open.list(UNANNOUNCED, { before })).map(keyOf);
  }

  async oldestPending(): Promise<number | undefined> {
    const oldest = await this.open.oldest(PENDING);
    return oldest && openSince(oldest);
  }

  /** A delivery's row, read consistently. */
  async row({ subscription, eventId }: DeliveryKey): Promise<DeliveryRow | undefined> {
    const item = await this.get(subscription, eventId);
    return item && rowOf(item);
  }

  /**
   * Rows of deliveries, one page at a time, unordered. Expensive: reads a whole subscription, or the whole table.
   * @param subscription default: all.
   * @param from only events accepted at this time or later, epoch milliseconds.
   * @param pageSize rows of a request. Default: 1 MB.
   */
  async *rows({
    subscription,
    from = 0,
    pageSize,
  }: {
    subscription?: string;
    from?: number;
    pageSize?: number;
  } = {}): AsyncGenerator<DeliveryRow> {
    const input = {
      TableName: this.table,
      ConsistentRead: true,
      Limit: pageSize,
      // Excludes payloads and booked calls, which are items without a status.
      FilterExpression: 'attribute_exists(#status) AND acceptedAt >= :from',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: {
        ':from': from,
        ...(subscription !== undefined && { ':subscription': subscription }),
      },
    };
    const { client } = this;
    const pages =
      subscription === undefined
        ? paginateScan({ client }, input)
        : paginateQuery({ client }, { ...input, KeyConditionExpression: `${PK} = :subscription` });
    for await (const { Items } of pages) for (const item of Items ?? []) yield rowOf(item);
  }

  private async get(subscription: string, sortKey: string): Promise<Item | undefined> {
    const Key = { [PK]: subscription, [SK]: sortKey };
    return (await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }))).Item;
  }

  private record(...of: [key: DeliveryKey, lease: Lease, attempts: readonly Attempt[], change: RowChange]) {
    return recordTry({ client: this.client, table: this.table }, ...of);
  }

  private expiry(now: number): number {
    return Math.floor(now / 1000) + this.retentionDays * DAY_SECONDS;
  }
}

export const rowOf = ({ [PK]: subscription, [SK]: eventId, attempts, links: _, ...row }: Item): DeliveryRow =>
  ({ ...row, subscription, eventId, attempts: attempts ?? [] }) as DeliveryRow;
