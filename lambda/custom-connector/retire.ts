import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { retireHandler } from './adapters/retiring';

export const handler = retireHandler(lambdaHost, { dynamodb: documentClient() });
