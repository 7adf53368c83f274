import { createServer, type IncomingMessage } from 'node:http';
import { type AttributeValue, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { close, LOOPBACK, listen } from '../../local/engines/protocol/http';
import type { TableInput } from '../../local/engines/services/dynamodb';
import { CREDENTIALS } from '../engines/engines';
import {
  type Attributes,
  FAILED_CONDITION_UNITS,
  IndexWrites,
  itemBytes,
  leastReadUnits,
  READS,
  WRITES,
} from './capacity';

/** What a call cost. */
export interface MeteredCall {
  /** Access key id of the request's signature; a function's is its logical id. */
  readonly accessKeyId: string;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Bytes that the table holds more, or fewer. */
  readonly storedBytes: number;
}

/** What DynamoDB adds to each item's size for storage (developer guide, "DynamoDB item sizes and formats"). */
const ITEM_OVERHEAD_BYTES = 100;

type Item = Record<string, AttributeValue>;
interface Input {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConsistentRead?: boolean;
  ReturnConsumedCapacity?: string;
}

/**
 * Stands between functions and an embedded DynamoDB, and says what each call costs there: it has the engine tell the consumed
 * capacity, and looks at an item before and after it is written, for what the engine leaves out. Whoever calls sees no
 * difference.
 */
export class MeteredDynamoDb {
  private readonly server = createServer((request, response) => {
    this.serve(request).then(
      ({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  private tables: readonly TableInput[] = [];
  private client: DynamoDBClient | undefined;
  private target = '';
  /** Writes go one after the other, so that an item before a write is that of the write. */
  private writing: Promise<unknown> = Promise.resolve();

  constructor(private readonly onCall: (call: MeteredCall) => void) {}

  /** Starts, before it is known where the engine is. Resolves to its own URL. */
  async start(): Promise<string> {
    return `http://${LOOPBACK}:${await listen(this.server, 0)}`;
  }

  connect(endpoint: string, region: string, tables: readonly TableInput[]): void {
    this.target = endpoint;
    this.tables = tables;
    this.client = new DynamoDBClient({ endpoint, region, credentials: CREDENTIALS });
  }

  async stop(): Promise<void> {
    this.client?.destroy();
    await close(this.server);
  }

  private async serve(request: IncomingMessage): Promise<{ status: number; type: string; text: string }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    const input = JSON.parse(Buffer.concat(chunks).toString()) as Input;
    if (READS.has(operation)) return (await this.forward(request, operation, input)).answer;
    if (!WRITES.has(operation)) throw new Error(`nobody knows yet what a ${operation} costs`);
    const written = this.writing.then(() => this.write(request, operation, input));
    this.writing = written.catch(() => {});
    return written;
  }

  private async write(request: IncomingMessage, operation: string, input: Input) {
    const table = this.tables.find(({ TableName }) => TableName === input.TableName);
    if (!table) throw new Error(`${input.TableName} is not in the template`);
    const keys = (table.KeySchema ?? []).map(({ AttributeName }) => AttributeName as string);
    const all = input.Key ?? input.Item ?? {};
    const key: Item = Object.fromEntries(keys.map((name) => [name, all[name] as AttributeValue]));
    const before = await this.read(input.TableName, key);
    return (
      await this.forward(request, operation, input, async () => {
        const after = await this.read(input.TableName, key);
        const indexes = new IndexWrites(table);
        const plainKey = plain(key);
        // The first says what stands there.
        indexes.unitsOf(plainKey, before);
        return {
          indexUnits: indexes.unitsOf(plainKey, after),
          storedBytes: storedBytes(after) - storedBytes(before),
        };
      })
    ).answer;
  }

  private async read(TableName: string, Key: Item): Promise<Attributes | undefined> {
    const { Item } = (await this.client?.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))) ?? {};
    return Item && plain(Item);
  }

  private async forward(
    request: IncomingMessage,
    operation: string,
    input: Input,
    written?: () => Promise<{ readonly indexUnits: number; readonly storedBytes: number }>,
  ) {
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        ([name]) => !['host', 'connection', 'content-length', 'expect'].includes(name),
      ),
    ) as Record<string, string>;
    const body = JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' });
    const response = await fetch(this.target, { method: 'POST', headers, body });
    const text = await response.text();
    const answer = { status: response.status, type: response.headers.get('content-type') ?? '', text };
    const output = JSON.parse(text) as { readonly ConsumedCapacity?: unknown; readonly __type?: string };
    const accessKeyId = /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
    const nothing = { accessKeyId, readUnits: 0, writeUnits: 0, storedBytes: 0 };
    if (!response.ok) {
      // A call that is refused otherwise costs nothing, and should not be made.
      if (!output.__type?.endsWith('ConditionalCheckFailedException')) throw new Error(`${operation}: ${text}`);
      this.onCall({ ...nothing, writeUnits: FAILED_CONDITION_UNITS });
      return { answer };
    }
    const consumed = ([output.ConsumedCapacity ?? []].flat() as { readonly CapacityUnits?: number }[]).reduce(
      (to, { CapacityUnits = 0 }) => to + CapacityUnits,
      0,
    );
    if (written) {
      const { indexUnits, storedBytes: bytes } = await written();
      this.onCall({ ...nothing, writeUnits: consumed + indexUnits, storedBytes: bytes });
    } else {
      const least = operation === 'Query' ? leastReadUnits(input.ConsistentRead === true) : 0;
      this.onCall({ ...nothing, readUnits: Math.max(consumed, least) });
    }
    return { answer };
  }
}

const storedBytes = (item: Attributes | undefined): number => (item ? itemBytes(item) + ITEM_OVERHEAD_BYTES : 0);

const plain = (item: Item): Attributes =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plainValue(value)]));

/** A value as the document client gives it. */
function plainValue(value: AttributeValue): unknown {
  if (value.N !== undefined) return Number(value.N);
  if (value.L) return value.L.map(plainValue);
  if (value.M) return plain(value.M);
  if (value.NULL) return null;
  const text = value.S ?? value.BOOL;
  if (text === undefined) throw new Error(`no rule for the size of ${JSON.stringify(value)}`);
  return text;
}
