import type { IncomingMessage } from 'node:http';

/** An operation of a REST API, as the API reference's page of its name has it. */
export interface RestOperation {
  readonly operation: string;
  readonly method: string;
  /** The path, its parts that vary as groups by the names of the request's members. */
  readonly path: RegExp;
}

/** What a request asks for, and what its path names; undefined where it asks for none of these operations. */
export function restOperation<O extends RestOperation>(
  operations: readonly O[],
  { method, url = '/' }: IncomingMessage,
) {
  const { pathname } = new URL(url, 'http://local');
  for (const { operation, method: of, path } of operations) {
    const found = of === method ? path.exec(pathname) : null;
    if (!found) continue;
    const named = Object.entries(found.groups ?? {}).map(([name, text]) => [name, decoded(text)] as const);
    return { operation: operation as O['operation'], input: Object.fromEntries(named) as Record<string, string> };
  }
  return undefined;
}

/** What is no such encoding stands for itself: the request is a server's to refuse. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
