import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../contract/environment';
import { batchResponse } from '../shared/adapters/batch';
import { required } from '../shared/adapters/environment';
import { rejectedQueue } from '../shared/adapters/rejected-queue';
import { evaluationPorts } from './adapters/evaluation';
import { evaluateBatch } from './core/evaluate';

const ports = {
  ...evaluationPorts(),
  rejected: rejectedQueue(new SQSClient({}), required(Env.REJECTED_QUEUE_URL)),
};

/** Processes observations from the queue. Puts an event on the bus for each threshold that they cross. */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  batchResponse(event, ports.telemetry, (messages) => evaluateBatch(messages, ports));
