import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CallCounter } from '../../bench/cost/counted-client';
import { CREDENTIALS, type RunningEngines, startEngines } from '../../bench/engines/engines';
import { PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';

/** DynamoDB developer guide: "DynamoDB read and write operations", "Using Global Secondary Indexes". */
describe('units by the documented rules', () => {
  let engines: RunningEngines;
  let client: DynamoDBDocumentClient;
  let counter: CallCounter;
  let TableName: string;

  beforeAll(async () => {
    engines = await startEngines();
    client = documentClient({ endpoint: engines.dynamoDb, region: engines.region, credentials: CREDENTIALS });
    counter = new CallCounter(engines.tables);
    counter.watch(client);
    TableName = engines.thresholds;
  });

  afterAll(async () => {
    client?.destroy();
    await engines?.stop();
  });

  beforeEach(() => {
    counter.take();
  });

  const key = (sk: string) => ({ [PARTITION_KEY]: 'metric', [SORT_KEY]: sk });
  const due = (at: number) => ({ [DUE_INDEX.partitionKey]: 'intent', [DUE_INDEX.sortKey]: at });
  const put = (sk: string, more: object) => client.send(new PutCommand({ TableName, Item: { ...key(sk), ...more } }));
  const text = (bytes: number) => ({ text: 'x'.repeat(bytes) });
  const query = (from: string, to: string, ConsistentRead: boolean) =>
    client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: `${PARTITION_KEY} = :metric AND ${SORT_KEY} BETWEEN :from AND :to`,
        ExpressionAttributeValues: { ':metric': 'metric', ':from': from, ':to': to },
        ConsistentRead,
      }),
    );

  it('a write costs a unit for every started KB of the larger of the old and the new item', async () => {
    await put('write', text(900));
    expect(counter.take()).toEqual({ readUnits: 0, writeUnits: 1, apiCalls: 1 });
    await put('write', text(2_100));
    expect(counter.take().writeUnits).toBe(3);
    await put('write', {});
    expect(counter.take().writeUnits).toBe(3);
  });

  it('a batch of consistent reads costs a unit for every started 4 KB of each item, and for each missing one', async () => {
    await put('read-1', text(5_000));
    await put('read-2', text(100));
    counter.take();
    const Keys = ['read-1', 'read-2', 'missing'].map(key);
    await client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    expect(counter.take()).toEqual({ readUnits: 2 + 1 + 1, writeUnits: 0, apiCalls: 1 });
  });

  it('a query costs the sum of its items, rounded up, and at least the minimum', async () => {
    for (const n of [1, 2, 3, 4, 5]) await put(`query-${n}`, text(1_000));
    counter.take();
    await query('query-1', 'query-5', true);
    expect(counter.take()).toEqual({ readUnits: 2, writeUnits: 0, apiCalls: 1 });
    await query('query-1', 'query-5', false);
    expect(counter.take().readUnits).toBe(1);
    await query('query-6', 'query-9', true);
    expect(counter.take().readUnits).toBe(1);
    await query('query-6', 'query-9', false);
    expect(counter.take().readUnits).toBe(0.5);
  });

  it('an index entry that is added, unchanged, moved and removed costs 1, 0, 2 and 1 more', async () => {
    await put('index', { ...due(1), ...text(10) });
    expect(counter.take().writeUnits).toBe(1 + 1);
    await put('index', { ...text(20), ...due(1) });
    expect(counter.take().writeUnits).toBe(1);
    await put('index', due(2));
    expect(counter.take().writeUnits).toBe(1 + 2);
    const UpdateExpression = `REMOVE ${DUE_INDEX.partitionKey}, ${DUE_INDEX.sortKey}`;
    await client.send(new UpdateCommand({ TableName, Key: key('index'), UpdateExpression }));
    expect(counter.take().writeUnits).toBe(1 + 1);
  });

  it('a delete also removes the index entry', async () => {
    await put('deleted', due(1));
    counter.take();
    await client.send(new DeleteCommand({ TableName, Key: key('deleted') }));
    expect(counter.take()).toEqual({ readUnits: 0, writeUnits: 1 + 1, apiCalls: 1 });
  });

  it('a write whose condition does not hold costs a unit', async () => {
    const ConditionExpression = `attribute_exists(${PARTITION_KEY})`;
    const write = client.send(new PutCommand({ TableName, Item: key('absent'), ConditionExpression }));
    await expect(write).rejects.toThrow('conditional request failed');
    expect(counter.take()).toEqual({ readUnits: 0, writeUnits: 1, apiCalls: 1 });
  });

  it('a scan is a read', async () => {
    await client.send(new ScanCommand({ TableName, Limit: 1, ConsistentRead: true }));
    expect(counter.take().readUnits).toBeGreaterThan(0);
  });
});
