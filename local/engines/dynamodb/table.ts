import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { invalid } from './errors';
import { KeySchema, type Place } from './key-schema';
import { type Bound, SortedMap } from './sorted-map';
import { type Item, itemBytes } from './value';

/** Input of `CreateTable` (DynamoDB API reference, CreateTable). */
export type TableInput = Pick<
  CreateTableCommandInput,
  'TableName' | 'KeySchema' | 'AttributeDefinitions' | 'GlobalSecondaryIndexes' | 'LocalSecondaryIndexes'
> & { readonly TableName: string };

/** Maximum bytes of an item (developer guide, "Quotas"). */
const MAX_ITEM_BYTES = 400 * 1024;

/** A range of a partition. */
export interface Range {
  readonly partition: string;
  readonly low?: Bound;
  readonly high?: Bound;
  readonly reversed: boolean;
}

/** Items in the order of their keys. Items are JSON texts, which take less memory than objects and cannot be changed. */
export interface Source {
  readonly keys: KeySchema;
  /** Attributes of a start key. */
  readonly startKeyNames: readonly string[];
  placeOf(item: Item): Place;
  range(range: Range): Iterable<string>;
  /** All items after a place. */
  after(place?: Place): Iterable<string>;
  /** What a read of the source returns of an item. */
  visible(item: Item): Item;
}

/** The places of items in a table or in an index. */
class Partitions<Value> {
  private readonly partitions = new SortedMap<SortedMap<Value>>();
  size = 0;

  get({ partition, entry }: Place): Value | undefined {
    return this.partitions.get(partition)?.get(entry);
  }

  set({ partition, entry }: Place, value: Value): void {
    const known = this.partitions.get(partition);
    const entries = known ?? new SortedMap();
    if (!known) this.partitions.set(partition, entries);
    this.size -= entries.size;
    entries.set(entry, value);
    this.size += entries.size;
  }

  delete({ partition, entry }: Place): void {
    const entries = this.partitions.get(partition);
    if (!entries) return;
    this.size -= entries.size;
    entries.delete(entry);
    this.size += entries.size;
    if (entries.size === 0) this.partitions.delete(partition);
  }

  *range({ partition, low, high, reversed }: Range): Generator<Value> {
    const entries = this.partitions.get(partition);
    if (entries) for (const [, value] of entries.range(low, high, reversed)) yield value;
  }

  *after(place?: Place): Generator<Value> {
    const from = place && { key: place.partition, inclusive: true };
    for (const [partition, entries] of this.partitions.range(from)) {
      const low = partition === place?.partition ? { key: place.entry, inclusive: false } : undefined;
      for (const [, value] of entries.range(low)) yield value;
    }
  }
}

/** A table with its secondary indexes. An index shows each write at once. */
export class Table implements Source {
  readonly keys: KeySchema;
  readonly startKeyNames: readonly string[];
  readonly indexes: ReadonlyMap<string, Index>;
  readonly createdAt = Date.now() / 1000;
  private readonly items = new Partitions<string>();

  constructor(readonly input: TableInput) {
    this.keys = schemaOf(input, input.KeySchema);
    this.startKeyNames = this.keys.names;
    const all = [
      ...(input.GlobalSecondaryIndexes ?? []).map((index) => ({ ...index, isGlobal: true })),
      ...(input.LocalSecondaryIndexes ?? []).map((index) => ({ ...index, isGlobal: false })),
    ];
    this.indexes = new Map(
      all.map(({ IndexName = '', KeySchema: keys, Projection, isGlobal }) => {
        const projected = Projection?.ProjectionType === 'ALL' ? undefined : (Projection?.NonKeyAttributes ?? []);
        return [IndexName, new Index(IndexName, schemaOf(input, keys), isGlobal, this, projected)];
      }),
    );
  }

  get count(): number {
    return this.items.size;
  }

  /** The item as JSON. */
  get(place: Place): string | undefined {
    return this.items.get(place);
  }

  placeOf(item: Item): Place {
    return this.keys.placeOf(item);
  }

  range(range: Range): Iterable<string> {
    return this.items.range(range);
  }

  after(place?: Place): Iterable<string> {
    return this.items.after(place);
  }

  visible(item: Item): Item {
    return item;
  }

  /** The places of an item in the indexes, for `put` and `delete`. */
  indexed(item: Item | undefined): IndexPlaces {
    if (this.indexes.size === 0) return NOWHERE;
    return [...this.indexes.values()].map((index) => (item && index.keys.isIn(item) ? index.placeOf(item) : undefined));
  }

  /** @throws AwsError if an item lacks the key, or a part of a key has a wrong type or size. */
  checkKeys(item: Item): void {
    this.keys.checkItem(item);
    this.checkIndexed(item);
  }

  private checkIndexed(item: Item): void {
    for (const index of this.indexes.values()) index.keys.checkIndexed(item, index.name);
  }

  /**
   * Stores an item that has a valid key. Returns it as JSON.
   * @param before the places of the previous item in the indexes.
   * @throws AwsError if the item is too large or cannot be in an index.
   */
  put(place: Place, item: Item, before: IndexPlaces, tooLarge: string): string {
    this.checkIndexed(item);
    const json = JSON.stringify(item);
    // A character takes up to three bytes, so that most items need not be measured.
    if (json.length * 3 > MAX_ITEM_BYTES && itemBytes(item) > MAX_ITEM_BYTES) throw invalid(tooLarge);
    this.items.set(place, json);
    this.moveEntries(place, before, this.indexed(item));
    return json;
  }

  delete(place: Place, before: IndexPlaces): void {
    this.items.delete(place);
    this.moveEntries(place, before, NOWHERE);
  }

  private moveEntries(place: Place, before: IndexPlaces, after: IndexPlaces): void {
    let n = 0;
    for (const index of this.indexes.values()) {
      const [old, now] = [before[n], after[n++]];
      if (old?.partition === now?.partition && old?.entry === now?.entry) continue;
      if (old) index.entries.delete(old);
      if (now) index.entries.set(now, place);
    }
  }
}

type IndexPlaces = readonly (Place | undefined)[];
const NOWHERE: IndexPlaces = [];

/** A secondary index. Contains the places of the table's items that have the index's key. */
export class Index implements Source {
  readonly entries = new Partitions<Place>();
  readonly startKeyNames: readonly string[];
  private readonly projected: ReadonlySet<string> | undefined;

  constructor(
    readonly name: string,
    readonly keys: KeySchema,
    readonly isGlobal: boolean,
    private readonly table: Table,
    nonKeyAttributes: readonly string[] | undefined,
  ) {
    this.startKeyNames = [...new Set([...table.keys.names, ...keys.names])];
    this.projected = nonKeyAttributes && new Set([...this.startKeyNames, ...nonKeyAttributes]);
  }

  placeOf(item: Item): Place {
    return this.keys.placeOf(item, this.table.placeOf(item));
  }

  *range(range: Range): Generator<string> {
    for (const place of this.entries.range(range)) yield this.table.get(place) as string;
  }

  *after(place?: Place): Generator<string> {
    for (const found of this.entries.after(place)) yield this.table.get(found) as string;
  }

  /** Whether a read can return every attribute. */
  get hasAll(): boolean {
    return this.projected === undefined;
  }

  visible(item: Item): Item {
    if (!this.projected) return item;
    return Object.fromEntries(Object.entries(item).filter(([name]) => this.projected?.has(name)));
  }
}

function schemaOf({ AttributeDefinitions = [] }: TableInput, schema: TableInput['KeySchema']): KeySchema {
  const attributeOf = (keyType: 'HASH' | 'RANGE') => {
    const name = schema?.find(({ KeyType }) => KeyType === keyType)?.AttributeName;
    if (name === undefined) return undefined;
    const type = AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
    if (type !== undefined) return { name, type };
    throw invalid(`One or more parameter values were invalid: Some index key attributes are not defined: ${name}`);
  };
  const partition = attributeOf('HASH');
  if (!partition) throw invalid('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  return new KeySchema(partition, attributeOf('RANGE'));
}
