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

/** Cost of a call. */
export interface MeteredCall {
  /** Access key id of the request's signature. The access key id of a function is its logical id. */
  readonly accessKeyId: string;
  readonly operation: string;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Bytes added to the table. Negative if the table shrinks. */
  readonly storedBytes: number;
}

/** Storage overhead of an item (developer guide, "DynamoDB item sizes and formats"). */
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
 * A proxy between functions and an embedded DynamoDB that reports the cost of each call. Requests the consumed capacity
 * from the engine, and reads each item before and after a write for the costs that the engine does not count.
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
  /** Writes are sequential, so that no other write changes the item in between. */
  private writing: Promise<unknown> = Promise.resolve();

  constructor(private readonly onCall: (call: MeteredCall) => void) {}

  /** Starts the proxy before the engine's endpoint is known. Resolves to the proxy's URL. */
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
    if (READS.has(operation)) return this.forward(request, operation, input);
    if (!WRITES.has(operation)) throw new Error(`the cost of ${operation} is unknown`);
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
    return this.forward(request, operation, input, async () => {
      const after = await this.read(input.TableName, key);
      const indexes = new IndexWrites(table);
      const plainKey = plain(key);
      // The first call stores the entry before the write.
      indexes.unitsOf(plainKey, before);
      return { indexUnits: indexes.unitsOf(plainKey, after), storedBytes: storedBytes(after) - storedBytes(before) };
    });
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
    const forwarded = { status: response.status, type: response.headers.get('content-type') ?? '', text };
    const output = JSON.parse(text) as { readonly ConsumedCapacity?: unknown; readonly __type?: string };
    const accessKeyId = /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? '';
    const nothing = { accessKeyId, operation, readUnits: 0, writeUnits: 0, storedBytes: 0 };
    if (!response.ok) {
      // Other errors cost nothing and must not happen.
      if (!output.__type?.endsWith('ConditionalCheckFailedException')) throw new Error(`${operation}: ${text}`);
      this.onCall({ ...nothing, writeUnits: FAILED_CONDITION_UNITS });
      return forwarded;
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
    return forwarded;
  }
}

const storedBytes = (item: Attributes | undefined): number => (item ? itemBytes(item) + ITEM_OVERHEAD_BYTES : 0);

const plain = (item: Item): Attributes =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plainValue(value)]));

/** A value in the format of the document client. */
function plainValue(value: AttributeValue): unknown {
  if (value.N !== undefined) return Number(value.N);
  if (value.L) return value.L.map(plainValue);
  if (value.M) return plain(value.M);
  if (value.NULL) return null;
  if (value.SS) return new Set(value.SS);
  const text = value.S ?? value.BOOL;
  if (text === undefined) throw new Error(`no rule for the size of ${JSON.stringify(value)}`);
  return text;
}
