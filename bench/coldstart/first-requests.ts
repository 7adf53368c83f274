import { createHash } from 'node:crypto';
import { marshall } from '@aws-sdk/util-dynamodb';
import { API_KEY_HEADER, CONNECTOR_ACTIONS } from '../../contract/custom-connector';
import { Env } from '../../contract/environment';
import type { HandlerName } from '../../contract/shared';
import type { DeliveryMessage } from '../../lambda/delivery/core/delivery';
import type { QueryRun } from '../../lambda/queries/core/measure';
import type { Responses } from './services';

/** A typical first request of a cold function. */
export interface FirstRequest {
  readonly event: object;
  readonly responses?: Responses;
  /** The operations that the function calls, in any order, so that a wrong event does not measure less. */
  readonly calls: readonly string[];
}

const KEY = `cdpac_bench_${'k'.repeat(43)}`;
const KEY_HASH = createHash('sha256').update(KEY).digest('hex');

/** All variables of all functions. Each function reads its own. */
export const environment = (endpoint: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpoint,
  [Env.CONNECTOR_ID]: 'bench',
  [Env.EVENT_BUS_NAME]: 'Bus',
  [Env.EVENT_SOURCE]: 'customer-insights',
  [Env.SUBSCRIPTIONS_TABLE_NAME]: 'Subscriptions',
  [Env.THRESHOLDS_TABLE_NAME]: 'Thresholds',
  [Env.DELIVERIES_TABLE_NAME]: 'Deliveries',
  [Env.RUNS_TABLE_NAME]: 'Runs',
  [Env.CATALOG_TABLE_NAME]: 'Catalog',
  [Env.DELIVERY_RETENTION_DAYS]: '90',
  [Env.RUN_TIMEOUT_SECONDS]: '3600',
  [Env.UNIFICATION_STAGES]: '["map","match","merge"]',
  [Env.FULL_REFRESH_PROCESSES]: '[]',
  ...Object.fromEntries(
    [
      Env.DELIVERIES_QUEUE_URL,
      Env.TRIGGERS_QUEUE_URL,
      Env.OBSERVATIONS_QUEUE_URL,
      Env.QUERIES_QUEUE_URL,
      Env.POLLS_QUEUE_URL,
      Env.REJECTED_QUEUE_URL,
    ].map((name) => [name, `${endpoint}/000000000000/${name}`]),
  ),
  [Env.FLOW_URL_KEY_ARN]: 'arn:aws:kms:us-east-1:000000000000:key/bench',
  [Env.SIGN_IN]: '{"keys":true}',
  [Env.MAX_FLOWS_PER_CALLER]: '1000',
  [Env.END_GRACE_SECONDS]: '600',
  [Env.API_ACTIONS]: CONNECTOR_ACTIONS.join(),
  [Env.LOOPBACK_FLOWS]: '1',
});

const batch = (body: object) => ({ Records: [{ messageId: '1', body: JSON.stringify(body) }] });
const busEvent = (detailType: string, detail: object, at: string) => ({
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': detailType,
  source: 'customer-insights',
  account: '000000000000',
  time: at,
  region: 'us-east-1',
  resources: [],
  detail,
});

const PUBLISHED = { 'EventBridge PutEvents': { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } };
/** The SDK compares the checksum of each message. */
const SENT: Responses = {
  'SQS SendMessageBatch': (body) => ({
    Successful: (JSON.parse(body).Entries as readonly { Id: string; MessageBody: string }[]).map((entry) => ({
      ...{ Id: entry.Id, MessageId: '1' },
      MD5OfMessageBody: createHash('md5').update(entry.MessageBody).digest('hex'),
    })),
  }),
};

/**
 * The first request of each function: the usual one, whose services answer as they do on AWS.
 * @param endpoint URL of all services and of the flow.
 */
export function firstRequests(endpoint: string, now: number): Record<HandlerName, FirstRequest> {
  const at = new Date(now - 60_000).toISOString();
  const refreshed = { dataSource: 'CRM', runId: 'run-1', status: 'Failed', error: 'no response', endedAt: at };
  const flowUrl = `${endpoint}/workflows/1/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${'s'.repeat(43)}`;
  const subscription = marshall({
    pk: 'tell-team',
    uid: 'uid-1',
    generation: 1,
    managedBy: 'cli',
    trigger: 'data-source-refresh-failed',
    instanceId: 'default',
    filter: {},
    format: 'flat',
    owners: ['data-team@example.com'],
    flow: { ciphertext: 'Y2lwaGVydGV4dA==', host: new URL(endpoint).host, fingerprint: 'f'.repeat(64) },
    triggerKey: 'data-source-refresh-failed#default',
    subjectKey: '*#tell-team',
  });
  const delivery: DeliveryMessage = {
    subscription: 'tell-team',
    uid: 'uid-1',
    event: {
      eventId: 'e'.repeat(32),
      trigger: 'data-source-refresh-failed',
      instanceId: 'default',
      occurredAt: now - 60_000,
      dataSource: 'CRM',
      runId: 'run-1',
      status: 'Failed',
      error: 'no response',
      endedAt: now - 60_000,
    } as DeliveryMessage['event'],
    acceptedAt: now - 1000,
    n: 0,
  };
  const query: QueryRun = {
    query: { service: 'athena', sql: 'SELECT 1', workGroup: 'primary', catalog: 'AwsDataCatalog', database: 'crm' },
    subject: { segment: 'VIP customers' },
    timeoutSeconds: 3600,
    schedule: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/bench',
    scheduledAt: at,
  };
  const glue = { jobName: 'load-crm', jobRunId: 'jr_1', state: 'SUCCEEDED', message: '' };
  const source = { name: 'load-crm', put: 'DataSourceRefreshed', detail: { dataSource: 'CRM' } };
  return {
    dispatch: {
      event: batch(busEvent('DataSourceRefreshed', refreshed, at)),
      responses: { 'DynamoDB Query': { Items: [subscription] }, ...SENT },
      calls: ['DynamoDB Query', 'DynamoDB Query', 'SQS SendMessageBatch'],
    },
    deliver: {
      event: batch(delivery),
      responses: {
        'DynamoDB BatchGetItem': { Responses: { Subscriptions: [subscription] } },
        'DynamoDB UpdateItem': { Attributes: marshall({ pk: 'tell-team', sk: 'e', n: 0, status: 'pending' }) },
        'KMS Decrypt': { Plaintext: Buffer.from(flowUrl).toString('base64') },
      },
      calls: ['DynamoDB BatchGetItem', 'DynamoDB UpdateItem', 'KMS Decrypt', 'POST', 'DynamoDB UpdateItem'],
    },
    evaluate: {
      event: batch(busEvent('SegmentRefreshed', { segment: 'VIP', memberCount: 5000, observedAt: at }, at)),
      calls: ['DynamoDB BatchGetItem', 'DynamoDB Query', 'DynamoDB PutItem'],
    },
    sweep: { event: {}, calls: Array(4).fill('DynamoDB Query') },
    collect: {
      event: batch(
        busEvent('RefreshStageCompleted', { runId: 'run-1', stage: 'map', status: 'Successful', endedAt: at }, at),
      ),
      calls: ['DynamoDB BatchGetItem', 'DynamoDB PutItem'],
    },
    register: {
      event: {
        RequestType: 'Create',
        RequestId: 'request-1',
        ResponseURL: `${endpoint}/bucket?X-Amz-Signature=signed`,
        StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Shop/1a2b',
        LogicalResourceId: 'Vip1A2B',
        ResourceProperties: {
          Entry: JSON.stringify({
            name: 'tell-team',
            trigger: 'data-source-refresh-failed',
            flowUrlFrom: { secret: 'flows', field: 'tell-team' },
          }),
        },
      },
      calls: ['DynamoDB BatchGetItem', 'DynamoDB PutItem', 'PUT'],
    },
    normalize: {
      event: batch({
        kind: 'glue-job',
        sources: [source],
        event: { 'detail-type': 'Glue Job State Change', time: at, resources: [], detail: glue },
      }),
      responses: PUBLISHED,
      calls: ['EventBridge PutEvents'],
    },
    reconcile: {
      event: batch({ kind: 'glue-job', source, lookBackSeconds: 3600 }),
      responses: { 'Glue GetJobRuns': { JobRuns: [] } },
      calls: ['Glue GetJobRuns'],
    },
    measure: {
      event: batch(query),
      responses: { 'Athena StartQueryExecution': { QueryExecutionId: 'q-1' }, ...SENT },
      calls: ['Athena StartQueryExecution', 'SQS SendMessageBatch'],
    },
    poll: {
      event: batch({ jobs: { service: 'entity-resolution', workflow: 'customers' } }),
      responses: { 'GET /matchingworkflows/customers/jobs': { jobs: [] } },
      calls: ['DynamoDB GetItem', 'DynamoDB PutItem', 'GET /matchingworkflows/customers/jobs'],
    },
    connect: {
      event: {
        version: '2.0',
        routeKey: 'GET /v1/segments',
        headers: { [API_KEY_HEADER]: KEY, 'x-forwarded-proto': 'https' },
        requestContext: { domainName: 'api.example.com' },
      },
      responses: {
        'DynamoDB BatchGetItem': {
          Responses: {
            Subscriptions: [marshall({ pk: '#key#bench', hash: KEY_HASH, createdAt: 0, lastUsedAt: now - 1000 })],
          },
        },
        'DynamoDB Query': { Items: [marshall({ sk: 'VIP customers' })] },
      },
      calls: ['DynamoDB BatchGetItem', 'DynamoDB Query'],
    },
    record: {
      event: batch(busEvent('SegmentRefreshed', { segment: 'VIP', memberCount: 5000, observedAt: at }, at)),
      calls: ['DynamoDB UpdateItem'],
    },
    retire: { event: {}, calls: ['DynamoDB Query'] },
  };
}
