import * as v from 'valibot';
import { type Document, isMap, type Node } from 'yaml';
import { containsCredential } from '../../lambda/shared/core/redact';
import { toDefinition } from '../../lambda/subscriptions/core/entry/definition';
import { closestWord } from '../../lambda/subscriptions/core/entry/messages';
import { DEFAULT_SET, setSchema } from '../../lambda/subscriptions/core/entry/schema';
import { checkFlowUrl, type FlowUrlOptions } from '../../lambda/subscriptions/core/flow-url';
import type { SecretReference } from '../../lambda/subscriptions/core/secret-reference';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { checkEntry, type EntryMistake } from '../../lambda/subscriptions/core/subscription-entry';
import { Mistakes } from '../shell/mistakes';
import { fillVariables } from './variables';
import { keyText, listMistake, topLevelMistake, YamlDiagnostics } from './yaml-diagnostics';
import { type ListItem, type Remainder, YamlListReader } from './yaml-list';

export interface ReadOptions extends FlowUrlOptions {
  /** Start that all names must have. Default: any names. */
  readonly prefix?: string;
  readonly file: string;
  /** Values of `${NAME}`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface FileEntry {
  readonly definition: SubscriptionDefinition;
  /** In plain text: only for encryption, never for output. */
  readonly flowUrl?: string;
  /** Secret or parameter that holds the flow URL. */
  readonly flowUrlFrom?: SecretReference;
  /** Line of the entry's first key, from 1. */
  readonly line: number;
}

/** Reads and validates a subscription file in chunks: call `push` for each chunk, then `end`. */
export class FileReader {
  private readonly yaml = new YamlListReader('subscriptions');
  private readonly diagnostics = new YamlDiagnostics(this.yaml);
  private readonly allWarnings = new Mistakes('warning');
  private readonly awaited = new Mistakes();
  private readonly firstLineOfName = new Map<string, number>();
  /** Flow URLs in plain text in the file. */
  private plainUrls = 0;
  private firstLineOfPlainUrl = Number.POSITIVE_INFINITY;
  private entryCount = 0;
  /** The file's set. Final after `end`. */
  set = DEFAULT_SET;

  constructor(private readonly options: ReadOptions) {}

  /** Yields the valid entries that the chunk completes. */
  *push(text: string): Generator<FileEntry> {
    for (const item of this.yaml.push(text)) yield* this.entryOf(item);
  }

  *end(): Generator<FileEntry> {
    const items = this.yaml.end();
    let next = items.next();
    for (; !next.done; next = items.next()) yield* this.entryOf(next.value);
    this.readRest(next.value);
  }

  /** The first mistakes by line, and the number of all. Final after `end`. */
  mistakes(): { readonly mistakes: string[]; readonly count: number } {
    const reported = this.diagnostics.reported();
    return { mistakes: reported.texts(this.options.file), count: reported.count };
  }

  /** The subscriptions that await reports, as mistakes for a connector that accepts none. Final after `end`. */
  awaitedReports(): { readonly mistakes: string[]; readonly count: number } {
    return { mistakes: this.awaited.texts(this.options.file), count: this.awaited.count };
  }

  warnings(): string[] {
    if (this.plainUrls > 0) {
      const what = this.plainUrls === 1 ? 'a flow URL' : `${this.plainUrls} flow URLs`;
      const message = `the file contains ${what} in plain text, and everyone who can read the file can start the flow; write \${NAME} instead and set the environment variable NAME`;
      this.allWarnings.add(this.firstLineOfPlainUrl, message);
    }
    return this.allWarnings.texts(this.options.file);
  }

  private *entryOf({ document, node, strayAlias }: ListItem): Generator<FileEntry> {
    const index = this.entryCount++;
    if (!this.diagnostics.checkSyntax(document)) return;
    if (strayAlias) this.diagnostics.addStrayAlias(strayAlias);
    else {
      const entry = this.readEntry(this.valueOf(document, node), index, { document, node });
      if (entry) yield entry;
    }
  }

  /** The value of a node. Adds a mistake and returns UNREADABLE if it has none. */
  private valueOf(document: Document, node: Node): unknown {
    // The file comes from the user, and many entries can share an anchor: the number of aliases is not limited.
    try {
      return node.toJS(document, { maxAliasCount: -1 });
    } catch {
      const message = 'an anchor cannot be resolved; use <<: *name only for a map, and no anchor inside itself';
      this.diagnostics.add(this.diagnostics.lineOf(node, document), message);
      return UNREADABLE;
    }
  }

  private readRest({ document, strayAlias, secondDocument }: Remainder): void {
    const { diagnostics } = this;
    const isReadable = diagnostics.checkSyntax(document);
    if (secondDocument !== undefined) diagnostics.addSyntaxError('MULTIPLE_DOCS', secondDocument);
    if (!isReadable || secondDocument !== undefined) return;
    const top: unknown = document.contents;
    if (!isMap(top)) diagnostics.add(1, topLevelMistake(top));
    else if (strayAlias) diagnostics.addStrayAlias(strayAlias);
    else {
      const content = this.valueOf(document, top);
      if (content !== UNREADABLE) this.readContent(content as Record<string, unknown>, top, document);
    }
  }

  private readContent(content: Record<string, unknown>, top: Node, document: Document): void {
    const lineOf = (...path: string[]) => this.diagnostics.lineOf(top, document, path);
    this.readSet(content.set, lineOf('set'));
    const list = content.subscriptions;
    for (const key of Object.keys(content)) {
      if (key === 'set' || key === 'subscriptions') continue;
      const meant = closestWord(key, ['set', 'subscriptions']) ?? 'set or subscriptions';
      this.diagnostics.add(lineOf(key), `${keyText(key)} is unknown at the top level of the file; write ${meant}`);
    }
    // If there is a misspelled key instead, that mistake is enough.
    const isReported = list === undefined && Object.keys(content).some((key) => key !== 'set');
    if (!Array.isArray(list) && !isReported)
      this.diagnostics.add(list === undefined ? 1 : lineOf('subscriptions'), listMistake(list));
  }

  private readSet(value: unknown, line: number): void {
    if (value === undefined) return;
    const checked = v.safeParse(setSchema, value);
    if (checked.success) this.set = checked.output;
    else this.diagnostics.add(line, `"set" ${checked.issues[0].message}`);
  }

  private readEntry(value: unknown, index: number, { document, node }: ListItem): FileEntry | undefined {
    if (value === UNREADABLE) return undefined;
    const before = this.diagnostics.count;
    const label = labelOf(value, index);
    const lineOf = (path: readonly string[] = []) => this.diagnostics.lineOf(node, document, path);
    const line = lineOf();
    const add = ({ path, message }: EntryMistake) => this.diagnostics.add(lineOf(path), `${label}: ${message}`);
    const filled = this.fillIn(value, add);
    const checked = checkEntry(filled.value);
    if ('mistakes' in checked) {
      for (const mistake of checked.mistakes) if (!filled.failed.has(mistake.path[0] ?? '')) add(mistake);
    }
    this.checkName(value, line, label);
    const flowUrl = filled.failed.has('flowUrl')
      ? undefined
      : this.readFlowUrl(value, filled.value, label, lineOf(['flowUrl']));
    if (this.diagnostics.count > before || 'mistakes' in checked) return undefined;
    const { flowUrlFrom, finishWithin } = checked.entry;
    if (finishWithin !== undefined) this.awaited.add(lineOf(['finishWithin']), `${label}: ${NO_REPORTS}`);
    const flow = { ...(flowUrl !== undefined && { flowUrl }), ...(flowUrlFrom && { flowUrlFrom }) };
    return { definition: toDefinition(checked.entry), ...flow, line };
  }

  /** The entry with its variables replaced, and the keys for which that failed. */
  private fillIn(value: unknown, add: (mistake: EntryMistake) => void): { value: unknown; failed: Set<string> } {
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
        add({ path: [key], message: `"${key}" ${result.reason}` });
      }
    }
    return { value: filled, failed };
  }

  private readFlowUrl(raw: unknown, filled: unknown, label: string, line: number): string | undefined {
    const { flowUrl: text, auth } = (filled ?? {}) as { flowUrl?: unknown; auth?: unknown };
    // The check of the entry reports values of other types.
    if (typeof text !== 'string' || text === '') return undefined;
    const variables = String((raw as { flowUrl: unknown }).flowUrl).match(/(?<!\$)\$\{[^}]*\}/g);
    const subject = `${label}: "flowUrl"${variables ? ` (from ${variables.join(', ')})` : ''}`;
    const checked = checkFlowUrl(text, { ...this.options, credential: auth === undefined ? 'signature' : 'token' });
    if ('reason' in checked) {
      this.diagnostics.add(line, `${subject}: ${checked.reason}`);
      return undefined;
    }
    if (checked.warning) this.allWarnings.add(line, `${subject}: ${checked.warning}`);
    if (!variables && !this.options.loopback) {
      this.plainUrls++;
      this.firstLineOfPlainUrl = Math.min(this.firstLineOfPlainUrl, line);
    }
    return checked.url;
  }

  private checkName(value: unknown, line: number, label: string): void {
    const name = (value as { name?: unknown } | null)?.name;
    if (typeof name !== 'string' || name === '') return;
    const first = this.firstLineOfName.get(name);
    if (first === undefined) this.firstLineOfName.set(copyOf(name), line);
    else this.diagnostics.add(line, `${label}: line ${first} already uses this name; use unique names`);
    const { prefix = '' } = this.options;
    if (!name.startsWith(prefix)) {
      this.diagnostics.add(line, `${label}: "name" does not start with ${prefix}; rename it, or use another --prefix`);
    }
  }
}

const UNREADABLE = Symbol('unreadable');

const NO_REPORTS =
  '"finishWithin" needs an API that accepts reports; remove it, or call addConnectorApi with ConnectorAction.REPORT_OUTCOMES in the CDK app and deploy it';

/** Copies a text: a slice of the file would keep the whole chunk in memory. */
const copyOf = (text: string): string => Buffer.from(text).toString();

const KEYS_WITH_VARIABLES = ['flowUrl', 'link', 'flowLink'] as const;

/** Identifies an entry in messages: by its name, or by its position if the name is missing or must not be shown. */
function labelOf(value: unknown, index: number): string {
  const name = (value as { name?: unknown } | null)?.name;
  const isShowable = typeof name === 'string' && /^[\p{L}\p{N} _.-]{1,80}$/u.test(name) && !containsCredential(name);
  return isShowable ? `subscription "${name}"` : `subscription number ${index + 1}`;
}
