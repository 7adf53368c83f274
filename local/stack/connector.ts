import { randomBytes } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { SQSClient } from '@aws-sdk/client-sqs';
import { registryPorts } from '../../cli/connector/registry';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { Env } from '../../contract/environment';
import type { HandlerName } from '../../contract/shared';
import { KeyTable } from '../../lambda/custom-connector/adapters/key-table';
import { keyHash, newKey } from '../../lambda/custom-connector/core/api-key';
import { DeliveryTable } from '../../lambda/delivery/adapters/delivery-table';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { LOCAL_CLIENT_CONFIG } from '../shared/client-config';
import { UserError } from '../shared/user-error';
import type { LocalFunction, LocalStack } from './local-stack';

/**
 * Finds the stack's connector, and accesses it through the endpoints of its services. Identifies its parts by its
 * functions, because the template of a user may not have outputs.
 * @throws UserError if the stack does not have exactly one complete connector.
 */
export function localConnector(stack: LocalStack) {
  const deliver = only(handlers(stack, 'deliver'), stack);
  const connectorId = variable(deliver, Env.CONNECTOR_ID);
  const evaluate = only(
    handlers(stack, 'evaluate').filter(({ environment }) => environment[Env.CONNECTOR_ID] === connectorId),
    stack,
  );
  const [observationsQueue] = evaluate.queueUrls;
  // Any key can be used, because permissions are not checked and a ciphertext identifies its key.
  const [flowUrlKey] = stack.keyArns;
  if (observationsQueue === undefined || flowUrlKey === undefined) {
    throw new UserError(`${stack.stackName} has an incomplete connector: add a PowerAutomateConnector`);
  }
  const subscriptionsTable = variable(deliver, Env.SUBSCRIPTIONS_TABLE_NAME);
  const thresholdsTable = variable(evaluate, Env.THRESHOLDS_TABLE_NAME);
  const dynamodb = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.dynamodb });
  const kms = new KMSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.kms });
  const sqs = new SQSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.sqs });
  const table = new DeliveryTable(
    dynamodb,
    variable(deliver, Env.DELIVERIES_TABLE_NAME),
    DEFAULT_DELIVERY_RETENTION_DAYS,
  );
  return {
    /** Whether flows can report their outcomes. */
    acceptsReports: deliver.environment[Env.OUTCOME_LINK_URL] !== undefined,
    busName: variable(deliver, Env.EVENT_BUS_NAME),
    eventSource: variable(deliver, Env.EVENT_SOURCE),
    registry: registryPorts(
      { subscriptionsTable, thresholdsTable, flowUrlKey, observationsQueue },
      { dynamodb, kms, sqs },
    ),
    async subscriptions(): Promise<Subscription[]> {
      const all: Subscription[] = [];
      for await (const one of new SubscriptionTable(dynamodb, subscriptionsTable).list()) all.push(one);
      return all;
    },
    /** The rows of all deliveries, one page at a time. */
    deliveries: (): AsyncIterable<DeliveryRow> => table.rows(),
    /** Creates a key of the custom connector's API. */
    async createKey(name: string): Promise<string> {
      const key = newKey(name, randomBytes);
      await new KeyTable(dynamodb, subscriptionsTable).create({ name, hash: keyHash(key), createdAt: Date.now() });
      return key;
    },
    close(): void {
      dynamodb.destroy();
      kms.destroy();
      sqs.destroy();
    },
  };
}

export type LocalConnector = ReturnType<typeof localConnector>;

/** Whether a connector is among the functions of a stack. */
export const hasConnector = (functions: readonly Pick<LocalFunction, 'environment'>[]): boolean =>
  functions.some((one) => runs(one, 'deliver'));

/** Identifies a handler by the service name of Powertools that the construct sets. */
const runs = ({ environment }: Pick<LocalFunction, 'environment'>, handler: HandlerName): boolean =>
  environment.POWERTOOLS_SERVICE_NAME === handler && environment[Env.CONNECTOR_ID] !== undefined;

/** The functions that run a handler. */
const handlers = (stack: LocalStack, handler: HandlerName): LocalFunction[] =>
  stack.functions.filter((one) => runs(one, handler));

function only(found: readonly LocalFunction[], { stackName }: LocalStack): LocalFunction {
  const [one] = found;
  if (one && found.length === 1) return one;
  throw new UserError(
    one
      ? `${stackName} has ${found.length} connectors: the local run supports only one`
      : `${stackName} has no connector: add a PowerAutomateConnector`,
  );
}

function variable({ logicalId, environment }: LocalFunction, name: string): string {
  const value = environment[name];
  if (value === undefined) throw new UserError(`the environment of the function ${logicalId} has no ${name}`);
  return value;
}
