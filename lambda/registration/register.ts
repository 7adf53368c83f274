import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { putResponse } from './adapters/cloudformation';
import { registerHandler } from './adapters/registering';

export const handler = registerHandler(lambdaHost, {
  dynamodb: documentClient(),
  sqs: new SQSClient({}),
  putResponse,
});
