import { ConditionalCheckFailedException, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, paginateQuery, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { coalesce } from './coalesce';
import { timer } from './timer';

export type Item = Record<string, unknown>;

/** Reads and writes numbers as doubles. DynamoDB's 38 digits hold every double, although the SDK asks for a BigInt. */
export function documentClient(config: DynamoDBClientConfig = {}): DynamoDBDocumentClient {
  const client = new DynamoDBClient(config);
  // It prepares a log entry of each call, which no logger receives.
  client.middlewareStack.remove('loggerMiddleware');
  return DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true, allowImpreciseNumbers: true },
    unmarshallOptions: { wrapNumbers: Number },
  });
}

/** The output of a conditional write. Undefined if its condition did not hold. */
export async function ifConditionHeld<Output>(write: Promise<Output>): Promise<Output | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** True if the write was made, false if its condition did not hold. */
export const conditionHeld = async (write: Promise<object>): Promise<boolean> =>
  (await ifConditionHeld(write)) !== undefined;

/** BatchGetItem accepts 100 keys (API reference). */
const MAX_KEYS = 100;
const PAUSES = [0, 50, 200, 800, 1600];

/** Reads items of a table consistently. Concurrent reads share a BatchGetItem request. */
export function itemReader(client: DynamoDBDocumentClient, table: string): (key: Item) => Promise<Item | undefined> {
  return coalesce<Item, Item | undefined>(MAX_KEYS, async (keys) => {
    const ids = keys.map((key) => JSON.stringify(key));
    const found = new Map<string, Item>();
    // BatchGetItem rejects duplicate keys.
    let open: Item[] = [...new Map(ids.map((id, n) => [id, keys[n] as Item])).values()];
    const attributes = Object.keys(keys[0] as Item);
    for (const wait of PAUSES) {
      if (wait > 0) await timer.wait(wait);
      const request = { [table]: { Keys: open, ConsistentRead: true } };
      const { Responses, UnprocessedKeys } = await client.send(new BatchGetCommand({ RequestItems: request }));
      for (const item of Responses?.[table] ?? []) {
        found.set(JSON.stringify(Object.fromEntries(attributes.map((name) => [name, item[name]]))), item);
      }
      open = (UnprocessedKeys?.[table]?.Keys as Item[] | undefined) ?? [];
      if (open.length === 0) return ids.map((id) => found.get(id));
    }
    throw new Error(`DynamoDB left ${open.length} of ${keys.length} keys of table ${table} unread`);
  });
}

/** All items of a query, from all pages. */
export async function queryAll(client: DynamoDBDocumentClient, input: QueryCommandInput): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of paginateQuery({ client }, input)) items.push(...(page.Items ?? []));
  return items;
}
