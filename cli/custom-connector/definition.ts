import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import { API_BASE_PATH, type ConnectorActionId } from '../../contract/custom-connector';
import { TRIGGER_IDS, type TriggerId } from '../../contract/events';
import type { Field } from '../../lambda/custom-connector/core/definition/field';
import type { Operation, Parameter } from '../../lambda/custom-connector/core/definition/operation';
import { OperationId } from '../../lambda/custom-connector/core/definition/operation-ids';
import { CALLBACK_FIELD, operationsOf } from '../../lambda/custom-connector/core/definition/operations';
import { RESPONSES, type ResponseName } from '../../lambda/custom-connector/core/definition/responses';
import { fieldsOf, TRIGGER_DEFINITIONS } from '../../lambda/custom-connector/core/definition/triggers';
import { problem } from '../../lambda/custom-connector/core/http';
import { bodySchema, SCHEMA_OPTIONS } from '../events/body-schemas';
import { CONNECTOR_TITLE } from '../flows/connector-identity';

/** A JSON object of the definition. */
export type Json = { readonly [key: string]: unknown };

export interface ApiAddress {
  /** Host of the API, with the port if it is not the usual one. */
  readonly host: string;
  readonly schemes: readonly ('http' | 'https')[];
  /** Version of the definition. */
  readonly version: string;
  /** Actions of the API. */
  readonly actions: readonly ConnectorActionId[];
}

/** The definition of the custom connector for Power Automate: OpenAPI 2.0 with Microsoft's extensions. */
export function connectorDefinition({ host, schemes, version, actions }: ApiAddress): Json {
  const operations = operationsOf(actions);
  const used = new Set<string>(operations.map(({ success }) => success.response ?? 'Problem'));
  return {
    swagger: '2.0',
    info: {
      title: CONNECTOR_TITLE,
      description:
        'Runs flows when customer data on AWS changes: refreshes of data sources, thresholds of segments and measures, full refreshes and unification.',
      version,
    },
    host,
    basePath: API_BASE_PATH,
    schemes,
    consumes: ['application/json'],
    produces: ['application/json'],
    'x-ms-capabilities': { testConnection: { operationId: OperationId.WHO_AM_I, parameters: {} } },
    'x-ms-connector-metadata': [{ propertyName: 'Categories', propertyValue: 'Data;Marketing' }],
    paths: paths(operations, actions),
    definitions: {
      ...Object.fromEntries(TRIGGER_IDS.map((trigger) => [bodyName(trigger), convert(bodySchema(trigger, 'flat'))])),
      ...Object.fromEntries(
        Object.entries(RESPONSES)
          .filter(([name]) => used.has(name))
          .map(([name, schema]) => [name, convert(toJsonSchema(schema, SCHEMA_OPTIONS))]),
      ),
    },
  };
}

function paths(operations: readonly Operation[], actions: readonly ConnectorActionId[]): Json {
  const result: Record<string, Json> = {};
  for (const one of operations) {
    result[one.path] = {
      ...result[one.path],
      ...(one.trigger && { 'x-ms-notification-content': notificationContent(one.trigger) }),
      [one.method]: operation(one, operations, actions),
    };
  }
  return result;
}

const notificationContent = (trigger: TriggerId): Json => ({
  description: TRIGGER_DEFINITIONS[trigger].summary,
  schema: reference(bodyName(trigger)),
});

/** How a flow author sees the flow run before the first event. */
function testHint(operations: readonly Operation[]): string {
  const test = operations.find(({ operationId }) => operationId === OperationId.SEND_TEST_EVENT);
  return test ? `run the action "${test.summary}" in another flow` : 'ask the operator for a test event';
}

const operation = (one: Operation, operations: readonly Operation[], actions: readonly ConnectorActionId[]): Json => ({
  operationId: one.operationId,
  summary: one.summary,
  description: one.description,
  ...(one.visibility && { 'x-ms-visibility': one.visibility }),
  ...(one.trigger && {
    // No `x-ms-trigger-metadata`: its only mode in Microsoft's schema is polling.
    'x-ms-trigger': 'single',
    'x-ms-trigger-hint': `The flow runs at the next such change. To see it run now, ${testHint(operations)}.`,
  }),
  ...(one.pageable && { 'x-ms-pageable': { nextLinkName: '@odata.nextLink' } }),
  parameters: [
    ...one.parameters.map(parameter),
    ...(one.trigger ? [triggerBody(one.trigger, actions)] : []),
    ...(one.body ? [body(one.body)] : []),
  ],
  responses: responses(one),
});

const triggerBody = (trigger: TriggerId, actions: readonly ConnectorActionId[]): Json =>
  body(fieldsOf(trigger, actions), {
    [CALLBACK_FIELD]: {
      type: 'string',
      'x-ms-summary': 'Callback URL',
      description: 'Power Automate fills it in.',
      'x-ms-notification-url': true,
      'x-ms-visibility': 'internal',
    },
  });

/** @param filledIn required properties that the designer does not show. */
function body(fields: readonly Field[], filledIn: Json = {}): Json {
  const required = [...fields.filter((field) => field.required).map(({ name }) => name), ...Object.keys(filledIn)];
  const properties = Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field)]));
  return {
    name: 'body',
    in: 'body',
    required: true,
    schema: {
      type: 'object',
      ...(required.length > 0 && { required }),
      properties: { ...properties, ...filledIn },
    },
  };
}

function fieldSchema(field: Field): Json {
  const value = {
    type: field.type,
    ...(field.type === 'number' && { format: 'double' }),
    ...(field.format && { format: field.format }),
    ...(field.choices && {
      enum: field.choices.map(({ value }) => value),
      'x-ms-enum-values': field.choices.map(({ value, title }) => ({ value, displayName: title })),
    }),
  };
  return {
    ...(field.isList ? { type: 'array', items: value } : value),
    'x-ms-summary': field.title,
    description: field.description,
    ...(field.default !== undefined && { default: field.default }),
    ...(field.advanced && { 'x-ms-visibility': 'advanced' }),
    ...(field.dropdown && dropdown(field.dropdown, 'body/')),
  };
}

/**
 * Older designers read the first extension, newer ones the second.
 * @param place where the second one finds the fields: `body/` or, for parameters, nothing.
 */
function dropdown({ operationId, parameters }: NonNullable<Field['dropdown']>, place: 'body/' | ''): Json {
  const from = (refer: (name: string) => Json) => Object.fromEntries(parameters.map((name) => [name, refer(name)]));
  return {
    'x-ms-dynamic-values': {
      operationId,
      parameters: from((name) => ({ parameter: name })),
      'value-collection': 'value',
      'value-path': 'name',
      'value-title': 'title',
    },
    'x-ms-dynamic-list': {
      operationId,
      parameters: from((name) => ({ parameterReference: `${place}${name}` })),
      itemsPath: 'value',
      itemValuePath: 'name',
      itemTitlePath: 'title',
    },
  };
}

const parameter = (one: Parameter): Json => ({
  name: one.name,
  in: one.in,
  type: 'string',
  required: one.required ?? false,
  'x-ms-summary': one.title,
  description: one.description,
  ...(one.default !== undefined && { default: one.default }),
  ...(one.visibility && { 'x-ms-visibility': one.visibility }),
  ...(one.in === 'path' && { 'x-ms-url-encoding': 'single' }),
  ...(one.dropdown && dropdown(one.dropdown, '')),
});

const PROBLEM_DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'A value in the request is invalid.',
  401: 'The caller is not signed in.',
  403: 'The caller is not allowed to do this.',
  404: 'The flow or the subject does not exist.',
  409: 'The state of the flow does not allow the request.',
  413: 'The request is too large.',
  415: 'The encoding of the request is not supported.',
  429: 'There are too many requests.',
  503: 'The API is unavailable for a moment.',
};

function responses({ success, problems, trigger }: Operation): Json {
  const statuses = new Set([...problems.map((code) => problem(code, '').status), 429]);
  return {
    [success.status]: {
      description: success.description,
      ...(trigger && { headers: { Location: { type: 'string', description: 'Address that ends the registration.' } } }),
      ...(success.response && { schema: reference(success.response) }),
    },
    ...Object.fromEntries(
      [...statuses].map((status) => [
        status,
        { description: PROBLEM_DESCRIPTIONS[status], schema: reference('Problem' satisfies ResponseName) },
      ]),
    ),
  };
}

const reference = (name: string): Json => ({ $ref: `#/definitions/${name}` });

/** Name of the definition of a trigger's flow body, such as SegmentThresholdCrossed. */
export const bodyName = (trigger: TriggerId): string =>
  trigger
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** Reduces a JSON Schema to the keywords of OpenAPI 2.0. The designer shows `x-ms-summary`. */
function convert({ type, title, description, properties, required, items }: JsonSchema): Json {
  return {
    type,
    ...(title && { 'x-ms-summary': title }),
    ...(description && { description }),
    ...(properties && { properties: mapValues(properties) }),
    ...(type === 'object' && !properties && { additionalProperties: { type: 'string' } }),
    ...(required?.length && { required }),
    ...(items && { items: convert(items as JsonSchema) }),
  };
}

const mapValues = (properties: NonNullable<JsonSchema['properties']>): Json =>
  Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, convert(schema as JsonSchema)]));
