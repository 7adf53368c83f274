import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { recordHandler } from './adapters/recording';

export const handler = recordHandler(lambdaHost, { dynamodb: documentClient(), sqs: new SQSClient({}) });
