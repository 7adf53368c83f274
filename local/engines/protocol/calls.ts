import type { IncomingMessage, Server } from 'node:http';
import { CUSTOMER_PROFILES_OPERATIONS } from '../stubs/customer-profiles';
import { ENTITY_RESOLUTION_OPERATIONS } from '../stubs/entity-resolution';
import { RUN_PATHS } from '../stubs/runs';
import { type RestOperation, restOperation } from './rest';

/** A call of an AWS API, as its request says it. */
export interface AwsCall {
  /** Access key id of the request's signature; a function's is its logical id. */
  readonly accessKeyId: string;
  /** The service as signatures name it: `dynamodb`. */
  readonly service: string;
  /** `GetItem`; of a REST service that is not known here, the method and the path. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** AWS API reference, "Signature Version 4": `Credential=<access key id>/<date>/<region>/<service>/aws4_request`. */
const CREDENTIAL = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\/aws4_request/;

/**
 * Tells of every signed call that a server gets, once its request is whole and whatever it is answered.
 * What the server's own listeners read is left alone.
 */
export function observeCalls(server: Server, onCall: (call: AwsCall) => void): void {
  server.prependListener('request', (request: IncomingMessage) => {
    const [, accessKeyId, service] = CREDENTIAL.exec(request.headers.authorization ?? '') ?? [];
    if (accessKeyId === undefined || service === undefined) return;
    const chunks: Buffer[] = [];
    // By what the parser pushes: a `data` listener would set the stream flowing before the server listens.
    const push = request.push.bind(request);
    request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk) chunks.push(chunk);
      else onCall({ accessKeyId, service, ...operationOf(service, request, Buffer.concat(chunks).toString()) });
      return push(chunk, encoding);
    };
  });
}

/** What REST services are asked for, by the names that signatures give them. */
const REST: Readonly<Record<string, readonly RestOperation[]>> = {
  profile: CUSTOMER_PROFILES_OPERATIONS,
  entityresolution: ENTITY_RESOLUTION_OPERATIONS,
  ...RUN_PATHS,
};

/** The JSON protocols name the operation in a header, the query protocol (STS) in the form, REST by method and path. */
function operationOf(service: string, request: IncomingMessage, body: string): Pick<AwsCall, 'operation' | 'input'> {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    return { operation: target.slice(target.lastIndexOf('.') + 1), input: parsed(body) };
  }
  const { Action, ...input } = Object.fromEntries(new URLSearchParams(body));
  if (Action !== undefined) return { operation: Action, input };
  const asked = restOperation(REST[service] ?? [], request);
  if (asked) return { operation: asked.operation, input: { ...parsed(body || '{}'), ...asked.input } };
  return { operation: `${request.method} ${request.url}`, input: {} };
}

/** A body that is no JSON is the server's to refuse. */
function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}
