/** An element of an XML document. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
const decode = (text: string): string =>
  text.replaceAll(/&(\w*);?/g, (whole, name: string) => {
    const found = ENTITIES[name];
    if (found === undefined || !whole.endsWith(';')) throw new Error(`no entity: ${whole}`);
    return found;
  });

/** Reads an XML document without comments and CDATA. Throws if it is not well formed. */
export function parseXml(document: string): XmlElement {
  const root = { name: '', attributes: {}, children: [] as XmlElement[], text: '' };
  const open = [root];
  let at = 0;
  for (const tag of document.matchAll(/<(\?xml [^?]*\?|\/[\w.:-]+|[\w.:-]+(?:\s+[\w.:-]+="[^"<]*")*\s*\/?)>/g)) {
    const text = document.slice(at, tag.index);
    if (/[<>]/.test(text)) throw new Error(`not well formed: ${text}`);
    const parent = open.at(-1) as typeof root;
    parent.text += decode(text).trim();
    at = tag.index + tag[0].length;
    const inner = tag[1] as string;
    if (inner.startsWith('?')) continue;
    if (inner.startsWith('/')) {
      if (open.pop()?.name !== inner.slice(1) || open.length === 0) throw new Error(`no open element for ${inner}`);
      continue;
    }
    const [name = ''] = /^[\w.:-]+/.exec(inner) ?? [];
    const pairs = [...inner.matchAll(/([\w.:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, decode(value as string)]);
    const element = { name, attributes: Object.fromEntries(pairs), children: [], text: '' };
    parent.children.push(element);
    if (!inner.endsWith('/')) open.push(element);
  }
  const [top] = root.children;
  if (open.length !== 1 || !top || root.children.length !== 1 || document.slice(at).trim() || root.text) {
    throw new Error('not exactly one closed root element');
  }
  return top;
}

/** All descendants with a name. */
export const elements = (root: XmlElement, name: string): XmlElement[] =>
  root.children.flatMap((child) => [...(child.name === name ? [child] : []), ...elements(child, name)]);
