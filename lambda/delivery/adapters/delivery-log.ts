import { type DynamoDBDocumentClient, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, SORT_KEY as SK } from '../../../contract/shared';
import type { DeliveryRow } from '../core/delivery';
import type { DeliveryLog } from '../core/ports';
import { rowOf } from './delivery-table';

/** Query requests for one part, each up to 1 MB: together more than 5,000 deliveries. */
const REQUESTS = 5;

/** Placeholders, because some of these names are reserved words in DynamoDB expressions. */
const COLUMNS = { '#status': 'status', '#trigger': 'trigger', '#isTest': 'isTest' };

/** Reads all deliveries of a subscription in parts of bounded size. Eventually consistent, at half the price. */
export function deliveryLog(client: DynamoDBDocumentClient, table: string, requests = REQUESTS): DeliveryLog {
  return {
    async part(subscription, after) {
      const pages = paginateQuery(
        { client },
        {
          TableName: table,
          KeyConditionExpression: `${PK} = :subscription${after === undefined ? '' : ` AND ${SK} > :after`}`,
          // Excludes payloads and booked calls, which are items without a status.
          FilterExpression: 'attribute_exists(#status)',
          ProjectionExpression: [PK, SK, ...Object.keys(COLUMNS), 'acceptedAt', 'occurredAt', 'attempts'].join(', '),
          ExpressionAttributeNames: COLUMNS,
          ExpressionAttributeValues: { ':subscription': subscription, ...(after !== undefined && { ':after': after }) },
        },
      );
      const rows: DeliveryRow[] = [];
      let made = 0;
      for await (const { Items, LastEvaluatedKey } of pages) {
        rows.push(...(Items ?? []).map(rowOf));
        if (++made === requests && LastEvaluatedKey) return { rows, next: String(LastEvaluatedKey[SK]) };
      }
      return { rows };
    },
  };
}
