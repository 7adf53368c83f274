import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type Node,
  visit,
  type YAMLParseError,
} from 'yaml';
import { displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { Mistakes } from '../shell/mistakes';
import type { YamlListReader } from './yaml-list';

/** Collects the mistakes of a subscription file, and reports YAML errors in plain words. */
export class YamlDiagnostics {
  private readonly mistakes = new Mistakes();
  private readonly syntaxMistakes = new Mistakes();
  private readonly linesWithSyntaxMistakes = new Set<number>();
  private lastDocument: Document | undefined;

  constructor(private readonly yaml: YamlListReader) {}

  get count(): number {
    return this.mistakes.count;
  }

  /** Mistakes to report. A syntax error makes the structure unreliable, so it hides all other mistakes. */
  reported(): Mistakes {
    return this.syntaxMistakes.count > 0 ? this.syntaxMistakes : this.mistakes;
  }

  add(line: number, message: string): void {
    this.mistakes.add(line, message);
  }

  /** Collects the syntax errors of a document. Returns false if its structure is unreliable. */
  checkSyntax(document: Document): boolean {
    // The last items of the list share a document.
    const isNew = document !== this.lastDocument;
    this.lastDocument = document;
    for (const error of isNew ? document.errors : []) {
      if (error.code === 'DUPLICATE_KEY') this.addDuplicateKey(document, error);
      else this.addSyntaxError(error.code, error.pos[0]);
    }
    // A duplicate key does not affect the rest of the document.
    return document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  }

  addSyntaxError(code: string, offset: number): void {
    const line = this.lineAt(offset);
    if (this.linesWithSyntaxMistakes.has(line)) return;
    this.linesWithSyntaxMistakes.add(line);
    const { lineStarts } = this.yaml.lines;
    const near = this.yaml.textBetween(lineStarts[Math.max(0, line - 3)] ?? 0, lineStarts[line] ?? Infinity);
    const hint = near.includes('flowUrl') ? '. Write a flow URL on one line, in quotes' : '';
    const message = SYNTAX_ERRORS[code] ?? 'invalid YAML; check the quotes and the indentation here and above';
    this.syntaxMistakes.add(line, message + hint);
  }

  addStrayAlias({ range }: Node): void {
    this.add(
      this.lineAt(range?.[0]),
      'a value starts with *, which YAML reads as an alias, but no anchor (&) of this name precedes it; put the value in quotes, or define the anchor',
    );
  }

  /** Line of a key in a node, or of its closest existing parent. */
  lineOf(start: Node, document: Document, path: readonly string[] = []): number {
    let node: unknown = start;
    let offset = start.range?.[0];
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (!isCollection(node)) break;
      const found = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && String(key.value) === step)
        : node.items[Number(step)];
      if (!found) break;
      const place: unknown = isPair(found) ? found.key : found;
      offset = (place as { range?: readonly number[] | null } | null)?.range?.[0] ?? offset;
      node = isPair(found) ? found.value : found;
    }
    return this.lineAt(offset);
  }

  private lineAt(offset = 0): number {
    return Math.max(1, this.yaml.lines.linePos(offset).line);
  }

  private addDuplicateKey(document: Document, { pos }: YAMLParseError): void {
    let name: unknown;
    visit(document, {
      Pair(_, { key }) {
        if (isScalar(key) && key.range?.[0] === pos[0]) name = key.value;
      },
    });
    this.add(this.lineAt(pos[0]), `${keyText(name)} is duplicated; keep one`);
  }
}

/** A key for a message. Only short, plain keys are shown: others can be parts of a flow URL. */
export const keyText = (key: unknown): string =>
  typeof key === 'string' && /^[\w-]{1,40}$/.test(key) ? `"${key}"` : 'a key';

/** Messages by the error code of the YAML parser, whose own messages can quote the file. */
const SYNTAX_ERRORS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'the line is indented with a tab; use spaces',
  BAD_INDENT: 'the indentation does not match the lines above; start all keys of a subscription in the same column',
  BAD_SCALAR_START: 'a value starts with a character that needs quotes (such as @, ` or %); put the value in quotes',
  BAD_DQ_ESCAPE: 'double quotes contain a backslash; use single quotes',
  MISSING_CHAR: 'a quotation mark, bracket, comma or colon is missing here or above; add it',
  MULTILINE_IMPLICIT_KEY: 'the line is not a key with a value and does not continue the line above; write key: value',
  BLOCK_AS_IMPLICIT_KEY: 'the value contains a colon and a space; put the value in quotes',
  BLOCK_IN_FLOW: 'brackets contain an indented list or map; close the bracket first',
  BAD_ALIAS: 'a value starts with * or &, which YAML reads as an anchor; put the value in quotes',
  ALIAS_PROPS: 'a value starts with * or &, which YAML reads as an anchor; put the value in quotes',
  MULTIPLE_ANCHORS: 'a value starts with &, which YAML reads as an anchor; put the value in quotes',
  TAG_RESOLVE_FAILED: 'a value starts with !, which YAML reads as a type; put the value in quotes',
  MULTIPLE_DOCS: 'a second document starts here (---); keep one document per file',
};

export function topLevelMistake(top: unknown): string {
  if (top === null || (isScalar(top) && (top.value === null || top.value === ''))) {
    return 'the file is empty; write "subscriptions:" and below it a list of subscriptions';
  }
  const type = isCollection(top) ? 'a list' : 'a text';
  return `the file is ${type}; write "subscriptions:" on a line of its own and the list below it`;
}

export function listMistake(value: unknown): string {
  if (value === undefined)
    return '"subscriptions" is missing; write "subscriptions:" and below it a list of subscriptions';
  if (value === null) return '"subscriptions" is empty; write a list below it, or [] for none';
  return `"subscriptions" is ${displayValue(value)}; write a list, with - before the first key of each subscription`;
}
