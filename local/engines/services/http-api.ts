import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import type { InvocationResult } from '../functions/sandbox';
import { close, LOOPBACK, listen, readBytes } from '../protocol/http';
import { decoded, type HttpApiRoute, matchRoute, type RouteMatch } from './http-api-routes';

/** An HTTP API with its `$default` stage. */
export interface HttpApiInput {
  readonly logicalId: string;
  readonly apiId: string;
  readonly routes: readonly HttpApiRoute[];
}

export interface HttpApi {
  /** Address without a path. */
  readonly url: string;
  /** Starts to serve the routes. Until then, every request gets 404. */
  serve(input: HttpApiInput, invoke: (functionArn: string, event: object) => Promise<InvocationResult>): void;
  stop(): Promise<void>;
}

/** Maximum payload, bytes (API Gateway developer guide, "Quotas for configuring and running an HTTP API in API Gateway"). */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** Maximum size of the request line and the headers, bytes (the same page). */
const MAX_HEADER_BYTES = 10_240;
/** Maximum time of an integration (the same page). */
const INTEGRATION_TIMEOUT_MS = 30_000;

/** Starts an HTTP API on a free port of the loopback address. */
export async function startHttpApi(account: string): Promise<HttpApi> {
  let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> = async (_, response) =>
    respond(response, 404, 'Not Found');
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    // The invocation failed, or the client disconnected.
    handle(request, response).catch(() =>
      response.headersSent ? response.destroy() : respond(response, 500, 'Internal Server Error'),
    );
  });
  const url = `http://${LOOPBACK}:${await listen(server, 0)}`;
  return {
    url,
    serve(input, invoke) {
      handle = async (request, response) => {
        const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s, 2);
        const body = await readBytes(request, MAX_BODY_BYTES);
        if (body === undefined) return respond(response, 413, 'Request Entity Too Large');
        const match = matchRoute(input.routes, request.method ?? '', path);
        if (!match) return respond(response, 404, 'Not Found');
        const event = eventOf({ request, body, path, query, match, account, apiId: input.apiId });
        const result = await withTimeout(invoke(match.route.functionArn, event));
        if (result === undefined) return respond(response, 503, 'Service Unavailable');
        if (!result.ok || !sendResult(response, result.payload)) respond(response, 500, 'Internal Server Error');
      };
    },
    stop: () => close(server),
  };
}

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly path: string;
  readonly query: string;
  readonly match: RouteMatch;
  readonly account: string;
  readonly apiId: string;
}

/** Content types whose bodies are sent as text. Others are sent in base64. */
const TEXT_TYPE = /^(text\/|application\/(json|javascript|xml)(;|$))/i;

/**
 * The event of a request, payload format 2.0 (API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs
 * in API Gateway").
 */
function eventOf({ request, body, path, query, match, account, apiId }: Received): object {
  const headers = headersOf(request);
  const isText = TEXT_TYPE.test(headers['content-type'] ?? '');
  const now = Date.now();
  const parameters = queryOf(query);
  const cookies = request.headers.cookie?.split('; ');
  return {
    version: '2.0',
    routeKey: match.route.routeKey,
    rawPath: decoded(path),
    rawQueryString: query,
    ...(cookies && { cookies }),
    headers,
    ...(Object.keys(parameters).length > 0 && { queryStringParameters: parameters }),
    ...(Object.keys(match.parameters).length > 0 && { pathParameters: match.parameters }),
    requestContext: {
      accountId: account,
      apiId,
      domainName: request.headers.host ?? '',
      domainPrefix: apiId,
      http: {
        method: request.method,
        path: decoded(path),
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: LOOPBACK,
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: match.route.routeKey,
      stage: '$default',
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** Names in lower case; values of repeated headers joined by commas. The gateway sets its own headers itself. */
function headersOf(request: IncomingMessage): Record<string, string> {
  const all = Object.entries(request.headersDistinct).filter(([name]) => name !== 'cookie');
  return {
    ...Object.fromEntries(all.map(([name, values = []]) => [name, values.join(',')])),
    'x-forwarded-for': LOOPBACK,
    'x-forwarded-port': String(request.socket.localPort),
    'x-forwarded-proto': 'http',
  };
}

/** Values of repeated parameters, joined by commas. */
function queryOf(query: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(parameters);
}

/** Undefined after the integration's time limit. */
async function withTimeout(result: Promise<InvocationResult>): Promise<InvocationResult | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, INTEGRATION_TIMEOUT_MS, undefined);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends a function's response in format 2.0. Returns false if it is malformed. A value without `statusCode` is the body. */
function sendResult(response: ServerResponse, payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null || !('statusCode' in payload)) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(payload));
    return true;
  }
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded = false } = payload as FunctionResponse;
  if (!Number.isInteger(statusCode) || statusCode < 100 || statusCode > 599 || typeof body !== 'string') return false;
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  if (given.some(([name, value]) => !isHeader(name, value))) return false;
  response.writeHead(statusCode, {
    'content-type': 'text/plain;charset=UTF-8',
    ...Object.fromEntries(given),
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  });
  response.end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
  return true;
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

interface FunctionResponse {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly cookies?: string[];
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

const respond = (response: ServerResponse, status: number, message: string): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
};
