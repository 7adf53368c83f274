import { isObject, only, operation, type Scalar, type Test } from './pattern-operators';

/** An EventBridge event pattern, the value of a rule's `EventPattern`. */
export type EventPattern = Readonly<Record<string, unknown>>;

/** A leaf of a pattern: a path and its alternative conditions. With `absent`, the path can also be missing. */
interface Field {
  readonly path: string;
  readonly tests: readonly Test[];
  readonly absent: boolean;
}

/** A leaf of an event. `elements` maps each array above it to the index of the element that contains it. */
interface Leaf {
  readonly value: Scalar;
  readonly elements: ReadonlyMap<number, number>;
}

/**
 * Whether an event matches a pattern, according to AWS's open-source matcher Event Ruler (github.com/aws/event-ruler,
 * README "Ruler by example") and the EventBridge user guide, "Comparison operators for use in event patterns".
 * Throws for an invalid pattern, like `checkPattern`.
 */
export function matches(pattern: EventPattern, event: object): boolean {
  return compilePattern(pattern)(event);
}

/** Throws an Error that names the path and the operator if EventBridge would reject the pattern. */
export function checkPattern(pattern: EventPattern): void {
  compilePattern(pattern);
}

/** The leaves of an event by path. Several patterns can share them. */
export type Leaves = ReadonlyMap<string, readonly Leaf[]>;

/** Compiles a pattern for repeated use. Throws for an invalid pattern, like `checkPattern`. */
export function compilePattern(pattern: EventPattern): (event: object) => boolean {
  const test = compileLeafTest(pattern);
  return (event) => test(leavesOf(event));
}

/** Like `compilePattern`, for events whose leaves several patterns share. */
export function compileLeafTest(pattern: EventPattern): (leaves: Leaves) => boolean {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    throw new Error('event pattern: must be an object with at least one field');
  }
  const alternatives = expand(pattern, '').map((fields) => fields.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
  return (leaves) => alternatives.some((fields) => search(fields, 0, leaves, NO_ELEMENTS));
}

/** The alternative sets of leaves of a pattern. `$or` multiplies them, like in Event Ruler. */
function expand(pattern: EventPattern, prefix: string): Field[][] {
  let alternatives: Field[][] = [[]];
  for (const [key, value] of Object.entries(pattern)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    let choices: Field[][];
    if (key === '$or') {
      if (!Array.isArray(value) || value.length < 2 || !value.every(isObject)) {
        throw new Error(`event pattern at ${path}: $or requires a list of at least two objects`);
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
  if (list.length === 0) throw new Error(`event pattern at ${path}: an empty list matches nothing`);
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
      throw new Error(`event pattern at ${path}: a list must not contain a list`);
    } else {
      tests.push((value) => value === item);
    }
  }
  return { path, tests, absent };
}

const NO_ELEMENTS: ReadonlyMap<number, number> = new Map();

/** The event's leaves by path. `exists` applies only to leaves, so an empty list or object counts as missing. */
export function leavesOf(event: object): Leaves {
  const found = { leaves: new Map<string, Leaf[]>(), arrays: 0 };
  collect(event, '', NO_ELEMENTS, found);
  return found.leaves;
}

function collect(
  value: unknown,
  path: string,
  elements: ReadonlyMap<number, number>,
  found: { readonly leaves: Map<string, Leaf[]>; arrays: number },
): void {
  if (Array.isArray(value)) {
    const array = found.arrays++;
    value.forEach((element, index) => {
      collect(element, path, new Map(elements).set(array, index), found);
    });
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value))
      collect(inner, path === '' ? key : `${path}.${key}`, elements, found);
  } else if (value !== undefined) {
    const known = found.leaves.get(path);
    const leaf = { value: value as Scalar, elements };
    if (known) known.push(leaf);
    else found.leaves.set(path, [leaf]);
  }
}

/** Whether every field has a matching leaf, such that all leaves are in the same element of each array they share. */
function search(fields: readonly Field[], at: number, leaves: Leaves, elements: ReadonlyMap<number, number>): boolean {
  const wanted = fields[at];
  if (!wanted) return true;
  const candidates: { readonly value: Scalar; readonly merged: ReadonlyMap<number, number> }[] = [];
  for (const leaf of leaves.get(wanted.path) ?? []) {
    const merged = merge(elements, leaf.elements);
    if (merged) candidates.push({ value: leaf.value, merged });
  }
  if (wanted.absent && candidates.length === 0 && search(fields, at + 1, leaves, elements)) return true;
  return candidates.some(
    ({ value, merged }) => wanted.tests.some((test) => test(value)) && search(fields, at + 1, leaves, merged),
  );
}

function merge(
  a: ReadonlyMap<number, number>,
  b: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> | undefined {
  if (b.size === 0) return a;
  const merged = new Map(a);
  for (const [array, index] of b) {
    if ((merged.get(array) ?? index) !== index) return undefined;
    merged.set(array, index);
  }
  return merged;
}
