import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { answerCloudFormation, type CustomResourceRequest } from './adapters/cloudformation';
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
  // Stacks name secrets only: a URL in clear has been refused before.
  () => Promise.reject(new Error('a declared subscription has a flow URL in clear')),
);

/** Makes, changes and removes the subscriptions that stacks declare, as CloudFormation asks for it. */
export const handler = (event: CustomResourceRequest, context: Context): Promise<void> =>
  answerCloudFormation(event, (request) => declare(request, ports), {
    remaining: () => context.getRemainingTimeInMillis(),
    telemetry,
  });
