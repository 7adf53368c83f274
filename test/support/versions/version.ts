import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HandlerName } from '../../../contract/shared';
import type { CustomResourceRequest } from '../../../lambda/registration/adapters/cloudformation';
import type { Item } from '../../../lambda/shared/adapters/dynamodb';
import type { RecordedResources } from './resources';

/** The tables, with their names in `TestTables`. */
export const TABLES = ['subscriptions', 'thresholds', 'deliveries', 'runs', 'catalog'] as const;
export type TableName = (typeof TABLES)[number];

/** A message in a queue. */
export interface RecordedMessage {
  /** Parsed if it is JSON. */
  readonly body: unknown;
  /** String attributes. Omitted if the message has none. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** An event on the bus, and the handlers to whose queues rules send it. */
export interface RecordedEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly resources: readonly string[];
  readonly to: readonly HandlerName[];
}

/** The data that a version stores and sends. */
export interface Version {
  /** Version of the package. */
  readonly name: string;
  /** Time of the recording in epoch milliseconds. */
  readonly recordedAt: number;
  readonly connectorId: string;
  /** Items, sorted by key. */
  readonly items: Readonly<Record<TableName, readonly Item[]>>;
  /** Messages by the handler that reads their queue. */
  readonly messages: Readonly<Partial<Record<HandlerName, readonly RecordedMessage[]>>>;
  /** Messages in dead-letter queues. */
  readonly rejected: readonly RecordedMessage[];
  readonly events: readonly RecordedEvent[];
  /** Requests of CloudFormation to `register`, in order. */
  readonly requests: readonly CustomResourceRequest[];
  /** Resources by name of the app. */
  readonly resources: Readonly<Record<string, RecordedResources>>;
}

/** Folder with one folder per recorded version. */
export const VERSIONS_FOLDER = join(dirname(dirname(__dirname)), 'fixtures/versions');

/** Parts of a version with their own file. `version.json` has the rest. */
const PARTS = ['items', 'messages', 'rejected', 'events', 'requests', 'resources'] as const;

/** Reads all recorded versions. */
export const recordedVersions = (): Version[] =>
  readdirSync(VERSIONS_FOLDER).map((name) => {
    const read = (part: string) => JSON.parse(readFileSync(join(VERSIONS_FOLDER, name, `${part}.json`), 'utf8'));
    const parts = PARTS.map((part) => [part, read(part)]);
    const version = { name, ...read('version'), ...Object.fromEntries(parts) };
    // A version has no items of a table that it does not have.
    const none = Object.fromEntries(TABLES.map((table) => [table, []]));
    return { ...version, items: { ...none, ...version.items } };
  });

/** Writes the fixtures of a version. The same version always results in the same files. */
export function writeVersion({ name, recordedAt, connectorId, ...parts }: Version): void {
  const folder = join(VERSIONS_FOLDER, name);
  mkdirSync(folder, { recursive: true });
  const write = (part: string, value: unknown) =>
    writeFileSync(join(folder, `${part}.json`), `${lines(value, part === 'resources' ? 3 : 2)}\n`);
  write('version', { recordedAt, connectorId });
  for (const part of PARTS) write(part, parts[part]);
}

/** JSON with one line per value at `depth` levels. */
function lines(value: unknown, depth: number, indent = ''): string {
  if (depth === 0 || typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([key, one]) => {
      const text = lines(one, Array.isArray(value) ? 0 : depth - 1, inner);
      return inner + (Array.isArray(value) ? text : `${JSON.stringify(key)}: ${text}`);
    });
  return entries.length === 0 ? `${open}${close}` : `${open}\n${entries.join(',\n')}\n${indent}${close}`;
}

/** The text of a message's body in the queue. */
export const bodyOf = ({ body }: RecordedMessage): string => (typeof body === 'string' ? body : JSON.stringify(body));
