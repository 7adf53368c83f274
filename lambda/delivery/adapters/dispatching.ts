import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { expectationTable } from '../../expectations/adapters/expectation-table';
import { batchResponse } from '../../shared/adapters/batch';
import { required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { ownPlace } from '../../shared/adapters/own-place';
import { queueSender } from '../../shared/adapters/queue';
import { rejectedQueue } from '../../shared/adapters/rejected-queue';
import { asciiJson } from '../../shared/core/ascii-json';
import { identityHash } from '../../shared/core/identity';
import { subscriptionIndex } from '../../subscriptions/adapters/subscription-table';
import { dispatchBatch } from '../core/dispatch';
import { deliverySender } from './delivery-queue';

/** Sends one delivery for each subscription that a trigger event matches. */
export function dispatchHandler(
  host: Host,
  { dynamodb, sqs }: { readonly dynamodb: DynamoDBDocumentClient; readonly sqs: SQSClient },
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  const { env, clock, telemetry } = host;
  const subscriptionsTable = required(Env.SUBSCRIPTIONS_TABLE_NAME, env);
  const toTriggers = queueSender(sqs, required(Env.TRIGGERS_QUEUE_URL, env));
  const ports = {
    own: ownPlace(host, required(Env.TRIGGERS_QUEUE_URL, env)),
    index: subscriptionIndex(dynamodb, subscriptionsTable),
    expectations: expectationTable(dynamodb, subscriptionsTable),
    rejected: rejectedQueue(sqs, required(Env.REJECTED_QUEUE_URL, env)),
    telemetry: telemetry(required(Env.CONNECTOR_ID, env)),
    clock,
    retentionDays: Number(required(Env.DELIVERY_RETENTION_DAYS, env)),
    send: deliverySender(sqs, required(Env.DELIVERIES_QUEUE_URL, env)),
    proceed: (message: object, eventId: string) =>
      toTriggers({ body: asciiJson(message), what: 'the next page', groupId: identityHash(eventId) }),
  };
  return (event) => batchResponse(event, ports.telemetry, (messages) => dispatchBatch(messages, ports));
}
