import { invalid } from './errors';
import { isReserved } from './reserved-words';

/**
 * The grammar of expressions (DynamoDB developer guide, "Condition and filter expressions, operators, and functions", "Using
 * update expressions" and "Using projection expressions").
 */

/** Names, as written or as `#placeholder`, and indexes of lists. */
export type Path = readonly (string | number)[];

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'size'; readonly of: Operand };

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly all: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | { readonly kind: 'compare'; readonly comparator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'call'; readonly name: ConditionFunction; readonly operands: readonly Operand[] };

/** Functions of conditions, and their numbers of operands. */
const CONDITION_FUNCTIONS = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
} as const;
export type ConditionFunction = keyof typeof CONDITION_FUNCTIONS;

export type SetValue =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'plus' | 'minus' | 'list_append'; readonly left: SetValue; readonly right: SetValue }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: SetValue };

export type Change =
  | { readonly kind: 'SET'; readonly path: Path; readonly value: SetValue }
  | { readonly kind: 'REMOVE'; readonly path: Path }
  | { readonly kind: 'ADD' | 'DELETE'; readonly path: Path; readonly value: string };

/** A parsed expression, with the placeholders that it uses. */
export interface Parsed<Tree> {
  readonly tree: Tree;
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
}

export const parseCondition = parserOf((parser) => parser.condition());
export const parseUpdate = parserOf((parser) => parser.update());
export const parseProjection = parserOf((parser) => parser.list(() => parser.path()));

/** Expressions whose trees are kept. More than the texts of any program, unless it writes values into them. */
const MAX_CACHED = 2000;

function parserOf<Tree>(read: (parser: Parser) => Tree): (text: string, parameter: string) => Parsed<Tree> {
  const cache = new Map<string, Parsed<Tree>>();
  return (text, parameter) => {
    const known = cache.get(text);
    if (known) return known;
    const parser = new Parser(text, parameter);
    const parsed = { tree: read(parser), names: parser.names, values: parser.values };
    parser.end();
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(text, parsed);
    return parsed;
  };
}

const TOKEN = /\s*(<=|>=|<>|[=<>(),+\-.[\]]|[#:][A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*|\d+|\S)/y;
const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;

class Parser {
  readonly names = new Set<string>();
  readonly values = new Set<string>();
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(
    text: string,
    private readonly parameter: string,
  ) {
    if (text.trim() === '') throw invalid(`Invalid ${parameter}: The expression can not be empty;`);
    TOKEN.lastIndex = 0;
    for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) this.tokens.push(found[1] as string);
  }

  end(): void {
    if (this.at < this.tokens.length) this.fail();
  }

  /** OR binds less than AND, and AND less than NOT. */
  condition(): Condition {
    return this.joined('OR', 'or', () => this.joined('AND', 'and', () => this.negation()));
  }

  update(): Change[] {
    const changes: Change[] = [];
    const seen = new Set<string>();
    while (this.at < this.tokens.length) {
      const section = SECTIONS.find((one) => this.takesWord(one));
      if (!section) return this.fail();
      if (seen.has(section)) {
        throw invalid(
          `Invalid ${this.parameter}: The "${section}" section can only be used once in an update expression;`,
        );
      }
      seen.add(section);
      changes.push(...this.list(() => this.change(section)));
    }
    return changes;
  }

  path(): Path {
    const path: (string | number)[] = [this.name()];
    for (;;) {
      if (this.takes('.')) path.push(this.name());
      else if (this.takes('[')) {
        const index = this.take();
        if (!/^\d+$/.test(index)) return this.fail(1);
        path.push(Number(index));
        this.expect(']');
      } else return path;
    }
  }

  list<One>(read: () => One): One[] {
    const all = [read()];
    while (this.takes(',')) all.push(read());
    return all;
  }

  private joined(word: string, kind: 'and' | 'or', read: () => Condition): Condition {
    const first = read();
    if (!this.isWord(word)) return first;
    const all = [first];
    while (this.takesWord(word)) all.push(read());
    return { kind, all };
  }

  private negation(): Condition {
    return this.takesWord('NOT') ? { kind: 'not', condition: this.negation() } : this.term();
  }

  private term(): Condition {
    if (this.takes('(')) {
      const inner = this.condition();
      this.expect(')');
      return inner;
    }
    const name = this.tokens[this.at] as ConditionFunction;
    if (this.tokens[this.at + 1] === '(' && name in CONDITION_FUNCTIONS) return this.call(name);
    const left = this.operand();
    if (this.takesWord('BETWEEN')) {
      const low = this.operand();
      if (!this.takesWord('AND')) return this.fail();
      return { kind: 'between', operand: left, low, high: this.operand() };
    }
    if (this.takesWord('IN')) {
      this.expect('(');
      const list = this.list(() => this.operand());
      this.expect(')');
      return { kind: 'in', operand: left, list };
    }
    const comparator = this.take();
    if (!COMPARATORS.has(comparator)) return this.fail(1);
    return { kind: 'compare', comparator: comparator as Comparator, left, right: this.operand() };
  }

  private call(name: ConditionFunction): Condition {
    this.at += 2;
    const operands = this.list(() => this.operand());
    this.expect(')');
    if (operands.length !== CONDITION_FUNCTIONS[name]) {
      throw invalid(
        `Invalid ${this.parameter}: Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
      );
    }
    if (operands[0]?.kind !== 'path' && name.startsWith('attribute_')) {
      throw invalid(
        `Invalid ${this.parameter}: Operator or function requires a document path; operator or function: ${name}`,
      );
    }
    return { kind: 'call', name, operands };
  }

  private operand(): Operand {
    if (this.tokens[this.at] === 'size' && this.tokens[this.at + 1] === '(') {
      this.at += 2;
      const of = this.operand();
      this.expect(')');
      return { kind: 'size', of };
    }
    return this.isValue() ? { kind: 'value', name: this.value() } : { kind: 'path', path: this.path() };
  }

  private change(section: (typeof SECTIONS)[number]): Change {
    const path = this.path();
    if (section === 'REMOVE') return { kind: section, path };
    if (section !== 'SET') return { kind: section, path, value: this.value() };
    this.expect('=');
    return { kind: section, path, value: this.sum() };
  }

  private sum(): SetValue {
    const left = this.assigned();
    if (this.takes('+')) return { kind: 'plus', left, right: this.assigned() };
    if (this.takes('-')) return { kind: 'minus', left, right: this.assigned() };
    return left;
  }

  private assigned(): SetValue {
    if (this.takes('(')) {
      const inner = this.sum();
      this.expect(')');
      return inner;
    }
    const name = this.tokens[this.at];
    if (this.tokens[this.at + 1] !== '(') {
      return this.isValue() ? { kind: 'value', name: this.value() } : { kind: 'path', path: this.path() };
    }
    if (name !== 'if_not_exists' && name !== 'list_append') {
      throw invalid(`Invalid ${this.parameter}: Invalid function name; function: ${name}`);
    }
    this.at += 2;
    const first = name === 'if_not_exists' ? this.path() : this.assigned();
    this.expect(',');
    const second = this.assigned();
    this.expect(')');
    return name === 'if_not_exists'
      ? { kind: name, path: first as Path, otherwise: second }
      : { kind: 'list_append', left: first as SetValue, right: second };
  }

  private name(): string {
    const token = this.take();
    if (token.startsWith('#')) {
      this.names.add(token);
      return token;
    }
    if (!/^[A-Za-z_]/.test(token)) return this.fail(1);
    if (isReserved(token)) {
      throw invalid(`Invalid ${this.parameter}: Attribute name is a reserved keyword; reserved keyword: ${token}`);
    }
    return token;
  }

  private isValue(): boolean {
    return this.tokens[this.at]?.startsWith(':') ?? false;
  }

  private value(): string {
    const token = this.take();
    if (!token.startsWith(':')) return this.fail(1);
    this.values.add(token);
    return token;
  }

  private isWord(word: string): boolean {
    return this.tokens[this.at]?.toUpperCase() === word;
  }

  private takesWord(word: string): boolean {
    if (!this.isWord(word)) return false;
    this.at++;
    return true;
  }

  private takes(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private take(): string {
    return this.tokens[this.at++] ?? this.fail(1);
  }

  private expect(token: string): void {
    if (!this.takes(token)) this.fail();
  }

  /** @param back tokens between the wrong one and the next one. */
  private fail(back = 0): never {
    const token = this.tokens[this.at - back] ?? '<EOF>';
    const near = this.tokens.slice(Math.max(0, this.at - back - 1), this.at - back + 2).join(' ');
    throw invalid(`Invalid ${this.parameter}: Syntax error; token: "${token}", near: "${near}"`);
  }
}
