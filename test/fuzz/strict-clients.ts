import { GetQueueAttributesCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY as PK, SORT_KEY as SK } from '../../contract/shared';
import { named, type SimulatedDynamoDb } from '../simulation/aws/dynamodb';

/** Limits of services that the simulation does not need, because its workload never exceeds them. */

/** DynamoDB developer guide, "Quotas": bytes of keys and items. */
const MAX_KEY_BYTES: Readonly<Record<string, number>> = { [PK]: 2048, [SK]: 1024 };
const MAX_ITEM_BYTES = 400 * 1024;

const invalid = (message: string): Error => Object.assign(named('ValidationException', message), { $fault: 'client' });

function checkKeys(item: Readonly<Record<string, unknown>>): void {
  for (const [name, max] of Object.entries(MAX_KEY_BYTES)) {
    const value = item[name];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalid(`the key ${name} is not a string`);
    const bytes = Buffer.byteLength(value);
    if (bytes === 0 || bytes > max) throw invalid(`the key ${name} has ${bytes} bytes`);
  }
}

/** @throws Error for a value that the document client or DynamoDB refuses. */
function checkItem(item: Readonly<Record<string, unknown>>): void {
  checkKeys(item);
  const text = JSON.stringify(item, (_, value) => {
    // The document client refuses numbers that DynamoDB does not have.
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} is not a number of DynamoDB`);
    return value;
  });
  if (Buffer.byteLength(text) > MAX_ITEM_BYTES) throw invalid('the item has more than 400 KB');
}

interface AnyInput {
  readonly TableName?: string;
  readonly Key?: Record<string, unknown>;
  readonly Item?: Record<string, unknown>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
  readonly RequestItems?: Record<string, { readonly Keys?: Record<string, unknown>[] }>;
}

/** A client of simulated tables that also checks sizes and types, and scans. */
export function strictDynamoDb(tables: SimulatedDynamoDb, client: DynamoDBDocumentClient): DynamoDBDocumentClient {
  const send = async (command: { readonly input: AnyInput }) => {
    const { TableName, Key, Item, ExpressionAttributeValues, RequestItems = {} } = command.input;
    for (const key of [Key, ...Object.values(RequestItems).flatMap(({ Keys = [] }) => Keys)]) if (key) checkKeys(key);
    if (Item) checkItem(Item);
    if (ExpressionAttributeValues) checkItem(ExpressionAttributeValues);
    if (command instanceof ScanCommand) return { Items: [...tables.table(TableName).all()] };
    return client.send(command as never);
  };
  return Object.create(client, { send: { value: send } });
}

/** Characters that SQS accepts, and its longest message, bytes (API reference, SendMessage). */
const ACCEPTED = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** A client of simulated queues that also refuses messages as SQS does. A receiver gets none. */
export function strictSqs(client: SQSClient): SQSClient {
  const send = async (command: { readonly input: object }) => {
    const { MessageBody, Entries = [] } = command.input as {
      MessageBody?: string;
      Entries?: { MessageBody?: string }[];
    };
    for (const body of [MessageBody, ...Entries.map((entry) => entry.MessageBody)]) {
      if (body === undefined) continue;
      if (!ACCEPTED.test(body))
        throw Object.assign(named('InvalidMessageContents', 'invalid characters'), { $fault: 'client' });
      if (Buffer.byteLength(body) > MAX_MESSAGE_BYTES) throw invalid('the message is too long');
    }
    if (command instanceof ReceiveMessageCommand) return { Messages: [] };
    if (command instanceof GetQueueAttributesCommand) return { Attributes: { ApproximateNumberOfMessages: '0' } };
    return client.send(command as never);
  };
  return Object.create(client, { send: { value: send } });
}
