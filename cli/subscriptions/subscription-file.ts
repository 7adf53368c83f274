import * as v from 'valibot';
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
import { toDefinition } from '../../lambda/subscriptions/core/entry/definition';
import { nearest, shown } from '../../lambda/subscriptions/core/entry/messages';
import { DEFAULT_SET, setSchema } from '../../lambda/subscriptions/core/entry/schema';
import { checkFlowUrl, type FlowUrlOptions } from '../../lambda/subscriptions/core/flow-url';
import type { SecretReference } from '../../lambda/subscriptions/core/secret-reference';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { checkEntry, type EntryMistake } from '../../lambda/subscriptions/core/subscription-entry';
import { Mistakes } from '../shell/mistakes';
import { type Part, type Rest, YamlListReader } from './yaml-list';

export interface ReadOptions extends FlowUrlOptions {
  /** The file's name, for messages. */
  readonly file: string;
  /** Where `${NAME}` comes from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface FileEntry {
  readonly definition: SubscriptionDefinition;
  /** In clear: for sealing, never for showing. */
  readonly flowUrl?: string;
  /** Where the flow URL is kept, instead of the URL itself. */
  readonly flowUrlFrom?: SecretReference;
  /** Line of the entry's first key, from 1. */
  readonly line: number;
}

export interface SubscriptionFile {
  readonly set: string;
  readonly entries: FileEntry[];
  readonly warnings: string[];
}

/** The mistakes of a subscription file, in the order of their lines: the first ones, and how many more there are. Holds no flow URL. */
export class SubscriptionFileError extends Error {
  override readonly name = 'SubscriptionFileError';

  /** @param count of all mistakes. */
  constructor(
    readonly mistakes: readonly string[],
    readonly count: number,
  ) {
    super(mistakes.join('\n'));
  }
}

/**
 * Reads a subscription file (YAML, and so JSON).
 * @throws SubscriptionFileError with its mistakes, each as `FILE:LINE: subscription "NAME": what is wrong; what to write`.
 */
export function readSubscriptionFile(text: string, options: ReadOptions): SubscriptionFile {
  const reader = new FileReader(options);
  const entries = [...reader.push(text), ...reader.end()];
  return { ...reader.result(), entries };
}

/** A subscription file without mistakes, too long to be held. */
export interface CheckedSubscriptionFile extends Omit<SubscriptionFile, 'entries'> {
  readonly count: number;
  /** Reads the file again. */
  entries(): AsyncGenerator<FileEntry>;
}

/**
 * Checks a whole subscription file, piece by piece.
 * @param open starts reading the file. It has to give the same text each time.
 * @throws what `readSubscriptionFile` throws.
 */
export async function checkSubscriptionFile(
  open: () => AsyncIterable<string>,
  options: ReadOptions,
): Promise<CheckedSubscriptionFile> {
  const reader = new FileReader(options);
  let count = 0;
  for await (const _ of readThrough(reader, open())) count++;
  return { ...reader.result(), count, entries: () => readThrough(new FileReader(options), open()) };
}

async function* readThrough(reader: FileReader, texts: AsyncIterable<string>): AsyncGenerator<FileEntry> {
  for await (const text of texts) yield* reader.push(text);
  yield* reader.end();
}

class FileReader {
  private readonly yaml = new YamlListReader('subscriptions');
  /** After a syntax mistake the structure is uncertain, so no other mistakes are reported. */
  private readonly syntaxMistakes = new Mistakes();
  private readonly mistakes = new Mistakes();
  private readonly warnings = new Mistakes('warning');
  private readonly linesWithSyntaxMistakes = new Set<number>();
  private readonly firstLineOfName = new Map<string, number>();
  /** Flow URLs that stand in the file itself. */
  private openUrls = 0;
  private firstLineOfOpenUrl = Number.POSITIVE_INFINITY;
  private items = 0;
  private lastDocument: Document | undefined;
  private set = DEFAULT_SET;

  constructor(private readonly options: ReadOptions) {}

  /** Gives the entries that a piece of the file completes and that have no mistake. */
  *push(text: string): Generator<FileEntry> {
    for (const part of this.yaml.push(text)) yield* this.entryOf(part);
  }

  *end(): Generator<FileEntry> {
    const parts = this.yaml.end();
    let next = parts.next();
    for (; !next.done; next = parts.next()) yield* this.entryOf(next.value);
    this.readRest(next.value);
  }

  /**
   * The file's set and warnings. Call it after `end`.
   * @throws SubscriptionFileError
   */
  result(): Pick<SubscriptionFile, 'set' | 'warnings'> {
    const told = this.syntaxMistakes.count > 0 ? this.syntaxMistakes : this.mistakes;
    const { file } = this.options;
    if (told.count > 0) throw new SubscriptionFileError(told.texts(file), told.count);
    this.warnAboutOpenUrls();
    return { set: this.set, warnings: this.warnings.texts(file) };
  }

  private *entryOf({ document, node, strayAlias }: Part): Generator<FileEntry> {
    const at = this.items++;
    if (!this.isReadable(document)) return;
    if (strayAlias) this.noteStrayAlias(strayAlias);
    else {
      const entry = this.readEntry(this.valueOf(document, node), at, { document, node });
      if (entry) yield entry;
    }
  }

  /** The item as a value; undefined where it has none, which is a mistake. */
  private valueOf(document: Document, node: Node): unknown {
    // The file is its user's own, and many entries may share an anchor: no limit on aliases.
    try {
      return node.toJS(document, { maxAliasCount: -1 });
    } catch {
      const message = 'an anchor cannot be filled in; write <<: *name for a map, and no anchor within itself';
      this.wrong(this.lineOf(node, document), message);
      return UNREADABLE;
    }
  }

  private readRest({ document, strayAlias, secondDocument }: Rest): void {
    const isReadable = this.isReadable(document);
    if (secondDocument !== undefined) this.noteSyntaxError('MULTIPLE_DOCS', secondDocument);
    if (!isReadable || secondDocument !== undefined) return;
    const top: unknown = document.contents;
    if (!isMap(top)) this.wrong(1, shapeMistake(top));
    else if (strayAlias) this.noteStrayAlias(strayAlias);
    else {
      const content = this.valueOf(document, top);
      if (content !== UNREADABLE) this.readContent(content as Record<string, unknown>, top, document);
    }
  }

  private readContent(content: Record<string, unknown>, top: Node, document: Document): void {
    const lineOf = (...path: string[]) => this.lineOf(top, document, path);
    this.readSet(content.set, lineOf('set'));
    const list = content.subscriptions;
    for (const key of Object.keys(content)) {
      if (key === 'set' || key === 'subscriptions') continue;
      const meant = nearest(key, ['set', 'subscriptions']);
      const label = /^[\w-]{1,40}$/.test(key) ? `"${key}"` : 'a key';
      this.wrong(lineOf(key), `${label} is not known at the top of the file; write ${meant ?? 'set or subscriptions'}`);
    }
    // A misspelled key has been told already.
    const isTold = list === undefined && Object.keys(content).some((key) => key !== 'set');
    if (!Array.isArray(list) && !isTold)
      this.wrong(list === undefined ? 1 : lineOf('subscriptions'), listMistake(list));
  }

  private readSet(value: unknown, line: number): void {
    if (value === undefined) return;
    const checked = v.safeParse(setSchema, value);
    if (checked.success) this.set = checked.output;
    else this.wrong(line, `"set" ${checked.issues[0].message}`);
  }

  private readEntry(value: unknown, at: number, { document, node }: Part): FileEntry | undefined {
    if (value === UNREADABLE) return undefined;
    const before = this.mistakes.count;
    const label = labelOf(value, at);
    const lineOf = (path: readonly string[] = []) => this.lineOf(node, document, path);
    const line = lineOf();
    const wrong = ({ path, message }: EntryMistake) => this.wrong(lineOf(path), `${label}: ${message}`);
    const filled = this.fillIn(value, wrong);
    const checked = checkEntry(filled.value);
    if ('mistakes' in checked) {
      for (const mistake of checked.mistakes) if (!filled.failed.has(mistake.path[0] ?? '')) wrong(mistake);
    }
    this.noteName(value, line, label);
    const flowUrl = filled.failed.has('flowUrl') ? undefined : this.readFlowUrl(value, filled.value, label, lineOf);
    if (this.mistakes.count > before || 'mistakes' in checked) return undefined;
    const { flowUrlFrom } = checked.entry;
    const flow = { ...(flowUrl !== undefined && { flowUrl }), ...(flowUrlFrom && { flowUrlFrom }) };
    return { definition: toDefinition(checked.entry), ...flow, line };
  }

  /** The entry with its variables filled in, and the keys where this failed. */
  private fillIn(value: unknown, wrong: (mistake: EntryMistake) => void): { value: unknown; failed: Set<string> } {
    const failed = new Set<string>();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { value, failed };
    const filled: Record<string, unknown> = { ...value };
    for (const key of KEYS_WITH_VARIABLES) {
      const text = filled[key];
      if (typeof text !== 'string') continue;
      const result = fillVariables(text, this.options.environment);
      if ('value' in result) filled[key] = result.value;
      else {
        failed.add(key);
        wrong({ path: [key], message: `"${key}" ${result.reason}` });
      }
    }
    return { value: filled, failed };
  }

  private readFlowUrl(
    raw: unknown,
    filled: unknown,
    label: string,
    lineOf: (path: readonly string[]) => number,
  ): string | undefined {
    const { flowUrl: text, auth } = (filled ?? {}) as { flowUrl?: unknown; auth?: unknown };
    // Anything else has been told as a mistake of the entry.
    if (typeof text !== 'string' || text === '') return undefined;
    const line = lineOf(['flowUrl']);
    const variables = String((raw as { flowUrl: unknown }).flowUrl).match(/(?<!\$)\$\{[^}]*\}/g);
    const origin = variables ? ` (from ${variables.join(', ')})` : '';
    const checked = checkFlowUrl(text, { ...this.options, credential: auth === undefined ? 'signature' : 'token' });
    if ('reason' in checked) {
      this.wrong(line, `${label}: "flowUrl"${origin}: ${checked.reason}`);
      return undefined;
    }
    if (checked.warning) this.warnings.add(line, `${label}: "flowUrl"${origin}: ${checked.warning}`);
    if (!variables && !this.options.loopback) {
      this.openUrls++;
      this.firstLineOfOpenUrl = Math.min(this.firstLineOfOpenUrl, line);
    }
    return checked.url;
  }

  private noteName(value: unknown, line: number, label: string): void {
    const name = (value as { name?: unknown } | null)?.name;
    if (typeof name !== 'string' || name === '') return;
    const first = this.firstLineOfName.get(name);
    if (first === undefined) this.firstLineOfName.set(detached(name), line);
    else this.wrong(line, `${label}: the name is already used on line ${first}; give each subscription its own name`);
  }

  private warnAboutOpenUrls(): void {
    if (this.openUrls === 0) return;
    const what = this.openUrls === 1 ? 'a flow URL stands' : `${this.openUrls} flow URLs stand`;
    const message = `${what} in this file, and whoever reads it can start the flow; write \${NAME} instead and set the environment variable NAME`;
    this.warnings.add(this.firstLineOfOpenUrl, message);
  }

  /** Notes the syntax errors. False where the structure cannot be trusted. */
  private isReadable(document: Document): boolean {
    // The last items share a document.
    const isNew = document !== this.lastDocument;
    this.lastDocument = document;
    for (const error of isNew ? document.errors : []) {
      if (error.code === 'DUPLICATE_KEY') this.noteDuplicateKey(document, error);
      else this.noteSyntaxError(error.code, error.pos[0]);
    }
    // A key that is there twice leaves the rest readable.
    return document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  }

  private noteDuplicateKey(document: Document, { pos }: YAMLParseError): void {
    let name: unknown;
    visit(document, {
      Pair(_, { key }) {
        if (isScalar(key) && key.range?.[0] === pos[0]) name = key.value;
      },
    });
    const label = typeof name === 'string' && /^[\w-]{1,40}$/.test(name) ? `"${name}"` : 'a key';
    this.wrong(this.lineAt(pos[0]), `${label} stands twice in the same place; keep one`);
  }

  private noteSyntaxError(code: string, offset: number): void {
    const line = this.lineAt(offset);
    if (this.linesWithSyntaxMistakes.has(line)) return;
    this.linesWithSyntaxMistakes.add(line);
    const { lineStarts } = this.yaml.lines;
    const near = this.yaml.textBetween(lineStarts[Math.max(0, line - 3)] ?? 0, lineStarts[line] ?? Infinity);
    const hint = near.includes('flowUrl') ? '. A flow URL stands on one line, in quotes' : '';
    const message = SYNTAX_ERRORS[code] ?? 'this is not YAML; check the quotes and the indentation here and above';
    this.syntaxMistakes.add(line, message + hint);
  }

  private noteStrayAlias({ range }: Node): void {
    this.wrong(
      this.lineAt(range?.[0]),
      'a value starts with *, which stands for an anchor (&) that is not there; put the value in quotes, or set the anchor before it',
    );
  }

  /** Line of a key in a node; of the nearest thing around it where it does not exist. */
  private lineOf(start: Node, document: Document, path: readonly string[] = []): number {
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

  private wrong(line: number, message: string): void {
    this.mistakes.add(line, message);
  }
}

/** Stands for the value of an item that cannot be read. */
const UNREADABLE = Symbol('unreadable');

/** The same text in memory of its own: a part of a text keeps the whole text. */
const detached = (text: string): string => Buffer.from(text).toString();

const KEYS_WITH_VARIABLES = ['flowUrl', 'link', 'flowLink'] as const;

/** How messages call an entry: by its name, or by its place where it has none that can be shown. */
function labelOf(value: unknown, at: number): string {
  const name = (value as { name?: unknown } | null)?.name;
  const showable = typeof name === 'string' && /^[\p{L}\p{N} _.-]{1,80}$/u.test(name);
  return showable ? `subscription "${name}"` : `subscription number ${at + 1}`;
}

/** Fills `${NAME}` from the environment; `$${` stands for `${` itself. A reason never holds a value. */
function fillVariables(text: string, environment: ReadOptions['environment']): { value: string } | { reason: string } {
  const bareName = /^\s*(?:\$(\w+)|%(\w+)%|\$?\{\{\s*(?:env\.)?(\w+)\s*\}\})\s*$/.exec(text);
  const meant = bareName?.[1] ?? bareName?.[2] ?? bareName?.[3];
  if (meant) return { reason: `is not a variable in the way this file writes one; write \${${meant}}` };
  let reason: string | undefined;
  const value = text.replaceAll(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (whole, name: string | undefined, end: string | undefined) => {
      if (whole === '$${') return '${';
      const filled = variable(name ?? '', end === '}', environment);
      if ('reason' in filled) reason ??= filled.reason;
      return 'value' in filled ? filled.value : '';
    },
  );
  return reason === undefined ? { value } : { reason };
}

function variable(
  name: string,
  closed: boolean,
  environment: ReadOptions['environment'],
): { value: string } | { reason: string } {
  if (!closed) return { reason: `has a \${ without its }; write \${NAME}, or $\${ for the signs themselves` };
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    return { reason: `has something else than a name in \${…}; write \${NAME} with letters, digits and _ only` };
  }
  const value = environment[name]?.trim();
  if (value) return { value };
  const state = environment[name] === undefined ? 'not set' : 'empty';
  return {
    reason: `takes its value from the environment variable ${name}, which is ${state}; set ${name} and try again`,
  };
}

/** YAML's mistakes in plain words, by the parser's code. The parser's own messages may quote the file. */
const SYNTAX_ERRORS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'the line is indented with a tab; use spaces',
  BAD_INDENT: 'the indentation does not fit the lines above; start the keys of one subscription in the same column',
  BAD_SCALAR_START: 'a value starts with a sign that needs quotes (such as @, ` or %); put the value in quotes',
  BAD_DQ_ESCAPE: 'a backslash stands between double quotes; use single quotes',
  MISSING_CHAR: 'a quotation mark, bracket, comma or colon is missing here or above; complete it',
  MULTILINE_IMPLICIT_KEY: 'this is neither a key with a value nor the rest of the line above; write key: value',
  BLOCK_AS_IMPLICIT_KEY: 'the value has a colon and a space in it; put the value in quotes',
  BLOCK_IN_FLOW: 'a list or map by lines stands within brackets; close the bracket first',
  BAD_ALIAS: 'a value starts with * or &, which YAML reads as an anchor; put the value in quotes',
  ALIAS_PROPS: 'a value starts with * or &, which YAML reads as an anchor; put the value in quotes',
  MULTIPLE_ANCHORS: 'a value starts with &, which YAML reads as an anchor; put the value in quotes',
  TAG_RESOLVE_FAILED: 'a value starts with !, which YAML reads as a type; put the value in quotes',
  MULTIPLE_DOCS: 'a second document starts here (---); keep one document in a file',
};

/** What is wrong with a file that is no map at its top. */
function shapeMistake(top: unknown): string {
  if (top === null || (isScalar(top) && (top.value === null || top.value === ''))) {
    return 'the file is empty; write "subscriptions:" and under it a list of subscriptions';
  }
  const what = isCollection(top) ? 'starts with a list' : 'is a text';
  return `the file ${what}; write "subscriptions:" on a line of its own and the list under it`;
}

/** What is wrong with "subscriptions" that is no list. */
function listMistake(value: unknown): string {
  if (value === undefined)
    return '"subscriptions" is missing; write "subscriptions:" and under it a list of subscriptions';
  if (value === null) return '"subscriptions" is empty; write a list under it, or [] for none';
  return `"subscriptions" is ${shown(value)}; write a list, with - before the first key of each subscription`;
}
