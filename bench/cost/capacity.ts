import { sameJson } from '../../lambda/shared/core/same-json';
import type { TableInput } from '../../local/engines/services/dynamodb';

/**
 * DynamoDB's rules for units that the embedded DynamoDB does not apply (developer guide: "DynamoDB read and write
 * operations", "Using Global Secondary Indexes", "Item sizes and formats"). It does not count writes to indexes and
 * the minimum of a query without results.
 */

/** An item or a key in the format of the document client. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The operations whose cost is known. */
export const READS: ReadonlySet<string> = new Set(['BatchGetItem', 'GetItem', 'Query', 'Scan']);
export const WRITES: ReadonlySet<string> = new Set(['DeleteItem', 'PutItem', 'UpdateItem']);

/** One write unit covers 1 KB. */
const WRITE_UNIT_BYTES = 1024;

/** A query without results costs one read of up to 4 KB. */
export const leastReadUnits = (consistent: boolean): number => (consistent ? 1 : 0.5);

/** A write whose condition does not hold costs the units of the item, at least 1. DynamoDB does not report them. */
export const FAILED_CONDITION_UNITS = 1;

export const writeUnits = (item: Attributes): number => Math.ceil(itemBytes(item) / WRITE_UNIT_BYTES);

/** Size of the names and values. */
export function itemBytes(item: Attributes): number {
  const present = Object.entries(item).filter(([, value]) => value !== undefined);
  return present.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  // One byte for two significant digits, plus one byte.
  if (typeof value === 'number') return Math.ceil(String(value).replace(/\D/g, '').length / 2) + 1;
  if (typeof value === 'boolean' || value === null) return 1;
  if (value instanceof Set) return [...value].reduce((sum, element) => sum + valueBytes(element), 0);
  if (Array.isArray(value)) return 3 + value.reduce((sum, element) => sum + 1 + valueBytes(element), 0);
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return 3 + Object.keys(value as object).length + itemBytes(value as Attributes);
  }
  throw new Error(`no rule for the size of ${String(value)}`);
}

/**
 * Counts writes to the global secondary indexes of a table. A new, changed or removed entry is one write, an entry with a
 * new key is two. Must see every write to the table, because it stores the entries.
 */
export class IndexWrites {
  private readonly entries = new Map<string, Attributes>();

  constructor(private readonly table: TableInput) {}

  /** @param item the item after the write. Undefined for a delete. */
  unitsOf(key: Attributes, item: Attributes | undefined): number {
    let units = 0;
    for (const { IndexName, KeySchema, Projection } of this.table.GlobalSecondaryIndexes ?? []) {
      const keys = (KeySchema ?? []).map(({ AttributeName }) => AttributeName as string);
      const tableKeys = (this.table.KeySchema ?? []).map(({ AttributeName }) => AttributeName as string);
      const kept = new Set([...tableKeys, ...keys, ...(Projection?.NonKeyAttributes ?? [])]);
      const id = JSON.stringify([IndexName, ...tableKeys.map((name) => key[name])]);
      const before = this.entries.get(id);
      const after =
        item && keys.every((name) => item[name] !== undefined)
          ? Object.fromEntries(
              Object.entries(item).filter(([name]) => Projection?.ProjectionType === 'ALL' || kept.has(name)),
            )
          : undefined;
      units += entryUnits(before, after, keys);
      if (after) this.entries.set(id, after);
      else this.entries.delete(id);
    }
    return units;
  }
}

function entryUnits(before: Attributes | undefined, after: Attributes | undefined, keys: readonly string[]): number {
  if (!before || !after) return writeUnits(after ?? before ?? {});
  if (sameJson(before, after)) return 0;
  const moved = keys.some((name) => !sameJson(before[name], after[name]));
  const [old, now] = [writeUnits(before), writeUnits(after)];
  return moved ? old + now : Math.max(old, now);
}
