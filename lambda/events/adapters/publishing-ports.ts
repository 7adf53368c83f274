import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { Env } from '../../../contract/environment';
import { optional, required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { recheckSender } from '../../shared/adapters/queue';
import { rejectedQueue } from '../../shared/adapters/rejected-queue';
import { eventPublisher } from './event-bus';

export interface PublishingClients {
  readonly eventBridge: EventBridgeClient;
  readonly sqs: SQSClient;
}

/** The ports of a handler that reads a queue and puts events on the bus. */
export const publishingPorts = ({ env, clock, telemetry }: Host, { eventBridge, sqs }: PublishingClients) => ({
  events: eventPublisher(eventBridge, required(Env.EVENT_BUS_NAME, env), required(Env.EVENT_SOURCE, env)),
  rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL, env)),
  telemetry: telemetry(required(Env.CONNECTOR_ID, env)),
  clock,
});

/**
 * Those, for a handler that also sends tasks to its own queue, to recheck work in progress.
 * @param queueUrlName environment variable of the queue's URL.
 * @param groupOf key of a task's message group.
 */
export const recheckingPorts = <Task>(
  host: Host,
  clients: PublishingClients,
  queueUrlName: string,
  groupOf: (task: Task) => string,
) => ({
  ...publishingPorts(host, clients),
  again: recheckSender<Task>(clients.sqs, required(queueUrlName, host.env), groupOf),
  pace: Number(optional(Env.PACE, host.env) ?? 1),
});
