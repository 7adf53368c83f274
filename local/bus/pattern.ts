import { BlockList, isIP } from 'node:net';

/** An EventBridge event pattern: what a rule's `EventPattern` holds. */
export type EventPattern = Readonly<Record<string, unknown>>;

type Scalar = string | number | boolean | null;
type Test = (value: Scalar) => boolean;

/** One leaf of a pattern: a path and the tests of which one must hold. `absent`: the path may also be missing. */
interface Field {
  readonly path: string;
  readonly tests: readonly Test[];
  readonly absent: boolean;
}

/** One leaf of an event, with the element that it stands in for every array above it (array number → index). */
interface Leaf {
  readonly value: Scalar;
  readonly elements: ReadonlyMap<number, number>;
}

/**
 * Whether an event matches a pattern, by the rules of EventBridge. The reference is AWS's open-source matcher
 * Event Ruler (github.com/aws/event-ruler, README "Ruler by example") and the EventBridge user guide's
 * "Comparison operators for use in event patterns".
 * Throws what `checkPattern` throws.
 */
export function matches(pattern: EventPattern, event: object): boolean {
  return compilePattern(pattern)(event);
}

/** Throws an Error that names the path and the operator when a pattern is not one that EventBridge takes. */
export function checkPattern(pattern: EventPattern): void {
  compilePattern(pattern);
}

/** A pattern made ready for many events. Throws what `checkPattern` throws. */
export function compilePattern(pattern: EventPattern): (event: object) => boolean {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    throw new Error('event pattern: must be an object with at least one field');
  }
  const alternatives = expand(pattern, '').map((fields) => fields.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  return (event) => {
    const leaves = flatten(event);
    return alternatives.some((fields) => search(fields, 0, leaves, new Map()));
  };
}

/** The pattern's leaves; `$or` multiplies them into alternatives, as Event Ruler does. */
function expand(pattern: EventPattern, prefix: string): Field[][] {
  let alternatives: Field[][] = [[]];
  for (const [key, value] of Object.entries(pattern)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    let choices: Field[][];
    if (key === '$or') {
      if (!Array.isArray(value) || value.length < 2 || !value.every(isObject)) {
        throw new Error(`event pattern at ${path}: $or takes a list of at least two objects`);
      }
      choices = value.flatMap((choice) => expand(choice as EventPattern, prefix));
    } else if (Array.isArray(value)) {
      choices = [[field(value, path)]];
    } else if (isObject(value)) {
      choices = expand(value as EventPattern, path);
    } else {
      throw new Error(`event pattern at ${path}: must be an object or a list, not ${JSON.stringify(value)}`);
    }
    alternatives = alternatives.flatMap((fields) => choices.map((choice) => [...fields, ...choice]));
  }
  return alternatives;
}

function field(list: readonly unknown[], path: string): Field {
  if (list.length === 0) {
    throw new Error(`event pattern at ${path}: an empty list matches nothing`);
  }
  const tests: Test[] = [];
  let absent = false;
  for (const item of list) {
    if (isObject(item)) {
      const [operator, operand] = only(item, path);
      if (operator === 'exists' && operand === false) {
        absent = true;
      } else {
        tests.push(operation(operator, operand, path));
      }
    } else if (Array.isArray(item)) {
      throw new Error(`event pattern at ${path}: a list must not hold a list`);
    } else {
      tests.push((value) => value === item);
    }
  }
  return { path, tests, absent };
}

function operation(operator: string, operand: unknown, path: string): Test {
  switch (operator) {
    case 'exists':
      if (operand !== true) {
        throw new Error(`event pattern at ${path}: exists takes true or false`);
      }
      return () => true;
    case 'prefix':
    case 'suffix':
    case 'equals-ignore-case':
    case 'wildcard':
      return text(operator, operand, path);
    case 'anything-but':
      return anythingBut(operand, path);
    case 'numeric':
      return numeric(operand, path);
    case 'cidr':
      return cidr(operand, path);
    default:
      throw new Error(`event pattern at ${path}: unknown operator "${operator}"`);
  }
}

/** Operators on text. `prefix` and `suffix` also take `{ "equals-ignore-case": text }`. */
function text(operator: string, operand: unknown, path: string): Test {
  if ((operator === 'prefix' || operator === 'suffix') && isObject(operand)) {
    const [inner, wanted] = only(operand, path);
    if (inner !== 'equals-ignore-case') {
      throw new Error(`event pattern at ${path}: unknown operator "${inner}" in ${operator}`);
    }
    const lower = string(wanted, `${operator} equals-ignore-case`, path).toLowerCase();
    return ofText((value) =>
      operator === 'prefix' ? value.toLowerCase().startsWith(lower) : value.toLowerCase().endsWith(lower),
    );
  }
  const wanted = string(operand, operator, path);
  switch (operator) {
    case 'prefix':
      return ofText((value) => value.startsWith(wanted));
    case 'suffix':
      return ofText((value) => value.endsWith(wanted));
    case 'equals-ignore-case':
      return ofText((value) => value.toLowerCase() === wanted.toLowerCase());
    default: {
      const expression = wildcard(wanted, path);
      return ofText((value) => expression.test(value));
    }
  }
}

/** `*` is any run of characters, `\*` and `\\` are the characters themselves, `**` is an error. */
function wildcard(wanted: string, path: string): RegExp {
  let source = '';
  for (let i = 0; i < wanted.length; i++) {
    const character = wanted[i] as string;
    if (character === '\\') {
      const next = wanted[++i];
      if (next !== '*' && next !== '\\') {
        throw new Error(`event pattern at ${path}: wildcard "${wanted}" has a \\ that escapes neither * nor \\`);
      }
      source += `\\${next}`;
    } else if (character === '*') {
      if (wanted[i + 1] === '*') {
        throw new Error(`event pattern at ${path}: wildcard "${wanted}" has consecutive *`);
      }
      source += '.*';
    } else {
      source += character.replace(/[.+?^${}()|[\]/-]/g, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, 's');
}

/** A value, a list of values, or one of the text operators with a text or a list of texts. */
function anythingBut(operand: unknown, path: string): Test {
  let refused: Test[];
  if (isObject(operand)) {
    const [operator, wanted] = only(operand, path);
    if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
      throw new Error(`event pattern at ${path}: unknown operator "${operator}" in anything-but`);
    }
    refused = asList(wanted, path).map((one) => text(operator, one, path));
  } else {
    refused = asList(operand, path).map((one) => {
      if (typeof one !== 'string' && typeof one !== 'number') {
        throw new Error(`event pattern at ${path}: anything-but takes texts and numbers, not ${JSON.stringify(one)}`);
      }
      return (value: Scalar) => value === one;
    });
  }
  return (value) => !refused.some((test) => test(value));
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function numeric(operand: unknown, path: string): Test {
  const wrong = () =>
    new Error(`event pattern at ${path}: numeric takes an operator and a number, once or (a range) twice`);
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) {
    throw wrong();
  }
  const bounds: { readonly operator: string; readonly bound: number }[] = [];
  for (let i = 0; i < operand.length; i += 2) {
    const [operator, bound] = [operand[i], operand[i + 1]];
    if (typeof operator !== 'string' || typeof bound !== 'number' || !COMPARISONS[operator]) {
      throw wrong();
    }
    bounds.push({ operator, bound });
  }
  const [low, high] = bounds;
  if (low && high) {
    if (!low.operator.startsWith('>') || !high.operator.startsWith('<') || low.bound >= high.bound) {
      throw new Error(`event pattern at ${path}: a numeric range is "> or >=" low, then "< or <=" high`);
    }
  }
  return (value) =>
    typeof value === 'number' && bounds.every(({ operator, bound }) => COMPARISONS[operator]?.(value, bound));
}

function cidr(operand: unknown, path: string): Test {
  const [address = '', bits, ...rest] = string(operand, 'cidr', path).split('/');
  const version = isIP(address);
  const length = bits === undefined ? (version === 4 ? 32 : 128) : Number(bits);
  if (version === 0 || rest.length > 0 || bits === '' || !Number.isInteger(length)) {
    throw new Error(`event pattern at ${path}: "${operand}" is no address block, such as 10.0.0.0/24`);
  }
  const block = new BlockList();
  try {
    block.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  } catch {
    throw new Error(`event pattern at ${path}: "${operand}" has a mask out of range`);
  }
  return ofText((value) => isIP(value) === version && block.check(value, version === 4 ? 'ipv4' : 'ipv6'));
}

/**
 * The event's leaves by path. Only leaves have a value, so `exists` looks at leaves only; an empty list or object
 * leaves nothing behind.
 */
function flatten(event: object): ReadonlyMap<string, readonly Leaf[]> {
  const leaves = new Map<string, Leaf[]>();
  let arrays = 0;
  const visit = (value: unknown, path: string, elements: ReadonlyMap<number, number>): void => {
    if (Array.isArray(value)) {
      const array = arrays++;
      value.forEach((element, index) => {
        visit(element, path, new Map(elements).set(array, index));
      });
    } else if (isObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        visit(inner, path === '' ? key : `${path}.${key}`, elements);
      }
    } else if (value !== undefined) {
      const known = leaves.get(path) ?? [];
      known.push({ value: value as Scalar, elements });
      leaves.set(path, known);
    }
  };
  visit(event, '', new Map());
  return leaves;
}

/** Finds a leaf for every field such that all of them stand in the same element of each array that they share. */
function search(
  fields: readonly Field[],
  at: number,
  leaves: ReadonlyMap<string, readonly Leaf[]>,
  elements: ReadonlyMap<number, number>,
): boolean {
  const wanted = fields[at];
  if (!wanted) {
    return true;
  }
  const candidates: { readonly value: Scalar; readonly merged: ReadonlyMap<number, number> }[] = [];
  for (const leaf of leaves.get(wanted.path) ?? []) {
    const merged = merge(elements, leaf.elements);
    if (merged) {
      candidates.push({ value: leaf.value, merged });
    }
  }
  if (wanted.absent && candidates.length === 0 && search(fields, at + 1, leaves, elements)) {
    return true;
  }
  return candidates.some(
    ({ value, merged }) => wanted.tests.some((test) => test(value)) && search(fields, at + 1, leaves, merged),
  );
}

function merge(
  a: ReadonlyMap<number, number>,
  b: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> | undefined {
  const merged = new Map(a);
  for (const [array, index] of b) {
    if ((merged.get(array) ?? index) !== index) {
      return undefined;
    }
    merged.set(array, index);
  }
  return merged;
}

function ofText(test: (value: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value);
}

function only(object: object, path: string): readonly [string, unknown] {
  const entries = Object.entries(object);
  const [first] = entries;
  if (!first || entries.length !== 1) {
    throw new Error(`event pattern at ${path}: an operator object has exactly one key`);
  }
  return first;
}

function asList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    return [value];
  }
  if (value.length === 0) {
    throw new Error(`event pattern at ${path}: anything-but takes no empty list`);
  }
  return value;
}

function string(value: unknown, operator: string, path: string): string {
  if (typeof value !== 'string') {
    throw new Error(`event pattern at ${path}: ${operator} takes a text, not ${JSON.stringify(value)}`);
  }
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
