import { randomBytes, randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import type { Context, EventBridgeEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { eventPublisher } from '../events/adapters/event-bus';
import { expectationTable } from '../expectations/adapters/expectation-table';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { optional, required } from '../shared/adapters/environment';
import { invocation } from '../shared/adapters/invocation';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { flowUrlOpener } from '../subscriptions/adapters/flow-url-seal';
import { SubscriptionTable } from '../subscriptions/adapters/subscription-table';
import { deliverySender } from './adapters/delivery-queue';
import { DeliveryTable } from './adapters/delivery-table';
import { entraTokens } from './adapters/entra-tokens';
import { flowCaller } from './adapters/flow-caller';
import { flowOpener, OPENING_LIMITS } from './adapters/flow-opener';
import { OutcomeTable } from './adapters/outcome-table';
import { rateLimiter } from './adapters/rate-limiter';
import { secretReader } from './adapters/secret-reader';
import { webIdentity } from './adapters/web-identity';
import { authorizedPost } from './core/authorize';
import { deliverBatch } from './core/deliver';
import { outcomeLink } from './core/outcome-link';
import type { DeliverPorts } from './core/ports';
import { runScheduledWork, type ScheduledWorkPorts } from './core/scheduled-work';

const sqs = new SQSClient({});
const dynamodb = documentClient();
const secrets = secretReader(
  { secretsManager: new SecretsManagerClient(OPENING_LIMITS), ssm: new SSMClient(OPENING_LIMITS) },
  Date.now,
);
const accepted = {
  extraHosts: optional(Env.EXTRA_FLOW_HOSTS)?.split(','),
  loopback: optional(Env.LOOPBACK_FLOWS) !== undefined,
  // Checked by `authorizedPost`, which knows whether the request has a token.
  credential: 'later',
} as const;

const tokens = entraTokens({
  readSecret: secrets.read,
  webIdentity: webIdentity(new STSClient(OPENING_LIMITS)),
  clock: Date.now,
});

const connectorId = required(Env.CONNECTOR_ID);
const deliveries = new DeliveryTable(
  dynamodb,
  required(Env.DELIVERIES_TABLE_NAME),
  Number(required(Env.DELIVERY_RETENTION_DAYS)),
);
const subscriptions = new SubscriptionTable(dynamodb, required(Env.SUBSCRIPTIONS_TABLE_NAME));

const outcomeLinkUrl = optional(Env.OUTCOME_LINK_URL);

const ports: DeliverPorts & ScheduledWorkPorts & { telemetry: ReturnType<typeof handlerTelemetry> } = {
  deliveries,
  calls: rateLimiter(dynamodb, required(Env.DELIVERIES_TABLE_NAME)),
  kept: deliveries,
  outcomes: new OutcomeTable(dynamodb, required(Env.DELIVERIES_TABLE_NAME)),
  expectations: expectationTable(dynamodb, required(Env.SUBSCRIPTIONS_TABLE_NAME)),
  subscriptions,
  due: {
    dueSubscriptions: (before) => subscriptions.dueSubscriptions(before),
    unannounced: (before) => deliveries.unannounced(before),
  },
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  connectorId,
  rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(connectorId),
  clock: Date.now,
  random: Math.random,
  newId: randomUUID,
  pace: Number(optional(Env.PACE) ?? 1),
  open: flowOpener({ unseal: flowUrlOpener(new KMSClient(OPENING_LIMITS)), secrets, accepted }),
  post: authorizedPost(flowCaller({ loopback: accepted.loopback }), tokens, Date.now),
  send: deliverySender(sqs, required(Env.DELIVERIES_QUEUE_URL)),
  ...(outcomeLinkUrl !== undefined && {
    newOutcomeLink: (key) => outcomeLink(outcomeLinkUrl, key, randomBytes(16).toString('base64url')),
  }),
};

/** Delivers a batch of the deliveries queue to the flows. On its schedule, it runs the scheduled work. */
export async function handler(
  event: SQSEvent | EventBridgeEvent<'Scheduled Event', unknown>,
  context: Context,
): Promise<SQSBatchResponse | undefined> {
  if ('Records' in event) {
    const deadline = Date.now() + context.getRemainingTimeInMillis();
    return batchResponse(event, ports.telemetry, (messages) => deliverBatch(messages, deadline, ports));
  }
  await invocation(ports.telemetry, () => runScheduledWork(ports));
  return undefined;
}
