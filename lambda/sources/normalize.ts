import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { eventPublisher } from '../events/adapters/event-bus';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { optional, required } from '../shared/adapters/environment';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { recordedRuns } from './adapters/recorded-run-table';
import { normalizeBatch } from './core/normalize';

// Only where a source is reconciled.
const runsTable = optional(Env.RUNS_TABLE_NAME);
const ports = {
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  rejected: rejectedQueue(new SQSClient({}), required(Env.REJECTED_QUEUE_URL)),
  noted: runsTable === undefined ? undefined : recordedRuns(documentClient(), runsTable, Date.now),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
};

/** Takes events of AWS services from their queue, and puts what they say of sources on the connector's bus. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => normalizeBatch(messages, ports));
