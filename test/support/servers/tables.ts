import { readFileSync, writeFileSync } from 'node:fs';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { Output } from '../../../contract/outputs';
import { PARTITION_KEY, SORT_KEY } from '../../../contract/shared';
import { documentClient, type Item } from '../../../lambda/shared/adapters/dynamodb';
import { startDynamoDb, type TableInput } from '../../../local/engines/services/dynamodb';
import { REGION } from '../../../local/shared/environment';
import { planTemplate } from '../../../local/template/plan';
import type { Template } from '../../../local/template/template';
import { madeOnce } from '../once';
import { inProcess } from './in-process-requests';

/** The connector's tables as its template declares them, and a client for them. */
export interface TestTables {
  readonly client: DynamoDBDocumentClient;
  readonly subscriptions: string;
  readonly thresholds: string;
  readonly deliveries: string;
  readonly runs: string;
  readonly catalog: string;
  /** Names of API calls since the last call of `calls`, such as `PutItem`. */
  calls(): string[];
  /** All items of a table. */
  all(table: string): Promise<Item[]>;
  stop(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/**
 * Creates the tables on an embedded DynamoDB, or at `TEST_DYNAMODB_ENDPOINT`. Each call creates new tables.
 */
export async function startTables(): Promise<TestTables> {
  const stackName = `test-${crypto.randomUUID()}`;
  const template = await tablesTemplate();
  const { tables, outputs } = planTemplate({ template, stackName, directory: '.', assets: {} }, (name) => name);
  const catalog = catalogTable(`${stackName}-catalog`);
  const inputs = [...tables.map(({ input }) => input), catalog];
  const external = process.env.TEST_DYNAMODB_ENDPOINT;
  const { config, stop } = external ? await externalTables(external, inputs) : await embeddedTables(inputs);
  const client = documentClient({ ...config, region: REGION, credentials: CREDENTIALS });
  let calls: string[] = [];
  client.middlewareStack.add(
    (next, context) => (args) => {
      calls.push(String(context.commandName).replace(/Command$/, ''));
      return next(args);
    },
    { step: 'initialize' },
  );
  return {
    client,
    subscriptions: outputs[Output.SUBSCRIPTIONS_TABLE_NAME] as string,
    thresholds: outputs[Output.THRESHOLDS_TABLE_NAME] as string,
    deliveries: outputs[Output.DELIVERIES_TABLE_NAME] as string,
    // No output has its name, because only functions read it.
    runs: inputs.map(({ TableName }) => TableName).find((name) => name.includes('Collection')) as string,
    catalog: catalog.TableName,
    calls() {
      const made = calls;
      calls = [];
      return made;
    },
    async all(table) {
      const items: Item[] = [];
      const pages = paginateScan({ client }, { TableName: table, ConsistentRead: true });
      for await (const { Items } of pages) items.push(...(Items ?? []));
      return items;
    },
    async stop() {
      client.destroy();
      await stop();
    },
  };
}

/** The table of the subject catalog. The default template has none. */
const catalogTable = (TableName: string): TableInput => ({
  TableName,
  KeySchema: [
    { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
    { AttributeName: SORT_KEY, KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [PARTITION_KEY, SORT_KEY].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
});

/** The part of the default template that declares the tables. A test run synthesizes it once. */
async function tablesTemplate(): Promise<Template> {
  const synthesize = async () => (await import('./tables-template.js')).synthesizeTables();
  // `npm run record:version` runs outside of Vitest.
  if (!process.env.TEST_RUN_FOLDER) return synthesize();
  const file = await madeOnce('tables.json', async (path) => writeFileSync(path, JSON.stringify(await synthesize())));
  return JSON.parse(readFileSync(file, 'utf8'));
}

interface StartedTables {
  readonly config: DynamoDBClientConfig;
  stop(): Promise<void>;
}

async function embeddedTables(inputs: readonly TableInput[]): Promise<StartedTables> {
  const engine = await startDynamoDb(REGION);
  for (const input of inputs) engine.createTable(input);
  return { config: { endpoint: engine.endpoint, ...inProcess(engine) }, stop: () => engine.stop() };
}

async function externalTables(endpoint: string, inputs: readonly TableInput[]): Promise<StartedTables> {
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  for (const input of inputs) {
    await client.send(new CreateTableCommand({ ...input, BillingMode: 'PAY_PER_REQUEST' }));
    await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: input.TableName });
  }
  return {
    config: { endpoint },
    async stop() {
      for (const { TableName } of inputs) await client.send(new DeleteTableCommand({ TableName }));
      client.destroy();
    },
  };
}
