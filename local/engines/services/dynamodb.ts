import type { Server } from 'node:http';
import { DynamoDb } from '../dynamodb/engine';
import type { TableInput } from '../dynamodb/table';
import { type AwsCall, observeCalls } from '../protocol/calls';
import { close, LOOPBACK, listen } from '../protocol/http';
import { callJson, type JsonResponse, jsonServer } from '../protocol/json-service';

export type { TableInput } from '../dynamodb/table';

const TARGET = 'DynamoDB_20120810';
const ACCOUNT = '000000000000';
/** Maximum bytes of a request (DynamoDB API reference, BatchWriteItem). */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/** An embedded DynamoDB, in memory, on a free port of the loopback address. */
export interface DynamoDbEngine {
  readonly endpoint: string;
  readonly server: Server;
  /** The table is active at once. */
  createTable(table: TableInput): void;
  /** Makes a call without a socket. @param operation such as `GetItem`. @param body JSON. */
  call(operation: string, body: string): Promise<JsonResponse>;
  stop(): Promise<void>;
}

export async function startDynamoDb(region: string, onCall?: (call: AwsCall) => void): Promise<DynamoDbEngine> {
  const engine = new DynamoDb(ACCOUNT, region);
  const call = (operation: string, input: Record<string, unknown>) => engine.call(operation, input);
  const server = jsonServer(TARGET, call, MAX_REQUEST_BYTES);
  if (onCall) observeCalls(server, onCall);
  const endpoint = `http://${LOOPBACK}:${await listen(server, 0)}`;
  return {
    endpoint,
    server,
    createTable: (table) => void engine.createTable(table),
    call: (operation, body) => callJson(call, operation, body),
    stop: () => close(server),
  };
}
