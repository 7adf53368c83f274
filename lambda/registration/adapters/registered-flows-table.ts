import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK } from '../../../contract/shared';
import { conditionHeld, itemReader } from '../../shared/adapters/dynamodb';
import { identityHash } from '../../shared/core/identity';
import type { RegisteredFlows } from '../core/flow-registration';

/** Item of a caller's set in the Subscriptions table. Names of subscriptions have no `#`. */
const keyOf = (caller: string) => ({ [PK]: `#caller#${identityHash(caller)}` });

/** Conditions of adding a name to a set. */
const isNewCaller = 'attribute_not_exists(flows)';
const isRegisteredAlready = 'contains(flows, :name)';
const hasRoom = 'size(flows) < :limit';

/** The sets of names that callers have registered: one item for each caller in the Subscriptions table. */
export function registeredFlowsTable(client: DynamoDBDocumentClient, table: string): RegisteredFlows {
  const readItem = itemReader(client, table);
  return {
    add: (caller, name, limit) =>
      conditionHeld(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: keyOf(caller),
            UpdateExpression: 'ADD flows :names',
            ConditionExpression: [isNewCaller, isRegisteredAlready, hasRoom].join(' OR '),
            ExpressionAttributeValues: { ':names': new Set([name]), ':name': name, ':limit': limit },
          }),
        ),
      ),
    async remove(caller, names) {
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: keyOf(caller),
          UpdateExpression: 'DELETE flows :names',
          ExpressionAttributeValues: { ':names': new Set(names) },
        }),
      );
    },
    async names(caller) {
      const item = await readItem(keyOf(caller));
      return [...((item?.flows as Set<string> | undefined) ?? [])];
    },
  };
}
