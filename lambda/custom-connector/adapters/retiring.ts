import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Env } from '../../../contract/environment';
import { expectationTable } from '../../expectations/adapters/expectation-table';
import { registeredFlowsTable } from '../../registration/adapters/registered-flows-table';
import { removeEndedFlows } from '../../registration/core/flow-registration';
import { required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { invocation } from '../../shared/adapters/invocation';
import { SubscriptionTable } from '../../subscriptions/adapters/subscription-table';
import { ThresholdTable } from '../../thresholds/adapters/threshold-table';

/** Runs every minute and removes the subscriptions of flows that unregistered, or that no longer accept deliveries. */
export function retireHandler(
  { env, clock, newId, telemetry }: Host,
  { dynamodb }: { readonly dynamodb: DynamoDBDocumentClient },
): () => Promise<void> {
  const subscriptionsTable = required(Env.SUBSCRIPTIONS_TABLE_NAME, env);
  const subscriptions = new SubscriptionTable(dynamodb, subscriptionsTable);
  const ports = {
    subscriptions,
    due: subscriptions,
    thresholds: new ThresholdTable(dynamodb, required(Env.THRESHOLDS_TABLE_NAME, env)),
    expectations: expectationTable(dynamodb, subscriptionsTable),
    flows: registeredFlowsTable(dynamodb, subscriptionsTable),
    telemetry: telemetry(required(Env.CONNECTOR_ID, env)),
    clock,
    newId,
  };
  return () => invocation(ports.telemetry, () => removeEndedFlows(ports));
}
