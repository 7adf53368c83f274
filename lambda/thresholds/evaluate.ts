import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { evaluateHandler } from './adapters/evaluation';

export const handler = evaluateHandler(lambdaHost, {
  dynamodb: documentClient(),
  eventBridge: new EventBridgeClient({}),
  sqs: new SQSClient({}),
});
