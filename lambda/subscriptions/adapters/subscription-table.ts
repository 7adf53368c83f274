import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  paginateScan,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { TriggerId } from '../../../contract/events';
import { PARTITION_KEY as PK } from '../../../contract/shared';
import { TRIGGER_INDEX } from '../../../contract/subscriptions';
import { DUE_INDEX } from '../../../contract/thresholds';
import { conditionHeld, type Item, itemReader, queryAll } from '../../shared/adapters/dynamodb';
import { keyPart } from '../../shared/core/metric';
import { type Health, nextDue } from '../core/health';
import type { DueSubscriptions, HealthStore, SubscriptionEntry, SubscriptionIndex } from '../core/ports';
import type { Subscription, SubscriptionDefinition } from '../core/subscription';

/** Subject key of subscriptions without a subject. A named subject's key starts with `=`. */
const ANY_SUBJECT = '*';
const triggerKey = (trigger: TriggerId, instanceId: string): string => `${trigger}#${keyPart(instanceId)}`;
const subjectPrefix = (subject: string | undefined): string =>
  `${subject === undefined ? ANY_SUBJECT : `=${keyPart(subject)}`}#`;

/** Index keys. Thresholds need none, because their crossing event names its subscription. */
function indexKeys({ name, trigger, instanceId, filter, threshold }: SubscriptionDefinition): Item {
  if (threshold) return {};
  return {
    [TRIGGER_INDEX.partitionKey]: triggerKey(trigger, instanceId),
    [TRIGGER_INDEX.sortKey]: subjectPrefix(filter.dataSource) + name,
  };
}

const DUE_KIND = 'health';
/** Keys of the sparse index of subscriptions that the sweep must process. */
function dueKeys(health: Health | undefined): Item {
  const due = health && nextDue(health);
  return due === undefined ? {} : { [DUE_INDEX.partitionKey]: DUE_KIND, [DUE_INDEX.sortKey]: due };
}

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

  /** Every subscription, one page at a time, unordered. Expensive: reads the whole table. */
  async *list(): AsyncGenerator<Subscription> {
    for await (const { Items } of paginateScan({ client: this.client }, { TableName: this.table })) {
      for (const item of Items ?? []) if (!String(item[PK]).startsWith('#')) yield subscriptionOf(item);
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

/** The index that `dispatch` reads: subscriptions by trigger and subject, without flow URLs. */
export function subscriptionIndex(client: DynamoDBDocumentClient, table: string): SubscriptionIndex {
  const query = async (trigger: TriggerId, instanceId: string, prefix: string): Promise<SubscriptionEntry[]> => {
    const items = await queryAll(client, {
      TableName: table,
      IndexName: TRIGGER_INDEX.name,
      KeyConditionExpression: `${TRIGGER_INDEX.partitionKey} = :trigger AND begins_with(${TRIGGER_INDEX.sortKey}, :subject)`,
      ExpressionAttributeValues: { ':trigger': triggerKey(trigger, instanceId), ':subject': prefix },
    });
    return items.map(({ [PK]: name, uid, filter }) => ({ name, uid, filter }) as SubscriptionEntry);
  };
  return {
    async find(trigger, instanceId, subject) {
      const prefixes = subject === undefined ? [undefined] : [undefined, subject];
      const found = await Promise.all(prefixes.map((name) => query(trigger, instanceId, subjectPrefix(name))));
      return found.flat();
    },
  };
}
