import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HandlerName } from '../../../contract/shared';
import type { CustomResourceRequest } from '../../../lambda/registration/adapters/cloudformation';
import type { Item } from '../../../lambda/shared/adapters/dynamodb';
import type { RecordedResources } from './resources';

/** The tables, by the names that `TestTables` gives them. */
export const TABLES = ['subscriptions', 'thresholds', 'deliveries', 'runs'] as const;
export type TableName = (typeof TABLES)[number];

/** A message of a queue. */
export interface RecordedMessage {
  /** Parsed, where it is JSON. */
  readonly body: unknown;
  /** String attributes. Left out: none. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** An event of the bus, and the handlers whose queues a rule sends it to. */
export interface RecordedEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly resources: readonly string[];
  readonly to: readonly HandlerName[];
}

/** What a version stores and sends. */
export interface Version {
  /** The package's version. */
  readonly name: string;
  /** When it was recorded, epoch milliseconds. */
  readonly recordedAt: number;
  readonly connectorId: string;
  /** Items, sorted by their keys. */
  readonly items: Readonly<Record<TableName, readonly Item[]>>;
  /** Messages by the handler that reads their queue. */
  readonly messages: Readonly<Partial<Record<HandlerName, readonly RecordedMessage[]>>>;
  /** Messages in dead-letter queues. */
  readonly rejected: readonly RecordedMessage[];
  readonly events: readonly RecordedEvent[];
  /** What CloudFormation asks `register` for, in its order. */
  readonly requests: readonly CustomResourceRequest[];
  /** Resources by the name of their app. */
  readonly resources: Readonly<Record<string, RecordedResources>>;
}

/** A folder for each recorded version. */
export const VERSIONS_FOLDER = join(dirname(dirname(__dirname)), 'fixtures/versions');

/** A file for each; `version.json` has the rest. */
const PARTS = ['items', 'messages', 'rejected', 'events', 'requests', 'resources'] as const;

/** The recorded versions. */
export const recordedVersions = (): Version[] =>
  readdirSync(VERSIONS_FOLDER).map((name) => {
    const read = (part: string) => JSON.parse(readFileSync(join(VERSIONS_FOLDER, name, `${part}.json`), 'utf8'));
    const parts = PARTS.map((part) => [part, read(part)]);
    return { name, ...read('version'), ...Object.fromEntries(parts) };
  });

/** Writes a version's fixtures: the same version always gives the same files. */
export function writeVersion({ name, recordedAt, connectorId, ...parts }: Version): void {
  const folder = join(VERSIONS_FOLDER, name);
  mkdirSync(folder, { recursive: true });
  const write = (part: string, value: unknown) =>
    writeFileSync(join(folder, `${part}.json`), `${lines(value, part === 'resources' ? 3 : 2)}\n`);
  write('version', { recordedAt, connectorId });
  for (const part of PARTS) write(part, parts[part]);
}

/** JSON with a line for each value that is `depth` levels down. */
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

/** A message's body as it is on the queue. */
export const bodyOf = ({ body }: RecordedMessage): string => (typeof body === 'string' ? body : JSON.stringify(body));
