import * as v from 'valibot';
import { type Document, isAlias, isCollection, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { nearest, shown } from '../lambda/core/entry/words';
import { checkFlowUrl, type FlowUrlOptions } from '../lambda/core/flow-url';
import type { SecretReference } from '../lambda/core/secret-reference';
import type { SubscriptionDefinition } from '../lambda/core/subscription';
import { checkEntry, DEFAULT_SET, type EntryMistake, setSchema, toDefinition } from '../lambda/core/subscription-entry';

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

/** All mistakes of a subscription file, in the order of their lines. Holds no flow URL. */
export class SubscriptionFileError extends Error {
  override readonly name = 'SubscriptionFileError';

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('\n'));
  }
}

/**
 * Reads a subscription file (YAML, and so JSON).
 * @throws SubscriptionFileError with every mistake, each as `FILE:LINE: subscription "NAME": what is wrong; what to write`.
 */
export function readSubscriptionFile(text: string, options: ReadOptions): SubscriptionFile {
  const lineCounter = new LineCounter();
  // `prettyErrors` would quote lines of the file, and with them flow URLs. `merge` is for `<<: *defaults`.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true, logLevel: 'error' });
  const reader = new FileReader(text, document, lineCounter, options);
  return reader.read();
}

/** A mistake or a warning and where it stands. */
interface Note {
  readonly line: number;
  readonly message: string;
}

class FileReader {
  private readonly mistakes: Note[] = [];
  private readonly warnings: Note[] = [];
  private readonly firstLineOfName = new Map<string, number>();
  /** Lines of flow URLs that stand in the file itself. */
  private readonly linesOfOpenUrls: number[] = [];

  constructor(
    private readonly text: string,
    private readonly document: Document.Parsed,
    private readonly lineCounter: LineCounter,
    private readonly options: ReadOptions,
  ) {}

  read(): SubscriptionFile {
    const read = this.readDocument();
    if (!read || this.mistakes.length > 0) throw new SubscriptionFileError(this.inOrder(this.mistakes));
    this.warnAboutOpenUrls();
    return { ...read, warnings: this.inOrder(this.warnings) };
  }

  private readDocument(): Pick<SubscriptionFile, 'set' | 'entries'> | undefined {
    this.noteSyntaxErrors();
    // A key that is there twice leaves the rest readable; after any other mistake the structure cannot be trusted.
    if (this.document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) return undefined;
    const content = this.content();
    if (content === undefined) return undefined;
    const set = this.readSet(content.set);
    const list = content.subscriptions;
    for (const key of Object.keys(content)) {
      if (key === 'set' || key === 'subscriptions') continue;
      const meant = nearest(key, ['set', 'subscriptions']);
      const label = /^[\w-]{1,40}$/.test(key) ? `"${key}"` : 'a key';
      this.wrong(
        this.lineOf([key]),
        `${label} is not known at the top of the file; write ${meant ?? 'set or subscriptions'}`,
      );
    }
    if (!Array.isArray(list)) {
      // A misspelled key has been told already.
      if (list !== undefined || Object.keys(content).every((key) => key === 'set')) this.wrong(...this.noList(list));
      return undefined;
    }
    const lines = list.map((_, at) => this.lineOf(['subscriptions', at]));
    const entries = list.map((value: unknown, at) => this.readEntry(value, at, lines[at] ?? 1));
    return { set, entries: entries.filter((entry) => entry !== undefined) };
  }

  /** The file's top, a map; or nothing and a mistake. */
  private content(): Record<string, unknown> | undefined {
    const top: unknown = this.document.contents;
    if (top === null || (isScalar(top) && (top.value === null || top.value === ''))) {
      return this.wrong(1, 'the file is empty; write "subscriptions:" and under it a list of subscriptions');
    }
    if (!isMap(top)) {
      const what = isCollection(top) ? 'starts with a list' : 'is a text';
      return this.wrong(1, `the file ${what}; write "subscriptions:" on a line of its own and the list under it`);
    }
    const strayAlias = this.firstAliasWithoutAnchor();
    if (strayAlias) return this.wrong(...strayAlias);
    // The file is its user's own, and many entries may share an anchor: no limit on aliases.
    try {
      return this.document.toJS({ maxAliasCount: -1 }) as Record<string, unknown>;
    } catch {
      const line = this.lineAt(Math.max(0, this.text.search(/<<\s*:|\*/)));
      return this.wrong(line, 'an anchor cannot be filled in; write <<: *name for a map, and no anchor within itself');
    }
  }

  private firstAliasWithoutAnchor(): [number, string] | undefined {
    const anchors = new Set<string>();
    let stray: [number, string] | undefined;
    visit(this.document, (_, node) => {
      if (isAlias(node) && !anchors.has(node.source)) {
        stray = [
          this.lineAt(node.range?.[0]),
          'a value starts with *, which stands for an anchor (&) that is not there; put the value in quotes, or set the anchor before it',
        ];
        return visit.BREAK;
      }
      if ((isScalar(node) || isCollection(node)) && node.anchor) anchors.add(node.anchor);
      return undefined;
    });
    return stray;
  }

  private readSet(value: unknown): string {
    if (value === undefined) return DEFAULT_SET;
    const checked = v.safeParse(setSchema, value);
    if (checked.success) return checked.output;
    this.wrong(this.lineOf(['set']), `"set" ${checked.issues[0].message}`);
    return DEFAULT_SET;
  }

  private noList(value: unknown): [number, string] {
    if (value === undefined)
      return [1, '"subscriptions" is missing; write "subscriptions:" and under it a list of subscriptions'];
    const line = this.lineOf(['subscriptions']);
    if (value === null) return [line, '"subscriptions" is empty; write a list under it, or [] for none'];
    return [line, `"subscriptions" is ${shown(value)}; write a list, with - before the first key of each subscription`];
  }

  private readEntry(value: unknown, at: number, line: number): FileEntry | undefined {
    const before = this.mistakes.length;
    const label = labelOf(value, at);
    const wrong = ({ path, message }: EntryMistake) =>
      this.wrong(this.lineOf(['subscriptions', at, ...path]), `${label}: ${message}`);
    const filled = this.fillIn(value, wrong);
    const checked = checkEntry(filled.value);
    if ('mistakes' in checked) {
      for (const mistake of checked.mistakes) if (!filled.failed.has(mistake.path[0] ?? '')) wrong(mistake);
    }
    this.noteName(value, line, label);
    const flowUrl = filled.failed.has('flowUrl') ? undefined : this.readFlowUrl(value, filled.value, at, label);
    if (this.mistakes.length > before || 'mistakes' in checked) return undefined;
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

  private readFlowUrl(raw: unknown, filled: unknown, at: number, label: string): string | undefined {
    const { flowUrl: text, auth } = (filled ?? {}) as { flowUrl?: unknown; auth?: unknown };
    // Anything else has been told as a mistake of the entry.
    if (typeof text !== 'string' || text === '') return undefined;
    const line = this.lineOf(['subscriptions', at, 'flowUrl']);
    const variables = String((raw as { flowUrl: unknown }).flowUrl).match(/(?<!\$)\$\{[^}]*\}/g);
    const origin = variables ? ` (from ${variables.join(', ')})` : '';
    const checked = checkFlowUrl(text, { ...this.options, credential: auth === undefined ? 'signature' : 'token' });
    if ('reason' in checked) return this.wrong(line, `${label}: "flowUrl"${origin}: ${checked.reason}`);
    if (checked.warning) this.warnings.push({ line, message: `${label}: "flowUrl"${origin}: ${checked.warning}` });
    if (!variables && !this.options.loopback) this.linesOfOpenUrls.push(line);
    return checked.url;
  }

  private noteName(value: unknown, line: number, label: string): void {
    const name = (value as { name?: unknown } | null)?.name;
    if (typeof name !== 'string' || name === '') return;
    const first = this.firstLineOfName.get(name);
    if (first === undefined) this.firstLineOfName.set(name, line);
    else this.wrong(line, `${label}: the name is already used on line ${first}; give each subscription its own name`);
  }

  private warnAboutOpenUrls(): void {
    const [first] = this.linesOfOpenUrls;
    if (first === undefined) return;
    const count = this.linesOfOpenUrls.length;
    const what = count === 1 ? 'a flow URL stands' : `${count} flow URLs stand`;
    const message = `${what} in this file, and whoever reads it can start the flow; write \${NAME} instead and set the environment variable NAME`;
    this.warnings.push({ line: first, message });
  }

  private noteSyntaxErrors(): void {
    const told = new Set<number>();
    for (const { code, pos } of this.document.errors) {
      const line = this.lineAt(pos[0]);
      if (told.has(line)) continue;
      told.add(line);
      this.wrong(line, code === 'DUPLICATE_KEY' ? this.duplicateKey(pos[0]) : this.syntaxError(code, line));
    }
  }

  private duplicateKey(offset: number): string {
    const key = /^["']?([\w-]{1,40})["']?\s*:/.exec(this.text.slice(offset, offset + 60))?.[1];
    return `${key ? `"${key}"` : 'a key'} stands twice in the same place; keep one`;
  }

  private syntaxError(code: string, line: number): string {
    const near = this.text.split(/\r?\n/).slice(Math.max(0, line - 3), line);
    const hint = near.some((part) => part.includes('flowUrl')) ? '. A flow URL stands on one line, in quotes' : '';
    return (SYNTAX_ERRORS[code] ?? 'this is not YAML; check the quotes and the indentation here and above') + hint;
  }

  /** Line of the key or list item at a path; of the nearest thing around it where it does not exist. */
  private lineOf(path: readonly (string | number)[]): number {
    let node: unknown = this.document.contents;
    let offset: number | undefined;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(this.document);
      if (!isCollection(node)) break;
      const found = isMap(node)
        ? node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
        : node.items[Number(step)];
      if (!found) break;
      const place: unknown = isPair(found) ? found.key : found;
      offset = (place as { range?: readonly number[] | null } | null)?.range?.[0] ?? offset;
      node = isPair(found) ? found.value : found;
    }
    return this.lineAt(offset);
  }

  private lineAt(offset = 0): number {
    return Math.max(1, this.lineCounter.linePos(offset).line);
  }

  private wrong(line: number, message: string): undefined {
    this.mistakes.push({ line, message });
  }

  private inOrder(notes: readonly Note[]): string[] {
    return notes
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, message }) => `${this.options.file}:${line}: ${message}`);
  }
}

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
