import { titleOf, visibilityOf } from './fields';
import type { DeclaredResponse, OutputField, Schema } from './model';
import type { SwaggerObject } from './swagger';

/** Objects within objects in a body. A schema that refers to itself would have no end. */
const MAX_DEPTH = 8;

/** The fields of a body. Fields of an object within it have a path of several keys. */
export function outputsOf(schema: SwaggerObject, parents: readonly string[] = [], depth = 0): OutputField[] {
  if (depth > MAX_DEPTH) schema.fail(`the body has more than ${MAX_DEPTH} levels`);
  const properties = schema.optional('properties');
  return (properties?.keys ?? []).flatMap((name) => {
    const definition = schema.object('properties').object(name);
    const path = [...parents, name];
    if (definition.optional('properties')) return outputsOf(definition, path, depth + 1);
    const description = definition.text('description');
    const items = definition.optional('items');
    const fields = items?.optional('properties') && outputsOf(items, [], depth + 1);
    return [
      {
        ...{ path, title: titleOf(definition, name), visibility: visibilityOf(definition) },
        ...(description !== undefined && { description }),
        ...(fields && { items: fields }),
      },
    ];
  });
}

/** The value of an output. Undefined: the body does not have it. */
export const outputValue = (body: unknown, { path }: Pick<OutputField, 'path'>): unknown =>
  path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, key)
        ? (found as Record<string, unknown>)[key]
        : undefined,
    body,
  );

/** Shown in place of an address of the API, such as the link that reports an outcome: who has it needs no sign-in. */
const HIDDEN = '(an address of the API, not shown)';

/** A body without addresses of the API, which can be credentials. */
export function withoutAddresses<T>(body: T, baseUrl: string): T {
  if (typeof body === 'string') return (body.startsWith(baseUrl) ? HIDDEN : body) as T;
  if (Array.isArray(body)) return body.map((item) => withoutAddresses(item, baseUrl)) as T;
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, withoutAddresses(value, baseUrl)])) as T;
}

/** The responses that an operation declares, by status. */
export function responsesOf(definition: SwaggerObject): ReadonlyMap<string, DeclaredResponse> {
  const responses = definition.optional('responses');
  return new Map(
    responses?.keys.map((status) => {
      const schema = responses.object(status).optional('schema');
      return [status, schema ? { schema: schemaOf(schema) } : {}] as const;
    }),
  );
}

/** With the file's definitions, which the schema refers to. */
const schemaOf = (schema: SwaggerObject): Schema => ({
  ...schema.json,
  definitions: schema.fromDocument('definitions') ?? {},
});

/** The fields of the response with the first status of success. */
export function successOutputs(definition: SwaggerObject): OutputField[] {
  const responses = definition.optional('responses');
  const status = responses?.keys.find((one) => /^2\d\d$/.test(one));
  const schema = status === undefined ? undefined : responses?.object(status).optional('schema');
  return schema ? outputsOf(schema) : [];
}
