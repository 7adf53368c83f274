import { invalid } from './errors';
import type { Parsed, Path } from './expression-parser';
import { type AttributeValue, attribute, checkItem, type Item } from './value';

/** What the placeholders of a request's expressions stand for. */
export class Placeholders {
  constructor(
    private readonly names: Readonly<Record<string, string>> = {},
    private readonly values: Item = {},
  ) {
    checkItem(values);
  }

  /** @throws AwsError if the expressions do not use exactly the given placeholders. */
  check(expressions: readonly (Parsed<unknown> | undefined)[]): void {
    const given = expressions.filter((one) => one !== undefined);
    for (const kind of ['names', 'values'] as const) {
      const parameter = kind === 'names' ? 'ExpressionAttributeNames' : 'ExpressionAttributeValues';
      const all = this[kind];
      for (const expression of given) {
        for (const placeholder of expression[kind]) {
          if (Object.hasOwn(all, placeholder)) continue;
          const what = kind === 'names' ? 'attribute name' : 'attribute value';
          throw invalid(
            `Invalid expression: An expression ${what} used in the document path is not defined; ${what}: ${placeholder}`,
          );
        }
      }
      const unused = Object.keys(all).filter((one) => !given.some((expression) => expression[kind].has(one)));
      if (unused.length > 0) {
        throw invalid(`Value provided in ${parameter} unused in expressions: keys: {${unused.join(', ')}}`);
      }
    }
  }

  name(part: string): string {
    return part.startsWith('#') ? (this.names[part] as string) : part;
  }

  value(name: string): AttributeValue {
    return this.values[name] as AttributeValue;
  }

  /** The path with the names that the placeholders stand for. */
  resolve(path: Path): Path {
    return path.map((part) => (typeof part === 'number' ? part : this.name(part)));
  }

  /** The value at a path of an item. */
  read(path: Path, item: Item): AttributeValue | undefined {
    let value: AttributeValue | undefined = { M: item };
    for (const part of path) {
      if (typeof part === 'number') value = value?.L?.[part];
      else value = value?.M && attribute(value.M, this.name(part));
    }
    return value;
  }
}
