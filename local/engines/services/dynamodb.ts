import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { type AwsCall, observeCalls } from '../protocol/calls';
import { close, LOOPBACK, listen } from '../protocol/http';

/** Between two looks at a table that is being made. */
const TABLE_POLL_MS = 5;

/** A table to make: what `CreateTable` takes (DynamoDB API reference, CreateTable). */
export type TableInput = Pick<
  CreateTableCommandInput,
  'TableName' | 'KeySchema' | 'AttributeDefinitions' | 'GlobalSecondaryIndexes' | 'LocalSecondaryIndexes'
> & { readonly TableName: string };

/** An embedded DynamoDB (dynalite), in memory, on a free port of the loopback address. */
export interface DynamoDbEngine {
  readonly endpoint: string;
  readonly server: Server;
  /** Makes a table and resolves when it is active. */
  createTable(table: TableInput): Promise<void>;
  stop(): Promise<void>;
}

export async function startDynamoDb(region: string, onCall?: (call: AwsCall) => void): Promise<DynamoDbEngine> {
  const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
  surviveAbortedRequests(server);
  // dynalite's own `close` closes the database, too. Requests in progress then throw errors that end this process.
  server.close = Server.prototype.close;
  if (onCall) observeCalls(server, onCall);
  const endpoint = `http://${LOOPBACK}:${await listen(server, 0)}`;
  const client = new DynamoDBClient({
    endpoint,
    region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  return {
    endpoint,
    server,
    async createTable(table) {
      await client.send(new CreateTableCommand({ ...table, BillingMode: 'PAY_PER_REQUEST' }));
      const describe = new DescribeTableCommand({ TableName: table.TableName });
      while ((await client.send(describe)).Table?.TableStatus !== 'ACTIVE') {
        await sleep(TABLE_POLL_MS);
      }
    },
    async stop() {
      client.destroy();
      await close(server);
    },
  };
}

/**
 * dynalite throws a request's `error` event, which would end this process whenever a function is killed in the middle
 * of a call. Such a request is dropped instead.
 */
function surviveAbortedRequests(server: ReturnType<typeof dynalite>): void {
  const [handler] = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const on = req.on.bind(req);
    req.on = ((event: string, listener: (...args: unknown[]) => void) =>
      on(event, event === 'error' ? () => res.destroy() : listener)) as typeof req.on;
    handler?.(req, res);
  });
}
