import { AthenaClient } from '@aws-sdk/client-athena';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { eventPublisher } from '../events/adapters/event-bus';
import { batchResponse } from '../shared/adapters/batch';
import { optional, required } from '../shared/adapters/environment';
import { recheckSender } from '../shared/adapters/queue';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { ASKING_LIMITS } from '../shared/adapters/service-client';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { queryServices } from './adapters';
import { measureBatch, type QueryRun } from './core/measure';

const sqs = new SQSClient({});
const ports = {
  queries: queryServices({
    athena: new AthenaClient(ASKING_LIMITS),
    redshift: new RedshiftDataClient(ASKING_LIMITS),
    cloudwatch: new CloudWatchClient(ASKING_LIMITS),
    profiles: new CustomerProfilesClient(ASKING_LIMITS),
  }),
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  again: recheckSender<QueryRun>(sqs, required(Env.QUERIES_QUEUE_URL), ({ schedule }) => schedule),
  rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock: Date.now,
  pace: Number(optional(Env.PACE) ?? 1),
};

/** Takes runs of schedules from their queue, and puts the sizes and values that their queries found on the bus. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => measureBatch(messages, ports));
