import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { jsonObject } from '../../shared/json';
import { AwsError } from './aws-json';
import { readBody } from './http';

/** A response of a service. */
export interface JsonResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
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
    readBody(request, maxBytes)
      .then((text) => responseTo(prefix, operation, request, text))
      // The client disconnected, such as a killed function.
      .then(
        (answer) => write(response, answer),
        () => response.destroy(),
      );
  });
}

async function responseTo(
  prefix: string,
  operation: JsonOperation,
  { headers }: IncomingMessage,
  text: string | undefined,
): Promise<JsonResponse> {
  if (!headers.authorization) {
    return errorOf(new AwsError('MissingAuthenticationTokenException', 'Request is missing Authentication Token'));
  }
  if (text === undefined) return errorOf(new AwsError('RequestEntityTooLarge', 'the request is too large', 413));
  const target = String(headers['x-amz-target']);
  return callJson(operation, target.startsWith(`${prefix}.`) ? target.slice(prefix.length + 1) : target, text);
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
  const { type: __type, message, status, members, headers } = error;
  return { status, body: JSON.stringify({ __type, message, ...members }), headers };
}

function write(response: ServerResponse, { status, body, headers }: JsonResponse): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  response.end(body);
}
