import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../../shared/user-error';
import { AwsError } from './aws-json';

/** The only address that the local run listens on. */
export const LOOPBACK = '127.0.0.1';

/**
 * Starts listening on the loopback address and resolves to the port.
 * Rejects with one clear line when the port is taken.
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

/** Ends a server and every connection to it. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Answers a request of a REST protocol of AWS by what is made of it, or by the error that it comes to: its name is in a header. */
export function answerWith(response: ServerResponse, make: () => object): void {
  const send = (status: number, content: object, headers: Readonly<Record<string, string>> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(content));
  try {
    send(200, make());
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    send(error.status, { message: error.message }, { 'x-amzn-errortype': error.type });
  }
}
