import { EventEmitter } from 'node:events';
import type { RequestListener } from 'node:http';
import type { JsonResponse } from '../../../../local/engines/protocol/json-service';

/** Another implementation of DynamoDB (dynalite, in memory), without a socket. */
export async function startDynalite(): Promise<(operation: string, body: object) => Promise<JsonResponse>> {
  // @ts-expect-error the package has no types
  const { default: dynalite } = await import('dynalite');
  const server = dynalite({ createTableMs: 0 });
  const [listener] = server.listeners('request') as RequestListener[];
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    // Required, not checked.
    authorization:
      'AWS4-HMAC-SHA256 Credential=test/20261101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none',
    'x-amz-date': '20261101T000000Z',
  };
  return (operation, body) =>
    new Promise((resolve) => {
      const target = { 'x-amz-target': `DynamoDB_20120810.${operation}` };
      const request = Object.assign(new EventEmitter(), {
        method: 'POST',
        url: '/',
        headers: { ...headers, ...target },
      });
      const response = {
        statusCode: 200,
        setHeader() {},
        end(text = '') {
          resolve({ status: this.statusCode, body: text });
        },
      };
      listener?.(request as never, response as never);
      request.emit('data', Buffer.from(JSON.stringify(body)));
      request.emit('end');
    });
}
