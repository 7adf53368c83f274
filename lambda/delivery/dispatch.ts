import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { dispatchHandler } from './adapters/dispatching';

export const handler = dispatchHandler(lambdaHost, { dynamodb: documentClient(), sqs: new SQSClient({}) });
