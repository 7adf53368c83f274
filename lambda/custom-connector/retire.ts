import { randomUUID } from 'node:crypto';
import { Env } from '../../contract/environment';
import { expectationTable } from '../expectations/adapters/expectation-table';
import { registeredFlowsTable } from '../registration/adapters/registered-flows-table';
import { removeEndedFlows } from '../registration/core/flow-registration';
import { documentClient } from '../shared/adapters/dynamodb';
import { required } from '../shared/adapters/environment';
import { invocation } from '../shared/adapters/invocation';
import { handlerTelemetry } from '../shared/adapters/telemetry';
import { SubscriptionTable } from '../subscriptions/adapters/subscription-table';
import { ThresholdTable } from '../thresholds/adapters/threshold-table';

const client = documentClient();
const subscriptions = new SubscriptionTable(client, required(Env.SUBSCRIPTIONS_TABLE_NAME));
const ports = {
  subscriptions,
  due: subscriptions,
  thresholds: new ThresholdTable(client, required(Env.THRESHOLDS_TABLE_NAME)),
  expectations: expectationTable(client, required(Env.SUBSCRIPTIONS_TABLE_NAME)),
  flows: registeredFlowsTable(client, required(Env.SUBSCRIPTIONS_TABLE_NAME)),
  telemetry: handlerTelemetry(required(Env.CONNECTOR_ID)),
  clock: Date.now,
  newId: randomUUID,
};

/** Runs every minute and removes the subscriptions of flows that unregistered, or that no longer accept deliveries. */
export const handler = (): Promise<void> => invocation(ports.telemetry, () => removeEndedFlows(ports));
