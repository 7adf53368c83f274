import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { jsonObject } from '../../shared/json';
import { AwsError, type AwsOperation } from './aws-json';
import { type QueryOperation, xmlText } from './aws-query';
import { type AwsCall, observeCalls } from './calls';
import { close, LOOPBACK, listen, readBody } from './http';

/** Maximum bytes of a request body: ten entries of 1 MB, JSON-escaped. */
const MAX_BODY_BYTES = 24 * 1024 * 1024;

/** The HTTP server for producers and the AWS CLI: AWS JSON 1.1 and query operations on `POST /`, and `routes`. */
export interface Endpoint {
  readonly url: string;
  /** Adds operations by `X-Amz-Target`. */
  serve(operations: Readonly<Record<string, AwsOperation>>): void;
  /** Adds operations of the query protocol by `Action`. */
  serveQuery(operations: Readonly<Record<string, QueryOperation>>): void;
  stop(): Promise<void>;
}

/** Handles a request. Returns false, without touching the request, if the route is not its own. */
export type Routes = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface EndpointOptions {
  /** 0 is any free port. */
  readonly port: number;
  /** Serves requests that are not AWS requests. */
  readonly routes?: Routes;
  readonly onCall?: (call: AwsCall) => void;
}

/** Rejects if the port is taken. */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const operations = new Map<string, AwsOperation>();
  const queryOperations = new Map<string, QueryOperation>();
  const server: Server = createServer((req, res) => {
    if (!isLocal(req.headers.host)) {
      // Protects against DNS rebinding, where another site points its name to this address.
      respond(res, 403, { message: 'the local run accepts requests to 127.0.0.1 and localhost only' });
      return;
    }
    const target = req.headers['x-amz-target'];
    if (req.method === 'POST' && typeof target === 'string') {
      void call(operations, target, req, res);
    } else if (req.method === 'POST' && req.url === '/' && isForm(req)) {
      void callQuery(queryOperations, req, res);
    } else if (!options.routes?.(req, res)) {
      respond(res, 404, { message: `no route for ${req.method} ${req.url}` });
    }
  });
  if (options.onCall) observeCalls(server, options.onCall);
  const port = await listen(server, options.port);
  return {
    url: `http://${LOOPBACK}:${port}`,
    serve(added) {
      for (const [target, operation] of Object.entries(added)) operations.set(target, operation);
    },
    serveQuery(added) {
      for (const [action, operation] of Object.entries(added)) queryOperations.set(action, operation);
    },
    stop: () => close(server),
  };
}

async function call(
  operations: ReadonlyMap<string, AwsOperation>,
  target: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  try {
    const input = parse(await body(req));
    const operation = operations.get(target);
    if (!operation) throw new AwsError('UnknownOperationException', `the local run does not implement ${target}`);
    respond(res, 200, await operation(input));
  } catch (thrown) {
    const error = asAwsError(thrown);
    respond(res, error.status, { __type: error.type, message: error.message }, { 'x-amzn-errortype': error.type });
  }
}

const isForm = (req: IncomingMessage): boolean =>
  /^application\/x-www-form-urlencoded/.test(req.headers['content-type'] ?? '');

/** Calls an operation of the AWS query protocol: a form with an `Action` in, XML out. */
async function callQuery(
  operations: ReadonlyMap<string, QueryOperation>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': requestId };
  try {
    const parameters = new URLSearchParams(await body(req));
    const action = parameters.get('Action') ?? '';
    const operation = operations.get(action);
    if (!operation) throw new AwsError('InvalidAction', `the local run does not implement ${action}`);
    const result = `<${action}Result>${operation(parameters)}</${action}Result>`;
    write(res, 200, `<${action}Response>${result}</${action}Response>`, headers);
  } catch (thrown) {
    const { type, message, status } = asAwsError(thrown);
    const error = `<Code>${xmlText(type)}</Code><Message>${xmlText(message)}</Message>`;
    const xml = `<ErrorResponse><Error>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
    write(res, status, xml, headers);
  }
}

const asAwsError = (thrown: unknown): AwsError =>
  thrown instanceof AwsError ? thrown : new AwsError('InternalFailure', String((thrown as Error)?.message), 500);

async function body(req: IncomingMessage): Promise<string> {
  const text = await readBody(req, MAX_BODY_BYTES);
  if (text !== undefined) return text;
  throw new AwsError('RequestEntityTooLargeException', `the request has more than ${MAX_BODY_BYTES} bytes`, 413);
}

function parse(text: string): Record<string, unknown> {
  const input = jsonObject(text || '{}');
  if (!input) throw new AwsError('SerializationException', 'the request body is not a JSON object');
  return input;
}

function respond(res: ServerResponse, status: number, content: object, headers: Record<string, string> = {}): void {
  write(res, status, JSON.stringify(content), { 'content-type': 'application/x-amz-json-1.1', ...headers });
}

function write(res: ServerResponse, status: number, text: string, headers: Record<string, string>): void {
  if (res.headersSent || res.destroyed) return;
  const always = { 'content-length': Buffer.byteLength(text), 'x-amzn-requestid': randomUUID() };
  res.writeHead(status, { ...always, ...headers });
  res.end(text);
}

function isLocal(host: string | undefined): boolean {
  return host === undefined || /^(127\.0\.0\.1|localhost)(:\d+)?$/i.test(host);
}
