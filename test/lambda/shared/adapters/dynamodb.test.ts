import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Item, itemReader } from '../../../../lambda/shared/adapters/dynamodb';
import { startTables, type TestTables } from '../../../support/servers/tables';

describe('reading items', () => {
  let tables: TestTables;
  beforeAll(async () => {
    tables = await startTables();
    await Promise.all(
      Array.from({ length: 250 }, (_, n) =>
        tables.client.send(new PutCommand({ TableName: tables.thresholds, Item: { pk: 'p', sk: `s${n}`, n } })),
      ),
    );
  });
  afterAll(() => tables.stop());

  it('requests a duplicate key once and answers each read', async () => {
    const read = itemReader(tables.client, tables.thresholds);
    tables.calls();
    const keys = ['s1', 's0', 's1', 'none', 's1'].map((sk) => ({ pk: 'p', sk }));
    const items = await Promise.all(keys.map(read));
    expect(items.map((item) => item?.n)).toEqual([1, 0, 1, undefined, 1]);
    expect(tables.calls()).toEqual(['BatchGetItem']);
  });

  it('splits keys over the limit of a request', async () => {
    const read = itemReader(tables.client, tables.thresholds);
    tables.calls();
    const items = await Promise.all(Array.from({ length: 250 }, (_, n) => read({ pk: 'p', sk: `s${n}` })));
    expect(items.map((item) => item?.n)).toEqual(Array.from({ length: 250 }, (_, n) => n));
    expect(tables.calls()).toEqual(['BatchGetItem', 'BatchGetItem', 'BatchGetItem']);
  });

  it('does not cache items', async () => {
    const read = itemReader(tables.client, tables.thresholds);
    const key = { pk: 'p', sk: 'changing' };
    expect(await read(key)).toBeUndefined();
    await tables.client.send(new PutCommand({ TableName: tables.thresholds, Item: { ...key, n: 1 } }));
    expect(await read(key)).toEqual({ ...key, n: 1 });
  });
});

describe('keys that DynamoDB leaves unread', () => {
  /** Responds like BatchGetItem (DynamoDB API reference): some items, and the unprocessed keys. */
  function partialClient(perRequest: (request: number) => number) {
    const requests: Item[][] = [];
    const client = {
      async send(command: { input: { RequestItems: { t: { Keys: Item[]; ConsistentRead: boolean } } } }) {
        const { Keys, ConsistentRead } = command.input.RequestItems.t;
        expect(ConsistentRead).toBe(true);
        requests.push(Keys);
        const served = perRequest(requests.length);
        const rest = Keys.slice(served);
        return {
          Responses: { t: Keys.slice(0, served).map((key) => ({ ...key, found: true })) },
          UnprocessedKeys: rest.length > 0 ? { t: { Keys: rest } } : {},
        };
      },
    } as unknown as DynamoDBDocumentClient;
    return { client, requests };
  }
  const keys = [{ pk: 'a' }, { pk: 'b' }, { pk: 'c' }];

  it('are the only ones that are requested again', async () => {
    const { client, requests } = partialClient(() => 1);
    const items = await Promise.all(keys.map(itemReader(client, 't')));
    expect(items).toEqual(keys.map((key) => ({ ...key, found: true })));
    expect(requests).toEqual([keys, keys.slice(1), keys.slice(2)]);
  });

  it('cause an error if they stay unread, and are never treated as absent', async () => {
    const { client } = partialClient((request) => (request === 1 ? 1 : 0));
    const results = await Promise.allSettled(keys.map(itemReader(client, 't')));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(String((results[2] as PromiseRejectedResult).reason)).toContain('left 2 of 3 keys of table t unread');
  });
});
