import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { EntityResolutionClient } from '@aws-sdk/client-entityresolution';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { READ_CLIENT_CONFIG } from '../shared/adapters/service-client';
import { pollHandler } from './adapters/polling';

export const handler = pollHandler(lambdaHost, {
  dynamodb: documentClient(),
  eventBridge: new EventBridgeClient({}),
  sqs: new SQSClient({}),
  entityResolution: new EntityResolutionClient(READ_CLIENT_CONFIG),
  profiles: new CustomerProfilesClient(READ_CLIENT_CONFIG),
});
