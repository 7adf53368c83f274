import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { type CustomResourceRequest, respondToCloudFormation } from './adapters/cloudformation';
import { registryPorts } from './adapters/registry';
import { declare } from './core/declare';

const telemetry = handlerTelemetry(required(Env.CONNECTOR_ID));
const ports = registryPorts(
  {
    subscriptionsTable: required(Env.SUBSCRIPTIONS_TABLE_NAME),
    thresholdsTable: required(Env.THRESHOLDS_TABLE_NAME),
    observationsQueue: required(Env.OBSERVATIONS_QUEUE_URL),
  },
  { dynamodb: documentClient(), sqs: new SQSClient({}) },
  // `declare` rejects flow URLs in plain text.
  () => Promise.reject(new Error('a declared subscription has a flow URL in plain text')),
);

/** Handles CloudFormation's requests for declared subscriptions. */
export const handler = (event: CustomResourceRequest, context: Context): Promise<void> =>
  respondToCloudFormation(event, (request) => declare(request, ports), {
    remaining: () => context.getRemainingTimeInMillis(),
    telemetry,
  });
