import { AppflowClient } from '@aws-sdk/client-appflow';
import { AthenaClient } from '@aws-sdk/client-athena';
import { DataBrewClient } from '@aws-sdk/client-databrew';
import { DataSyncClient } from '@aws-sdk/client-datasync';
import { EMRServerlessClient } from '@aws-sdk/client-emr-serverless';
import { GlueClient } from '@aws-sdk/client-glue';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { publishingPorts } from '../events/adapters/publishing-ports';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { READ_CLIENT_CONFIG } from '../shared/adapters/service-client';
import { recordedRuns } from './adapters/recorded-run-table';
import { runLister } from './adapters/runs';
import { reconcileBatch } from './core/reconcile';

const ports = {
  ...publishingPorts(),
  lister: runLister({
    appFlow: new AppflowClient(READ_CLIENT_CONFIG),
    glue: new GlueClient(READ_CLIENT_CONFIG),
    dataBrew: new DataBrewClient(READ_CLIENT_CONFIG),
    emrServerless: new EMRServerlessClient(READ_CLIENT_CONFIG),
    dataSync: new DataSyncClient(READ_CLIENT_CONFIG),
    athena: new AthenaClient(READ_CLIENT_CONFIG),
    stepFunctions: new SFNClient(READ_CLIENT_CONFIG),
  }),
  recorded: recordedRuns(documentClient(), required(Env.RUNS_TABLE_NAME), Date.now),
};

/** Processes scheduled reconciliations from the queue. Puts runs on the bus that are missing there. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => reconcileBatch(messages, ports));
