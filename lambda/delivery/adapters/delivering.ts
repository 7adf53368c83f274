import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { STSClient } from '@aws-sdk/client-sts';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Context, EventBridgeEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { eventPublisher } from '../../events/adapters/event-bus';
import { expectationTable } from '../../expectations/adapters/expectation-table';
import { batchResponse } from '../../shared/adapters/batch';
import { optional, required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { invocation } from '../../shared/adapters/invocation';
import { rejectedQueue } from '../../shared/adapters/rejected-queue';
import type { HandlerTelemetry } from '../../shared/adapters/telemetry';
import { flowUrlOpener } from '../../subscriptions/adapters/flow-url-seal';
import { SubscriptionTable } from '../../subscriptions/adapters/subscription-table';
import { authorizedPost } from '../core/authorize';
import { deliverBatch } from '../core/deliver';
import { outcomeLink } from '../core/outcomes/outcome-link';
import type { DeliverPorts } from '../core/ports';
import { runScheduledWork, type ScheduledWorkPorts } from '../core/scheduled-work';
import { deliverySender } from './delivery-queue';
import { DeliveryTable } from './delivery-table';
import { entraTokens } from './entra-tokens';
import { flowOpener } from './flow-opener';
import { OutcomeTable } from './outcome-table';
import { rateLimiter } from './rate-limiter';
import { secretReader } from './secret-reader';
import { webIdentity } from './web-identity';

interface DeliveringClients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly eventBridge: EventBridgeClient;
  readonly sqs: SQSClient;
  readonly kms: KMSClient;
  readonly secretsManager: SecretsManagerClient;
  readonly ssm: SSMClient;
  readonly sts: STSClient;
  /** Calls a flow. `loopback`: plain HTTP to this machine is allowed. */
  readonly flowCaller: (options: { readonly loopback: boolean }) => DeliverPorts['post'];
}

type DeliverHandler = (
  event: SQSEvent | EventBridgeEvent<'Scheduled Event', unknown>,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
) => Promise<SQSBatchResponse | undefined>;

/** Delivers a batch of the deliveries queue to the flows. On its schedule, it runs the scheduled work. */
export function deliverHandler(
  { env, clock, random, newId, newSecret, telemetry }: Host,
  clients: DeliveringClients,
): DeliverHandler {
  const { dynamodb, sqs } = clients;
  const secrets = secretReader(clients, clock);
  const accepted = {
    extraHosts: optional(Env.EXTRA_FLOW_HOSTS, env)?.split(','),
    loopback: optional(Env.LOOPBACK_FLOWS, env) !== undefined,
    // Checked by `authorizedPost`, which knows whether the request has a token.
    credential: 'later',
  } as const;
  const tokens = entraTokens({ readSecret: secrets.read, webIdentity: webIdentity(clients.sts), clock });
  const connectorId = required(Env.CONNECTOR_ID, env);
  const deliveriesTable = required(Env.DELIVERIES_TABLE_NAME, env);
  const deliveries = new DeliveryTable(dynamodb, deliveriesTable, Number(required(Env.DELIVERY_RETENTION_DAYS, env)));
  const subscriptionsTable = required(Env.SUBSCRIPTIONS_TABLE_NAME, env);
  const subscriptions = new SubscriptionTable(dynamodb, subscriptionsTable);
  const outcomeLinkUrl = optional(Env.OUTCOME_LINK_URL, env);
  const ports: DeliverPorts & ScheduledWorkPorts & { telemetry: HandlerTelemetry } = {
    deliveries,
    calls: rateLimiter(dynamodb, deliveriesTable),
    kept: deliveries,
    alwaysMeasures: optional(Env.ALWAYS_MEASURE, env) !== undefined,
    outcomes: new OutcomeTable(dynamodb, deliveriesTable),
    expectations: expectationTable(dynamodb, subscriptionsTable),
    subscriptions,
    due: {
      dueSubscriptions: (before) => subscriptions.dueSubscriptions(before),
      unannounced: (before) => deliveries.unannounced(before),
    },
    events: eventPublisher(clients.eventBridge, required(Env.EVENT_BUS_NAME, env), required(Env.EVENT_SOURCE, env)),
    connectorId,
    rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL, env)),
    telemetry: telemetry(connectorId),
    clock,
    random,
    newId,
    pace: Number(optional(Env.PACE, env) ?? 1),
    open: flowOpener({ unseal: flowUrlOpener(clients.kms), secrets, accepted }),
    post: authorizedPost(clients.flowCaller({ loopback: accepted.loopback }), tokens, clock),
    send: deliverySender(sqs, required(Env.DELIVERIES_QUEUE_URL, env)),
    ...(outcomeLinkUrl !== undefined && {
      newOutcomeLink: (key) => outcomeLink(outcomeLinkUrl, key, newSecret()),
    }),
  };
  return async (event, context) => {
    if ('Records' in event) {
      const deadline = clock() + context.getRemainingTimeInMillis();
      return batchResponse(event, ports.telemetry, (messages) => deliverBatch(messages, deadline, ports));
    }
    await invocation(ports.telemetry, () => runScheduledWork(ports));
    return undefined;
  };
}
