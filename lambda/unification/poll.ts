import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { EntityResolutionClient } from '@aws-sdk/client-entityresolution';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { eventPublisher } from '../events/adapters/event-bus';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { optional, required } from '../shared/adapters/environment';
import { recheckSender } from '../shared/adapters/queue';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { ASKING_LIMITS } from '../shared/adapters/service-client';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { jobLister } from './adapters/job-lister';
import { PolledJobTable } from './adapters/polled-job-table';
import { type Poll, pollBatch } from './core/poll';

const sqs = new SQSClient({});
const ports = {
  lister: jobLister(new EntityResolutionClient(ASKING_LIMITS), new CustomerProfilesClient(ASKING_LIMITS)),
  jobs: new PolledJobTable(documentClient(), required(Env.RUNS_TABLE_NAME)),
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  again: recheckSender<Poll>(sqs, required(Env.POLLS_QUEUE_URL), ({ jobs }) => JSON.stringify(jobs)),
  rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock: Date.now,
  pace: Number(optional(Env.PACE) ?? 1),
};

/** Takes runs of schedules and starts of jobs from their queue, and puts the ends of jobs on the bus of which no event tells. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => pollBatch(messages, ports));
