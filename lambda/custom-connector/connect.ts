import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { connectHandler } from './adapters/connecting';
import { tokenVerifier } from './adapters/token-verifier';

export const handler = connectHandler(lambdaHost, {
  dynamodb: documentClient(),
  eventBridge: new EventBridgeClient({}),
  kms: new KMSClient({}),
  sqs: new SQSClient({}),
  tokenVerifier,
});
