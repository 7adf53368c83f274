import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../../shared/user-error';
import { AwsError } from './aws-json';

/** The only address on which the local run listens. */
export const LOOPBACK = '127.0.0.1';

/**
 * Starts listening on the loopback address. Resolves to the port.
 * Rejects with a UserError if the port is taken.
 */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new UserError(`port ${port} is taken: choose another with --port`, { cause: error })
          : error,
      );
    });
    server.listen({ port, host: LOOPBACK }, () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Reads a request's body. Returns undefined if it has more than `maxBytes`. Always reads to the end, because a client
 * receives the response only after it has sent its request.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return (await readBytes(request, maxBytes))?.toString('utf8');
}

/** Like `readBody`, without decoding. */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
    });
    request.once('end', () => resolve(size <= maxBytes ? Buffer.concat(chunks) : undefined));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client disconnected before the request was complete')));
  });
}

/** Closes a server and all its connections. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Sends the object that `make` returns, or the AwsError that it throws, like an AWS REST service. */
export function respondWith(response: ServerResponse, make: () => object): void {
  const send = (status: number, content: object, headers: Readonly<Record<string, string>> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(content));
  try {
    send(200, make());
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    send(error.status, { message: error.message }, { 'x-amzn-errortype': error.type });
  }
}
