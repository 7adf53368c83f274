import { createHash } from 'node:crypto';
import { DesignerRoute } from '../routes';

/** HTML documents that are kept for their frames. */
const MAX_DOCUMENTS = 20;
const HTML = /^\s*<(!doctype html|html|body|div|table|p|h[1-6])\b/i;

/** HTML in the results of actions. A frame without rights shows each, with its own content security policy. */
export class Documents {
  private readonly byPath = new Map<string, string>();

  /** Keeps the HTML texts in a result. Returns their paths by text. */
  add(body: unknown): ReadonlyMap<string, string> {
    const found = new Map(htmlIn(body).map((text) => [text, pathOf(text)] as const));
    for (const [text, path] of found) {
      // A document that is shown again becomes the newest.
      this.byPath.delete(path);
      this.byPath.set(path, text);
    }
    for (const path of [...this.byPath.keys()].slice(0, -MAX_DOCUMENTS)) this.byPath.delete(path);
    return found;
  }

  find(path: string): string | undefined {
    return this.byPath.get(path);
  }
}

const pathOf = (text: string): string => `${DesignerRoute.DOCUMENT}${createHash('sha256').update(text).digest('hex')}`;

function htmlIn(value: unknown): string[] {
  if (typeof value === 'string') return HTML.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(htmlIn) : [];
}
