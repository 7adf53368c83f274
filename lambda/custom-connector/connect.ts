import { randomBytes, randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { CONNECTOR_ACTIONS, type SignInSettings } from '../../contract/custom-connector';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { Env } from '../../contract/environment';
import { deliveryLog } from '../delivery/adapters/delivery-log';
import { deliverySender } from '../delivery/adapters/delivery-queue';
import { DeliveryTable } from '../delivery/adapters/delivery-table';
import { OutcomeTable } from '../delivery/adapters/outcome-table';
import { eventPublisher } from '../events/adapters/event-bus';
import { registeredFlowsTable } from '../registration/adapters/registered-flows-table';
import { registryPorts } from '../registration/adapters/registry';
import { documentClient } from '../shared/adapters/dynamodb';
import { optional, required } from '../shared/adapters/environment';
import { invocation } from '../shared/adapters/invocation';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { sealFlowUrl } from '../subscriptions/adapters/flow-url-seal';
import { SubscriptionTable } from '../subscriptions/adapters/subscription-table';
import { ThresholdTable } from '../thresholds/adapters/threshold-table';
import { CatalogTable } from './adapters/catalog-table';
import { requestOf, resultOf } from './adapters/http-event';
import { KeyTable } from './adapters/key-table';
import { RefreshTable } from './adapters/refresh-table';
import { tokenVerifier } from './adapters/token-verifier';
import { type ApiPorts, serve } from './core/api';

const client = documentClient();
const kms = new KMSClient({});
const connectorId = required(Env.CONNECTOR_ID);
const subscriptionsTable = required(Env.SUBSCRIPTIONS_TABLE_NAME);
const thresholdsTable = required(Env.THRESHOLDS_TABLE_NAME);
const catalogTable = required(Env.CATALOG_TABLE_NAME);
const flowUrlKey = required(Env.FLOW_URL_KEY_ARN);
const actions = required(Env.API_ACTIONS).split(',');
const settings: SignInSettings = JSON.parse(required(Env.SIGN_IN));
const deliveriesTable = required(Env.DELIVERIES_TABLE_NAME);
const sqs = new SQSClient({});
const telemetry = handlerTelemetry(connectorId);
const clock = Date.now;

const ports: ApiPorts = {
  actions: CONNECTOR_ACTIONS.filter((action) => actions.includes(action)),
  connectorId,
  signIn: {
    settings,
    keys: new KeyTable(client, subscriptionsTable),
    verifyToken: tokenVerifier({ tenantId: settings.entra?.tenantId ?? '', clock }),
    clock,
    telemetry,
  },
  registration: {
    ...registryPorts(
      { subscriptionsTable, thresholdsTable, observationsQueue: required(Env.OBSERVATIONS_QUEUE_URL) },
      { dynamodb: client, sqs },
      (subscription, url) => sealFlowUrl(kms, flowUrlKey, subscription, url),
    ),
    subscriptions: new SubscriptionTable(client, subscriptionsTable),
    flows: registeredFlowsTable(client, subscriptionsTable),
    newRegistrationId: () => randomBytes(16).toString('hex'),
    telemetry,
  },
  subjects: new CatalogTable(client, catalogTable, clock),
  refreshes: new RefreshTable(client, catalogTable, clock),
  thresholds: new ThresholdTable(client, thresholdsTable),
  outcomes: new OutcomeTable(client, deliveriesTable),
  deliveries: {
    log: deliveryLog(client, deliveriesTable),
    // The API writes no rows, so the retention has no effect here.
    kept: new DeliveryTable(client, deliveriesTable, DEFAULT_DELIVERY_RETENTION_DAYS),
    send: deliverySender(sqs, required(Env.DELIVERIES_QUEUE_URL)),
    newId: randomUUID,
  },
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  callbacks: {
    hosts: optional(Env.CALLBACK_HOSTS)?.split(','),
    loopback: optional(Env.LOOPBACK_FLOWS) !== undefined,
  },
  maxFlows: Number(required(Env.MAX_FLOWS_PER_CALLER)),
  endGrace: Number(required(Env.END_GRACE_SECONDS)) * 1000,
};

/** Serves the API of the custom connector. */
export const handler = (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> =>
  invocation(telemetry, async () => resultOf(await serve(requestOf(event), ports)));
