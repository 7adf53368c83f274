import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { collectHandler } from './adapters/collecting';

export const handler = collectHandler(lambdaHost, {
  dynamodb: documentClient(),
  eventBridge: new EventBridgeClient({}),
  sqs: new SQSClient({}),
});
