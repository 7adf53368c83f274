import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Env } from '../../../contract/environment';
import { optional, required } from '../../shared/adapters/environment';
import { recheckSender } from '../../shared/adapters/queue';
import { rejectedQueue } from '../../shared/adapters/rejected-queue';
import { handlerTelemetry } from '../../shared/adapters/telemetry';
import { eventPublisher } from './event-bus';

/** The ports of a handler that reads a queue and puts events on the bus, from the function's environment. */
export const publishingPorts = (sqs = new SQSClient({})) => ({
  events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
  rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock: Date.now,
});

/**
 * Those, for a handler that also sends tasks to its own queue, to recheck work in progress.
 * @param queueUrlName environment variable of the queue's URL.
 * @param groupOf key of a task's message group.
 */
export function recheckingPorts<Task>(queueUrlName: string, groupOf: (task: Task) => string) {
  const sqs = new SQSClient({});
  return {
    ...publishingPorts(sqs),
    again: recheckSender<Task>(sqs, required(queueUrlName), groupOf),
    pace: Number(optional(Env.PACE) ?? 1),
  };
}
