import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
} from 'yaml';

/** `prettyErrors` would quote lines of the file. `merge` supports `<<: *defaults`. */
const OPTIONS = { prettyErrors: false, merge: true, logLevel: 'error' } as const;

/** An item of the list. */
export interface ListItem {
  readonly document: Document;
  readonly node: Node;
  /** The first alias without a preceding anchor. */
  readonly strayAlias?: Node;
}

/** The file without the items of the list. */
export interface Remainder {
  readonly document: Document;
  readonly strayAlias?: Node;
  /** Offset of a second document, which is ignored. */
  readonly secondDocument?: number;
}

type List = CST.BlockSequence | CST.FlowCollection;
type ListToken = List['items'][number];

/** The last items can still change: the parser can move a comment from the last item to the one before. */
const OPEN_ITEMS = 2;

/**
 * Reads YAML or JSON in chunks. The top level must be a map with one long list. Each complete item is composed as a
 * document of its own and then discarded. Offsets, directives and anchors of earlier items are those of the whole file.
 *
 * Memory: incomplete items, items with anchors, and the offset of each line. A file with a single line is held as text,
 * because the lexer reads whole lines.
 */
export class YamlListReader {
  /** Converts offsets to lines. */
  readonly lines = new LineCounter();
  private readonly lexer = new Lexer();
  private readonly parser = new Parser(this.lines.addNewLine);
  /** Complete tokens at the top level. */
  private readonly tokens: CST.Token[] = [];
  private readonly anchors = new Map<string, Node>();
  /** Text not yet passed to the lexer. */
  private unread = '';
  /** Text that is not composed yet, and its offset. */
  private source = '';
  private sourceStart = 0;
  private hasPlaceholder = false;

  /** @param key of the list. */
  constructor(private readonly key: string) {
    this.lines.addNewLine(0);
  }

  /** Reads the next chunk of the file. Yields the items that it completes. */
  *push(text: string): Generator<ListItem> {
    this.unread += text;
    const end = lastStart(this.unread);
    if (end === 0) return;
    const piece = this.unread.slice(0, end);
    this.unread = this.unread.slice(end);
    yield* this.parse(piece, true);
  }

  /** Call it at the end of the file. Yields the last items of the list and returns the rest of the file. */
  *end(): Generator<ListItem, Remainder> {
    yield* this.parse(this.unread, false);
    this.tokens.push(...this.parser.end());
    const documents = new Composer(OPTIONS).compose(this.tokens, true, this.parser.offset);
    const [document, second] = [...documents] as [Document.Parsed, Document.Parsed?];
    let strayAlias: Node | undefined;
    const pairs = isMap(document.contents) ? document.contents.items : [];
    for (const { key, value } of pairs) {
      if (isScalar(key) && key.value === this.key && isSeq(value)) {
        const items = value.items.slice(this.hasPlaceholder ? 1 : 0) as Node[];
        for (const node of items) yield this.listItem(document, node);
        value.items = [];
      } else if (value) strayAlias ??= this.link(value);
    }
    return { document, strayAlias, secondDocument: second?.range[0] };
  }

  /** Text between two offsets. Composed text is no longer available. */
  textBetween(start: number, end: number): string {
    return this.source.slice(Math.max(0, start - this.sourceStart), Math.max(0, end - this.sourceStart));
  }

  private *parse(piece: string, isIncomplete: boolean): Generator<ListItem> {
    this.source += piece;
    for (const lexeme of this.lexer.lex(piece, isIncomplete)) {
      for (const token of this.parser.next(lexeme)) this.tokens.push(token);
      yield* this.takeComplete();
    }
    const list = this.hasPlaceholder ? this.openList() : undefined;
    if (!list) return;
    const start = offsetOf(list.items[1]);
    this.source = this.source.slice(start - this.sourceStart);
    this.sourceStart = start;
  }

  /** Composes the complete items and replaces them with one placeholder. */
  private *takeComplete(): Generator<ListItem> {
    const [, , open] = this.parser.stack;
    // A fast path: most tokens complete no item.
    if (!open || !('items' in open) || open.items.length <= OPEN_ITEMS + 1) return;
    const list = this.openList();
    if (!list) return;
    if (!this.hasPlaceholder) this.linkBefore();
    const complete = list.items.splice(0, list.items.length - OPEN_ITEMS, placeholder(list));
    const first = this.hasPlaceholder ? complete.shift() : placeholder(list);
    for (const item of complete) {
      // In brackets an item includes the comma before it, so all but the first need an item before them.
      const isAlone = list.type === 'block-seq' || (!this.hasPlaceholder && item === complete[0]);
      const items = isAlone ? [inBrackets(item)] : [first, inBrackets(item)];
      const document = this.compose(closed({ ...list, items } as List));
      const node = (document.contents as { items?: Node[] } | null)?.items?.at(-1);
      if (node) yield this.listItem(document, node);
    }
    this.hasPlaceholder = true;
  }

  /** The list, if the parser is inside it. */
  private openList(): List | undefined {
    const [, map, list] = this.parser.stack;
    if (list?.type !== 'block-seq' && list?.type !== 'flow-collection') return undefined;
    if (list.type === 'flow-collection' && list.start.source !== '[') return undefined;
    if (map?.type !== 'block-map' && map?.type !== 'flow-collection') return undefined;
    if (this.tokens.some(({ type }) => type === 'document')) return undefined;
    const key = map.items.at(-1)?.key;
    return key && 'source' in key && key.source.replace(/^(["'])(.*)\1$/, '$2') === this.key ? list : undefined;
  }

  /** Registers the anchors before the list. */
  private linkBefore(): void {
    const map = this.parser.stack[1] as CST.BlockMap | CST.FlowCollection;
    const { contents } = this.compose(closed({ ...map, items: map.items.slice(0, -1) } as typeof map));
    if (contents) this.link(contents);
  }

  private compose(value: CST.Token): Document.Parsed {
    const { start } = this.parser.stack[0] as CST.Document;
    const directives = this.tokens.filter(({ type }) => type === 'directive');
    const [document] = new Composer(OPTIONS).compose(
      [...directives, { type: 'document', offset: (value as List).offset, start, value }],
      true,
      this.parser.offset,
    );
    return document as Document.Parsed;
  }

  private listItem(document: Document, node: Node): ListItem {
    return { document, node, strayAlias: this.link(node) };
  }

  /**
   * Resolves each alias, whose anchor can be in another item.
   * @returns the first alias without a preceding anchor.
   */
  private link(root: Node): Node | undefined {
    let stray: Node | undefined;
    visit(root, (_, node) => {
      if (isAlias(node)) {
        const target = this.anchors.get(node.source);
        if (!target) {
          stray = node;
          return visit.BREAK;
        }
        const resolve = node.resolve.bind(node);
        node.resolve = ((document, context) =>
          context ? resolve(document, { ...context, aliasResolveCache: [target] }) : target) as typeof node.resolve;
      } else if ((isScalar(node) || isCollection(node)) && node.anchor) this.anchors.set(node.anchor, node);
      return undefined;
    });
    return stray;
  }
}

/**
 * The last offset at which the lexer can stop, or 0. The lexer cannot always resume inside a multi-line text, so the
 * offset is after the first character of an item, or in JSON after the line break before a brace.
 */
function lastStart(text: string): number {
  for (let end = text.lastIndexOf('\n'); end > 0; end = text.lastIndexOf('\n', end - 1)) {
    const [start, brace] = /^ *(?:- +\S|([{}]))/.exec(text.slice(end + 1, end + 80)) ?? [];
    if (start !== undefined) return end + 1 + (brace ? 0 : start.length);
  }
  return 0;
}

const offsetOf = (item: ListToken | undefined): number => {
  const [first] = [...(item?.start ?? []), item?.key, item?.value].filter(
    (token) => token !== undefined && token !== null,
  );
  return (first as CST.SourceToken | undefined)?.offset ?? 0;
};

/** An empty item at the position of the first one. */
function placeholder({ type, offset, indent, items }: List): ListToken {
  const start = items[0]?.start.filter((token) => token.type === 'seq-item-ind') ?? [];
  const value: CST.FlowScalar = { type: 'scalar', offset, indent, source: '0' };
  return { start: type === 'block-seq' ? start : [], value };
}

/** The item as the parser completes it at the closing bracket: before that, the parser holds a value as a key. */
function inBrackets(item: ListToken): ListToken {
  const { start, key, sep, value } = item;
  if (!sep || value || sep.some(({ type }) => type === 'map-value-ind')) return item;
  return { start: [...start, ...sep], value: key ?? undefined };
}

function closed<T extends List | CST.BlockMap>(token: T): T {
  if (token.type !== 'flow-collection') return token;
  const { source } = token.start;
  const [type, bracket] = source === '[' ? ['flow-seq-end', ']'] : ['flow-map-end', '}'];
  return { ...token, end: [{ type, offset: token.offset, indent: token.indent + 1, source: bracket }] } as T;
}
