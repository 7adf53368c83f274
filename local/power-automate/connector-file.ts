import { SwaggerObject } from './swagger';

/**
 * What the flow designer reads from the exported definition of a custom connector (Swagger 2.0 with the extensions of
 * Power Automate). It knows nothing else about the connector.
 */
export interface ConnectorFile {
  readonly title: string;
  /** Address that the paths of operations follow, such as `https://example.com/v1`. */
  readonly baseUrl: string;
  readonly triggers: readonly Trigger[];
  /** The operation that the `Location` of a registration addresses. */
  readonly unregister: Operation;
  /** The operation that checks a new connection. */
  readonly testConnection?: OperationCall;
}

export interface Operation {
  readonly operationId: string;
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  /** Parameters in the query. */
  readonly parameters: readonly QueryParameter[];
  /** Property of a response with the address of the next page. */
  readonly nextLinkName?: string;
}

export interface QueryParameter {
  readonly name: string;
  readonly title: string;
  readonly required: boolean;
  readonly default?: Value;
}

/** An operation with fixed arguments. */
export interface OperationCall {
  readonly operation: Operation;
  readonly values: Readonly<Record<string, Value>>;
}

/** A trigger that registers itself. */
export interface Trigger extends Pick<Operation, 'operationId' | 'method' | 'path'> {
  readonly summary: string;
  readonly description: string;
  readonly hint?: string;
  readonly fields: readonly Field[];
  /** Fields of the runs that the trigger starts, for the flow's next steps. */
  readonly outputs: readonly OutputField[];
}

/** Value of a field that is not a list. */
export type Value = string | number | boolean;
export type FieldValue = Value | readonly Value[];
export type FieldType = 'string' | 'number' | 'integer' | 'boolean';
export type Visibility = 'important' | 'normal' | 'advanced' | 'internal';

export interface Field {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  readonly type: FieldType;
  readonly isList: boolean;
  readonly required: boolean;
  readonly visibility: Visibility;
  readonly default?: FieldValue;
  /** The only values. */
  readonly choices?: readonly Choice[];
  readonly dropdown?: Dropdown;
  /** Power Automate fills in the callback URL. */
  readonly isCallback: boolean;
}

export interface Choice {
  readonly value: Value;
  readonly title: string;
}

/** Suggested values, from the response of an operation. */
export interface Dropdown {
  readonly operation: Operation;
  /** Arguments by parameter: the value of another field, or a fixed value. */
  readonly arguments: Readonly<Record<string, { readonly field: string } | { readonly value: Value }>>;
  /** Paths in the response and in its items: keys, separated by `/`. Empty: the response itself. */
  readonly itemsPath: string;
  readonly valuePath: string;
  readonly titlePath: string;
}

export interface OutputField {
  /** Keys from the body to the value. */
  readonly path: readonly string[];
  readonly title: string;
  readonly description?: string;
  readonly visibility: Visibility;
}

/**
 * Reads the definition of a connector.
 * @param document the parsed file.
 * @throws ConnectorFileError if the designer could not use the file. The message names the place.
 */
export function readConnectorFile(document: unknown): ConnectorFile {
  const root = SwaggerObject.root(document);
  const paths = root.object('paths');
  const all = paths.keys.flatMap((path) => operationsOf(path, paths.object(path)));
  const operations = new Map<string, DefinedOperation>();
  for (const one of all) {
    if (operations.has(one.operationId)) one.definition.fail(`another operation is also called ${one.operationId}`);
    operations.set(one.operationId, one);
  }
  const unregister = all.find(({ method }) => method === 'DELETE');
  return {
    title: root.object('info').requiredText('title'),
    baseUrl: `${root.texts('schemes')[0] ?? 'https'}://${root.requiredText('host')}${root.text('basePath') ?? ''}`,
    triggers: all
      .filter(({ definition }) => definition.text('x-ms-trigger') !== undefined)
      .map((one) => triggerOf(one, operations)),
    unregister: unregister ? operationOf(unregister) : root.fail('no operation unregisters a flow: DELETE is missing'),
    testConnection: testConnection(root, operations),
  };
}

interface DefinedOperation extends Pick<Operation, 'operationId' | 'method' | 'path'> {
  readonly definition: SwaggerObject;
  /** The definition of the path. */
  readonly item: SwaggerObject;
}
type DefinedOperations = ReadonlyMap<string, DefinedOperation>;

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

const operationsOf = (path: string, item: SwaggerObject): DefinedOperation[] =>
  METHODS.flatMap((method) => {
    const definition = item.optional(method);
    if (!definition) return [];
    const operationId = definition.requiredText('operationId');
    return [{ operationId, method: method.toUpperCase(), path, definition, item }];
  });

function operationOf({ operationId, method, path, definition }: DefinedOperation): Operation {
  const nextLinkName = definition.optional('x-ms-pageable')?.requiredText('nextLinkName');
  const parameters = definition
    .list('parameters')
    .filter((one) => one.text('in') === 'query')
    .map((one) => ({
      name: one.requiredText('name'),
      title: titleOf(one, one.requiredText('name')),
      required: one.flag('required'),
      default: one.raw('default') as Value | undefined,
    }));
  return { operationId, method, path, parameters, ...(nextLinkName !== undefined && { nextLinkName }) };
}

function testConnection(root: SwaggerObject, operations: DefinedOperations): OperationCall | undefined {
  const definition = root.optional('x-ms-capabilities')?.optional('testConnection');
  if (!definition) return undefined;
  const parameters = definition.optional('parameters');
  const values = Object.fromEntries(parameters?.keys.map((key) => [key, parameters.raw(key) as Value]) ?? []);
  return { operation: namedOperation(definition, operations), values };
}

function namedOperation(definition: SwaggerObject, operations: DefinedOperations): Operation {
  const id = definition.requiredText('operationId');
  return operationOf(operations.get(id) ?? definition.fail(`the file has no operation ${id}`));
}

function triggerOf(defined: DefinedOperation, operations: DefinedOperations): Trigger {
  const { operationId, method, path, definition, item } = defined;
  const kind = definition.text('x-ms-trigger');
  if (kind !== 'single')
    definition.fail(`triggers that register themselves have "x-ms-trigger": "single", not "${kind}"`);
  const hint = definition.text('x-ms-trigger-hint');
  const fields = fieldsOf(defined, operations);
  if (!fields.some(({ isCallback }) => isCallback)) {
    definition.fail('no field has "x-ms-notification-url": true, so the trigger would not receive the callback URL');
  }
  return {
    ...{ operationId, method, path },
    summary: definition.requiredText('summary'),
    description: definition.text('description') ?? '',
    ...(hint !== undefined && { hint }),
    fields,
    outputs: outputsOf(item.object('x-ms-notification-content').object('schema')),
  };
}

function fieldsOf({ definition }: DefinedOperation, operations: DefinedOperations): Field[] {
  const parameters = definition.list('parameters');
  const body = parameters.find((one) => one.text('in') === 'body');
  const other = parameters.find((one) => one !== body);
  other?.fail(`a trigger has its fields in the body, not in "${other.text('in')}"`);
  const schema = body?.object('schema');
  const properties = schema?.object('properties');
  if (!schema || !properties) return definition.fail('the trigger has no body with fields');
  const required = schema.texts('required');
  const missing = required.find((name) => !properties.keys.includes(name));
  if (missing !== undefined) schema.fail(`"${missing}" is required but not one of the properties`);
  const isField = (name: string) => properties.keys.includes(name);
  return properties.keys.map((name) =>
    fieldOf(name, properties.object(name), { required: required.includes(name), isField, operations }),
  );
}

interface FieldContext {
  readonly required: boolean;
  readonly isField: (name: string) => boolean;
  readonly operations: DefinedOperations;
}

function fieldOf(name: string, definition: SwaggerObject, { required, isField, operations }: FieldContext): Field {
  const isList = definition.text('type') === 'array';
  const values = isList ? definition.object('items') : definition;
  const description = definition.text('description');
  const initial = definition.raw('default') as FieldValue | undefined;
  const choices = choicesOf(values);
  const dropdown = dropdownOf(values, isField, operations);
  return {
    name,
    title: titleOf(definition, name),
    ...(description !== undefined && { description }),
    type: typeOf(values),
    isList,
    required,
    visibility: visibilityOf(definition),
    ...(initial !== undefined && { default: initial }),
    ...(choices && { choices }),
    ...(dropdown && { dropdown }),
    isCallback: definition.flag('x-ms-notification-url'),
  };
}

const TYPES: readonly FieldType[] = ['string', 'number', 'integer', 'boolean'];
const typeOf = (definition: SwaggerObject): FieldType => {
  const type = definition.requiredText('type');
  return (
    TYPES.find((one) => one === type) ??
    definition.fail(`a field has one of the types ${TYPES.join(', ')}, not ${type}`)
  );
};

const VISIBILITIES: readonly Visibility[] = ['important', 'advanced', 'internal'];
const visibilityOf = (definition: SwaggerObject): Visibility => {
  const text = definition.text('x-ms-visibility');
  if (text === undefined) return 'normal';
  return VISIBILITIES.find((one) => one === text) ?? definition.fail(`"x-ms-visibility" is "${text}"`);
};

/** Label of a field. The designer shows the name of a field without a summary. */
const titleOf = (definition: SwaggerObject, name: string): string =>
  definition.text('x-ms-summary') ?? definition.text('title') ?? name;

function choicesOf(definition: SwaggerObject): Choice[] | undefined {
  const values = definition.raw('enum');
  if (values === undefined) return undefined;
  if (!Array.isArray(values)) return definition.fail('"enum" is not a list');
  const titles = new Map<unknown, string>(
    definition.list('x-ms-enum-values').map((one) => [one.raw('value'), one.requiredText('displayName')]),
  );
  return (values as Value[]).map((value) => ({ value, title: titles.get(value) ?? String(value) }));
}

/** Names of the same things in the two extensions. Designers that know `x-ms-dynamic-list` ignore the older one. */
const LIST = { items: 'itemsPath', value: 'itemValuePath', title: 'itemTitlePath', reference: 'parameterReference' };
const VALUES = { items: 'value-collection', value: 'value-path', title: 'value-title', reference: 'parameter' };

function dropdownOf(
  definition: SwaggerObject,
  isField: (name: string) => boolean,
  operations: DefinedOperations,
): Dropdown | undefined {
  const list = definition.optional('x-ms-dynamic-list');
  const found = list ?? definition.optional('x-ms-dynamic-values');
  if (!found) return undefined;
  const names = list ? LIST : VALUES;
  const operation = namedOperation(found, operations);
  const parameters = found.optional('parameters');
  const argument = (name: string) => {
    if (!operation.parameters.some((one) => one.name === name)) {
      found.fail(`the operation ${operation.operationId} has no parameter ${name} in its query`);
    }
    const value = parameters?.raw(name);
    if (typeof value !== 'object' || value === null) return { value: value as Value };
    const given = parameters?.object(name);
    const fixed = given?.raw('value');
    if (fixed !== undefined) return { value: fixed as Value };
    // The newer extension names the body, which the fields are properties of.
    const field = given?.requiredText(names.reference).replace(/^body\//, '') ?? '';
    return isField(field) ? { field } : found.fail(`the trigger has no field ${field}`);
  };
  return {
    operation,
    arguments: Object.fromEntries(parameters?.keys.map((name) => [name, argument(name)]) ?? []),
    itemsPath: found.text(names.items) ?? '',
    valuePath: found.requiredText(names.value),
    titlePath: found.text(names.title) ?? found.requiredText(names.value),
  };
}

/** Objects within objects in a body. A schema that refers to itself would have no end. */
const MAX_DEPTH = 8;

/** The fields of a body. Fields of an object within it have a path of several keys. */
function outputsOf(schema: SwaggerObject, parents: readonly string[] = []): OutputField[] {
  if (parents.length > MAX_DEPTH) schema.fail(`the body has more than ${MAX_DEPTH} levels`);
  const properties = schema.optional('properties');
  return (properties?.keys ?? []).flatMap((name) => {
    const definition = schema.object('properties').object(name);
    const path = [...parents, name];
    if (definition.optional('properties')) return outputsOf(definition, path);
    const description = definition.text('description');
    const title = titleOf(definition, name);
    return [{ path, title, ...(description !== undefined && { description }), visibility: visibilityOf(definition) }];
  });
}
