import { invalid } from './errors';
import type { Change, Path, SetValue } from './expression-parser';
import { addNumbers, negated } from './number';
import type { Placeholders } from './placeholders';
import { type AttributeValue, attribute, type Item, setAttribute, typeOf } from './value';

const INCORRECT_TYPE = 'An operand in the update expression has an incorrect data type';
const INVALID_PATH = 'The document path provided in the update expression is invalid for update';
const SETS = ['SS', 'NS', 'BS'] as const;

/** A place for an index that REMOVE emptied. The other indexes of the update keep their meaning. */
const REMOVED = {} as AttributeValue;

/** @throws AwsError if two paths overlap, a path begins with a key, or a literal has a wrong type. */
export function checkChanges(changes: readonly Change[], placeholders: Placeholders, keys: readonly string[]): void {
  const paths = changes.map(({ path }) => placeholders.resolve(path));
  for (const [n, path] of paths.entries()) {
    const key = keys.find((name) => name === path[0]);
    if (key !== undefined) {
      throw invalid(
        `One or more parameter values were invalid: Cannot update attribute ${key}. This attribute is part of the key`,
      );
    }
    const other = paths.slice(0, n).find((one) => overlap(one, path));
    if (other) {
      throw invalid(
        `Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ${textOf(other)}, path two: ${textOf(path)}`,
      );
    }
  }
  for (const change of changes) {
    if (change.kind !== 'ADD' && change.kind !== 'DELETE') continue;
    const type = typeOf(placeholders.value(change.value));
    if (SETS.some((set) => set === type) || (change.kind === 'ADD' && type === 'N')) continue;
    throw invalid(
      `Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ${change.kind}, operand type: ${type}`,
    );
  }
}

const overlap = (a: Path, b: Path): boolean => {
  const shorter = Math.min(a.length, b.length);
  return a.slice(0, shorter).every((part, n) => part === b[n]);
};

const textOf = (path: Path): string =>
  `[${path.map((part) => (typeof part === 'number' ? `[${part}]` : part)).join(', ')}]`;

/** Changes the item. Every value is read from the item before the update. @throws AwsError */
export function applyChanges(changes: readonly Change[], item: Item, placeholders: Placeholders): void {
  const read = (value: SetValue) => assigned(value, item, placeholders);
  const planned = changes.map((change) => ({ change, value: change.kind === 'SET' ? read(change.value) : undefined }));
  const lists = new Set<AttributeValue[]>();
  for (const { change, value } of planned) {
    const path = placeholders.resolve(change.path);
    const place = placeOf(path, item, lists);
    if (change.kind === 'SET') place.set(value as AttributeValue);
    else if (change.kind === 'REMOVE') place.remove();
    else changeSet(change.kind, place, placeholders.value(change.value));
  }
  for (const list of lists) {
    const kept = list.filter((one) => one !== undefined && one !== REMOVED);
    list.splice(0, list.length, ...kept);
  }
}

interface Place {
  readonly value: AttributeValue | undefined;
  set(value: AttributeValue): void;
  remove(): void;
}

function placeOf(path: Path, item: Item, lists: Set<AttributeValue[]>): Place {
  let parent: AttributeValue | undefined = { M: item };
  for (const part of path.slice(0, -1)) {
    parent = typeof part === 'number' ? parent?.L?.[part] : parent?.M && attribute(parent.M, part);
  }
  const last = path[path.length - 1];
  if (typeof last === 'number') {
    const list = parent?.L;
    if (!list) throw invalid(INVALID_PATH);
    lists.add(list);
    return {
      value: list[last],
      // An index beyond the end appends.
      set: (value) => {
        list[last] = value;
      },
      remove: () => {
        if (last < list.length) list[last] = REMOVED;
      },
    };
  }
  const map = parent?.M;
  if (!map || last === undefined) throw invalid(INVALID_PATH);
  return {
    value: attribute(map, last),
    set: (value) => setAttribute(map, last, value),
    remove: () => void delete map[last],
  };
}

function assigned(value: SetValue, item: Item, placeholders: Placeholders): AttributeValue {
  const read = (of: SetValue) => assigned(of, item, placeholders);
  switch (value.kind) {
    case 'value':
      return copyOf(placeholders.value(value.name));
    case 'path': {
      const found = placeholders.read(value.path, item);
      if (found) return copyOf(found);
      throw invalid('The provided expression refers to an attribute that does not exist in the item');
    }
    case 'if_not_exists': {
      const found = placeholders.read(value.path, item);
      return found ? copyOf(found) : read(value.otherwise);
    }
    case 'list_append': {
      const [left, right] = [read(value.left).L, read(value.right).L];
      if (!left || !right) throw invalid(INCORRECT_TYPE);
      return { L: [...left, ...right] };
    }
    default: {
      const [left, right] = [read(value.left).N, read(value.right).N];
      if (left === undefined || right === undefined) throw invalid(INCORRECT_TYPE);
      return { N: addNumbers(left, value.kind === 'plus' ? right : negated(right)) };
    }
  }
}

/** A copy of nested values, because a later change of the same update can change them in place. */
function copyOf(value: AttributeValue): AttributeValue {
  if (value.L) return { L: value.L.map(copyOf) };
  if (!value.M) return value;
  const copy: Item = {};
  for (const name in value.M) setAttribute(copy, name, copyOf(value.M[name] as AttributeValue));
  return { M: copy };
}

function changeSet(kind: 'ADD' | 'DELETE', place: Place, operand: AttributeValue): void {
  const { value } = place;
  if (operand.N !== undefined) {
    if (value && value.N === undefined) throw invalid(INCORRECT_TYPE);
    place.set({ N: addNumbers(value?.N ?? '0', operand.N) });
    return;
  }
  const type = typeOf(operand) as (typeof SETS)[number];
  if (value && !value[type]) throw invalid(INCORRECT_TYPE);
  const [all, some] = [value?.[type] ?? [], operand[type] ?? []];
  const left = kind === 'ADD' ? [...new Set([...all, ...some])] : all.filter((one) => !some.includes(one));
  // A set cannot be empty.
  if (left.length > 0) place.set({ [type]: left });
  else place.remove();
}
