import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { registryPorts } from '../../cli/connector/registry';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { Env } from '../../contract/environment';
import type { HandlerName } from '../../contract/shared';
import { DeliveryTable } from '../../lambda/delivery/adapters/delivery-table';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { ANYBODY } from '../shared/client-config';
import { UserError } from '../shared/user-error';
import type { LocalFunction, LocalStack } from '.';

/**
 * The local connector as the tools outside it see it, through its services' endpoints. Its parts are found by its functions,
 * since a template of somebody else's need not have outputs.
 * @throws UserError when the stack has no whole connector, or more than one.
 */
export function localConnector(stack: LocalStack) {
  const deliver = only(handlers(stack, 'deliver'), stack);
  const connectorId = variable(deliver, Env.CONNECTOR_ID);
  const evaluate = only(
    handlers(stack, 'evaluate').filter(({ environment }) => environment[Env.CONNECTOR_ID] === connectorId),
    stack,
  );
  const [observationsQueue] = evaluate.queueUrls;
  // Any key will do here: who may use it is not checked, and a ciphertext says by which key it was made.
  const [flowUrlKey] = stack.keyArns;
  if (observationsQueue === undefined || flowUrlKey === undefined) {
    throw new UserError(
      `${stack.stackName} has a part of a connector only: the local run takes a PowerAutomateConnector`,
    );
  }
  const subscriptionsTable = variable(deliver, Env.SUBSCRIPTIONS_TABLE_NAME);
  const thresholdsTable = variable(evaluate, Env.THRESHOLDS_TABLE_NAME);
  const dynamodb = documentClient({ ...ANYBODY, endpoint: stack.endpoints.dynamodb });
  const kms = new KMSClient({ ...ANYBODY, endpoint: stack.endpoints.kms });
  const sqs = new SQSClient({ ...ANYBODY, endpoint: stack.endpoints.sqs });
  const table = new DeliveryTable(
    dynamodb,
    variable(deliver, Env.DELIVERIES_TABLE_NAME),
    DEFAULT_DELIVERY_RETENTION_DAYS,
  );
  return {
    busName: variable(deliver, Env.EVENT_BUS_NAME),
    eventSource: variable(deliver, Env.EVENT_SOURCE),
    registry: registryPorts(
      { subscriptionsTable, thresholdsTable, flowUrlKey, observationsQueue },
      { dynamodb, kms, sqs },
    ),
    /** Every subscription, whoever manages it. */
    async subscriptions(): Promise<Subscription[]> {
      const all: Subscription[] = [];
      for await (const one of new SubscriptionTable(dynamodb, subscriptionsTable).list()) all.push(one);
      return all;
    },
    /** Every delivery's row. */
    async deliveries(): Promise<DeliveryRow[]> {
      const rows: DeliveryRow[] = [];
      for await (const row of table.rows()) rows.push(row);
      return rows;
    },
    close(): void {
      dynamodb.destroy();
      kms.destroy();
      sqs.destroy();
    },
  };
}

export type LocalConnector = ReturnType<typeof localConnector>;

/** The functions of the template that run one of our handlers: the construct names the handler to Powertools. */
const handlers = (stack: LocalStack, handler: HandlerName): LocalFunction[] =>
  stack.functions.filter(
    ({ environment }) => environment.POWERTOOLS_SERVICE_NAME === handler && environment[Env.CONNECTOR_ID] !== undefined,
  );

function only(found: readonly LocalFunction[], { stackName }: LocalStack): LocalFunction {
  const [one] = found;
  if (one && found.length === 1) return one;
  throw new UserError(
    one
      ? `${stackName} has ${found.length} connectors: the local run takes one`
      : `${stackName} has no connector: the local run takes a stack with a PowerAutomateConnector`,
  );
}

function variable({ logicalId, environment }: LocalFunction, name: string): string {
  const value = environment[name];
  if (value === undefined) throw new UserError(`the function ${logicalId} has no ${name} in its environment`);
  return value;
}
