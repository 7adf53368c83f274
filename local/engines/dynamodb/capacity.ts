import { type Item, itemBytes } from './value';

/** Bytes of a write unit and of a read unit (developer guide, "DynamoDB read and write operations"). */
const [WRITE_UNIT_BYTES, READ_UNIT_BYTES] = [1024, 4096];

/** The larger of the items before and after a write. Writes to indexes are not counted. */
export const writeUnits = (...items: readonly (Item | undefined)[]): number =>
  Math.max(1, ...items.map((item) => (item ? Math.ceil(itemBytes(item) / WRITE_UNIT_BYTES) : 1)));

export const readUnits = (bytes: number, isConsistent: boolean): number =>
  Math.ceil(bytes / READ_UNIT_BYTES) * (isConsistent ? 1 : 0.5);

/** Units of reading an item. A missing item counts as one unit. */
export const itemReadUnits = (item: Item | undefined, isConsistent: boolean): number =>
  readUnits(item ? itemBytes(item) : 1, isConsistent);

/** `ConsumedCapacity` of a response. Undefined if the request does not ask for it. */
export function consumed(requested: unknown, TableName: string, units: () => number): object | undefined {
  if (requested !== 'TOTAL' && requested !== 'INDEXES') return undefined;
  const CapacityUnits = units();
  return { TableName, CapacityUnits, ...(requested === 'INDEXES' && { Table: { CapacityUnits } }) };
}
