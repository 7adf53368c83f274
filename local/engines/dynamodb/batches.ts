import { consumed, itemReadUnits, writeUnits } from './capacity';
import { invalid } from './errors';
import { projected } from './reads';
import { expressionsOf, type Request } from './requests';
import type { Table } from './table';
import { checkItem, type Item } from './value';
import { bodyOf, itemOf, jsonOf } from './writes';

/** API reference, BatchGetItem and BatchWriteItem. */
const [MAX_GETS, MAX_WRITES, MAX_RESPONSE_BYTES] = [100, 25, 16 * 1024 * 1024];

type TableOf = (name: string) => Table;
type Gets = Request & { readonly Keys?: readonly Item[] };

export function batchGetItem(
  tableOf: TableOf,
  { RequestItems = {}, ReturnConsumedCapacity: requested }: Request,
): string {
  const all = Object.entries(RequestItems) as [string, Gets][];
  if (all.reduce((sum, [, { Keys = [] }]) => sum + Keys.length, 0) > MAX_GETS) {
    throw invalid('Too many items requested for the BatchGetItem call');
  }
  let bytes = 0;
  const responses: Record<string, string> = {};
  const unprocessed: Record<string, Gets> = {};
  const capacity: object[] = [];
  for (const [name, request] of all) {
    const { Keys: keys = [], ConsistentRead } = request;
    const table = tableOf(name);
    const expressions = expressionsOf(request);
    const places = keys.map((key) => placeOfKey(table, key));
    checkDistinct(places);
    const read: (string | undefined)[] = [];
    for (const place of places) {
      const json = table.get(place);
      bytes += json?.length ?? 0;
      if (bytes > MAX_RESPONSE_BYTES && read.length > 0) break;
      read.push(json);
    }
    const items = read.flatMap((json) => projected(json, expressions) ?? []);
    responses[name] = `[${items.join(',')}]`;
    if (read.length < keys.length) unprocessed[name] = { ...request, Keys: keys.slice(read.length) };
    const units = () => read.reduce((sum, json) => sum + itemReadUnits(itemOf(json), ConsistentRead === true), 0);
    const one = consumed(requested, name, units);
    if (one) capacity.push(one);
  }
  return bodyOf({
    Responses: bodyOf(responses),
    UnprocessedKeys: JSON.stringify(unprocessed),
    ConsumedCapacity: requested === undefined || requested === 'NONE' ? undefined : jsonOf(capacity),
  });
}

interface Write {
  readonly PutRequest?: { readonly Item: Item };
  readonly DeleteRequest?: { readonly Key: Item };
}

export function batchWriteItem(
  tableOf: TableOf,
  { RequestItems = {}, ReturnConsumedCapacity: requested }: Request,
): string {
  const all = Object.entries(RequestItems) as [string, readonly Write[]][];
  if (all.reduce((sum, [, writes]) => sum + writes.length, 0) > MAX_WRITES) {
    throw invalid('Too many items requested for the BatchWriteItem call');
  }
  // Everything is validated first: an invalid request writes nothing.
  const planned = all.map(([name, writes]) => {
    const table = tableOf(name);
    const places = writes.map(({ PutRequest, DeleteRequest }) => {
      if (!PutRequest) return placeOfKey(table, DeleteRequest?.Key);
      checkItem(PutRequest.Item);
      table.checkKeys(PutRequest.Item);
      return table.placeOf(PutRequest.Item);
    });
    checkDistinct(places);
    return { name, table, writes, places };
  });
  const capacity = planned.flatMap(({ name, table, writes, places }) => {
    let units = 0;
    for (const [n, place] of places.entries()) {
      const item = writes[n]?.PutRequest?.Item;
      const before = itemOf(table.get(place));
      if (item) table.put(place, item, table.indexed(before), 'Item size has exceeded the maximum allowed size');
      else if (before) table.delete(place, table.indexed(before));
      units += requested === undefined ? 0 : writeUnits(before, item);
    }
    return consumed(requested, name, () => units) ?? [];
  });
  return bodyOf({
    UnprocessedItems: '{}',
    ConsumedCapacity: requested === undefined || requested === 'NONE' ? undefined : jsonOf(capacity),
  });
}

function placeOfKey(table: Table, key: unknown) {
  checkItem(key);
  table.keys.checkKey(key);
  return table.placeOf(key);
}

function checkDistinct(places: readonly { readonly partition: string; readonly entry: string }[]): void {
  const distinct = new Set(places.map(({ partition, entry }) => JSON.stringify([partition, entry])));
  if (distinct.size < places.length) throw invalid('Provided list of item keys contains duplicates');
}
