import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, TTL_ATTRIBUTE } from '../../../contract/shared';
import { conditionHeld, type Item } from '../../shared/adapters/dynamodb';
import { JOB_RETENTION_DAYS, type PolledJobStore } from '../core/poll';

const DAY_SECONDS = 24 * 60 * 60;

/**
 * The clauses of the conditional writes, named for what they mean. Life of an ended job:
 *
 *       claim                PutEvents              finish
 *         |                      |                      |
 *   ------+----------------------+----------------------+-----------> time
 *     firstWrite, or         event sent             toldAt set
 *     notReported and
 *     claimExpired
 *         |<-- crash here: a poll after the claim's expiry claims the job again
 *              and sends the same event
 */
const firstWrite = `attribute_not_exists(${PK})`;
const notReported = 'attribute_not_exists(toldAt)';
const claimExpired = 'takenAt < :before';
/** No other message has extended the watch since these checks. */
const notExtended = 'looks = :looks';
/** A retry of the message that extended the watch: the first attempt can have crashed before it sent the recheck. */
const sameMessageAgain = 'looks = :next AND message = :message';

/** Polled jobs in the Runs table: one item for each ended job, for each source's first poll, and for each watch. */
export class PolledJobTable implements PolledJobStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  async firstPoll(jobs: string, now: number): Promise<number> {
    const Key = { [PK]: `polled#${jobs}` };
    const { Item } = await this.client.send(new GetCommand({ TableName: this.table, Key, ConsistentRead: true }));
    if (Item) return Item.since as number;
    const isFirst = await this.putIf(firstWrite, { ...Key, since: now });
    // Another worker was faster. The next read finds its item.
    return isFirst ? now : this.firstPoll(jobs, now);
  }

  claim(jobs: string, id: string, now: number, claimedBefore: number): Promise<boolean> {
    const item = { [PK]: keyOf(jobs, id), takenAt: now, ...expiry(now) };
    return this.putIf(`${firstWrite} OR (${notReported} AND ${claimExpired})`, item, { ':before': claimedBefore });
  }

  async finish(jobs: string, id: string, now: number): Promise<void> {
    const Item = { [PK]: keyOf(jobs, id), takenAt: now, toldAt: now, ...expiry(now) };
    await this.client.send(new PutCommand({ TableName: this.table, Item }));
  }

  extend(jobs: string, watch: string, looks: number, message: string, now: number): Promise<boolean> {
    return this.putIf(
      `${firstWrite} OR ${notExtended} OR (${sameMessageAgain})`,
      { [PK]: `watch#${jobs}#${watch}`, looks: looks + 1, message, ...expiry(now) },
      { ':looks': looks, ':next': looks + 1, ':message': message },
    );
  }

  private putIf(ConditionExpression: string, Item: Item, ExpressionAttributeValues?: Item): Promise<boolean> {
    const input = { TableName: this.table, Item, ConditionExpression, ExpressionAttributeValues };
    return conditionHeld(this.client.send(new PutCommand(input)));
  }
}

const keyOf = (jobs: string, id: string): string => `polled-job#${jobs}#${id}`;
const expiry = (now: number): Item => ({ [TTL_ATTRIBUTE]: Math.floor(now / 1000) + JOB_RETENTION_DAYS * DAY_SECONDS });
