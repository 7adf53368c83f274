import type { IncomingMessage } from 'node:http';
import https from 'node:https';

export interface JsonDownload {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Additional certificate authority, for tests. */
  readonly ca?: string;
}

/**
 * Downloads JSON over HTTPS. Follows no redirect.
 * @throws Error with a short reason, such as `ECONNREFUSED`, `timeout` or `status 500`, without the URL or the body.
 */
export async function downloadJson(url: string, { timeoutMs, maxBytes, ca }: JsonDownload): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  let text: string;
  try {
    // Without an agent, because a connection that is kept until the next download would be dead.
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      https.request(url, { signal, ca, agent: false }).on('response', resolve).on('error', reject).end();
    });
    text = await textOf(response, maxBytes);
  } catch (error) {
    throw new Error(signal.aborted ? 'timeout' : reasonOf(error));
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('no JSON');
  }
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`status ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  // An error inside the loop closes the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
};
