import type { Json } from './definition';

/** A fault of a definition. */
export interface Fault {
  /** JSON pointer. */
  readonly at: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a definition can have any shape, so each access is checked.
type Node = any;

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];
const VISIBILITIES = ['important', 'advanced', 'internal'];
const EXTENSIONS = new Set(
  'capabilities connector-metadata notification-content notification-url trigger trigger-hint visibility summary dynamic-values dynamic-list enum-values url-encoding pageable'
    .split(' ')
    .map((name) => `x-ms-${name}`),
);
const OPENAPI_3 = new Set([
  'openapi',
  'servers',
  'components',
  'requestBody',
  'oneOf',
  'anyOf',
  'nullable',
  'callbacks',
]);

/** Faults of a connector's definition. Most of them are no error for Power Automate before a flow uses the connector. */
export function lintDefinition(definition: Json): Fault[] {
  const faults: Fault[] = [];
  const fault = (path: readonly string[], message: string) => faults.push({ at: pointer(path), message });
  const root: Node = definition;
  const resolve = (node: Node): Node =>
    typeof node?.$ref === 'string'
      ? node.$ref
          .split('/')
          .slice(1)
          .reduce((at: Node, key: string) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], root)
      : node;

  const operations = Object.entries<Node>(root.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      path,
      method,
      item,
      operation: item[method],
      declared: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(resolve),
      at: ['paths', path, method],
    })),
  );
  const byId = new Map<string, Node>();
  for (const { operation, at } of operations) {
    if (byId.has(operation.operationId))
      fault([...at, 'operationId'], 'Another operation has this operationId: change one.');
    byId.set(operation.operationId, operation);
  }
  for (const { path, item, operation, declared, at } of operations) {
    if (!operation.summary) fault(at, 'The operation has no summary: add one, the designer shows it.');
    for (const [, name] of path.matchAll(/\{([^}]+)\}/g))
      if (!declared.some((one) => one?.in === 'path' && one.name === name))
        fault(at, `The path parameter ${name} is not declared: add it to the parameters.`);
    for (const scheme of (operation.security ?? []).flatMap(Object.keys))
      if (!root.securityDefinitions?.[scheme])
        fault([...at, 'security'], `No security definition is named ${scheme}: add it.`);
    if (operation['x-ms-trigger']) lintTrigger(item, operation, at, resolve, fault);
  }
  for (const scheme of (root.security ?? []).flatMap(Object.keys))
    if (!root.securityDefinitions?.[scheme]) fault(['security'], `No security definition is named ${scheme}: add it.`);
  if (
    operations.some(({ operation }) => operation['x-ms-trigger']) &&
    !operations.some(({ method }) => method === 'delete')
  )
    fault(
      ['paths'],
      'No operation has the method DELETE: add the one at the address in Location, or flows never unregister.',
    );
  const test = root['x-ms-capabilities']?.testConnection?.operationId;
  if (test !== undefined && !byId.has(test))
    fault(['x-ms-capabilities', 'testConnection', 'operationId'], `No operation is named ${test}: name one.`);

  walk(root, [], (key, value, at, names) => {
    if (names) return;
    if (key === '$ref' && resolve({ $ref: value }) === undefined)
      fault(at, 'The reference does not exist: correct it.');
    if (OPENAPI_3.has(key)) fault(at, `${key} is a keyword of OpenAPI 3: the format is OpenAPI 2.0, remove it.`);
    if (key.startsWith('x-') && !EXTENSIONS.has(key))
      fault(at, `The extension ${key} is unknown: correct its name or remove it.`);
    if (key === 'x-ms-visibility' && !VISIBILITIES.includes(value)) fault(at, `Use one of ${VISIBILITIES.join(', ')}.`);
    if (key === 'x-ms-trigger' && !['single', 'batch'].includes(value)) fault(at, 'Use single or batch.');
    if (key === 'x-ms-notification-url' && value !== true) fault(at, 'Use true, not a text.');
    if (key === 'x-ms-notification-content' && (at.length !== 3 || at[0] !== 'paths'))
      fault(at, 'Move it beside the method: Power Automate reads it only there.');
    if (key === 'x-ms-dynamic-values')
      lintDropdown(value, [value['value-collection'], value['value-path'], value['value-title']], at);
    if (key === 'x-ms-dynamic-list')
      lintDropdown(value, [value.itemsPath, value.itemValuePath, value.itemTitlePath], at);
  });
  return faults;

  function lintDropdown({ operationId, parameters }: Node, [list, ...fields]: string[], at: readonly string[]): void {
    const operation = byId.get(operationId);
    if (!operation) return void fault(at, `No operation is named ${operationId}: name the one that lists the values.`);
    const item = resolve(resolve(resolve(operation.responses?.[200]?.schema)?.properties?.[list ?? ''])?.items);
    for (const field of fields)
      if (!item?.properties?.[field])
        fault(at, `The response of ${operationId} has no ${list}[].${field}: correct the path.`);
    // Only a dropdown inside an operation has fields beside it. A shared parameter has others in each operation.
    const owner = operations.find((one) => one.at.every((key, index) => key === at[index]));
    for (const [name, { parameter, parameterReference }] of Object.entries<Node>(parameters ?? {})) {
      if (!operation.parameters?.some((one: Node) => resolve(one).name === name))
        fault(at, `${operationId} has no parameter ${name}: correct the name.`);
      const source = parameterReference ?? parameter;
      if (owner && source !== undefined && !hasField(owner.declared, source, parameter !== undefined))
        fault([...at, 'parameters', name], `The operation has no field ${source}: correct the name.`);
    }
  }

  /** `inBody`: a property of the body can be named without the name of the body. */
  function hasField(declared: readonly Node[], reference: string, inBody: boolean): boolean {
    const [name, ...path] = reference.split('/');
    const named = declared.find((one) => one?.name === name);
    if (inBody && !named) return declared.some((one) => resolve(one?.schema)?.properties?.[reference] !== undefined);
    const field = (schema: Node, key: string) => resolve(resolve(schema)?.properties?.[key]);
    return (path.length === 0 ? named : path.reduce(field, named?.schema)) !== undefined;
  }
}

function lintTrigger(
  item: Node,
  operation: Node,
  at: readonly string[],
  resolve: (node: Node) => Node,
  fault: (path: readonly string[], message: string) => void,
): void {
  if (!item['x-ms-notification-content']?.schema)
    fault(at.slice(0, -1), 'x-ms-notification-content is missing: add it, or the flow has no fields of the body.');
  if (!operation.responses?.[201]?.headers?.Location)
    fault([...at, 'responses', '201'], 'The header Location is not declared: add it, or flows never unregister.');
  const index = operation.parameters?.findIndex((one: Node) => resolve(one).in === 'body') ?? -1;
  const schema = resolve(resolve(operation.parameters?.[index])?.schema);
  const callback = Object.entries<Node>(schema?.properties ?? {}).find(
    ([, one]) => 'x-ms-notification-url' in one,
  )?.[0];
  const body = [...at, 'parameters', String(index), 'schema'];
  if (callback === undefined) fault(body, 'No property has x-ms-notification-url: mark the one for the callback URL.');
  else if (!schema.required?.includes(callback)) fault([...body, 'required'], `${callback} is not required: add it.`);
}

/** Visits each key. `names`: the key is a name that somebody chose, such as that of a property. */
function walk(
  node: Node,
  at: readonly string[],
  visit: (key: string, value: Node, at: readonly string[], names: boolean) => void,
): void {
  if (typeof node !== 'object' || node === null) return;
  const names = ['properties', 'definitions', 'paths', 'headers'].includes(at.at(-1) ?? '');
  for (const [key, value] of Object.entries(node)) {
    visit(key, value, [...at, key], names);
    walk(value, [...at, key], visit);
  }
}

const pointer = (path: readonly string[]): string =>
  path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
