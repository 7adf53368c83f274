import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { eventPublisher } from '../../events/adapters/event-bus';
import { expectationTable } from '../../expectations/adapters/expectation-table';
import { batchResponse } from '../../shared/adapters/batch';
import { required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { invocation } from '../../shared/adapters/invocation';
import { ownPlace } from '../../shared/adapters/own-place';
import { rejectedQueue } from '../../shared/adapters/rejected-queue';
import { SubscriptionTable } from '../../subscriptions/adapters/subscription-table';
import { evaluateBatch } from '../core/evaluate';
import { sweep } from '../core/sweep';
import { ThresholdTable } from './threshold-table';

interface EvaluationClients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly eventBridge: EventBridgeClient;
}

/** The ports of `evaluate` and `sweep`. */
function evaluationPorts({ env, clock, newId, telemetry }: Host, { dynamodb, eventBridge }: EvaluationClients) {
  const connectorId = required(Env.CONNECTOR_ID, env);
  const subscriptionsTable = required(Env.SUBSCRIPTIONS_TABLE_NAME, env);
  return {
    thresholds: new ThresholdTable(dynamodb, required(Env.THRESHOLDS_TABLE_NAME, env), newId),
    subscriptions: new SubscriptionTable(dynamodb, subscriptionsTable),
    expectations: expectationTable(dynamodb, subscriptionsTable),
    events: eventPublisher(eventBridge, required(Env.EVENT_BUS_NAME, env), required(Env.EVENT_SOURCE, env)),
    telemetry: telemetry(connectorId),
    clock,
    newId,
    connectorId,
  };
}

/** Processes observations from the queue. Puts an event on the bus for each threshold that they cross. */
export function evaluateHandler(
  host: Host,
  clients: EvaluationClients & { readonly sqs: SQSClient },
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const ports = {
    ...evaluationPorts(host, clients),
    own: ownPlace(host, required(Env.REJECTED_QUEUE_URL, host.env)),
    rejected: rejectedQueue(clients.sqs, required(Env.REJECTED_QUEUE_URL, host.env)),
  };
  return (event) => batchResponse(event, ports.telemetry, (messages) => evaluateBatch(messages, ports));
}

/** Runs every minute and finishes work that crashed workers left unfinished. */
export function sweepHandler(host: Host, clients: EvaluationClients): () => Promise<void> {
  const ports = evaluationPorts(host, clients);
  return async () => {
    await invocation(ports.telemetry, () => sweep({ ...ports, due: ports.thresholds }));
  };
}
