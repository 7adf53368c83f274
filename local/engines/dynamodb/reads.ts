import { consumed, itemReadUnits, readUnits } from './capacity';
import { checkLiterals, holds } from './condition';
import { invalid } from './errors';
import type { Condition } from './expression-parser';
import { rangeOf } from './key-condition';
import { keyOf } from './key-schema';
import type { Placeholders } from './placeholders';
import { project } from './projection';
import { type Expressions, expressionsOf, type Request } from './requests';
import { Index, type Source, type Table } from './table';
import { checkItem, equal, type Item, itemBytes } from './value';
import { bodyOf, itemOf, jsonOf } from './writes';

/** A page ends with the item that reaches this size (API reference, Query). */
const PAGE_BYTES = 1024 * 1024;

/** API reference, GetItem. */
export function getItem(table: Table, request: Request): string {
  const { Key: key, ReturnConsumedCapacity: requested } = request;
  const expressions = expressionsOf(request);
  checkItem(key);
  table.keys.checkKey(key);
  const json = table.get(table.placeOf(key));
  return bodyOf({
    Item: projected(json, expressions),
    ConsumedCapacity: jsonOf(
      consumed(requested, table.input.TableName, () => itemReadUnits(itemOf(json), request.ConsistentRead === true)),
    ),
  });
}

/** The JSON of an item, with the parts that the request asks for. */
export const projected = (
  json: string | undefined,
  { projection, placeholders }: Pick<Expressions, 'projection' | 'placeholders'>,
): string | undefined =>
  json !== undefined && projection ? JSON.stringify(project(JSON.parse(json) as Item, projection, placeholders)) : json;

/** API reference, Query. */
export function query(table: Table, request: Request): string {
  const expressions = expressionsOf(request);
  const { keyCondition, placeholders } = expressions;
  if (!keyCondition) {
    throw invalid('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
  }
  checkLiterals(keyCondition.tree, placeholders, 'KeyConditionExpression');
  const source = sourceOf(table, request);
  const { values, ...range } = rangeOf(keyCondition.tree, source.keys, placeholders);
  const reversed = request.ScanIndexForward === false;
  const start = startOf(table, source, request);
  for (const name of start ? Object.keys(values) : []) {
    if (!equal(start?.key[name], values[name]))
      throw invalid('The provided starting key is outside query boundaries based on provided conditions');
  }
  checkFilter(expressions, source.keys.names);
  const next = start && { key: start.place.entry, inclusive: false };
  const items = source.range({ ...range, ...(next && (reversed ? { high: next } : { low: next })), reversed });
  return page(source, items, request, expressions);
}

/** API reference, Scan. */
export function scan(table: Table, request: Request): string {
  const expressions = expressionsOf(request);
  const source = sourceOf(table, request);
  checkFilter(expressions, []);
  return page(source, source.after(startOf(table, source, request)?.place), request, expressions);
}

function sourceOf(table: Table, { IndexName, ConsistentRead, Select }: Request): Source {
  if (IndexName === undefined) return table;
  const index = table.indexes.get(IndexName);
  if (!index) throw invalid(`The table does not have the specified index: ${IndexName}`);
  if (index.isGlobal && ConsistentRead) {
    throw invalid('Consistent reads are not supported on global secondary indexes');
  }
  if (index.isGlobal && Select === 'ALL_ATTRIBUTES' && !index.hasAll) {
    throw invalid(
      `One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index ${IndexName} because its projection type is not ALL`,
    );
  }
  return index;
}

function startOf(table: Table, source: Source, { ExclusiveStartKey: key }: Request) {
  if (key === undefined) return undefined;
  checkItem(key);
  const names = source.startKeyNames;
  if (Object.keys(key).length !== names.length || !names.every((name) => name in key)) {
    throw invalid('The provided starting key is invalid');
  }
  table.keys.checkItem(key);
  source.keys.checkItem(key);
  return { key, place: source.placeOf(key) };
}

/** @param keys attributes that a filter must not use. */
function checkFilter({ filter, placeholders }: Expressions, keys: readonly string[]): void {
  if (!filter) return;
  checkLiterals(filter.tree, placeholders, 'FilterExpression');
  const used = pathHeads(filter.tree).map((name) => placeholders.name(name));
  const key = keys.find((name) => used.includes(name));
  if (key === undefined) return;
  throw invalid(`Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`);
}

function pathHeads(tree: Condition): string[] {
  const heads: string[] = [];
  JSON.stringify(tree, (name, value) => {
    if (name === 'path') heads.push(value[0]);
    return value;
  });
  return heads;
}

/** Reads a page of items. */
function page(
  source: Source,
  found: Iterable<string>,
  request: Request,
  { filter, projection, placeholders }: Expressions,
): string {
  const { Limit: limit, Select: select, ConsistentRead, ReturnConsumedCapacity: requested, TableName = '' } = request;
  if (limit !== undefined && !(limit >= 1)) {
    throw invalid(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  }
  const items: string[] = [];
  let [scanned, count, bytes] = [0, 0, 0];
  let last: Item | undefined;
  const all = segmentOf(request, source, found);
  for (const json of all) {
    const whole = JSON.parse(json) as Item;
    const item = select === 'ALL_ATTRIBUTES' ? whole : source.visible(whole);
    scanned++;
    bytes += itemBytes(item);
    if (!filter || holds(filter.tree, item, placeholders)) {
      count++;
      if (select !== 'COUNT') items.push(textOf(json, whole, item, projection, placeholders));
    }
    if (scanned !== limit && bytes < PAGE_BYTES) continue;
    last = whole;
    break;
  }
  const capacity = consumed(requested, TableName, () => readUnits(bytes, ConsistentRead === true));
  return bodyOf({
    Items: select === 'COUNT' ? undefined : `[${items.join(',')}]`,
    Count: String(count),
    ScannedCount: String(scanned),
    LastEvaluatedKey: jsonOf(last && keyOf(last, source.startKeyNames)),
    ConsumedCapacity: jsonOf(
      capacity && source instanceof Index && requested === 'INDEXES' ? ofIndex(capacity, source) : capacity,
    ),
  });
}

/** The stored text of an item, unless the request sees only a part of it. */
function textOf(
  json: string,
  whole: Item,
  visible: Item,
  projection: Expressions['projection'],
  placeholders: Placeholders,
): string {
  if (projection) return JSON.stringify(project(visible, projection, placeholders));
  return visible === whole ? json : JSON.stringify(visible);
}

function ofIndex(capacity: object, { name, isGlobal }: Index): object {
  const { CapacityUnits } = capacity as { readonly CapacityUnits: number };
  const indexes = isGlobal ? 'GlobalSecondaryIndexes' : 'LocalSecondaryIndexes';
  return { ...capacity, Table: { CapacityUnits: 0 }, [indexes]: { [name]: { CapacityUnits } } };
}

/** The items of a segment of a parallel scan. */
function* segmentOf(
  { Segment: segment, TotalSegments: total }: Request,
  source: Source,
  found: Iterable<string>,
): Iterable<string> {
  if (segment === undefined || total === undefined) return yield* found;
  for (const json of found) {
    if (source.placeOf(JSON.parse(json) as Item).partition.charCodeAt(0) % total === segment) yield json;
  }
}
