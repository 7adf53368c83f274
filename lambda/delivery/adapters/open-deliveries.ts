import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { OPEN_INDEX } from '../../../contract/delivery';
import { PARTITION_KEY as PK, SORT_KEY as SK } from '../../../contract/shared';
import { type Item, queryAll } from '../../shared/adapters/dynamodb';
import type { DeliveryKey } from '../core/ports';

/** Partitions of the sparse index of deliveries that are not delivered. */
export const PENDING = 'pending';
export const DEAD = 'dead';
/** Dead deliveries that are not yet announced. */
export const UNANNOUNCED = 'unannounced';
/** Accepted deliveries whose outcome the sweep looks at: at the time when the report is due, or when it is announced. */
export const OUTCOME_DUE = 'outcome-due';
/** Accepted deliveries that were not reported in time. */
export const UNCONFIRMED = 'unconfirmed';
/** Accepted deliveries whose flow reported that it failed. */
export const FAILED_IN_FLOW = 'failed';
export const heldBy = (subscription: string): string => `held#${subscription}`;

export const keyOf = (item: Item): DeliveryKey => ({ subscription: String(item[PK]), eventId: String(item[SK]) });
/** When the delivery entered its partition, epoch milliseconds. */
export const openSince = (item: Item): number => Number(item[OPEN_INDEX.sortKey]);

/** Times in epoch milliseconds. Default: all times. */
interface Range {
  readonly from?: number;
  readonly before?: number;
}

const query = (
  table: string,
  partition: string,
  { from = 0, before = Number.MAX_SAFE_INTEGER }: Range = {},
): QueryCommandInput => ({
  TableName: table,
  IndexName: OPEN_INDEX.name,
  KeyConditionExpression: '#open = :open AND #openSince BETWEEN :from AND :before',
  ExpressionAttributeNames: { '#open': OPEN_INDEX.partitionKey, '#openSince': OPEN_INDEX.sortKey },
  ExpressionAttributeValues: { ':open': partition, ':from': from, ':before': before },
});

/** Reads the index of open deliveries, oldest first. Eventually consistent. */
export function openDeliveries(client: DynamoDBDocumentClient, table: string) {
  return {
    list: (partition: string, range?: Range): Promise<Item[]> => queryAll(client, query(table, partition, range)),
    oldest: async (partition: string): Promise<Item | undefined> => {
      const first = new QueryCommand({ ...query(table, partition), Limit: 1 });
      return (await client.send(first)).Items?.[0];
    },
  };
}
