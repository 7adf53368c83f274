import { EventEmitter } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { Readable } from 'node:stream';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

interface ReceivedResponse {
  readonly response: { statusCode: number; headers: Record<string, string>; body: Readable };
}

/**
 * Sends an AWS SDK client's requests to a server of the same process without a socket and without signing, which together
 * take half of a call's time. The engine receives the same method, headers and body. Tests of the local run and of bundles
 * use sockets.
 */
export function inProcess(server: Server): Pick<DynamoDBClientConfig, 'requestHandler' | 'signer'> {
  const listener = server.listeners('request').at(-1) as RequestListener;
  return {
    signer: {
      async sign(request) {
        // The engines require a signature but do not check it.
        request.headers.authorization =
          'AWS4-HMAC-SHA256 Credential=test/20261101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none';
        request.headers['x-amz-date'] = '20261101T000000Z';
        return request;
      },
    },
    requestHandler: {
      handle: (request: SentRequest) =>
        new Promise<ReceivedResponse>((resolve) => {
          const { method, path: url, headers, body = '' } = request;
          const req = Object.assign(new EventEmitter(), { method, url, headers: lowerCase(headers) });
          const res = {
            statusCode: 200,
            headers: {} as Record<string, string>,
            setHeader(name: string, value: unknown) {
              this.headers[name.toLowerCase()] = String(value);
            },
            end(text = '') {
              const { statusCode } = this;
              resolve({ response: { statusCode, headers: this.headers, body: Readable.from([Buffer.from(text)]) } });
            },
          };
          listener(req as never, res as never);
          req.emit('data', typeof body === 'string' ? Buffer.from(body) : Buffer.concat([body]));
          req.emit('end');
        }),
    } as unknown as DynamoDBClientConfig['requestHandler'],
  };
}

const lowerCase = (headers: SentRequest['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
