import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  paginateScan,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK } from '../../../contract/shared';
import { conditionHeld, type Item, itemReader } from '../../shared/adapters/dynamodb';
import type { KeyReader, StoredKey } from '../core/ports';

/** Names of subscriptions have no `#`. */
const PREFIX = '#key#';
const keyOf = (name: string) => ({ [PK]: `${PREFIX}${name}` });

/** `hash` is a reserved word of DynamoDB. */
const HASH_NAME = { '#hash': 'hash' };

/** The API keys of the custom connector: one item for each key in the Subscriptions table. */
export class KeyTable implements KeyReader {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly readItem = itemReader(client, table),
  ) {}

  async read(name: string): Promise<StoredKey | undefined> {
    const item = await this.readItem(keyOf(name));
    return item && storedKeyOf(item);
  }

  /** Writes only if the key is as it was read: concurrent requests write once, and a revoked key stays revoked. */
  async used({ name, hash, lastUsedAt }: StoredKey, at: number): Promise<void> {
    const sameUse = lastUsedAt === undefined ? 'attribute_not_exists(lastUsedAt)' : 'lastUsedAt = :read';
    const update = new UpdateCommand({
      TableName: this.table,
      Key: keyOf(name),
      UpdateExpression: 'SET lastUsedAt = :at',
      ConditionExpression: `#hash = :hash AND ${sameUse}`,
      ExpressionAttributeNames: HASH_NAME,
      ExpressionAttributeValues: { ':at': at, ':hash': hash, ...(lastUsedAt !== undefined && { ':read': lastUsedAt }) },
    });
    await conditionHeld(this.client.send(update));
  }

  /** Returns false if a key with this name exists. */
  create({ name, ...fields }: StoredKey): Promise<boolean> {
    const put = new PutCommand({
      TableName: this.table,
      Item: { ...keyOf(name), ...fields },
      ConditionExpression: `attribute_not_exists(${PK})`,
    });
    return conditionHeld(this.client.send(put));
  }

  /** All keys, sorted by name. Expensive: reads the whole table. */
  async list(): Promise<StoredKey[]> {
    const keys: StoredKey[] = [];
    const pages = paginateScan(
      { client: this.client },
      {
        TableName: this.table,
        ConsistentRead: true,
        FilterExpression: `begins_with(${PK}, :prefix)`,
        ExpressionAttributeValues: { ':prefix': PREFIX },
      },
    );
    for await (const { Items } of pages) keys.push(...(Items ?? []).map(storedKeyOf));
    return keys.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Returns false if no key with this name exists. */
  revoke(name: string): Promise<boolean> {
    const remove = new DeleteCommand({
      TableName: this.table,
      Key: keyOf(name),
      ConditionExpression: `attribute_exists(${PK})`,
    });
    return conditionHeld(this.client.send(remove));
  }
}

function storedKeyOf({ [PK]: pk, ...fields }: Item): StoredKey {
  return { name: String(pk).slice(PREFIX.length), ...fields } as StoredKey;
}
