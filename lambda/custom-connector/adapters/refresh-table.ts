import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE as TTL } from '../../../contract/shared';
import { conditionHeld, type Item, queryAll } from '../../shared/adapters/dynamodb';
import { keyPart } from '../../shared/core/metric';
import type { Clock } from '../../shared/core/ports';
import type { RefreshPage, RefreshReader, RefreshStore } from '../core/ports';
import { SUBJECT_RETENTION_DAYS } from '../core/record';
import {
  type LastRefreshes,
  lastOf,
  MAX_LAST_ERROR_LENGTH,
  REFRESH_RETENTION_DAYS,
  type Refresh,
  type Refreshed,
  resultOf,
  withError,
} from '../core/refresh';
import { partitionOf } from './catalog-table';

const DAY_SECONDS = 24 * 60 * 60;

/** Partition of an instance's last full refresh and last unification. */
const runsOf = (instanceId: string): string => `run#${instanceId}`;
/** Partition of the refreshes of a data source. */
const refreshesOf = (instanceId: string, name: string): string => `refresh#${keyPart(instanceId)}#${keyPart(name)}`;

/** The key of what is refreshed. A data source has the item of the catalog that contains its name. */
const keyOf = (refreshed: Refreshed): Item =>
  refreshed.kind === 'data-source'
    ? { [PK]: partitionOf(refreshed.kind, refreshed.instanceId), [SK]: refreshed.name }
    : { [PK]: runsOf(refreshed.instanceId), [SK]: refreshed.kind };

const sortKeyOf = ({ endedAt, id }: Pick<Refresh, 'endedAt' | 'id'>): string =>
  `${new Date(endedAt).toISOString()}#${id}`;

const expiryOf = (from: number, days: number): number => Math.floor(from / 1000) + days * DAY_SECONDS;

const lastRefreshesOf = ({ succeeded, failed, other }: Item): LastRefreshes =>
  ({ succeeded, failed, other }) as LastRefreshes;

/**
 * The refreshes in the catalog table. The item of a subject has its last refreshes, one per result. In addition, each refresh of a
 * data source is an item, sorted by its end. A repeat of `record` writes the same items, so a crash between the two writes and
 * a duplicate event are harmless.
 */
export class RefreshTable implements RefreshStore, RefreshReader {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
  ) {}

  async record(refreshed: Refreshed, refresh: Refresh, seenAt: number): Promise<void> {
    const isNew = await this.recordLast(refreshed, refresh, seenAt);
    if (refreshed.kind !== 'data-source') return;
    // An event without `endedAt` that a producer put twice has two times. The first one counts, if it is still the last one.
    const known = isNew ? undefined : (await this.lastRefreshes(refreshed))?.[resultOf(refresh.status)];
    const endedAt = known?.id === refresh.id ? known.endedAt : refresh.endedAt;
    if (endedAt < this.oldest()) return;
    const Item = {
      [PK]: refreshesOf(refreshed.instanceId, refreshed.name),
      [SK]: sortKeyOf({ ...refresh, endedAt }),
      ...withError(refresh),
      endedAt,
      [TTL]: expiryOf(endedAt, REFRESH_RETENTION_DAYS),
    };
    await this.client.send(new PutCommand({ TableName: this.table, Item }));
  }

  /** @returns false if the stored refresh with this result is the same or newer. */
  private recordLast(refreshed: Refreshed, refresh: Refresh, seenAt: number): Promise<boolean> {
    const newer = '#last.endedAt < :endedAt OR (#last.endedAt = :endedAt AND #last.id < :id)';
    const update = new UpdateCommand({
      TableName: this.table,
      Key: keyOf(refreshed),
      UpdateExpression: `SET #last = :refresh, lastSeen = :seenAt, ${TTL} = :expiry`,
      ConditionExpression: `attribute_not_exists(#last) OR (#last.id <> :id AND (${newer}))`,
      ExpressionAttributeNames: { '#last': resultOf(refresh.status) },
      ExpressionAttributeValues: {
        ':refresh': withError(refresh, MAX_LAST_ERROR_LENGTH),
        ':seenAt': seenAt,
        ':expiry': expiryOf(seenAt, SUBJECT_RETENTION_DAYS),
        ':endedAt': refresh.endedAt,
        ':id': refresh.id,
      },
    });
    return conditionHeld(this.client.send(update));
  }

  private async lastRefreshes(refreshed: Refreshed): Promise<LastRefreshes | undefined> {
    const get = new GetCommand({ TableName: this.table, Key: keyOf(refreshed), ConsistentRead: true });
    const { Item } = await this.client.send(get);
    return Item && lastRefreshesOf(Item);
  }

  async dataSource(instanceId: string, name: string): Promise<LastRefreshes | undefined> {
    const [found] = await this.subjects(partitionOf('data-source', instanceId), name);
    if (!found) return undefined;
    const last = lastOf(found.refreshes);
    const whole = last && (await this.refresh(instanceId, name, last));
    // The item of the subject keeps only the start of an error, but stays longer.
    return whole ? { ...found.refreshes, [resultOf(whole.status)]: whole } : found.refreshes;
  }

  dataSources(instanceId: string): Promise<{ readonly name: string; readonly refreshes: LastRefreshes }[]> {
    return this.subjects(partitionOf('data-source', instanceId));
  }

  async runs(instanceId: string): Promise<{ fullRefresh: LastRefreshes; unification: LastRefreshes }> {
    const found = new Map((await this.subjects(runsOf(instanceId))).map(({ name, refreshes }) => [name, refreshes]));
    return { fullRefresh: found.get('full-refresh') ?? {}, unification: found.get('unification') ?? {} };
  }

  async refreshes(instanceId: string, name: string, size: number, after?: string): Promise<RefreshPage> {
    const partition = refreshesOf(instanceId, name);
    const oldest = new Date(this.oldest()).toISOString();
    // DynamoDB refuses a start outside of the queried range. Everything after it has expired.
    if (after !== undefined && after < oldest) return { refreshes: [] };
    const query = new QueryCommand({
      TableName: this.table,
      KeyConditionExpression: `${PK} = :partition AND ${SK} >= :oldest`,
      ExpressionAttributeValues: { ':partition': partition, ':oldest': oldest },
      ScanIndexForward: false,
      // One more tells whether there is a next page.
      Limit: size + 1,
      ...(after !== undefined && { ExclusiveStartKey: { [PK]: partition, [SK]: after } }),
    });
    const { Items = [], LastEvaluatedKey } = await this.client.send(query);
    const kept = Items.slice(0, size);
    const isLast = Items.length <= size && LastEvaluatedKey === undefined;
    const next = isLast ? undefined : (kept.at(-1)?.[SK] as string | undefined);
    return { refreshes: kept.map(refreshOf), ...(next !== undefined && { next }) };
  }

  private async refresh(instanceId: string, name: string, refresh: Refresh): Promise<Refresh | undefined> {
    const [item] = await queryAll(this.client, {
      TableName: this.table,
      KeyConditionExpression: `${PK} = :partition AND ${SK} = :sortKey`,
      ExpressionAttributeValues: { ':partition': refreshesOf(instanceId, name), ':sortKey': sortKeyOf(refresh) },
    });
    return item && refreshOf(item);
  }

  /** Eventually consistent, like the names of the catalog. */
  private async subjects(partition: string, name?: string) {
    const items = await queryAll(this.client, {
      TableName: this.table,
      KeyConditionExpression: [`${PK} = :partition`, ...(name === undefined ? [] : [`${SK} = :name`])].join(' AND '),
      FilterExpression: `${TTL} > :now`,
      ExpressionAttributeValues: {
        ':partition': partition,
        ':now': this.clock() / 1000,
        ...(name !== undefined && { ':name': name }),
      },
    });
    return items.map((item) => ({ name: item[SK] as string, refreshes: lastRefreshesOf(item) }));
  }

  /** End of the oldest refresh that has not expired. */
  private oldest(): number {
    return this.clock() - REFRESH_RETENTION_DAYS * DAY_SECONDS * 1000;
  }
}

const refreshOf = ({ [PK]: _, [SK]: __, [TTL]: ___, ...refresh }: Item): Refresh => refresh as unknown as Refresh;
