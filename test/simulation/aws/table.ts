import type { TableInput } from '../../../local/engines/services/dynamodb';
import {
  checkPlaceholders,
  compareText,
  copy,
  holds,
  type Item,
  type Names,
  updated,
  ValidationError,
} from './expressions';

/** A request as the document client's commands state it. */
export interface Request extends Names {
  readonly condition?: string;
}

export interface QueryRequest extends Names {
  readonly index?: string;
  readonly key: string;
  readonly filter?: string;
  readonly limit?: number;
  readonly consistent?: boolean;
  /** Descending order of sort keys. */
  readonly descending?: boolean;
}

/** The item of a conditional write whose condition does not hold. */
export const CONDITION_FAILED = Symbol('condition failed');

interface Stored {
  readonly item: Item;
  /** The item before the last write, for an eventually consistent read. */
  readonly previous: Item | undefined;
  readonly writtenAt: number;
}

/** What happens to a table around a write. */
export interface TableEvents {
  /** Milliseconds after which an index, or an eventually consistent read, shows a write. */
  readonly lag: () => number;
  readonly onWrite?: (table: string, before: Item | undefined, after: Item | undefined) => void;
}

/**
 * A DynamoDB table with atomic writes of single items, conditions, eventually consistent reads and global secondary
 * indexes that lag (DynamoDB developer guide, "Read consistency" and "Global secondary indexes"). Values are those of the
 * document client. Pages do not exist: no query of a simulation exceeds 1 MB.
 */
export class SimulatedTable {
  readonly name: string;
  private readonly partitionKey: string;
  private readonly sortKey: string | undefined;
  private readonly partitions = new Map<string, Map<string, Stored>>();
  private readonly indexes: Map<string, SimulatedIndex>;

  constructor(
    input: TableInput,
    private readonly clock: () => number,
    private readonly events: TableEvents,
  ) {
    this.name = input.TableName;
    [this.partitionKey, this.sortKey] = keysOf(input.KeySchema);
    this.indexes = new Map(
      (input.GlobalSecondaryIndexes ?? []).map(({ IndexName = '', KeySchema, Projection }) => {
        const keys = [...keysOf(KeySchema), this.partitionKey, this.sortKey].filter((key) => key !== undefined);
        const projected =
          Projection?.ProjectionType === 'ALL' ? undefined : [...keys, ...(Projection?.NonKeyAttributes ?? [])];
        return [IndexName, new SimulatedIndex(...keysOf(KeySchema), projected, clock)];
      }),
    );
  }

  get(key: Item, consistent: boolean): Item | undefined {
    const stored = this.find(key);
    if (!stored) return undefined;
    const stale = !consistent && stored.writtenAt + this.events.lag() > this.clock();
    return copy(stale ? stored.previous : stored.item);
  }

  /** @returns CONDITION_FAILED if the condition does not hold. */
  put(item: Item, { condition, ...placeholders }: Request): typeof CONDITION_FAILED | undefined {
    checkPlaceholders([condition], placeholders);
    const before = this.find(item)?.item;
    if (condition !== undefined && !holds(condition, before ?? {}, placeholders)) return CONDITION_FAILED;
    this.write(item, before, copy(item));
    return undefined;
  }

  /** Returns the item after the update as it is stored. The caller copies it. */
  update(key: Item, update: string, { condition, ...placeholders }: Request): Item | typeof CONDITION_FAILED {
    checkPlaceholders([condition, update], placeholders);
    const before = this.find(key)?.item;
    if (condition !== undefined && !holds(condition, before ?? {}, placeholders)) return CONDITION_FAILED;
    const after = updated(update, before ?? key, placeholders);
    this.write(key, before, after);
    return after;
  }

  delete(key: Item, { condition, ...placeholders }: Request): typeof CONDITION_FAILED | undefined {
    checkPlaceholders([condition], placeholders);
    const before = this.find(key)?.item;
    if (condition !== undefined && !holds(condition, before ?? {}, placeholders)) return CONDITION_FAILED;
    if (before) this.write(key, before, undefined);
    return undefined;
  }

  /** Items in the order of their sort keys, or in the opposite order. */
  query({ index, key, filter, limit, consistent, descending, ...placeholders }: QueryRequest): Item[] {
    checkPlaceholders([key, filter], placeholders);
    const source = index === undefined ? undefined : this.indexes.get(index);
    if (index !== undefined && !source) throw new ValidationError(`table ${this.name} has no index ${index}`);
    if (source && consistent) throw new ValidationError('a global secondary index has no consistent reads');
    const partition = /^\s*([#\w]+) = (:\w+)/.exec(key);
    const [, name = '', value = ''] = partition ?? [];
    const attribute = name.startsWith('#') ? placeholders.names?.[name] : name;
    if (attribute !== (source?.partitionKey ?? this.partitionKey)) {
      throw new ValidationError(`${key} does not begin with the partition key`);
    }
    const wanted = String(placeholders.values?.[value]);
    const found = source ? source.partition(wanted) : this.partition(wanted, consistent ?? false);
    const sortKey = source ? source.sortKey : this.sortKey;
    const matching = found
      .filter((item) => holds(key, item, placeholders))
      .toSorted((a, b) => (sortKey === undefined ? 0 : order(a[sortKey], b[sortKey]) * (descending ? -1 : 1)))
      .slice(0, limit);
    return matching.filter((item) => filter === undefined || holds(filter, item, placeholders)).map(copy) as Item[];
  }

  /** All items. */
  *all(): Generator<Item> {
    for (const partition of this.partitions.values()) for (const { item } of partition.values()) yield item;
  }

  /** The items of a partition as they are, for an observer. */
  partitionOf(value: string): Item[] {
    return [...(this.partitions.get(value)?.values() ?? [])].map(({ item }) => item);
  }

  /** An item as it is, for an observer. */
  peek(partition: string, sort = ''): Item | undefined {
    return this.partitions.get(partition)?.get(sort)?.item;
  }

  /** What the indexes show while they lag behind the items, for an observer. */
  lagging(): unknown {
    return [...this.indexes.values()].flatMap((index) => index.lagging() ?? []);
  }

  /** Removes the items whose time to live ended more than `delay()` milliseconds ago. */
  expire(ttlAttribute: string, delay: () => number): void {
    for (const item of [...this.all()]) {
      const expiry = item[ttlAttribute];
      if (typeof expiry === 'number' && expiry * 1000 + delay() < this.clock()) this.write(item, item, undefined);
    }
  }

  private find(key: Item): Stored | undefined {
    return this.partitions.get(String(key[this.partitionKey]))?.get(this.sortOf(key));
  }

  private sortOf(key: Item): string {
    return this.sortKey === undefined ? '' : String(key[this.sortKey]);
  }

  private partition(value: string, consistent: boolean): Item[] {
    const stored = [...(this.partitions.get(value)?.values() ?? [])];
    if (consistent) return stored.map(({ item }) => item);
    const now = this.clock();
    return stored.flatMap(({ item, previous, writtenAt }) => {
      const shown = writtenAt + this.events.lag() > now ? previous : item;
      return shown ? [shown] : [];
    });
  }

  private write(key: Item, before: Item | undefined, after: Item | undefined): void {
    const pk = String(key[this.partitionKey]);
    const sk = this.sortOf(key);
    const partition = this.partitions.get(pk) ?? new Map<string, Stored>();
    if (after) {
      this.partitions.set(pk, partition);
      partition.set(sk, { item: after, previous: before, writtenAt: this.clock() });
    } else {
      partition.delete(sk);
      if (partition.size === 0) this.partitions.delete(pk);
    }
    for (const index of this.indexes.values()) index.change(`${pk}\n${sk}`, before, after, this.events.lag());
    this.events.onWrite?.(this.name, before, after);
  }
}

/** A sparse index that shows each item's writes in order, each after a lag of its own. */
class SimulatedIndex {
  private readonly partitions = new Map<string, Map<string, Item>>();
  private readonly shown = new Map<string, string>();
  private pending: { readonly at: number; readonly key: string; readonly after: Item | undefined }[] = [];
  private readonly latest = new Map<string, number>();
  /** Pending changes at which the due ones are applied without a query. */
  private limit = 200;

  constructor(
    readonly partitionKey: string,
    readonly sortKey: string | undefined,
    private readonly projected: readonly string[] | undefined,
    private readonly clock: () => number,
  ) {}

  change(key: string, before: Item | undefined, after: Item | undefined, lag: number): void {
    if (!this.has(before) && !this.has(after)) return;
    const at = Math.max(this.clock() + lag, this.latest.get(key) ?? 0);
    this.latest.set(key, at);
    this.pending.push({ at, key, after: this.has(after) ? this.project(after) : undefined });
    if (this.pending.length <= this.limit) return;
    this.catchUp();
    this.limit = Math.max(200, 2 * this.pending.length);
  }

  /** Undefined: the index shows every write. */
  lagging(): unknown {
    this.catchUp();
    const { partitions, pending } = this;
    return pending.length > 0 ? { partitions, pending } : undefined;
  }

  partition(value: string): Item[] {
    this.catchUp();
    return [...(this.partitions.get(value)?.values() ?? [])];
  }

  private has(item: Item | undefined): item is Item {
    return item?.[this.partitionKey] !== undefined && (this.sortKey === undefined || item[this.sortKey] !== undefined);
  }

  private project(item: Item): Item {
    const { projected } = this;
    if (projected === undefined) return item;
    return Object.fromEntries(projected.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
  }

  private catchUp(): void {
    const now = this.clock();
    if (this.pending.length === 0) return;
    this.pending = this.pending.filter(({ at, key, after }) => {
      if (at > now) return true;
      if (this.latest.get(key) === at) this.latest.delete(key);
      const old = this.shown.get(key);
      if (old !== undefined) this.partitions.get(old)?.delete(key);
      this.shown.delete(key);
      if (!after) return false;
      const value = String(after[this.partitionKey]);
      this.shown.set(key, value);
      const partition = this.partitions.get(value) ?? new Map<string, Item>();
      this.partitions.set(value, partition.set(key, after));
      return false;
    });
  }
}

const keysOf = (schema: TableInput['KeySchema']): [string, string | undefined] => [
  schema?.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName as string,
  schema?.find(({ KeyType }) => KeyType === 'RANGE')?.AttributeName,
];

const order = (a: unknown, b: unknown): number =>
  typeof a === 'string' ? compareText(a, b as string) : (a as number) - (b as number);
