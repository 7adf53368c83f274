import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { sweepHandler } from './adapters/evaluation';

export const handler = sweepHandler(lambdaHost, {
  dynamodb: documentClient(),
  eventBridge: new EventBridgeClient({}),
});
