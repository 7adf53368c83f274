import { DeleteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK } from '../../../contract/shared';
import { EXPECTED_PREFIX } from '../../../contract/subscriptions';
import { conditionHeld, type Item, itemReader } from '../../shared/adapters/dynamodb';
import { dueItemKeys, expectedIndexKeys } from '../../subscriptions/adapters/subscription-table';
import type { ExpectationStore } from '../core/ports';
import { subjectKey, type Tracked, trackedDue } from '../core/tracked';

const isNew = `attribute_not_exists(${PK})`;
const unchangedSinceRead = 'id = :id AND version = :version';

const keyOf = (key: string) => ({ [PK]: EXPECTED_PREFIX + key });

/** Index keys of a subject's item: due like a subscription, and found by the successful refreshes of its data source. */
function indexKeys(tracked: Tracked): Item {
  const { type, instanceId, name } = tracked.subject;
  const found = type === 'data-source' && name !== undefined && expectedIndexKeys(instanceId, name);
  return { ...dueItemKeys(trackedDue(tracked)), ...found };
}

/** The states of expected subjects: items of the Subscriptions table, which both `dispatch` and `evaluate` know. */
export function expectationTable(client: DynamoDBDocumentClient, table: string): ExpectationStore {
  const readItem = itemReader(client, table);
  const ifUnchanged = ({ id, version }: Tracked) => ({
    ConditionExpression: unchangedSinceRead,
    ExpressionAttributeValues: { ':id': id, ':version': version },
  });
  return {
    async read(key) {
      const item = await readItem(keyOf(key));
      return item && trackedOf(item);
    },
    write(tracked, read) {
      const next = { ...tracked, version: (read?.version ?? 0) + 1 };
      const put = new PutCommand({
        TableName: table,
        Item: { ...keyOf(subjectKey(tracked.subject)), ...next, ...indexKeys(next) },
        ...(read ? ifUnchanged(read) : { ConditionExpression: isNew }),
      });
      return conditionHeld(client.send(put));
    },
    remove(read) {
      const Key = keyOf(subjectKey(read.subject));
      return conditionHeld(client.send(new DeleteCommand({ TableName: table, Key, ...ifUnchanged(read) })));
    },
  };
}

function trackedOf(item: Item): Tracked {
  const { [PK]: _, dueKind, due, triggerKey, subjectKey: __, filter, ...tracked } = item;
  return tracked as unknown as Tracked;
}
