import { DeleteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, TRIGGER_INDEX } from '../../lib/private/contract';
import { keyPart } from '../core/metric';
import type { SubscriptionEntry, SubscriptionIndex, SubscriptionReader } from '../core/ports';
import type { Subscription, SubscriptionDefinition, TriggerId } from '../core/subscription';
import { conditionHeld, type Item, itemReader, queryAll } from './dynamodb';

/** Subject key of subscriptions that name no subject; a named subject's starts with `=`. */
const ANY_SUBJECT = '*';
const triggerKey = (trigger: TriggerId, instanceId: string): string => `${trigger}#${keyPart(instanceId)}`;
const subjectPrefix = (subject: string | undefined): string =>
  `${subject === undefined ? ANY_SUBJECT : `=${keyPart(subject)}`}#`;

/** Index keys. Thresholds have none: their crossing event names its subscription. */
function indexKeys({ name, trigger, instanceId, filter, threshold }: SubscriptionDefinition): Item {
  if (threshold) return {};
  return {
    [TRIGGER_INDEX.partitionKey]: triggerKey(trigger, instanceId),
    [TRIGGER_INDEX.sortKey]: subjectPrefix(filter.dataSource) + name,
  };
}

/** The Subscriptions table: one item each, the truth (protocol S). */
export class SubscriptionTable implements SubscriptionReader {
  private readonly readItem: (key: Item) => Promise<Item | undefined>;

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {
    this.readItem = itemReader(client, table);
  }

  async read(name: string): Promise<Subscription | undefined> {
    const item = await this.readItem({ [PK]: name });
    if (!item) return undefined;
    const { [PK]: _, triggerKey, subjectKey, uid, generation, thresholdId, managedBy, flow, ...definition } = item;
    return { definition: { name, ...definition }, uid, generation, thresholdId, managedBy, flow } as Subscription;
  }

  /**
   * Writes a subscription over `previous`, or as a new one.
   * @returns false when somebody changed, made or deleted it since `previous` was read.
   */
  put(subscription: Subscription, previous: Subscription | undefined): Promise<boolean> {
    const { definition, ...rest } = subscription;
    const { name, ...fields } = definition;
    return conditionHeld(
      this.client.send(
        new PutCommand({
          TableName: this.table,
          Item: { [PK]: name, ...fields, ...rest, ...indexKeys(definition) },
          ...(previous ? unchanged(previous) : { ConditionExpression: `attribute_not_exists(${PK})` }),
        }),
      ),
    );
  }

  /** Deletes a subscription. Returns false when somebody changed it since it was read. */
  delete(subscription: Subscription): Promise<boolean> {
    const Key = { [PK]: subscription.definition.name };
    return conditionHeld(
      this.client.send(new DeleteCommand({ TableName: this.table, Key, ...unchanged(subscription) })),
    );
  }
}

/** Holds while the item is the one that was read, and still its manager's. */
const unchanged = ({ uid, generation, managedBy }: Subscription) => ({
  ConditionExpression: 'uid = :uid AND generation = :generation AND managedBy = :manager',
  ExpressionAttributeValues: { ':uid': uid, ':generation': generation, ':manager': managedBy },
});

/** What `dispatch` reads: subscriptions by trigger and subject, without their flow URLs. */
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
