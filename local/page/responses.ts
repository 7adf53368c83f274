import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../engines/protocol/http';

/** Forbids content of other sites, inline scripts and styles, and framing. */
export const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  // With `no-referrer`, forms would have no origin.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

/** For HTML that an action returned: it has inline styles, and no rights. */
export const DOCUMENT_HEADERS = {
  ...HEADERS,
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
} as const;

export function respond(
  response: ServerResponse,
  status: number,
  type: string,
  content: string | Buffer,
  headers: Readonly<Record<string, string>> = HEADERS,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(content) });
  response.end(response.req.method === 'HEAD' ? undefined : content);
}

export const respondJson = (response: ServerResponse, status: number, content: object): void =>
  respond(response, status, 'application/json', JSON.stringify(content));

export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { ...HEADERS, location }).end();
}

/**
 * Reads a form of the page. Rejects forms of other sites, which a browser identifies by their origin. Returns undefined
 * after it responded.
 * @param what the content, for the message of a rejection, such as `events`.
 */
export async function readForm(
  request: IncomingMessage,
  response: ServerResponse,
  { what, maxBytes }: { readonly what: string; readonly maxBytes: number },
): Promise<URLSearchParams | undefined> {
  const { origin, host } = request.headers;
  if (host === undefined || origin !== `http://${host}`) {
    respond(response, 403, 'text/plain', `${what} are accepted only from this page`);
    return undefined;
  }
  const text = await readBody(request, maxBytes);
  if (text === undefined) {
    respond(response, 413, 'text/plain', `${what} of this size are not accepted`);
    return undefined;
  }
  return new URLSearchParams(text);
}
