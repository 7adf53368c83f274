import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { expectationTable } from '../expectations/adapters/expectation-table';
import { batchResponse } from '../shared/adapters/batch';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { subscriptionIndex } from '../subscriptions/adapters/subscription-table';
import { deliverySender } from './adapters/delivery-queue';
import { dispatchBatch } from './core/dispatch';

const sqs = new SQSClient({});
const send = deliverySender(sqs, required(Env.DELIVERIES_QUEUE_URL));
const dynamodb = documentClient();
const table = required(Env.SUBSCRIPTIONS_TABLE_NAME);
const ports = {
  index: subscriptionIndex(dynamodb, table),
  expectations: expectationTable(dynamodb, table),
  rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock: Date.now,
  retentionDays: Number(required(Env.DELIVERY_RETENTION_DAYS)),
  send,
};

/** Sends one delivery for each subscription that a trigger event matches. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => dispatchBatch(messages, ports));
