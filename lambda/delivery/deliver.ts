import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { deliverHandler } from './adapters/delivering';
import { flowCaller } from './adapters/flow-caller';
import { OPENING_LIMITS } from './adapters/flow-opener';

export const handler = deliverHandler(lambdaHost, {
  dynamodb: documentClient(),
  eventBridge: new EventBridgeClient({}),
  sqs: new SQSClient({}),
  kms: new KMSClient(OPENING_LIMITS),
  secretsManager: new SecretsManagerClient(OPENING_LIMITS),
  ssm: new SSMClient(OPENING_LIMITS),
  sts: new STSClient(OPENING_LIMITS),
  flowCaller,
});
