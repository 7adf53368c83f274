import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, TTL_ATTRIBUTE } from '../../../contract/shared';
import { RECORDED_RUN_DAYS } from '../../../contract/sources';
import { itemReader } from '../../shared/adapters/dynamodb';
import type { Clock } from '../../shared/core/ports';
import type { RecordedRuns } from '../core/ports';

const DAY_SECONDS = 24 * 60 * 60;

/** Recorded runs in the Runs table, one item for each run. */
export function recordedRuns(client: DynamoDBDocumentClient, table: string, clock: Clock): RecordedRuns {
  const read = itemReader(client, table);
  const keyOf = (eventId: string) => ({ [PK]: `noted-run#${eventId}` });
  return {
    async record(eventId) {
      const expiry = Math.floor(clock() / 1000) + RECORDED_RUN_DAYS * DAY_SECONDS;
      await client.send(new PutCommand({ TableName: table, Item: { ...keyOf(eventId), [TTL_ATTRIBUTE]: expiry } }));
    },
    has: async (eventId) => (await read(keyOf(eventId))) !== undefined,
  };
}
