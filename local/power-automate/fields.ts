import type { Choice, Dropdown, Field, FieldType, FieldValue, Operation, Value, Visibility } from './model';
import type { SwaggerObject } from './swagger';

/** The operation that a dropdown names. Fails at the dropdown if the file does not have it. */
export type FindOperation = (dropdown: SwaggerObject) => Operation;

/**
 * The inputs of an operation in the order of the file: its parameters, and the properties of its body.
 * @param find undefined: the fields have no dropdowns.
 */
export function fieldsOf(definition: SwaggerObject, find?: FindOperation): Field[] {
  const inputs = definition.list('parameters').flatMap(inputsOf);
  const twice = inputs.find(({ name }, n) => inputs.findIndex((one) => one.name === name) < n);
  twice?.definition.fail(`another input is also called ${twice.name}`);
  return inputs.map((input) => fieldOf(input, inputs, find));
}

interface Input extends Pick<Field, 'name' | 'in' | 'required'> {
  readonly definition: SwaggerObject;
}

function inputsOf(parameter: SwaggerObject): Input[] {
  const name = parameter.requiredText('name');
  const place = parameter.requiredText('in');
  const required = parameter.flag('required');
  if (place === 'query' || place === 'path') {
    if (place === 'path' && !required) parameter.fail(`"${name}" is in the path, so it needs "required": true`);
    return [{ name, in: place, required, definition: parameter }];
  }
  if (place !== 'body') return parameter.fail(`an input is in the path, the query or the body, not in "${place}"`);
  const schema = parameter.object('schema');
  const properties = schema.object('properties');
  const names = schema.texts('required');
  const missing = names.find((one) => !properties.keys.includes(one));
  if (missing !== undefined) schema.fail(`"${missing}" is required but not one of the properties`);
  return properties.keys.map((key) => ({
    ...{ name: key, in: 'body', required: names.includes(key), definition: properties.object(key) },
  }));
}

function fieldOf({ name, in: place, required, definition }: Input, inputs: readonly Input[], find?: FindOperation) {
  const isList = definition.text('type') === 'array';
  const values = isList ? definition.object('items') : definition;
  const description = definition.text('description');
  const format = values.text('format');
  const initial = definition.raw('default') as FieldValue | undefined;
  const choices = choicesOf(values);
  const dropdown = find && dropdownOf(values, inputs, find);
  return {
    ...{ name, in: place, title: titleOf(definition, name) },
    ...(description !== undefined && { description }),
    type: typeOf(values),
    ...(format !== undefined && { format }),
    ...{ isList, required, visibility: visibilityOf(definition) },
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
export const visibilityOf = (definition: SwaggerObject): Visibility => {
  const text = definition.text('x-ms-visibility');
  if (text === undefined) return 'normal';
  return VISIBILITIES.find((one) => one === text) ?? definition.fail(`"x-ms-visibility" is "${text}"`);
};

/** Label of a field. The designer shows the name of a field without a summary. */
export const titleOf = (definition: SwaggerObject, name: string): string =>
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
const LIST = { items: 'itemsPath', value: 'itemValuePath', title: 'itemTitlePath' };
const VALUES = { items: 'value-collection', value: 'value-path', title: 'value-title' };

function dropdownOf(definition: SwaggerObject, inputs: readonly Input[], find: FindOperation): Dropdown | undefined {
  const list = definition.optional('x-ms-dynamic-list');
  const found = list ?? definition.optional('x-ms-dynamic-values');
  if (!found) return undefined;
  const names = list ? LIST : VALUES;
  const operation = find(found);
  const parameters = found.optional('parameters');
  const argument = (name: string) => {
    if (!operation.fields.some((one) => one.name === name)) {
      found.fail(`the operation ${operation.operationId} has no parameter ${name}`);
    }
    const value = parameters?.raw(name);
    if (typeof value !== 'object' || value === null) return { value: value as Value };
    const given = found.object('parameters').object(name);
    const fixed = given.raw('value');
    if (fixed !== undefined) return { value: fixed as Value };
    return { field: list ? referencedField(given, inputs) : namedField(given, inputs) };
  };
  return {
    operation,
    arguments: Object.fromEntries(parameters?.keys.map((name) => [name, argument(name)]) ?? []),
    itemsPath: found.text(names.items) ?? '',
    valuePath: found.requiredText(names.value),
    titlePath: found.text(names.title) ?? found.requiredText(names.value),
  };
}

function namedField(argument: SwaggerObject, inputs: readonly Input[]): string {
  const name = argument.requiredText('parameter');
  return inputs.some((one) => one.name === name) ? name : argument.fail(`the operation has no field ${name}`);
}

/** The newer extension names the parameter `body` before a property of it. */
function referencedField(argument: SwaggerObject, inputs: readonly Input[]): string {
  const reference = argument.requiredText('parameterReference');
  const isReferenced = ({ name, in: place }: Input) => reference === (place === 'body' ? `body/${name}` : name);
  return inputs.find(isReferenced)?.name ?? argument.fail(`the operation has no field ${reference}`);
}
