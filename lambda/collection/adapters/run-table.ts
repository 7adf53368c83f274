import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, TTL_ATTRIBUTE } from '../../../contract/shared';
import { DUE_INDEX } from '../../../contract/thresholds';
import { conditionHeld, type Item, itemReader, queryAll } from '../../shared/adapters/dynamodb';
import { dueAt, RUN_RETENTION_DAYS, type RunStore } from '../core/collect';
import type { CollectedRun } from '../core/collected-run';

const RUN_DUE = 'run';
const DAY_SECONDS = 24 * 60 * 60;

/**
 * The clauses of the conditional writes, named for what they mean. Life of a run (protocol C):
 *
 *     stages end             last stage, or deadline           published
 *         |                            |                           |
 *   ------+---------+---------+--------+---------------------------+-----------> time
 *     firstWrite    unchangedSinceRead, then closed            publishedAt
 *                                      |<-- crash: the run stays closed and unpublished:
 *                                      |    the next message of the run, or the sweep,
 *                                      |    publishes the same event and sets publishedAt
 */
const firstWrite = `attribute_not_exists(${PK})`;
const unchangedSinceRead = 'version = :read';

/** The Runs table: one item for each collected run. */
export class RunTable implements RunStore {
  private readonly readItem: (key: Item) => Promise<Item | undefined>;

  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {
    this.readItem = itemReader(client, table);
  }

  async read(key: string): Promise<CollectedRun | undefined> {
    const item = await this.readItem({ [PK]: key });
    if (!item) return undefined;
    const { [PK]: _, [DUE_INDEX.partitionKey]: __, [DUE_INDEX.sortKey]: ___, [TTL_ATTRIBUTE]: ____, ...run } = item;
    return run as unknown as CollectedRun;
  }

  write(key: string, run: CollectedRun): Promise<boolean> {
    const due = dueAt(run);
    const Item = {
      ...run,
      [PK]: key,
      ...(due !== undefined && { [DUE_INDEX.partitionKey]: RUN_DUE, [DUE_INDEX.sortKey]: due }),
      ...(run.publishedAt !== undefined && { [TTL_ATTRIBUTE]: expiry(run.publishedAt) }),
    };
    const condition =
      run.version === 1
        ? { ConditionExpression: firstWrite }
        : { ConditionExpression: unchangedSinceRead, ExpressionAttributeValues: { ':read': run.version - 1 } };
    return conditionHeld(this.client.send(new PutCommand({ TableName: this.table, Item, ...condition })));
  }

  async overdue(before: number): Promise<string[]> {
    const items = await queryAll(this.client, {
      TableName: this.table,
      IndexName: DUE_INDEX.name,
      KeyConditionExpression: `${DUE_INDEX.partitionKey} = :run AND ${DUE_INDEX.sortKey} <= :before`,
      ExpressionAttributeValues: { ':run': RUN_DUE, ':before': before },
    });
    return items.map((item) => item[PK] as string);
  }
}

const expiry = (publishedAt: number): number => Math.floor(publishedAt / 1000) + RUN_RETENTION_DAYS * DAY_SECONDS;
