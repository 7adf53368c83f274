import { fieldsOf } from './fields';
import type { Action, ConnectorFile, Field, FieldValue, Operation, OperationCall, Trigger } from './model';
import { outputsOf, responsesOf, successOutputs } from './outputs';
import { SwaggerObject } from './swagger';

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
  const [triggers, others] = [all.filter(isTrigger), all.filter((one) => !isTrigger(one))];
  return {
    title: root.object('info').requiredText('title'),
    baseUrl: `${root.texts('schemes')[0] ?? 'https'}://${root.requiredText('host')}${root.text('basePath') ?? ''}`,
    triggers: triggers.map((one) => triggerOf(one, operations)),
    actions: others.filter(isShown).map((one) => actionOf(one, operations)),
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

const isTrigger = ({ definition }: DefinedOperation): boolean => definition.text('x-ms-trigger') !== undefined;
const isShown = ({ definition }: DefinedOperation): boolean => definition.text('x-ms-visibility') !== 'internal';

/** @param fields without them, the fields have no dropdowns. */
function operationOf({ operationId, method, path, definition }: DefinedOperation, fields?: Field[]): Operation {
  const nextLinkName = definition.optional('x-ms-pageable')?.requiredText('nextLinkName');
  return {
    ...{ operationId, method, path, fields: fields ?? fieldsOf(definition), responses: responsesOf(definition) },
    ...(nextLinkName !== undefined && { nextLinkName }),
  };
}

function testConnection(root: SwaggerObject, operations: DefinedOperations): OperationCall | undefined {
  const definition = root.optional('x-ms-capabilities')?.optional('testConnection');
  if (!definition) return undefined;
  const parameters = definition.optional('parameters');
  const values = Object.fromEntries(parameters?.keys.map((key) => [key, parameters.raw(key) as FieldValue]) ?? []);
  return { operation: namedOperation(definition, operations), values };
}

function namedOperation(definition: SwaggerObject, operations: DefinedOperations): Operation {
  const id = definition.requiredText('operationId');
  return operationOf(operations.get(id) ?? definition.fail(`the file has no operation ${id}`));
}

function actionOf(defined: DefinedOperation, operations: DefinedOperations): Action {
  const { definition, path } = defined;
  const fields = fieldsOf(definition, (dropdown) => namedOperation(dropdown, operations));
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  const missing = names.find((name) => !fields.some((one) => one.in === 'path' && one.name === name));
  if (missing !== undefined) definition.fail(`the path needs a parameter ${missing}`);
  return {
    ...operationOf(defined, fields),
    summary: definition.requiredText('summary'),
    description: definition.text('description') ?? '',
    outputs: successOutputs(definition),
  };
}

function triggerOf(defined: DefinedOperation, operations: DefinedOperations): Trigger {
  const { operationId, method, path, definition, item } = defined;
  const kind = definition.text('x-ms-trigger');
  if (kind !== 'single')
    definition.fail(`triggers that register themselves have "x-ms-trigger": "single", not "${kind}"`);
  const parameters = definition.list('parameters');
  const other = parameters.find((one) => one.text('in') !== 'body');
  other?.fail(`a trigger has its fields in the body, not in "${other.text('in')}"`);
  if (parameters.length === 0) definition.fail('the trigger has no body with fields');
  const fields = fieldsOf(definition, (dropdown) => namedOperation(dropdown, operations));
  if (!fields.some(({ isCallback }) => isCallback)) {
    definition.fail('no field has "x-ms-notification-url": true, so the trigger would not receive the callback URL');
  }
  const hint = definition.text('x-ms-trigger-hint');
  return {
    ...{ operationId, method, path },
    summary: definition.requiredText('summary'),
    description: definition.text('description') ?? '',
    ...(hint !== undefined && { hint }),
    fields,
    outputs: outputsOf(item.object('x-ms-notification-content').object('schema')),
  };
}
