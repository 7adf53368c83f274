import { Readable } from 'node:stream';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { DynamoDbEngine } from '../../../local/engines/services/dynamodb';

interface SentRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/**
 * Sends an AWS SDK client's requests to an engine of the same process without a socket and without signing, which together
 * take half of a call's time. The engine receives the same operation and body. Tests of the local run and of bundles use
 * sockets.
 */
export function inProcess(engine: DynamoDbEngine): Pick<DynamoDBClientConfig, 'requestHandler' | 'signer'> {
  return {
    signer: { sign: async (request) => request },
    requestHandler: {
      async handle({ headers, body = '' }: SentRequest) {
        const target = Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-amz-target')?.[1] ?? '';
        const text = typeof body === 'string' ? body : Buffer.concat([body]).toString();
        const response = await engine.call(target.replace(/^.*\./, ''), text);
        return {
          response: {
            statusCode: response.status,
            headers: { 'content-type': 'application/x-amz-json-1.0' },
            body: Readable.from([Buffer.from(response.body)]),
          },
        };
      },
    } as unknown as DynamoDBClientConfig['requestHandler'],
  };
}
