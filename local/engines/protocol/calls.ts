import type { IncomingMessage, Server } from 'node:http';
import { jsonObject } from '../../shared/json';
import { REST_OPERATIONS, type RestOperation, restOperation } from './rest';

/** A call of an AWS API, as described by its request. */
export interface AwsCall {
  /** Access key id of the signature. For a function, it is the function's logical id. */
  readonly accessKeyId: string;
  /** Service name in the signature, such as `dynamodb`. */
  readonly service: string;
  /** Such as `GetItem`. For an unknown REST operation: the method and the path. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

const REST: Readonly<Record<string, readonly RestOperation[]>> = REST_OPERATIONS;

/** AWS API reference, "Signature Version 4": `Credential=<access key id>/<date>/<region>/<service>/aws4_request`. */
const CREDENTIAL = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/;

/**
 * Reports every signed call to a server once its request is complete, whatever the response.
 * Does not affect what the server's own listeners read.
 */
export function observeCalls(server: Server, onCall: (call: AwsCall) => void): void {
  server.prependListener('request', (request: IncomingMessage) => {
    const [, accessKeyId, service] = CREDENTIAL.exec(request.headers.authorization ?? '') ?? [];
    if (accessKeyId === undefined || service === undefined) return;
    const chunks: Buffer[] = [];
    // Intercepts `push`, because a `data` listener would start the stream before the server listens to it.
    const push = request.push.bind(request);
    request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk) chunks.push(chunk);
      else onCall({ accessKeyId, service, ...operationOf(service, request, Buffer.concat(chunks).toString()) });
      return push(chunk, encoding);
    };
  });
}

/** JSON protocols name the operation in a header, the query protocol (STS) in the form, REST by method and path. */
function operationOf(service: string, request: IncomingMessage, body: string): Pick<AwsCall, 'operation' | 'input'> {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string')
    return { operation: target.slice(target.lastIndexOf('.') + 1), input: jsonObject(body) ?? {} };
  const { Action, ...input } = Object.fromEntries(new URLSearchParams(body));
  if (Action !== undefined) return { operation: Action, input };
  const called = restOperation(REST[service] ?? [], request);
  if (called) return { operation: called.operation, input: { ...jsonObject(body), ...called.input } };
  return { operation: `${request.method} ${request.url}`, input: {} };
}
