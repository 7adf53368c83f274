import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  paginateScan,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { TriggerId } from '../../../contract/events';
import { PARTITION_KEY as PK } from '../../../contract/shared';
import { TRIGGER_INDEX } from '../../../contract/subscriptions';
import { DUE_INDEX } from '../../../contract/thresholds';
import { conditionHeld, type Item, itemReader, queryAll } from '../../shared/adapters/dynamodb';
import { keyPart } from '../../shared/core/metric';
import { type Health, nextDue } from '../core/health';
import type { DueSubscriptions, HealthStore, IndexPlace, SubscriptionEntry, SubscriptionIndex } from '../core/ports';
import type { Subscription, SubscriptionDefinition } from '../core/subscription';

/** Subject key of subscriptions without a subject. A named subject's key starts with `=`. */
const ANY_SUBJECT = '*';
const triggerKey = (trigger: TriggerId, instanceId: string): string => `${trigger}#${keyPart(instanceId)}`;
const subjectPrefix = (subject: string | undefined): string =>
  `${subject === undefined ? ANY_SUBJECT : `=${keyPart(subject)}`}#`;

/** Start of the name of an entry that expects refreshes. Sorts after every name of a subscription. */
const EXPECTS = '~';

/** Index keys. Thresholds need none, because their crossing event names its subscription. */
function indexKeys(definition: SubscriptionDefinition): Item {
  const { name, trigger, instanceId, filter, threshold, expectation } = definition;
  if (threshold) return {};
  if (expectation) return expectationKeys(definition);
  return {
    [TRIGGER_INDEX.partitionKey]: triggerKey(trigger, instanceId),
    [TRIGGER_INDEX.sortKey]: subjectPrefix(filter.dataSource) + name,
  };
}

/**
 * Index keys of a subscription that expects refreshes: the events of its subject find it with the query that they make
 * anyway. An item has one key, so failed refreshes of a data source find the subscription, and successful ones its subject's
 * item. `evaluate` knows the expected segments and measures from the states of their metrics.
 */
function expectationKeys({ name, instanceId, filter }: SubscriptionDefinition): Item {
  const { dataSource, segment, measure, unification } = filter;
  if (segment !== undefined || measure !== undefined) return {};
  const trigger = unification ? 'unification-refresh-completed' : 'full-refresh-completed';
  return {
    [TRIGGER_INDEX.partitionKey]: triggerKey(
      dataSource === undefined ? trigger : 'data-source-refresh-failed',
      instanceId,
    ),
    [TRIGGER_INDEX.sortKey]: subjectPrefix(dataSource) + EXPECTS + name,
  };
}

/** Index keys of the item of an expected data source, for its successful refreshes. */
export const expectedIndexKeys = (instanceId: string, dataSource: string): Item => ({
  [TRIGGER_INDEX.partitionKey]: triggerKey('data-source-refresh-succeeded', instanceId),
  [TRIGGER_INDEX.sortKey]: subjectPrefix(dataSource) + EXPECTS,
  // A function of an earlier version reads the item as a subscription: no refresh of a data source has a kind.
  filter: { kind: 'none' },
});

const DUE_KIND = 'health';
/** Keys of the sparse index of items with scheduled work. */
export const dueItemKeys = (due: number | undefined): Item =>
  due === undefined ? {} : { [DUE_INDEX.partitionKey]: DUE_KIND, [DUE_INDEX.sortKey]: due };

/** Keys of the sparse index of subscriptions that the sweep must process. */
const dueKeys = (health: Health | undefined): Item => dueItemKeys(health && nextDue(health));

/** The Subscriptions table: one item per subscription, the source of truth (protocol S). */
export class SubscriptionTable implements HealthStore, DueSubscriptions {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly readItem = itemReader(client, table),
  ) {}

  async read(name: string): Promise<Subscription | undefined> {
    const item = await this.readItem({ [PK]: name });
    return item && subscriptionOf(item);
  }

  /**
   * Every subscription, one page at a time, unordered. Expensive: reads the whole table.
   * @param prefix only subscriptions whose names start with it. The scan returns names only, as a principal that manages a prefix
   * is allowed to.
   */
  async *list(prefix?: string): AsyncGenerator<Subscription> {
    if (prefix !== undefined) return yield* this.listUnder(prefix);
    for await (const { Items } of paginateScan({ client: this.client }, { TableName: this.table })) {
      for (const item of Items ?? []) if (!String(item[PK]).startsWith('#')) yield subscriptionOf(item);
    }
  }

  private async *listUnder(prefix: string): AsyncGenerator<Subscription> {
    const names = {
      TableName: this.table,
      Select: 'SPECIFIC_ATTRIBUTES',
      ProjectionExpression: PK,
      FilterExpression: `begins_with(${PK}, :prefix)`,
      ExpressionAttributeValues: { ':prefix': prefix },
    } as const;
    for await (const { Items = [] } of paginateScan({ client: this.client }, names)) {
      const found = await Promise.all(Items.map((item) => this.read(String(item[PK]))));
      for (const one of found) if (one) yield one;
    }
  }

  /**
   * Replaces `previous`, or creates a subscription.
   * @returns false if the subscription or its health was changed, created or deleted since `previous` was read.
   */
  put(subscription: Subscription, previous: Subscription | undefined): Promise<boolean> {
    const { definition, ...rest } = subscription;
    const { name, ...fields } = definition;
    const put = new PutCommand({
      TableName: this.table,
      Item: { [PK]: name, ...fields, ...rest, ...indexKeys(definition), ...dueKeys(subscription.health) },
      ...(previous ? allUnchanged(previous) : { ConditionExpression: notCreated }),
    });
    return conditionHeld(this.client.send(put));
  }

  writeHealth(read: Subscription, health: Health): Promise<boolean> {
    const keys = Object.entries(dueKeys(health));
    const set = ['health = :health', ...keys.map(([name]) => `${name} = :${name}`)].join(', ');
    const remove = keys.length > 0 ? '' : ` REMOVE ${DUE_INDEX.partitionKey}, ${DUE_INDEX.sortKey}`;
    const { ConditionExpression, ExpressionAttributeValues } = allUnchanged(read);
    const update = new UpdateCommand({
      TableName: this.table,
      Key: { [PK]: read.definition.name },
      UpdateExpression: `SET ${set}${remove}`,
      ConditionExpression,
      ExpressionAttributeValues: {
        ...ExpressionAttributeValues,
        ':health': health,
        ...Object.fromEntries(keys.map(([name, value]) => [`:${name}`, value])),
      },
    });
    return conditionHeld(this.client.send(update));
  }

  async dueSubscriptions(before: number): Promise<string[]> {
    const items = await queryAll(this.client, {
      TableName: this.table,
      IndexName: DUE_INDEX.name,
      KeyConditionExpression: `${DUE_INDEX.partitionKey} = :kind AND ${DUE_INDEX.sortKey} <= :before`,
      ExpressionAttributeValues: { ':kind': DUE_KIND, ':before': before },
    });
    return items.map((item) => item[PK] as string);
  }

  /** Deletes a subscription. Returns false if its definition changed since it was read. */
  delete(subscription: Subscription): Promise<boolean> {
    const Key = { [PK]: subscription.definition.name };
    const remove = new DeleteCommand({ TableName: this.table, Key, ...unchanged(subscription) });
    return conditionHeld(this.client.send(remove));
  }

  /** Deletes a subscription. Returns false if its definition or its health changed since it was read. */
  deleteAsRead(subscription: Subscription): Promise<boolean> {
    const Key = { [PK]: subscription.definition.name };
    const remove = new DeleteCommand({ TableName: this.table, Key, ...allUnchanged(subscription) });
    return conditionHeld(this.client.send(remove));
  }
}

function subscriptionOf(item: Item): Subscription {
  const { [PK]: name, triggerKey, subjectKey, dueKind, due, ...fields } = item;
  const { uid, generation, thresholdId, managedBy, takenFrom, flow, health, registration, ...definition } = fields;
  const rest = { uid, generation, thresholdId, managedBy, takenFrom, flow, health, registration };
  return { definition: { name, ...definition }, ...rest } as Subscription;
}

// Clauses of the conditional writes (protocol S).
const notCreated = `attribute_not_exists(${PK})`;
/** Not deleted and recreated since it was read. */
const sameCreation = 'uid = :uid';
/** Not edited since it was read. */
const sameGeneration = 'generation = :generation';
/** Not taken over by another manager. */
const sameManager = 'managedBy = :manager';
const sameHealth = 'health.version = :version';
const noHealth = 'attribute_not_exists(health)';

const definitionUnchanged = [sameCreation, sameGeneration, sameManager].join(' AND ');

/** Holds while the definition is as it was read. */
const unchanged = ({ uid, generation, managedBy }: Subscription) => ({
  ConditionExpression: definitionUnchanged,
  ExpressionAttributeValues: { ':uid': uid, ':generation': generation, ':manager': managedBy } as Item,
});

/** Holds while the definition and the health are as they were read. */
function allUnchanged(read: Subscription) {
  const { ConditionExpression, ExpressionAttributeValues } = unchanged(read);
  const { health } = read;
  return {
    ConditionExpression: `${ConditionExpression} AND ${health ? sameHealth : noHealth}`,
    ExpressionAttributeValues: { ...ExpressionAttributeValues, ...(health && { ':version': health.version }) },
  };
}

/** Entries of a query of the index. A page of `find` has two queries, so an invocation for ten events holds up to 10,000. */
export const INDEX_PAGE = 500;

/** The index that `dispatch` reads: subscriptions by trigger and subject, without flow URLs. */
export function subscriptionIndex(
  client: DynamoDBDocumentClient,
  table: string,
  pageSize = INDEX_PAGE,
): SubscriptionIndex {
  const query = async (trigger: string, prefix: string, after: IndexPlace[number] | undefined) => {
    const page = new QueryCommand({
      TableName: table,
      IndexName: TRIGGER_INDEX.name,
      KeyConditionExpression: `${TRIGGER_INDEX.partitionKey} = :trigger AND begins_with(${TRIGGER_INDEX.sortKey}, :subject)`,
      ExpressionAttributeValues: { ':trigger': trigger, ':subject': prefix },
      // The names of entries that expect refreshes sort last.
      ScanIndexForward: false,
      Limit: pageSize,
      ...(after && { ExclusiveStartKey: after }),
    });
    const { Items = [], LastEvaluatedKey } = await client.send(page);
    return { entries: Items.map(entryOf), place: (LastEvaluatedKey as IndexPlace[number] | undefined) ?? null };
  };
  const running = new Map<string, ReturnType<typeof query>>();
  /** The events of a batch share equal queries. The queries of a batch start after its events arrived. */
  const shared: typeof query = (...parameters) => {
    const key = JSON.stringify(parameters);
    const started = running.get(key) ?? query(...parameters).finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
  return {
    async find(trigger, instanceId, subject, after) {
      const prefixes = (subject === undefined ? [undefined] : [undefined, subject]).map(subjectPrefix);
      const pages = await Promise.all(
        prefixes
          .map((prefix, n) => ({ prefix, after: after?.[n] }))
          .map((one) =>
            one.after === null ? COMPLETE : shared(triggerKey(trigger, instanceId), one.prefix, one.after),
          ),
      );
      const next = pages.map(({ place }) => place);
      return {
        entries: pages.flatMap(({ entries }) => entries),
        ...(next.some((place) => place !== null) && { next }),
      };
    },
  };
}

const COMPLETE = { entries: [], place: null };

function entryOf({ [PK]: name, [TRIGGER_INDEX.sortKey]: key, uid, filter }: Item): SubscriptionEntry {
  const expects = String(key).split('#')[1]?.startsWith(EXPECTS);
  return { name, uid, filter, ...(expects && { expects }) } as SubscriptionEntry;
}
