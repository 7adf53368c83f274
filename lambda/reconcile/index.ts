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
import { Env } from '../../lib/private/contract';
import { batchResponse } from '../adapters/batch';
import { documentClient } from '../adapters/dynamodb';
import { required } from '../adapters/environment';
import { eventPublisher } from '../adapters/event-bus';
import { notedRuns } from '../adapters/noted-run-table';
import { QUERY_LIMITS } from '../adapters/queries/refusal';
import { rejectedQueue } from '../adapters/queue';
import { runLister } from '../adapters/runs';
import { handlerTelemetry } from '../adapters/telemetry';
import { reconcileBatch } from '../core/reconcile';

const ports = {
  lister: runLister({
    appFlow: new AppflowClient(QUERY_LIMITS),
    glue: new GlueClient(QUERY_LIMITS),
    dataBrew: new DataBrewClient(QUERY_LIMITS),
    emrServerless: new EMRServerlessClient(QUERY_LIMITS),
    dataSync: new DataSyncClient(QUERY_LIMITS),
    athena: new AthenaClient(QUERY_LIMITS),
    stepFunctions: new SFNClient(QUERY_LIMITS),
  }),
  noted: notedRuns(documentClient(), required(Env.RUNS_TABLE_NAME), Date.now),
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  rejected: rejectedQueue(new SQSClient({}), required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock: Date.now,
};

/** Takes runs of schedules from their queue, and puts the runs of sources on the bus that it has not seen. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => reconcileBatch(messages, ports));
