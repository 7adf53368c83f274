import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE } from '../../../contract/shared';
import type { RateLimiter } from '../core/rate-limit';

const SORT_KEY = 'calls';
/** A subscription's item is forgotten so long after its last call, seconds: longer than a delivery waits for one. */
const KEPT_SECONDS = 7 * 24 * 60 * 60;

/** Books calls in the Deliveries table: an item for each subscription with a rate limit, one write unit for each call. */
export function rateLimiter(client: DynamoDBDocumentClient, table: string): RateLimiter {
  return {
    async book(subscription, { interval, tolerance }, now) {
      /** Moves the theoretical arrival time; gives it, or undefined where the condition does not hold. */
      const move = async (arrival: string, condition: string): Promise<number | undefined> => {
        const update = new UpdateCommand({
          TableName: table,
          Key: { [PK]: subscription, [SK]: SORT_KEY },
          UpdateExpression: `SET arrival = ${arrival}, ${TTL_ATTRIBUTE} = :expires`,
          ConditionExpression: condition,
          ExpressionAttributeValues: {
            ':interval': interval,
            ':now': now,
            ':expires': Math.ceil(now / 1000) + KEPT_SECONDS,
          },
          ReturnValues: 'UPDATED_NEW',
        });
        try {
          return Number((await client.send(update)).Attributes?.arrival);
        } catch (error) {
          if (error instanceof ConditionalCheckFailedException) return undefined;
          throw error;
        }
      };
      // One of the two conditions holds at any moment; another worker's booking can come in between.
      for (;;) {
        const busy = await move('arrival + :interval', 'arrival > :now');
        if (busy !== undefined) return Math.max(now, Math.ceil(busy - interval - tolerance));
        const idle = await move(':now + :interval', `attribute_not_exists(${PK}) OR arrival <= :now`);
        if (idle !== undefined) return now;
      }
    },
  };
}
