import type { Path } from './expression-parser';
import type { Placeholders } from './placeholders';
import { type AttributeValue, attribute, type Item, setAttribute } from './value';

/** The parts of an item at the given paths. Elements of lists keep their order, without gaps. */
export function project(item: Item, paths: readonly Path[], placeholders: Placeholders): Item {
  return partsOf(
    item,
    paths.map((path) => placeholders.resolve(path)),
  );
}

function partsOf(item: Item, paths: readonly Path[]): Item {
  const result: Item = {};
  for (const name of new Set(paths.map(([first]) => first as string))) {
    const value = attribute(item, name);
    const part = value && partOf(value, restsOf(paths, name));
    if (part) setAttribute(result, name, part);
  }
  return result;
}

function partOf(value: AttributeValue, paths: readonly Path[]): AttributeValue | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  if (value.M) {
    const parts = partsOf(
      value.M,
      paths.filter(([first]) => typeof first === 'string'),
    );
    return Object.keys(parts).length > 0 ? { M: parts } : undefined;
  }
  const { L: list } = value;
  if (!list) return undefined;
  const indexes = [...new Set(paths.map(([first]) => first).filter((first) => typeof first === 'number'))];
  const parts = indexes
    .toSorted((a, b) => a - b)
    .flatMap((index) => (list[index] && partOf(list[index], restsOf(paths, index))) ?? []);
  return parts.length > 0 ? { L: parts } : undefined;
}

const restsOf = (paths: readonly Path[], first: string | number): Path[] =>
  paths.filter((path) => path[0] === first).map((path) => path.slice(1));
