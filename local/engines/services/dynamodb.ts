import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { LOCAL_CLIENT_CONFIG } from '../../shared/client-config';
import { type AwsCall, observeCalls } from '../protocol/calls';
import { close, LOOPBACK, listen } from '../protocol/http';

/** Milliseconds between two checks whether a table is active. */
const TABLE_POLL_MS = 5;

/** Input of `CreateTable` (DynamoDB API reference, CreateTable). */
export type TableInput = Pick<
  CreateTableCommandInput,
  'TableName' | 'KeySchema' | 'AttributeDefinitions' | 'GlobalSecondaryIndexes' | 'LocalSecondaryIndexes'
> & { readonly TableName: string };

/** An embedded DynamoDB (dynalite), in memory, on a free port of the loopback address. */
export interface DynamoDbEngine {
  readonly endpoint: string;
  readonly server: Server;
  /** Resolves when the table is active. */
  createTable(table: TableInput): Promise<void>;
  stop(): Promise<void>;
}

export async function startDynamoDb(region: string, onCall?: (call: AwsCall) => void): Promise<DynamoDbEngine> {
  const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
  surviveAbortedRequests(server);
  // dynalite's own `close` also closes the database, so that requests in progress throw errors that end this process.
  server.close = Server.prototype.close;
  if (onCall) observeCalls(server, onCall);
  const endpoint = `http://${LOOPBACK}:${await listen(server, 0)}`;
  const client = new DynamoDBClient({ ...LOCAL_CLIENT_CONFIG, endpoint, region });
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
 * Drops aborted requests. dynalite throws a request's `error` event, which would end this process when a function is
 * killed during a call.
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
