import { consumed, writeUnits } from './capacity';
import { checkLiterals, holds } from './condition';
import { conditionFailed, invalid } from './errors';
import { parseUpdate } from './expression-parser';
import { project } from './projection';
import { type Expressions, expressionsOf, type Request } from './requests';
import type { Table } from './table';
import { applyChanges, checkChanges } from './update';
import { checkItem, type Item } from './value';

/** A response body in JSON. Its members are JSON already, so that a stored item need not be parsed. */
export function bodyOf(members: Readonly<Record<string, string | undefined>>): string {
  const present = Object.entries(members).filter(([, json]) => json !== undefined);
  return `{${present.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

export const jsonOf = (value: object | undefined): string | undefined => value && JSON.stringify(value);

export const itemOf = (json: string | undefined): Item | undefined =>
  json === undefined ? undefined : (JSON.parse(json) as Item);

/** API reference, PutItem. */
export function putItem(table: Table, request: Request): string {
  const { Item: item, ReturnValues: returned = 'NONE' } = request;
  const expressions = expressionsOf(request);
  checkReturned(returned, ['NONE', 'ALL_OLD']);
  checkItem(item);
  table.checkKeys(item);
  const place = table.placeOf(item);
  const json = table.get(place);
  // Most writes replace nothing, or need nothing of what they replace.
  const needsBefore = expressions.condition || table.indexes.size > 0 || request.ReturnConsumedCapacity !== undefined;
  const before = needsBefore ? itemOf(json) : undefined;
  checkCondition(expressions, before, request);
  table.put(place, item, table.indexed(before), 'Item size has exceeded the maximum allowed size');
  return written(table, request, [before, item], returned === 'ALL_OLD' ? json : undefined);
}

/** API reference, DeleteItem. */
export function deleteItem(table: Table, request: Request): string {
  const { Key: key, ReturnValues: returned = 'NONE' } = request;
  const expressions = expressionsOf(request);
  checkReturned(returned, ['NONE', 'ALL_OLD']);
  checkItem(key);
  table.keys.checkKey(key);
  const place = table.placeOf(key);
  const json = table.get(place);
  const before = itemOf(json);
  checkCondition(expressions, before, request);
  if (before) table.delete(place, table.indexed(before));
  return written(table, request, [before], returned === 'ALL_OLD' ? json : undefined);
}

/** API reference, UpdateItem. */
export function updateItem(table: Table, request: Request): string {
  const { Key: key, UpdateExpression: text, ReturnValues: returned = 'NONE' } = request;
  const update = text === undefined ? undefined : parseUpdate(text, 'UpdateExpression');
  const expressions = expressionsOf(request, update && [update]);
  checkReturned(returned, ['NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW']);
  checkItem(key);
  table.keys.checkKey(key);
  const { placeholders } = expressions;
  const changes = update?.tree ?? [];
  checkChanges(changes, placeholders, table.keys.names);
  const place = table.placeOf(key);
  const json = table.get(place);
  const item = itemOf(json);
  checkCondition(expressions, item, request);
  const indexed = table.indexed(item);
  const before = request.ReturnConsumedCapacity === undefined ? undefined : itemOf(json);
  const after: Item = item ?? { ...key };
  applyChanges(changes, after, placeholders);
  const tooLarge = 'Item size to update has exceeded the maximum allowed size';
  const stored = table.put(place, after, indexed, tooLarge);
  const paths = changes.map(({ path }) => path);
  const updated = (of: Item | undefined) => {
    const parts = of && project(of, paths, placeholders);
    return parts && Object.keys(parts).length > 0 ? JSON.stringify(parts) : undefined;
  };
  const attributes = {
    NONE: () => undefined,
    ALL_OLD: () => json,
    ALL_NEW: () => stored,
    UPDATED_OLD: () => updated(itemOf(json)),
    UPDATED_NEW: () => updated(after),
  }[returned as 'NONE']();
  return written(table, request, [before, after], attributes);
}

function checkCondition({ condition, placeholders }: Expressions, before: Item | undefined, request: Request): void {
  if (!condition) return;
  checkLiterals(condition.tree, placeholders, 'ConditionExpression');
  if (holds(condition.tree, before ?? {}, placeholders)) return;
  throw conditionFailed(request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? before : undefined);
}

function checkReturned(value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw invalid(`ReturnValues can only be ${allowed.join(', ')}`);
}

const written = (
  { input }: Table,
  request: Request,
  items: readonly (Item | undefined)[],
  Attributes: string | undefined,
): string =>
  bodyOf({
    Attributes,
    ConsumedCapacity: jsonOf(consumed(request.ReturnConsumedCapacity, input.TableName, () => writeUnits(...items))),
  });
