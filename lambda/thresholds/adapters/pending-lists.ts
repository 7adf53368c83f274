import { randomUUID } from 'node:crypto';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, SORT_KEY as SK } from '../../../contract/shared';
import { queryAll } from '../../shared/adapters/dynamodb';
import type { PendingMetrics, PendingStore } from '../core/ports';

/** Partition of the lists of pending metrics, sorted by when they are due. Metric keys do not start with `#`. */
export const PENDING = '#pending';

/** Epoch milliseconds have 13 digits until the year 2286. */
const dueText = (due: number): string => String(due).padStart(15, '0');

/** The lists of pending metrics in the Thresholds table. No index, which would cost a further write for each change. */
export class PendingLists implements PendingStore {
  constructor(
    protected readonly client: DynamoDBDocumentClient,
    protected readonly table: string,
    private readonly newId: () => string = randomUUID,
  ) {}

  async putPending(metricKeys: readonly string[], due: number): Promise<string> {
    const id = `${dueText(due)}#${this.newId()}`;
    await this.client.send(new PutCommand({ TableName: this.table, Item: { [PK]: PENDING, [SK]: id, metricKeys } }));
    return id;
  }

  async removePending(id: string): Promise<void> {
    await this.client.send(new DeleteCommand({ TableName: this.table, Key: { [PK]: PENDING, [SK]: id } }));
  }

  async overduePending(before: number): Promise<PendingMetrics[]> {
    const items = await queryAll(this.client, {
      TableName: this.table,
      KeyConditionExpression: `${PK} = :pending AND ${SK} < :after`,
      ExpressionAttributeValues: { ':pending': PENDING, ':after': dueText(before + 1) },
    });
    return items.map((item) => ({ id: item[SK] as string, metricKeys: item.metricKeys as string[] }));
  }
}
