import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, TTL_ATTRIBUTE } from '../../../contract/shared';
import { NOTED_RUN_DAYS } from '../../../contract/sources';
import { itemReader } from '../../shared/adapters/dynamodb';
import type { Clock } from '../../shared/core/ports';
import type { RecordedRuns } from '../core/ports';

const DAY_SECONDS = 24 * 60 * 60;

/** Runs of sources that were put on the bus, in the Runs table: an item for each. */
export function recordedRuns(client: DynamoDBDocumentClient, table: string, clock: Clock): RecordedRuns {
  const read = itemReader(client, table);
  const keyOf = (eventId: string) => ({ [PK]: `noted-run#${eventId}` });
  return {
    async note(eventId) {
      const expiry = Math.floor(clock() / 1000) + NOTED_RUN_DAYS * DAY_SECONDS;
      await client.send(new PutCommand({ TableName: table, Item: { ...keyOf(eventId), [TTL_ATTRIBUTE]: expiry } }));
    },
    isNoted: async (eventId) => (await read(keyOf(eventId))) !== undefined,
  };
}
