import { createServer, type Server } from 'node:http';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Env } from '../../../contract/environment';
import { PARTITION_KEY, REJECTION_REASON_ATTRIBUTE, SORT_KEY } from '../../../contract/shared';
import { CatalogTable } from '../../../lambda/custom-connector/adapters/catalog-table';
import { RefreshTable } from '../../../lambda/custom-connector/adapters/refresh-table';
import { documentClient } from '../../../lambda/shared/adapters/dynamodb';
import { packageRoot } from '../../../lib/shared/package-root';
import { LambdaFunction } from '../../../local/engines/functions/lambda';
import { close, LOOPBACK, listen } from '../../../local/engines/protocol/http';
import { type DynamoDbEngine, startDynamoDb } from '../../../local/engines/services/dynamodb';
import { SqsEngine } from '../../../local/engines/services/sqs';
import { Activity } from '../../../local/shared/activity';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { busEvent, minutes, NOW, segment } from '../../support/evaluation';

const TABLE = 'Catalog';
const REJECTED = 'arn:aws:sqs:us-east-1:000000000000:Rejected';
const REGION = LOCAL_CLIENT_CONFIG.region;

let dynamoDb: DynamoDbEngine;
let sqs: SqsEngine;
/** Passes requests to DynamoDB. */
let proxy: Server;
let record: LambdaFunction;
let catalog: CatalogTable;
let client: DynamoDBDocumentClient;
/** Whether DynamoDB throttles all requests. */
let isThrottling = false;
/** Operations that DynamoDB received. */
let calls: string[] = [];

beforeAll(async () => {
  const activity = new Activity();
  dynamoDb = await startDynamoDb(REGION);
  dynamoDb.createTable({
    TableName: TABLE,
    KeySchema: [
      { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
      { AttributeName: SORT_KEY, KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [PARTITION_KEY, SORT_KEY].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  });
  sqs = await SqsEngine.start('000000000000', activity);
  sqs.createQueue({ logicalId: 'Rejected', name: 'Rejected', arn: REJECTED, attributes: {} });
  proxy = createServer((request, response) => {
    calls.push(String(request.headers['x-amz-target']).split('.')[1] ?? '');
    if (!isThrottling) return void dynamoDb.server.emit('request', request, response);
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'slower' }));
  });
  const endpoint = `http://${LOOPBACK}:${await listen(proxy, 0)}`;
  record = new LambdaFunction(
    {
      logicalId: 'Record',
      name: 'record',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:record',
      logGroup: 'record',
      directory: `${packageRoot()}/dist/lambda/record`,
      handler: 'index.handler',
      runtime: 'nodejs24.x',
      timeoutSeconds: 60,
      memoryMb: 256,
      environment: {
        [Env.CONNECTOR_ID]: 'test',
        [Env.CATALOG_TABLE_NAME]: TABLE,
        [Env.REJECTED_QUEUE_URL]: sqs.url('Rejected'),
      },
    },
    {
      region: REGION,
      environment: {
        AWS_ENDPOINT_URL_DYNAMODB: endpoint,
        AWS_ENDPOINT_URL_SQS: sqs.endpoint,
        AWS_MAX_ATTEMPTS: '1',
        POWERTOOLS_METRICS_NAMESPACE: 'Test',
      },
      activity,
      stopTimeoutMs: 0,
    },
  );
  client = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: dynamoDb.endpoint });
  catalog = new CatalogTable(client, TABLE, Date.now);
});
afterAll(async () => {
  await record?.stop();
  client?.destroy();
  if (proxy) await close(proxy);
  await sqs?.stop();
  await dynamoDb?.stop();
});
beforeEach(() => {
  isThrottling = false;
  calls = [];
});

/** Invokes the bundle with a batch, and returns the ids of the messages to retry. */
async function invoke(...bodies: string[]): Promise<string[]> {
  const Records = bodies.map((body, n) => ({ messageId: String(n), body }));
  const result = await record.invoke({ Records });
  if (!result.ok) throw new Error(result.errorMessage);
  return (result.payload as SQSBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}
const sizeOf = (name: string, instanceId: string) => segment(1, 1, { segment: name, instanceId });

it('the bundle records names, writes each once, and rejects what is no event', async () => {
  const batch = [
    sizeOf('VIP 🎉', 'first'),
    'no event',
    sizeOf('#', 'first'),
    segment('many', 1, { observedAt: minutes(1) }),
  ];
  expect(await invoke(...batch)).toEqual([]);
  expect((await catalog.names('segment', 'first')).toSorted()).toEqual(['#', 'VIP 🎉']);
  expect(sqs.messages(REJECTED)).toMatchObject([
    { body: 'no event', messageAttributes: { [REJECTION_REASON_ATTRIBUTE]: 'the message is not JSON' } },
  ]);
  calls = [];
  expect(await invoke(sizeOf('#', 'first'), sizeOf('new', 'first'), sizeOf('new', 'first'))).toEqual([]);
  expect(calls).toEqual(['UpdateItem']);
});

it('the bundle records each refresh with two writes, and retries it while DynamoDB throttles', async () => {
  const ended = (status: string, endedAt: string) =>
    busEvent('DataSourceRefreshed', { instanceId: 'third', dataSource: 'CRM', runId: endedAt, status, endedAt });
  const batch = [ended('Failed', minutes(2)), ended('Successful', minutes(1))];
  isThrottling = true;
  expect(await invoke(...batch)).toEqual(['0', '1']);
  isThrottling = false;
  calls = [];
  expect(await invoke(...batch)).toEqual([]);
  expect(calls.toSorted()).toEqual(['PutItem', 'PutItem', 'UpdateItem', 'UpdateItem']);
  expect(await invoke(...batch)).toEqual([]);
  const refreshes = new RefreshTable(client, TABLE, () => NOW);
  const { refreshes: all } = await refreshes.refreshes('third', 'CRM', 10);
  expect(all.map(({ status, endedAt }) => [status, new Date(endedAt).toISOString()])).toEqual([
    ['Failed', minutes(2)],
    ['Successful', minutes(1)],
  ]);
});

it('the bundle retries messages while DynamoDB throttles, except those of known subjects', async () => {
  await invoke(sizeOf('known', 'second'));
  const batch = ['known', 'a', 'b'].map((name) => sizeOf(name, 'second'));
  isThrottling = true;
  expect(await invoke(...batch)).toEqual(['1', '2']);
  expect(await catalog.names('segment', 'second')).toEqual(['known']);
  isThrottling = false;
  expect(await invoke(...batch)).toEqual([]);
  expect((await catalog.names('segment', 'second')).toSorted()).toEqual(['a', 'b', 'known']);
});
