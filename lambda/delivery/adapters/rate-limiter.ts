import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE } from '../../../contract/shared';
import { ifConditionHeld } from '../../shared/adapters/dynamodb';
import type { RateLimiter } from '../core/ports';

const SORT_KEY = 'calls';
/** Seconds for which a subscription's item is kept after its last call. Longer than a delivery waits for a call. */
const RETENTION_SECONDS = 7 * 24 * 60 * 60;

const neverCalled = `attribute_not_exists(${PK})`;
/** Earlier calls have used up the rate: the theoretical arrival time is ahead. */
const rateInUse = 'arrival > :now';
const rateFree = 'arrival <= :now';

/** Books calls in the Deliveries table: one item per subscription with a rate limit, one write unit per call. */
export function rateLimiter(client: DynamoDBDocumentClient, table: string): RateLimiter {
  return {
    async book(subscription, { interval, tolerance }, now) {
      /** Moves the theoretical arrival time and returns it. Undefined if the condition does not hold. */
      const move = async (arrival: string, condition: string): Promise<number | undefined> => {
        const update = new UpdateCommand({
          TableName: table,
          Key: { [PK]: subscription, [SK]: SORT_KEY },
          UpdateExpression: `SET arrival = ${arrival}, ${TTL_ATTRIBUTE} = :expires`,
          ConditionExpression: condition,
          ExpressionAttributeValues: {
            ':interval': interval,
            ':now': now,
            ':expires': Math.ceil(now / 1000) + RETENTION_SECONDS,
          },
          ReturnValues: 'UPDATED_NEW',
        });
        const moved = await ifConditionHeld(client.send(update));
        return moved && Number(moved.Attributes?.arrival);
      };
      // One of the two conditions always holds, but another worker can book between the two writes.
      for (;;) {
        const busy = await move('arrival + :interval', rateInUse);
        if (busy !== undefined) return Math.max(now, Math.ceil(busy - interval - tolerance));
        const idle = await move(':now + :interval', `${neverCalled} OR ${rateFree}`);
        if (idle !== undefined) return now;
      }
    },
  };
}
