/**
 * An exact evaluator of the DynamoDB expressions that the adapters write (DynamoDB developer guide, "Condition and filter
 * expressions, operators, and functions" and "Using update expressions"). It refuses everything else. A property test
 * compares it with the embedded DynamoDB.
 */

export type Value = unknown;
export type Item = Record<string, Value>;

export interface Names {
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, Value>>;
}

/** An item and the placeholders of an expression. */
interface Scope {
  readonly item: Item;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, Value>>;
}

type Operand = (scope: Scope) => Value;
type Condition = (scope: Scope) => boolean;
type Change = (scope: Scope, next: Item) => void;

/** The error of DynamoDB for an invalid request. */
export class ValidationError extends Error {
  override readonly name = 'ValidationException';
}

/** Whether the condition holds. `item` is `{}` if the item does not exist. */
export function holds(expression: string, item: Item, placeholders: Names): boolean {
  return compiled(conditions, expression, (parser) => parser.condition())(scopeOf(item, placeholders));
}

/** The item after the update. Shares the unchanged values with the item. */
export function updated(expression: string, item: Item, placeholders: Names): Item {
  const next = { ...item };
  const scope = scopeOf(item, placeholders);
  for (const change of compiled(updates, expression, (parser) => parser.update())) change(scope, next);
  return next;
}

/** @throws ValidationError if an expression does not use a placeholder, or uses one that is not given. */
export function checkPlaceholders(expressions: readonly (string | undefined)[], { names, values }: Names): void {
  const text = expressions.join(' ');
  const used = placeholdersOf.get(text) ?? new Set(text.match(/[#:]\w+/g));
  placeholdersOf.set(text, used);
  const given = [...Object.keys(names ?? {}), ...Object.keys(values ?? {})];
  for (const one of given) if (!used.has(one)) throw new ValidationError(`${one} is given and not used in: ${text}`);
  if (given.length === used.size) return;
  for (const one of used)
    if (!given.includes(one)) throw new ValidationError(`${one} is used and not given in: ${text}`);
}

/** A deep copy without undefined values, as the document client marshals. */
export function copy(value: unknown): Item | undefined;
export function copy<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((one) => copy(one)) as T;
  if (value instanceof Set) return new Set(value) as T;
  const result: Item = {};
  for (const [name, inner] of Object.entries(value)) if (inner !== undefined) result[name] = copy(inner);
  return result as T;
}

const scopeOf = (item: Item, { names = {}, values = {} }: Names): Scope => ({ item, names, values });

const placeholdersOf = new Map<string, Set<string>>();
const conditions = new Map<string, Condition>();
const updates = new Map<string, Change[]>();

function compiled<T>(cache: Map<string, T>, expression: string, read: (parser: Parser) => T): T {
  const known = cache.get(expression);
  if (known !== undefined) return known;
  const parser = new Parser(expression);
  const made = read(parser);
  parser.end();
  cache.set(expression, made);
  return made;
}

const COMPARISONS: Readonly<Record<string, (a: Value, b: Value) => boolean>> = {
  '=': (a, b) => a !== undefined && equal(a, b),
  '<>': (a, b) => !equal(a, b),
  '<': (a, b) => comparable(a, b) && less(a, b),
  '<=': (a, b) => comparable(a, b) && !less(b, a),
  '>': (a, b) => comparable(a, b) && less(b, a),
  '>=': (a, b) => comparable(a, b) && !less(a, b),
};

/** DynamoDB orders numbers by value and strings by their UTF-8 bytes. Values of two types have no order. */
const comparable = (a: Value, b: Value): boolean =>
  typeof a === typeof b && (typeof a === 'number' || typeof a === 'string');
const less = (a: Value, b: Value): boolean =>
  typeof a === 'string' ? compareText(a, b as string) < 0 : (a as number) < (b as number);

/** Order of two strings by their UTF-8 bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  const plain = /^[\x00-\x7f]*$/;
  if (plain.test(a) && plain.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function equal(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  throw new ValidationError('the model compares only strings, numbers and booleans');
}

class Parser {
  private readonly tokens: string[];
  private at = 0;

  constructor(private readonly text: string) {
    this.tokens = text.match(/<=|>=|<>|[=<>(),+-]|[#:]?\w+(?:\.#?\w+)*|\S/g) ?? [];
  }

  end(): void {
    if (this.at < this.tokens.length) this.fail();
  }

  /** `a AND b OR c`: AND binds tighter. */
  condition(): Condition {
    const some = [this.conjunction()];
    while (this.takes('OR')) some.push(this.conjunction());
    return some.length === 1 ? (some[0] as Condition) : (scope) => some.some((one) => one(scope));
  }

  update(): Change[] {
    const changes: Change[] = [];
    const list = (read: () => Change) => {
      do changes.push(read());
      while (this.takes(','));
    };
    while (this.at < this.tokens.length) {
      if (this.takes('SET')) list(() => this.set());
      else if (this.takes('REMOVE')) list(() => this.remove());
      else if (this.takes('ADD')) list(() => this.changeSet((all, some) => new Set([...all, ...some])));
      else if (this.takes('DELETE'))
        list(() => this.changeSet((all, some) => new Set([...all].filter((one) => !some.has(one)))));
      else this.fail();
    }
    return changes;
  }

  private conjunction(): Condition {
    const all = [this.term()];
    while (this.takes('AND')) all.push(this.term());
    return all.length === 1 ? (all[0] as Condition) : (scope) => all.every((one) => one(scope));
  }

  private term(): Condition {
    if (this.takes('(')) {
      const inner = this.condition();
      this.expect(')');
      return inner;
    }
    if (this.takesCall('attribute_exists')) {
      const [path] = this.operands(1);
      return (scope) => path?.(scope) !== undefined;
    }
    if (this.takesCall('attribute_not_exists')) {
      const [path] = this.operands(1);
      return (scope) => path?.(scope) === undefined;
    }
    if (this.takesCall('begins_with')) {
      const [path, prefix] = this.operands(2);
      return (scope) => {
        const text = path?.(scope);
        return typeof text === 'string' && text.startsWith(String(prefix?.(scope)));
      };
    }
    if (this.takesCall('contains')) {
      const [path, part] = this.operands(2);
      return (scope) => {
        const whole = path?.(scope);
        if (whole instanceof Set) return whole.has(part?.(scope));
        return typeof whole === 'string' && whole.includes(String(part?.(scope)));
      };
    }
    const left = this.operand();
    if (this.takes('BETWEEN')) {
      const low = this.operand();
      this.expect('AND');
      const high = this.operand();
      const [atLeast, atMost] = [COMPARISONS['>='], COMPARISONS['<=']];
      return (scope) => Boolean(atLeast?.(left(scope), low(scope))) && Boolean(atMost?.(left(scope), high(scope)));
    }
    const compare = COMPARISONS[this.take()];
    if (!compare) return this.fail();
    const right = this.operand();
    return (scope) => compare(left(scope), right(scope));
  }

  private operand(): Operand {
    if (this.takesCall('size')) {
      const [path] = this.operands(1);
      return (scope) => {
        const value = path?.(scope);
        if (value instanceof Set) return value.size;
        return typeof value === 'string' ? Buffer.byteLength(value) : undefined;
      };
    }
    const token = this.take();
    if (token.startsWith(':')) return ({ values }) => values[token];
    if (!/^#?[A-Za-z_]/.test(token)) return this.fail();
    const parts = token.split('.');
    return ({ item, names }) =>
      parts.reduce<Value>((value, part) => {
        const name = part.startsWith('#') ? names[part] : part;
        return value === undefined || value === null ? undefined : (value as Item)[name as string];
      }, item);
  }

  private operands(count: number): Operand[] {
    const found: Operand[] = [];
    this.expect('(');
    while (found.length < count) {
      if (found.length > 0) this.expect(',');
      found.push(this.operand());
    }
    this.expect(')');
    return found;
  }

  private set(): Change {
    const name = this.attribute();
    this.expect('=');
    const value = this.sum();
    return (scope, next) => {
      const result = value(scope);
      if (result === undefined) throw new ValidationError(`an attribute in the update does not exist: ${this.text}`);
      next[name(scope)] = copy(result);
    };
  }

  private sum(): Operand {
    const first = this.assigned();
    if (!this.takes('+')) return first;
    const second = this.assigned();
    return (scope) => {
      const [a, b] = [first(scope), second(scope)];
      if (typeof a !== 'number' || typeof b !== 'number') throw new ValidationError(`not a number in: ${this.text}`);
      return a + b;
    };
  }

  private assigned(): Operand {
    if (!this.takesCall('if_not_exists')) return this.operand();
    const [path, otherwise] = this.operands(2);
    return (scope) => path?.(scope) ?? otherwise?.(scope);
  }

  private remove(): Change {
    const name = this.attribute();
    return (scope, next) => {
      delete next[name(scope)];
    };
  }

  /** ADD and DELETE of a set. A set never becomes empty: DynamoDB removes the attribute. */
  private changeSet(change: (all: Set<Value>, some: Set<Value>) => Set<Value>): Change {
    const name = this.attribute();
    const some = this.operand();
    return (scope, next) => {
      const given = some(scope);
      if (!(given instanceof Set)) throw new ValidationError(`the model adds and deletes only sets: ${this.text}`);
      const result = change((scope.item[name(scope)] as Set<Value> | undefined) ?? new Set(), given);
      if (result.size > 0) next[name(scope)] = result;
      else delete next[name(scope)];
    };
  }

  /** Updates of the adapters change whole attributes. */
  private attribute(): (scope: Scope) => string {
    const token = this.take();
    if (!/^#?[A-Za-z_]\w*$/.test(token)) return this.fail();
    return ({ names }) => (token.startsWith('#') ? (names[token] as string) : token);
  }

  private takesCall(name: string): boolean {
    if (this.tokens[this.at] !== name || this.tokens[this.at + 1] !== '(') return false;
    this.at++;
    return true;
  }

  private takes(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private take(): string {
    return this.tokens[this.at++] ?? this.fail();
  }

  private expect(token: string): void {
    if (!this.takes(token)) this.fail();
  }

  private fail(): never {
    throw new ValidationError(`the model does not know this expression at token ${this.at + 1}: ${this.text}`);
  }
}
