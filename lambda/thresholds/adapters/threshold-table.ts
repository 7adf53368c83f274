import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  paginateScan,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE as TTL } from '../../../contract/shared';
import { DUE_INDEX } from '../../../contract/thresholds';
import { conditionHeld, type Item, itemReader, queryAll } from '../../shared/adapters/dynamodb';
import { canonicalDimensions, type Dimensions, type Metric, memberKey, metricKey } from '../../shared/core/metric';
import { encode } from '../../shared/core/position';
import { type Intent, type MetricState, type PastValue, partSortKey } from '../core/metric-state';
import type {
  DueIndex,
  DueKey,
  DueKind,
  MetricThresholdReader,
  OverdueKey,
  OverdueKind,
  ThresholdStore,
} from '../core/ports';
import {
  FLAG,
  type Flag,
  flagSortKey,
  ownerOf,
  type SeriesItem,
  type StoredItem,
  type ThresholdItem,
} from '../core/threshold-item';
import { PENDING, PendingLists } from './pending-lists';

const STATE = 'state';
const MEMBER = 'member#';
const PAST = 'value#';
const pastSortKey = (observedAt: number): string => PAST + encode(observedAt);

const dueAt = (kind: DueKind, at: number) => ({ [DUE_INDEX.partitionKey]: kind, [DUE_INDEX.sortKey]: at });

/** An item of the table, for the operator. */
export interface ListedItem extends DueKey {
  /** When the sweep checks the item, epoch milliseconds. Absent: never. */
  readonly due?: number;
  /** The metric's state, if the item is a state. */
  readonly state?: MetricState;
}

/** What the table knows about the past of a metric. Subscriptions define everything else in it. */
export type HistoryItem = { readonly metricKey: string } & (
  | { readonly state: MetricState }
  | { readonly member: Dimensions }
  /** `expiresAt`: epoch milliseconds. */
  | { readonly past: PastValue; readonly expiresAt: number }
  /** `version`: the version of the state that wrote the flag. */
  | { readonly flag: Flag & ReturnType<typeof ownerOf> & { readonly version: number } }
);

/**
 * The clauses of the conditional writes, named for what they mean. Life of an intent (protocol E):
 *
 *       commitState          PutEvents        writeFlag         clearIntent
 *            |                   |                |                  |
 *   ---------+-------------------+----------------+------------------+----------> time
 *       state with intent    events sent     flags written     intent removed
 *       firstWrite or                        firstWrite or     sameIntent
 *       unchangedSinceRead                   olderVersion
 *            |<------- crash here: the intent stays in the state ------->|
 *            |             next message of the metric, or the sweep once the list of pending metrics is due,
 *            |             repeats PutEvents (same event ids), writeFlag and clearIntent
 */
const firstWrite = `attribute_not_exists(${PK})`;
const exists = `attribute_exists(${PK})`;
const unchangedSinceRead = 'version = :read';
const olderVersion = 'writtenAt < :version';
const sameIntent = 'intent.version = :version';
const unchangedMark = `${DUE_INDEX.sortKey} = :due`;
const asWritten = 'writtenBy = :writtenBy';

/** The Thresholds table: a metric's state, the thresholds on it, and parts of large intents (protocol E). */
export class ThresholdTable extends PendingLists implements ThresholdStore, DueIndex, MetricThresholdReader {
  private readonly read: (key: Item) => Promise<Item | undefined>;

  constructor(client: DynamoDBDocumentClient, table: string, newId?: () => string) {
    super(client, table, newId);
    this.read = itemReader(client, table);
  }

  async readState(metricKey: string): Promise<MetricState | undefined> {
    const item = await this.read({ [PK]: metricKey, [SK]: STATE });
    return item && toState(item);
  }

  async isExpected(metricKey: string): Promise<boolean> {
    return (await this.readState(metricKey))?.expected ?? false;
  }

  commitState(metricKey: string, state: MetricState, readVersion: number | undefined): Promise<boolean> {
    return conditionHeld(
      this.put(
        { [PK]: metricKey, [SK]: STATE, ...state },
        readVersion === undefined
          ? { ConditionExpression: firstWrite }
          : { ConditionExpression: unchangedSinceRead, ExpressionAttributeValues: { ':read': readVersion } },
      ),
    );
  }

  /** Changes the version, so that a commit of a state without the mark fails. Creates a state without a value. */
  async markExpected(metric: Metric): Promise<number | undefined> {
    const update = new UpdateCommand({
      TableName: this.table,
      Key: { [PK]: metricKey(metric), [SK]: STATE },
      UpdateExpression:
        'SET expected = :true, version = if_not_exists(version, :zero) + :one, metric = :metric, recent = if_not_exists(recent, :none)',
      ExpressionAttributeValues: { ':true': true, ':zero': 0, ':one': 1, ':metric': metric, ':none': [] },
      ReturnValues: 'ALL_NEW',
    });
    const { Attributes } = await this.client.send(update);
    return (Attributes?.last as MetricState['last'])?.observedAt;
  }

  async items(metricKey: string, from: string, to: string): Promise<StoredItem[]> {
    return (await this.range(metricKey, from, to)).map(toStoredItem);
  }

  async firstItems(metricKey: string, from: string, to: string, count: number): Promise<StoredItem[]> {
    return (await this.page(metricKey, from, to, { Limit: count })).map(toStoredItem);
  }

  async fireItems(metricKey: string, limit: number): Promise<ThresholdItem[]> {
    const input = {
      TableName: this.table,
      KeyConditionExpression: `${PK} = :metric AND ${SK} BETWEEN :from AND :to`,
      FilterExpression: 'kind = :fire',
      ExpressionAttributeValues: { ':metric': metricKey, ':from': 'above#', ':to': 'below#~', ':fire': 'fire' },
    };
    const items: Item[] = [];
    // Up to half of the items re-arm a threshold.
    for await (const page of paginateQuery({ client: this.client, pageSize: 2 * limit }, input)) {
      items.push(...(page.Items ?? []));
      if (items.length >= limit) break;
    }
    return items.slice(0, limit).map((item) => toStoredItem(item) as ThresholdItem);
  }

  async removeSeries(metricKey: string, { sortKey, writtenBy }: SeriesItem): Promise<void> {
    const Key = { [PK]: metricKey, [SK]: sortKey };
    const condition = { ConditionExpression: asWritten, ExpressionAttributeValues: { ':writtenBy': writtenBy } };
    await conditionHeld(this.client.send(new DeleteCommand({ TableName: this.table, Key, ...condition })));
  }

  async putSeries(metricKey: string, { sortKey, ...item }: SeriesItem): Promise<void> {
    await this.put({ [PK]: metricKey, [SK]: sortKey, ...item });
  }

  async putPastValue(metricKey: string, past: PastValue, expiresAt: number): Promise<void> {
    const key = { [PK]: metricKey, [SK]: pastSortKey(past.observedAt) };
    await this.put({ ...key, ...past, [TTL]: Math.ceil(expiresAt / 1000) });
  }

  async pastValueAt(metricKey: string, instant: number): Promise<PastValue | undefined> {
    const latest = { ScanIndexForward: false, Limit: 1 };
    const [item] = await this.page(metricKey, PAST, pastSortKey(instant), latest);
    return item && toPastValue(item);
  }

  async readFlag(metricKey: string, subscription: string, thresholdId: string): Promise<Flag | undefined> {
    const item = await this.read({ [PK]: metricKey, [SK]: flagSortKey(subscription, thresholdId) });
    return item && { armed: item.armed as boolean };
  }

  async putIntentPart(metricKey: string, partId: string, n: number, hits: Intent['hits'], due: number): Promise<void> {
    await this.put({ [PK]: metricKey, [SK]: partSortKey(partId, n), hits, ...dueAt('part', due) });
  }

  async readIntentPart(metricKey: string, partId: string, n: number): Promise<Intent['hits'] | undefined> {
    const Key = { [PK]: metricKey, [SK]: partSortKey(partId, n) };
    const { Item } = await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }));
    return Item?.hits as Intent['hits'] | undefined;
  }

  deleteIntentPart(metricKey: string, partId: string, n: number): Promise<void> {
    return this.remove(metricKey, partSortKey(partId, n));
  }

  async writeFlag(
    metricKey: string,
    subscription: string,
    thresholdId: string,
    { armed }: Flag,
    version: number,
  ): Promise<void> {
    await this.update(
      { [PK]: metricKey, [SK]: flagSortKey(subscription, thresholdId) },
      'SET armed = :armed, writtenAt = :version',
      [firstWrite, olderVersion].join(' OR '),
      { ':armed': armed, ':version': version },
    );
  }

  async clearIntent(metricKey: string, version: number): Promise<void> {
    const remove = `REMOVE intent, ${DUE_INDEX.partitionKey}, ${DUE_INDEX.sortKey}`;
    await this.update({ [PK]: metricKey, [SK]: STATE }, remove, sameIntent, { ':version': version });
  }

  async addMember(measureKey: string, dimensions: Dimensions): Promise<void> {
    await this.put({ [PK]: measureKey, [SK]: MEMBER + canonicalDimensions(dimensions), dimensions });
  }

  /** The known members of a measure. */
  async members(measureKey: string): Promise<Dimensions[]> {
    const items = await this.range(measureKey, MEMBER, `${MEMBER}~`);
    return items.map((item) => item.dimensions as Dimensions);
  }

  async memberKeys(measureKey: string): Promise<string[]> {
    return (await this.members(measureKey)).map((dimensions) => memberKey(measureKey, dimensions));
  }

  /** Scans the whole table, page by page and unordered, for the operator. */
  async *list(): AsyncGenerator<ListedItem> {
    for await (const { Items } of paginateScan({ client: this.client }, { TableName: this.table })) {
      for (const { [PK]: metricKey, [SK]: sortKey, [DUE_INDEX.sortKey]: due, ...item } of Items ?? []) {
        if (metricKey === PENDING) continue;
        const state = sortKey === STATE ? (item as unknown as MetricState) : undefined;
        yield { metricKey: String(metricKey), sortKey: String(sortKey), due: due as number | undefined, state };
      }
    }
  }

  /** Scans the histories of all metrics, page by page and unordered. */
  async *history(): AsyncGenerator<HistoryItem> {
    const scan = { TableName: this.table, ConsistentRead: true };
    for await (const { Items } of paginateScan({ client: this.client }, scan)) {
      for (const item of Items ?? []) {
        const metricKey = String(item[PK]);
        const sortKey = String(item[SK]);
        if (metricKey === PENDING) continue;
        if (sortKey === STATE) yield { metricKey, state: toState(item) };
        else if (sortKey.startsWith(MEMBER)) yield { metricKey, member: item.dimensions as Dimensions };
        else if (sortKey.startsWith(PAST)) {
          yield { metricKey, past: toPastValue(item), expiresAt: Number(item[TTL]) * 1000 };
        } else if (sortKey.startsWith(FLAG)) {
          const { armed, writtenAt } = item as { armed: boolean; writtenAt: number };
          yield { metricKey, flag: { ...ownerOf(sortKey), armed, version: writtenAt } };
        }
      }
    }
  }

  async overdue(kind: OverdueKind, before: number): Promise<OverdueKey[]> {
    const items = await queryAll(this.client, {
      TableName: this.table,
      IndexName: DUE_INDEX.name,
      KeyConditionExpression: `${DUE_INDEX.partitionKey} = :kind AND ${DUE_INDEX.sortKey} <= :before`,
      ExpressionAttributeValues: { ':kind': kind, ':before': before },
    });
    return items.map((item) => ({
      metricKey: item[PK] as string,
      sortKey: item[SK] as string,
      due: item[DUE_INDEX.sortKey] as number,
    }));
  }

  async putThreshold(metricKey: string, { sortKey, ...item }: ThresholdItem, due?: number): Promise<void> {
    await this.put({ [PK]: metricKey, [SK]: sortKey, ...item, ...(due !== undefined && dueAt('threshold', due)) });
  }

  async restoreThreshold(metricKey: string, { sortKey, ...item }: ThresholdItem, due: number): Promise<void> {
    const stored = { [PK]: metricKey, [SK]: sortKey, ...item, ...dueAt('threshold', due) };
    await conditionHeld(this.put(stored, { ConditionExpression: firstWrite }));
  }

  async markThreshold(metricKey: string, sortKey: string, due: number): Promise<void> {
    const { [DUE_INDEX.partitionKey]: kind, [DUE_INDEX.sortKey]: at } = dueAt('threshold', due);
    const set = `SET ${DUE_INDEX.partitionKey} = :kind, ${DUE_INDEX.sortKey} = :at`;
    await this.update({ [PK]: metricKey, [SK]: sortKey }, set, exists, { ':kind': kind, ':at': at });
  }

  settle(metricKey: string, sortKey: string, due: number): Promise<boolean> {
    const remove = `REMOVE ${DUE_INDEX.partitionKey}, ${DUE_INDEX.sortKey}`;
    return this.update({ [PK]: metricKey, [SK]: sortKey }, remove, unchangedMark, { ':due': due });
  }

  async remove(metricKey: string, sortKey: string): Promise<void> {
    const Key = { [PK]: metricKey, [SK]: sortKey };
    await this.client.send(new DeleteCommand({ TableName: this.table, Key }));
  }

  private put(Item: Item, condition: { ConditionExpression?: string; ExpressionAttributeValues?: Item } = {}) {
    return this.client.send(new PutCommand({ TableName: this.table, Item, ...condition }));
  }

  /** Updates an item. Returns false if the condition does not hold. */
  private update(
    Key: Item,
    UpdateExpression: string,
    ConditionExpression: string,
    ExpressionAttributeValues?: Item,
  ): Promise<boolean> {
    const change = { Key, UpdateExpression, ConditionExpression, ExpressionAttributeValues };
    return conditionHeld(this.client.send(new UpdateCommand({ TableName: this.table, ...change })));
  }

  private range(metricKey: string, from: string, to: string): Promise<Item[]> {
    return queryAll(this.client, this.between(metricKey, from, to));
  }

  /** One page of a range. */
  private async page(
    metricKey: string,
    from: string,
    to: string,
    options: Pick<QueryCommandInput, 'Limit' | 'ScanIndexForward'>,
  ): Promise<Item[]> {
    const query = new QueryCommand({ ...this.between(metricKey, from, to), ...options });
    return (await this.client.send(query)).Items ?? [];
  }

  private between(metricKey: string, from: string, to: string): QueryCommandInput {
    return {
      TableName: this.table,
      KeyConditionExpression: `${PK} = :metric AND ${SK} BETWEEN :from AND :to`,
      ExpressionAttributeValues: { ':metric': metricKey, ':from': from, ':to': to },
      ConsistentRead: true,
    };
  }
}

function toState({ metric, last, version, recent, intent, changes, expected }: Item): MetricState {
  return { metric, last, version, recent, intent, changes, expected } as MetricState;
}

const toPastValue = ({ value, observedAt, until }: Item): PastValue => ({ value, observedAt, until }) as PastValue;

function toStoredItem(stored: Item): StoredItem {
  const { [PK]: _, [SK]: sortKey, [DUE_INDEX.partitionKey]: __, [DUE_INDEX.sortKey]: ___, ...item } = stored;
  return { ...item, sortKey } as unknown as StoredItem;
}
