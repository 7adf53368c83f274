import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { OPEN_INDEX } from '../../../contract/delivery';
import { PARTITION_KEY as PK, SORT_KEY as SK } from '../../../contract/shared';
import { conditionHeld, type Item } from '../../shared/adapters/dynamodb';
import { type Attempt, MAX_ATTEMPTS_KEPT } from '../core/delivery';
import type { DeliveryKey, Lease } from '../core/ports';
import { leaseIsMine } from './delivery-conditions';

/** Placeholders, because some of these names are reserved words in DynamoDB expressions. */
const NAMES = {
  '#status': 'status',
  '#state': 'state',
  '#open': OPEN_INDEX.partitionKey,
  '#openSince': OPEN_INDEX.sortKey,
};

/** What recording a try changes in its row. */
export interface RowChange {
  readonly set: readonly string[];
  readonly remove?: readonly string[];
  readonly values: Item;
  /** A condition in addition to the one on the lease. */
  readonly condition?: string;
}

/** Records the outcome of a try and releases the lease. Returns false if the lease is no longer this worker's. */
export function recordTry(
  { client, table }: { readonly client: DynamoDBDocumentClient; readonly table: string },
  { subscription, eventId }: DeliveryKey,
  { owner, unsentLink }: Lease,
  attempts: readonly Attempt[],
  { set, remove = [], values, condition }: RowChange,
): Promise<boolean> {
  const UpdateExpression = [
    `SET ${[...set, 'attempts = :attempts'].join(', ')}`,
    `REMOVE ${['leaseOwner', 'leaseUntil', ...remove].join(', ')}`,
    ...(unsentLink ? ['DELETE links :unsentLink'] : []),
  ].join(' ');
  const ConditionExpression = condition ? `${leaseIsMine} AND ${condition}` : leaseIsMine;
  // DynamoDB rejects a placeholder that no expression uses.
  const used = Object.entries(NAMES).filter(([placeholder]) =>
    new RegExp(`${placeholder}\\b`).test(`${UpdateExpression} ${ConditionExpression}`),
  );
  const update = new UpdateCommand({
    TableName: table,
    Key: { [PK]: subscription, [SK]: eventId },
    UpdateExpression,
    ConditionExpression,
    ...(used.length > 0 && { ExpressionAttributeNames: Object.fromEntries(used) }),
    ExpressionAttributeValues: {
      ...values,
      ':attempts': attempts.slice(-MAX_ATTEMPTS_KEPT),
      ':owner': owner,
      ...(unsentLink && { ':unsentLink': new Set([unsentLink]) }),
    },
  });
  return conditionHeld(client.send(update));
}
