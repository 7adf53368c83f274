import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, TTL_ATTRIBUTE } from '../../../contract/shared';
import { conditionHeld, type Item } from '../../shared/adapters/dynamodb';
import { JOB_RETENTION_DAYS, type PolledJobStore } from '../core/poll';

const DAY_SECONDS = 24 * 60 * 60;

/** Jobs whose end was told, in the Runs table: an item for each, one for each source of them, and one for each watch. */
export class PolledJobTable implements PolledJobStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async firstPoll(jobs: string, now: number): Promise<number> {
    const Key = { [PK]: `polled#${jobs}` };
    const { Item } = await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }));
    if (Item) return Item.since as number;
    const isFirst = await this.put({ ...Key, since: now }, `attribute_not_exists(${PK})`);
    // Another was faster: the next read sees it.
    return isFirst ? now : this.firstPoll(jobs, now);
  }

  take(jobs: string, id: string, now: number, takenBefore: number): Promise<boolean> {
    return this.put(
      { [PK]: keyOf(jobs, id), takenAt: now, ...expiry(now) },
      `attribute_not_exists(${PK}) OR (attribute_not_exists(toldAt) AND takenAt < :before)`,
      { ':before': takenBefore },
    );
  }

  async told(jobs: string, id: string, now: number): Promise<void> {
    await this.client.send(
      new PutCommand({
        TableName: this.table,
        Item: { [PK]: keyOf(jobs, id), takenAt: now, toldAt: now, ...expiry(now) },
      }),
    );
  }

  goOn(jobs: string, watch: string, looks: number, message: string, now: number): Promise<boolean> {
    return this.put(
      { [PK]: `watch#${jobs}#${watch}`, looks: looks + 1, message, ...expiry(now) },
      // The same message once more: it may have died before it left word.
      `attribute_not_exists(${PK}) OR looks = :looks OR (looks = :next AND message = :message)`,
      { ':looks': looks, ':next': looks + 1, ':message': message },
    );
  }

  private put(Item: Item, ConditionExpression: string, ExpressionAttributeValues?: Item): Promise<boolean> {
    const input = { TableName: this.table, Item, ConditionExpression, ExpressionAttributeValues };
    return conditionHeld(this.client.send(new PutCommand(input)));
  }
}

const keyOf = (jobs: string, id: string): string => `polled-job#${jobs}#${id}`;
const expiry = (now: number): Item => ({ [TTL_ATTRIBUTE]: Math.floor(now / 1000) + JOB_RETENTION_DAYS * DAY_SECONDS });
