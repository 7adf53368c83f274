import type { TableInput } from '../../local/engines/services/dynamodb';

/**
 * DynamoDB's rules for units, where the embedded DynamoDB does not apply them (developer guide: "DynamoDB read and write
 * operations", "Using Global Secondary Indexes", "Item sizes and formats"). Compared with its answers, dynalite
 * leaves out what writes cost in indexes, and the least that a query costs when it finds nothing.
 */

/** An item, or its key, as the document client takes and gives it. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The calls that a rule is known for. */
export const READS: ReadonlySet<string> = new Set(['BatchGetItem', 'GetItem', 'Query', 'Scan']);
export const WRITES: ReadonlySet<string> = new Set(['DeleteItem', 'PutItem', 'UpdateItem']);

/** One write unit pays for 1 KB. */
const WRITE_UNIT_BYTES = 1024;

/** A query costs one read of up to 4 KB also where it finds nothing. */
export const leastReadUnits = (consistent: boolean): number => (consistent ? 1 : 0.5);

/** A write whose condition does not hold costs what the item would; 1 is the least, and DynamoDB does not say more. */
export const FAILED_CONDITION_UNITS = 1;

export const writeUnits = (item: Attributes): number => Math.ceil(itemBytes(item) / WRITE_UNIT_BYTES);

/** Of its names and values. */
export function itemBytes(item: Attributes): number {
  const present = Object.entries(item).filter(([, value]) => value !== undefined);
  return present.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  // About one byte for two significant digits, and one more.
  if (typeof value === 'number') return Math.ceil(String(value).replace(/\D/g, '').length / 2) + 1;
  if (typeof value === 'boolean' || value === null) return 1;
  if (Array.isArray(value)) return 3 + value.reduce((sum, element) => sum + 1 + valueBytes(element), 0);
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return 3 + Object.keys(value as object).length + itemBytes(value as Attributes);
  }
  throw new Error(`no rule for the size of ${String(value)}`);
}

/**
 * Counts what writes cost in a table's global secondary indexes. An entry that comes, changes or goes is a write each, an
 * entry that moves to another key is two. Must see every write to the table: it remembers the entries.
 */
export class IndexWrites {
  private readonly entries = new Map<string, Attributes>();

  constructor(private readonly table: TableInput) {}

  /** Units of a write that leaves `item` under its key; undefined for a delete. */
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
  if (same(before, after)) return 0;
  const moved = keys.some((name) => !same(before[name], after[name]));
  const [old, now] = [writeUnits(before), writeUnits(after)];
  return moved ? old + now : Math.max(old, now);
}

const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/** JSON with the names in order: the service gives attributes in any. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
