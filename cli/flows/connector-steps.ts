/** Steps of a flow that belong to the custom connector: its trigger, and the action that reports the outcome. */
import type { TriggerId } from '../../contract/events';
import { OperationId, TRIGGER_OPERATIONS } from '../../lambda/custom-connector/core/definition/operation-ids';
import type { ConnectorTrigger, TriggerInputs } from './connector-trigger';
import { DELIVERY_ID } from './message';

/** Power Automate adds the callback URL to the inputs when it registers the flow. */
export const connectorTrigger = (trigger: TriggerId, { api, inputs }: ConnectorTrigger) => ({
  [TRIGGER_OPERATIONS[trigger]]: {
    type: 'OpenApiConnectionWebhook',
    inputs: {
      host: hostOf(api, TRIGGER_OPERATIONS[trigger]),
      parameters: bodyParameters(mapTexts(inputs)),
      ...AUTHENTICATION,
    },
  },
});

export type FlowOutcome = 'succeeded' | 'failed';

/** The action that reports the outcome of the run, without runAfter. */
export const outcomeReport = (api: string, outcome: FlowOutcome, message?: string) => ({
  type: 'OpenApiConnection',
  inputs: {
    host: hostOf(api, OperationId.REPORT_OUTCOME),
    parameters: bodyParameters({ deliveryId: DELIVERY_ID, outcome, ...(message !== undefined && { message }) }),
    ...AUTHENTICATION,
  },
});

const hostOf = (api: string, operationId: string) => ({
  apiId: `/providers/Microsoft.PowerApps/apis/${api}`,
  connectionName: api,
  operationId,
});

/** Parameters by the path from the operation's parameter `body`. */
const bodyParameters = (fields: TriggerInputs) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`body/${name}`, value]));

/** A text that starts with @, or contains @{, would be an expression. */
const literal = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(literal);
  return typeof value === 'string' ? value.replaceAll(/^@|@(?=\{)/g, '@@') : value;
};
const mapTexts = (inputs: TriggerInputs): TriggerInputs =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, literal(value)]));

const AUTHENTICATION = { authentication: "@parameters('$authentication')" };
