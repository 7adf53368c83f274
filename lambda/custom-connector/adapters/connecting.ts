import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { CONNECTOR_ACTIONS, type SignInSettings } from '../../../contract/custom-connector';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../../contract/delivery';
import { Env } from '../../../contract/environment';
import { deliveryLog } from '../../delivery/adapters/delivery-log';
import { deliverySender } from '../../delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../delivery/adapters/delivery-table';
import { OutcomeTable } from '../../delivery/adapters/outcome-table';
import { eventPublisher } from '../../events/adapters/event-bus';
import { registeredFlowsTable } from '../../registration/adapters/registered-flows-table';
import { registryPorts } from '../../registration/adapters/registry';
import { optional, required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { invocation } from '../../shared/adapters/invocation';
import { sealFlowUrl } from '../../subscriptions/adapters/flow-url-seal';
import { SubscriptionTable } from '../../subscriptions/adapters/subscription-table';
import { ThresholdTable } from '../../thresholds/adapters/threshold-table';
import { type ApiPorts, serve } from '../core/api';
import { CatalogTable } from './catalog-table';
import { requestOf, resultOf } from './http-event';
import { KeyTable } from './key-table';
import { RefreshTable } from './refresh-table';
import type { tokenVerifier } from './token-verifier';

interface ConnectingClients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly eventBridge: EventBridgeClient;
  readonly kms: KMSClient;
  readonly sqs: SQSClient;
  readonly tokenVerifier: typeof tokenVerifier;
}

/** Serves the API of the custom connector. */
export function connectHandler(
  host: Host,
  { dynamodb, eventBridge, kms, sqs, tokenVerifier }: ConnectingClients,
): (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2> {
  const { env, clock, newId, newSecret } = host;
  const connectorId = required(Env.CONNECTOR_ID, env);
  const subscriptionsTable = required(Env.SUBSCRIPTIONS_TABLE_NAME, env);
  const thresholdsTable = required(Env.THRESHOLDS_TABLE_NAME, env);
  const catalogTable = required(Env.CATALOG_TABLE_NAME, env);
  const deliveriesTable = required(Env.DELIVERIES_TABLE_NAME, env);
  const flowUrlKey = required(Env.FLOW_URL_KEY_ARN, env);
  const actions = required(Env.API_ACTIONS, env).split(',');
  const settings: SignInSettings = JSON.parse(required(Env.SIGN_IN, env));
  const telemetry = host.telemetry(connectorId);
  const ports: ApiPorts = {
    actions: CONNECTOR_ACTIONS.filter((action) => actions.includes(action)),
    connectorId,
    signIn: {
      settings,
      keys: new KeyTable(dynamodb, subscriptionsTable),
      verifyToken: tokenVerifier({ tenantId: settings.entra?.tenantId ?? '', clock }),
      clock,
      telemetry,
    },
    registration: {
      ...registryPorts(
        { subscriptionsTable, thresholdsTable, observationsQueue: required(Env.OBSERVATIONS_QUEUE_URL, env) },
        { dynamodb, sqs },
        (subscription, url) => sealFlowUrl(kms, flowUrlKey, subscription, url),
        host,
      ),
      subscriptions: new SubscriptionTable(dynamodb, subscriptionsTable),
      flows: registeredFlowsTable(dynamodb, subscriptionsTable),
      // In hexadecimal digits, because the id is part of a path.
      newRegistrationId: () => Buffer.from(newSecret(), 'base64url').toString('hex'),
      telemetry,
    },
    subjects: new CatalogTable(dynamodb, catalogTable, clock),
    refreshes: new RefreshTable(dynamodb, catalogTable, clock),
    thresholds: new ThresholdTable(dynamodb, thresholdsTable),
    outcomes: new OutcomeTable(dynamodb, deliveriesTable),
    deliveries: {
      log: deliveryLog(dynamodb, deliveriesTable),
      // The API writes no rows, so the retention has no effect here.
      kept: new DeliveryTable(dynamodb, deliveriesTable, DEFAULT_DELIVERY_RETENTION_DAYS),
      send: deliverySender(sqs, required(Env.DELIVERIES_QUEUE_URL, env)),
      newId,
    },
    events: eventPublisher(eventBridge, required(Env.EVENT_BUS_NAME, env), required(Env.EVENT_SOURCE, env)),
    callbacks: {
      hosts: optional(Env.CALLBACK_HOSTS, env)?.split(','),
      loopback: optional(Env.LOOPBACK_FLOWS, env) !== undefined,
    },
    maxFlows: Number(required(Env.MAX_FLOWS_PER_CALLER, env)),
    endGrace: Number(required(Env.END_GRACE_SECONDS, env)) * 1000,
  };
  return (event) => invocation(telemetry, async () => resultOf(await serve(requestOf(event), ports)));
}
