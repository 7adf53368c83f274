import { AthenaClient } from '@aws-sdk/client-athena';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { SQSClient } from '@aws-sdk/client-sqs';
import { lambdaHost } from '../shared/adapters/host';
import { READ_CLIENT_CONFIG } from '../shared/adapters/service-client';
import { measureHandler } from './adapters/measuring';

export const handler = measureHandler(lambdaHost, {
  eventBridge: new EventBridgeClient({}),
  sqs: new SQSClient({}),
  athena: new AthenaClient(READ_CLIENT_CONFIG),
  redshift: new RedshiftDataClient(READ_CLIENT_CONFIG),
  cloudwatch: new CloudWatchClient(READ_CLIENT_CONFIG),
  profiles: new CustomerProfilesClient(READ_CLIENT_CONFIG),
});
