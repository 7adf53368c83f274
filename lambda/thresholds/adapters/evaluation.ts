import { randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { Env } from '../../../contract/environment';
import { eventPublisher } from '../../events/adapters/event-bus';
import { expectationTable } from '../../expectations/adapters/expectation-table';
import { documentClient } from '../../shared/adapters/dynamodb';
import { required } from '../../shared/adapters/environment';
import { type HandlerTelemetry, handlerTelemetry } from '../../shared/adapters/telemetry';
import { SubscriptionTable } from '../../subscriptions/adapters/subscription-table';
import type { EvaluationPorts } from '../core/observe';
import { ThresholdTable } from './threshold-table';

/** The ports of `evaluate` and `sweep`, from the functions' environment. */
export function evaluationPorts(): EvaluationPorts & { thresholds: ThresholdTable; telemetry: HandlerTelemetry } {
  const client = documentClient();
  const connectorId = required(Env.CONNECTOR_ID);
  return {
    thresholds: new ThresholdTable(client, required(Env.THRESHOLDS_TABLE_NAME)),
    subscriptions: new SubscriptionTable(client, required(Env.SUBSCRIPTIONS_TABLE_NAME)),
    expectations: expectationTable(client, required(Env.SUBSCRIPTIONS_TABLE_NAME)),
    events: eventPublisher(new EventBridgeClient({}), required(Env.EVENT_BUS_NAME), required(Env.EVENT_SOURCE)),
    telemetry: handlerTelemetry(connectorId),
    clock: Date.now,
    newId: randomUUID,
    connectorId,
  };
}
