import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { jsonObject } from '../../shared/json';
import { AwsError } from './aws-json';

/** A response of a service. */
export interface JsonResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
}

/** Calls an operation with the parsed request body. Returns the response body in JSON. Throws `AwsError`. */
export type JsonOperation = (name: string, input: Record<string, unknown>) => string | Promise<string>;

/**
 * Serves an AWS JSON 1.0 service (`X-Amz-Target: <prefix>.<operation>`), which is the only service of its server.
 * @param operation is called when the request is complete.
 * @param maxBytes of a request body.
 */
export function jsonServer(prefix: string, operation: JsonOperation, maxBytes: number): Server {
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
    });
    // A client that disconnects, such as a killed function, ends its request without `end`.
    request.on('end', () => {
      void responseTo(request, bytes > maxBytes ? undefined : Buffer.concat(chunks).toString()).then((one) =>
        write(response, one),
      );
    });
  });

  async function responseTo({ headers }: IncomingMessage, text: string | undefined): Promise<JsonResponse> {
    const target = String(headers['x-amz-target']);
    if (!headers.authorization)
      return errorOf(new AwsError('MissingAuthenticationTokenException', 'Request is missing Authentication Token'));
    if (text === undefined)
      return errorOf(new AwsError('RequestEntityTooLarge', `the request has more than ${maxBytes} bytes`, 413));
    const name = target.startsWith(`${prefix}.`) ? target.slice(prefix.length + 1) : target;
    return callJson(operation, name, text);
  }
}

/** Calls an operation like a request does. */
export async function callJson(operation: JsonOperation, name: string, text: string): Promise<JsonResponse> {
  try {
    const input = jsonObject(text || '{}');
    if (!input)
      throw new AwsError('com.amazon.coral.service#SerializationException', 'the request body is not a JSON object');
    return { status: 200, body: await operation(name, input) };
  } catch (thrown) {
    return errorOf(thrown);
  }
}

function errorOf(thrown: unknown): JsonResponse {
  const error =
    thrown instanceof AwsError ? thrown : new AwsError('InternalFailure', String((thrown as Error)?.message), 500);
  const { type: __type, message, status, members } = error;
  return { status, body: JSON.stringify({ __type, message, ...members }) };
}

function write(response: ServerResponse, { status, body }: JsonResponse): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
  });
  response.end(body);
}
