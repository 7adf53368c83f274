import { parseMessage } from '../../events/core/events';
import { type ApiRequest, type ApiResponse, problem } from './http';

/** The body of a request, before its check. */
export type RequestBody = Readonly<Record<string, unknown>>;

/** Maximum bytes of a request's body. A registration has less than 10,000. */
export const MAX_BODY_BYTES = 32 * 1024;

/** Reads a JSON object from a request. Never throws. */
export function readBody({
  headers,
  body,
}: ApiRequest): { readonly body: RequestBody } | { readonly problem: ApiResponse } {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    return { problem: problem('unsupported-encoding', 'The body is compressed; send it without Content-Encoding.') };
  }
  if (body && body.length > MAX_BODY_BYTES) {
    return { problem: problem('too-large', `The body is larger than ${MAX_BODY_BYTES} bytes; send shorter values.`) };
  }
  const [, charset = 'utf-8'] = /charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '') ?? [];
  const text = /^utf-?8$/i.test(charset) ? decoded(body) : undefined;
  if (text === undefined) {
    return { problem: problem('unsupported-encoding', 'The body is not UTF-8; send JSON in UTF-8.') };
  }
  const value = parsedJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: problem('invalid', 'The body is not a JSON object; send the fields as one object.') };
  }
  return { body: value as RequestBody };
}

/** Undefined if the bytes are not UTF-8. */
function decoded(body: Uint8Array | undefined): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Undefined if the text is not JSON. */
export function parsedJson(text: string): unknown {
  const read = parseMessage(text);
  return 'value' in read ? read.value : undefined;
}
