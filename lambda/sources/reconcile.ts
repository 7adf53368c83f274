import { AppflowClient } from '@aws-sdk/client-appflow';
import { AthenaClient } from '@aws-sdk/client-athena';
import { DataBrewClient } from '@aws-sdk/client-databrew';
import { DataSyncClient } from '@aws-sdk/client-datasync';
import { EMRServerlessClient } from '@aws-sdk/client-emr-serverless';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { documentClient } from '../shared/adapters/dynamodb';
import { lambdaHost } from '../shared/adapters/host';
import { READ_CLIENT_CONFIG } from '../shared/adapters/service-client';
import { reconcileHandler } from './adapters/reconciling';

export const handler = reconcileHandler(lambdaHost, {
  dynamodb: documentClient(),
  eventBridge: new EventBridgeClient({}),
  sqs: new SQSClient({}),
  appFlow: new AppflowClient(READ_CLIENT_CONFIG),
  glue: new GlueClient(READ_CLIENT_CONFIG),
  dataBrew: new DataBrewClient(READ_CLIENT_CONFIG),
  emrServerless: new EMRServerlessClient(READ_CLIENT_CONFIG),
  dataSync: new DataSyncClient(READ_CLIENT_CONFIG),
  athena: new AthenaClient(READ_CLIENT_CONFIG),
  stepFunctions: new SFNClient(READ_CLIENT_CONFIG),
});
