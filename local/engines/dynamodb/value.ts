import { invalid } from './errors';
import { canonicalNumber, compareNumbers, numberBytes, numberKey } from './number';

/** A typed value as the API writes it (API reference, AttributeValue). Exactly one member is present. */
export interface AttributeValue {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string;
  readonly BOOL?: boolean;
  readonly NULL?: true;
  readonly M?: Item;
  readonly L?: AttributeValue[];
  readonly SS?: readonly string[];
  readonly NS?: readonly string[];
  readonly BS?: readonly string[];
}

export type Item = Record<string, AttributeValue>;
export type TypeName = keyof AttributeValue;

const TYPES: ReadonlySet<string> = new Set(['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS']);
export const isTypeName = (name: string): boolean => TYPES.has(name);

/** Maximum levels of nested lists and maps (developer guide, "Quotas"). */
const MAX_DEPTH = 32;

export function typeOf(value: AttributeValue): TypeName {
  for (const type in value) return type as TypeName;
  throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
}

/** The attribute, without what objects inherit. */
export const attribute = (item: Item, name: string): AttributeValue | undefined =>
  Object.hasOwn(item, name) ? item[name] : undefined;

export function setAttribute(item: Item, name: string, value: AttributeValue): void {
  // An assignment would change the prototype.
  if (name === '__proto__')
    Object.defineProperty(item, name, { value, enumerable: true, configurable: true, writable: true });
  else item[name] = value;
}

/** Validates the values of an item and brings their numbers into one form. @throws AwsError */
export function checkItem(item: unknown, depth = 0): asserts item is Item {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw invalid('a map of attributes is missing');
  for (const name in item) checkValue((item as Item)[name], depth);
}

export function checkValue(value: unknown, depth = 0): asserts value is AttributeValue {
  if (typeof value !== 'object' || value === null) throw invalid('Supplied AttributeValue is not an object');
  const given = value as { -readonly [K in TypeName]: AttributeValue[K] };
  const type = typeOf(given);
  if (!isTypeName(type))
    throw invalid('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  for (const other in given) {
    if (other !== type)
      throw invalid(
        'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
      );
  }
  if (depth > MAX_DEPTH) throw invalid('Nesting Levels have exceeded supported limits');
  switch (type) {
    case 'N':
      given.N = canonicalNumber(given.N);
      return;
    case 'NS':
      given.NS = checkSet(given.NS, 'number').map(canonicalNumber);
      if (new Set(given.NS).size < given.NS.length) throw invalid('Input collection contains duplicates');
      return;
    case 'SS':
      checkSet(given.SS, 'string');
      return;
    case 'BS':
      checkSet(given.BS, 'binary');
      return;
    case 'M':
      return checkItem(given.M, depth + 1);
    case 'L':
      if (!Array.isArray(given.L)) throw invalid('L is not a list');
      for (const one of given.L) checkValue(one, depth + 1);
      return;
    case 'NULL':
      if (given.NULL !== true)
        throw invalid(
          'One or more parameter values were invalid: Null attribute value types must have the value of true',
        );
      return;
    case 'BOOL':
      if (typeof given.BOOL !== 'boolean') throw invalid('BOOL is not a boolean');
      return;
    default:
      if (typeof given[type] !== 'string') throw invalid(`${type} is not a string`);
  }
}

function checkSet(set: unknown, kind: string): string[] {
  if (!Array.isArray(set) || !set.every((one) => typeof one === 'string'))
    throw invalid(`the ${kind} set is not a list`);
  if (set.length === 0) throw invalid(`One or more parameter values were invalid: An ${kind} set  may not be empty`);
  if (new Set(set).size < set.length)
    throw invalid(
      `One or more parameter values were invalid: Input collection [${set.join(', ')}] contains duplicates.`,
    );
  return set;
}

export function equal(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const type = typeOf(a);
  if (b[type] === undefined) return false;
  if (type === 'M') {
    const [x, y] = [a.M as Item, b.M as Item];
    const names = Object.keys(x);
    return (
      names.length === Object.keys(y).length && names.every((name) => equal(attribute(x, name), attribute(y, name)))
    );
  }
  if (type === 'L') {
    const [x, y] = [a.L ?? [], b.L ?? []];
    return x.length === y.length && x.every((one, n) => equal(one, y[n]));
  }
  if (type === 'SS' || type === 'NS' || type === 'BS') {
    const [x, y] = [a[type] ?? [], new Set(b[type])];
    return x.length === y.size && x.every((one) => y.has(one));
  }
  return a[type] === b[type];
}

/** Order of two values of the same type S, N or B. Undefined for any others. */
export function compare(a: AttributeValue | undefined, b: AttributeValue | undefined): number | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a.N !== undefined && b.N !== undefined) return compareNumbers(a.N, b.N);
  const ordered = (a.S !== undefined && b.S !== undefined) || (a.B !== undefined && b.B !== undefined);
  if (!ordered) return undefined;
  const [x, y] = [keyText(a), keyText(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** A text whose order by code units is the order of DynamoDB, for values of the same type S, N or B. */
export function keyText(value: AttributeValue): string {
  if (value.S !== undefined) return byCodePoints(value.S);
  if (value.N !== undefined) return numberKey(value.N);
  return bytesOf(value.B as string).toString('latin1');
}

const AFTER_SURROGATES = /[\ud800-\uffff]/g;

/** Strings are ordered by UTF-8 bytes, so surrogate pairs come after U+FFFF. */
const byCodePoints = (text: string): string =>
  text.replace(AFTER_SURROGATES, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });

export const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** Size of an item (developer guide, "Item sizes and formats"). */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name in item) bytes += Buffer.byteLength(name) + valueBytes(item[name] as AttributeValue);
  return bytes;
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.M) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  if (value.L) return 3 + value.L.reduce((sum, one) => sum + 1 + valueBytes(one), 0);
  if (value.SS) return value.SS.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
  if (value.NS) return value.NS.reduce((sum, one) => sum + numberBytes(one), 0);
  if (value.B !== undefined) return bytesOf(value.B).length;
  if (value.BS) return value.BS.reduce((sum, one) => sum + bytesOf(one).length, 0);
  return 1;
}
