import { AppflowClient } from '@aws-sdk/client-appflow';
import { AthenaClient } from '@aws-sdk/client-athena';
import { DataBrewClient } from '@aws-sdk/client-databrew';
import { DataSyncClient } from '@aws-sdk/client-datasync';
import { EMRServerlessClient } from '@aws-sdk/client-emr-serverless';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { eventPublisher } from '../events/adapters/event-bus';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { ASKING_LIMITS } from '../shared/adapters/service-client';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { recordedRuns } from './adapters/recorded-run-table';
import { runLister } from './adapters/runs';
import { reconcileBatch } from './core/reconcile';

const ports = {
  lister: runLister({
    appFlow: new AppflowClient(ASKING_LIMITS),
    glue: new GlueClient(ASKING_LIMITS),
    dataBrew: new DataBrewClient(ASKING_LIMITS),
    emrServerless: new EMRServerlessClient(ASKING_LIMITS),
    dataSync: new DataSyncClient(ASKING_LIMITS),
    athena: new AthenaClient(ASKING_LIMITS),
    stepFunctions: new SFNClient(ASKING_LIMITS),
  }),
  noted: recordedRuns(documentClient(), required(Env.RUNS_TABLE_NAME), Date.now),
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  rejected: rejectedQueue(new SQSClient({}), required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock: Date.now,
};

/** Takes runs of schedules from their queue, and puts the runs of sources on the bus that it has not seen. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => reconcileBatch(messages, ports));
