import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SubjectKind } from '../../../contract/custom-connector';
import { PARTITION_KEY as PK, SORT_KEY as SK, TTL_ATTRIBUTE as TTL } from '../../../contract/shared';
import { conditionHeld, queryAll } from '../../shared/adapters/dynamodb';
import type { Clock } from '../../shared/core/ports';
import type { SubjectReader } from '../core/ports';
import { RESIGHT_MS, SUBJECT_RETENTION_DAYS, type Subject, type SubjectStore } from '../core/record';

const DAY_SECONDS = 24 * 60 * 60;

/** The partition of subjects. No kind contains `#`, so no instance can have the key of another kind or instance. */
export const partitionOf = (kind: SubjectKind, instanceId: string): string => `${kind}#${instanceId}`;

// Clauses of the conditional write.
const firstSighting = `attribute_not_exists(${PK})`;
const lastSightingIsOld = 'lastSeen <= :before';

/**
 * The catalog table: one item for each subject. Its name is the sort key: 200 characters (`MAX_NAME_LENGTH`) are up to 600
 * bytes in UTF-8, and a sort key has up to 1,024 (DynamoDB developer guide, "Quotas").
 */
export class CatalogTable implements SubjectStore, SubjectReader {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: Clock,
  ) {}

  /** An older sighting never replaces a newer one, so concurrent and late messages are harmless. */
  async record({ kind, instanceId, name }: Subject, seenAt: number): Promise<void> {
    const update = new UpdateCommand({
      TableName: this.table,
      Key: { [PK]: partitionOf(kind, instanceId), [SK]: name },
      UpdateExpression: `SET lastSeen = :seenAt, ${TTL} = :expiry`,
      ConditionExpression: `${firstSighting} OR ${lastSightingIsOld}`,
      ExpressionAttributeValues: {
        ':seenAt': seenAt,
        ':expiry': Math.floor(seenAt / 1000) + SUBJECT_RETENTION_DAYS * DAY_SECONDS,
        ':before': seenAt - RESIGHT_MS,
      },
    });
    await conditionHeld(this.client.send(update));
  }

  /**
   * Eventually consistent, at half the price: a name can be missing for about a second after its first refresh. Skips
   * expired items, because DynamoDB deletes them up to a few days late.
   */
  async names(kind: SubjectKind, instanceId: string): Promise<string[]> {
    const items = await queryAll(this.client, {
      TableName: this.table,
      KeyConditionExpression: `${PK} = :partition`,
      FilterExpression: `${TTL} > :now`,
      ProjectionExpression: SK,
      ExpressionAttributeValues: { ':partition': partitionOf(kind, instanceId), ':now': this.clock() / 1000 },
    });
    return items.map((item) => item[SK] as string);
  }
}
