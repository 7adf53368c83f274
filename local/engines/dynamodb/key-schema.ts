import { invalid } from './errors';
import { type AttributeValue, attribute, bytesOf, type Item, keyText, setAttribute, typeOf } from './value';

/** Maximum bytes of a partition key and of a sort key (developer guide, "Quotas"). */
const [MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES] = [2048, 1024];

/** An attribute of a key, and its type. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: 'S' | 'N' | 'B';
}

/** The place of an item in a table or an index: texts in the order of DynamoDB. */
export interface Place {
  readonly partition: string;
  readonly entry: string;
}

/** Ends a part of an entry. A NUL inside of a part is escaped, so that parts keep their order. */
const END = '\0\0';
const escaped = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\0\x01') : text);

/** Before and after all entries whose sort key has this text. */
export const beforeEntries = (sortKey: string): string => escaped(sortKey);
export const afterEntries = (sortKey: string): string => `${escaped(sortKey)}\0\x01`;
/** After all entries whose sort key begins with this text. */
export const afterPrefix = (prefix: string): string => `${escaped(prefix)}\uffff`;

/** The key of a table or an index. */
export class KeySchema {
  constructor(
    readonly partition: KeyAttribute,
    readonly sort: KeyAttribute | undefined,
  ) {}

  get attributes(): readonly KeyAttribute[] {
    return this.sort ? [this.partition, this.sort] : [this.partition];
  }

  get names(): readonly string[] {
    return this.attributes.map(({ name }) => name);
  }

  /**
   * The place of an item that has the key.
   * @param base the item's place in its table, for the place in an index.
   */
  placeOf(item: Item, base?: Place): Place {
    const sort = this.sort ? keyText(item[this.sort.name] as AttributeValue) : '';
    return {
      partition: partitionText(item[this.partition.name] as AttributeValue),
      entry: `${escaped(sort)}${END}${base ? `${escaped(base.partition)}${END}${base.entry}` : ''}`,
    };
  }

  /** Whether the item has every attribute of the key. */
  isIn(item: Item): boolean {
    return this.attributes.every(({ name }) => attribute(item, name) !== undefined);
  }

  /** @throws AwsError if this is not exactly a key. */
  checkKey(key: Item): void {
    const { attributes } = this;
    const fits = ({ name, type }: KeyAttribute) => attribute(key, name)?.[type] !== undefined;
    if (Object.keys(key).length !== attributes.length || !attributes.every(fits)) {
      throw invalid('The provided key element does not match the schema');
    }
    this.checkValues(key);
  }

  /** @throws AwsError if an item lacks the key, or a part of the key has a wrong type or size. */
  checkItem(item: Item): void {
    for (const { name, type } of this.attributes) {
      const value = attribute(item, name);
      if (!value) throw invalid(`One or more parameter values were invalid: Missing the key ${name} in the item`);
      if (value[type] === undefined) {
        throw invalid(
          `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
        );
      }
    }
    this.checkValues(item);
  }

  /** Like `checkItem` for an index. An item does not need to have its key. */
  checkIndexed(item: Item, indexName: string): void {
    for (const { name, type } of this.attributes) {
      const value = attribute(item, name);
      if (value && value[type] === undefined) {
        throw invalid(
          `One or more parameter values were invalid: Type mismatch for Index Key ${name} Expected: ${type} Actual: ${typeOf(value)} IndexName: ${indexName}`,
        );
      }
    }
    this.checkValues(item);
  }

  private checkValues(item: Item): void {
    for (const { name, type } of this.attributes) {
      const value = attribute(item, name);
      if (!value || type === 'N') continue;
      const bytes = type === 'S' ? Buffer.byteLength(value.S ?? '') : bytesOf(value.B ?? '').length;
      if (bytes === 0) {
        const kind = type === 'S' ? 'string' : 'binary';
        throw invalid(
          `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
        );
      }
      const isPartition = name === this.partition.name;
      if (bytes <= (isPartition ? MAX_PARTITION_KEY_BYTES : MAX_SORT_KEY_BYTES)) continue;
      throw invalid(
        isPartition
          ? 'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes'
          : 'One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
      );
    }
  }
}

/** The attributes of keys, from an item. */
export function keyOf(item: Item, names: Iterable<string>): Item {
  const key: Item = {};
  for (const name of names) {
    const value = attribute(item, name);
    if (value) setAttribute(key, name, value);
  }
  return key;
}

/** The text of a partition key, behind a hash: a scan has no useful order of partitions. */
export function partitionText(value: AttributeValue): string {
  const text = keyText(value);
  // FNV-1a.
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  return String.fromCharCode(hash >>> 16, hash & 0xffff) + text;
}
