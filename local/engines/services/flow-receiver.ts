import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { TRIGGER_IDS } from '../../../contract/events';
import { readBody } from '../protocol/http';

/** Maximum bytes of a request. Power Automate accepts 100 MB (its limits page). */
const MAX_REQUEST_BYTES = 1024 * 1024;

const FLOW_PATH = /^\/flows\/([^/]+)\/?$/;
const SCHEMAS_FOLDER = join(__dirname, '../../..', 'docs', 'schemas', 'flow-body');

/** A flow run that a request started. */
export interface ReceivedRun {
  /** Name in the path, `/flows/<name>`. */
  readonly flow: string;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  /** Epoch milliseconds at which the request was accepted. */
  readonly at: number;
  readonly runId: string;
}

/**
 * Simulates Power Automate's trigger "When an HTTP request is received": responds with its status, error codes and
 * headers, and records the accepted requests. Never logs. Never records the query, which contains the signature, or a
 * token.
 */
export class FlowReceiver {
  /** The first `maxReceived` accepted requests, in order. */
  readonly received: ReceivedRun[] = [];
  private readonly schemas = new Map<string, ValidateFunction>();

  constructor(
    private readonly onReceived: (run: ReceivedRun) => void = () => {},
    private readonly maxReceived = Number.POSITIVE_INFINITY,
  ) {}

  /** Handles requests to `/flows/<name>`. Returns false, without touching the request, for any other path. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = URL.parse(request.url ?? '', 'http://localhost');
    const flow = url && flowOf(url.pathname);
    if (!flow) return false;
    this.respond(flow, url, request, response).catch(() => {
      // The client disconnected before the request was complete.
      response.destroy();
    });
    return true;
  }

  private async respond(flow: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readBody(request, MAX_REQUEST_BYTES);
    const { authorization, ...headers } = request.headers;
    const run = { flow, headers, at: Date.now(), runId: newRunId() };
    const reject = (status: number, code: string, message: string) => {
      response.writeHead(status, { ...headersOf(run), 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ error: { code, message } }));
    };
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return reject(405, 'MethodNotAllowed', 'The trigger accepts only POST requests.');
    }
    const bearer = /^Bearer ./.test(authorization ?? '');
    if (bearer && url.searchParams.get('sig')) {
      const message = 'The request has a signature and a bearer token; it must have one of them.';
      return reject(401, 'DirectApiRequestHasMoreThanOneAuthorization', message);
    }
    // Without a query, the URL is the short form `/flows/<name>`, which only this simulation accepts.
    if (url.search !== '' && !bearer && !url.searchParams.get('sig')) {
      const message = 'The request must be authenticated: the URL has no signature (sig), or it was cut.';
      return reject(401, 'DirectApiAuthorizationRequired', message);
    }
    if (text === undefined) return reject(413, 'RequestEntityTooLarge', 'The request is larger than 1 MB.');
    const body = parse(text);
    if (body === undefined) return reject(400, 'InvalidRequestContent', 'The request content is not valid JSON.');
    const mismatch = this.mismatch(body);
    if (mismatch) {
      const message = `The input body for trigger 'manual' of type 'Request' did not match its schema definition. Error details: '${mismatch}'.`;
      return reject(400, 'TriggerInputSchemaMismatch', message);
    }
    const accepted: ReceivedRun = { ...run, body: body as ReceivedRun['body'] };
    if (this.received.length < this.maxReceived) this.received.push(accepted);
    response.writeHead(202, { ...headersOf(run), 'content-length': 0 });
    response.end();
    this.onReceived(accepted);
  }

  /** Returns the mismatches with the published schema of the body's format and trigger. */
  private mismatch(body: unknown): string | undefined {
    const schema = schemaNameOf(body);
    if (!schema) return `trigger must be one of ${TRIGGER_IDS.join(', ')}`;
    const fits = this.schemaOf(schema);
    if (fits(body)) return undefined;
    return (fits.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'body'} ${message}`).join('; ');
  }

  private schemaOf(name: string): ValidateFunction {
    const compiled =
      this.schemas.get(name) ??
      new Ajv({ allErrors: true }).compile(
        JSON.parse(readFileSync(join(SCHEMAS_FOLDER, `${name}.schema.json`), 'utf8')),
      );
    this.schemas.set(name, compiled);
    return compiled;
  }
}

/** The name of the published schema for a body; undefined if its trigger is unknown. */
function schemaNameOf(body: unknown): string | undefined {
  const { type, specversion, trigger } = (body ?? {}) as Record<string, unknown>;
  if (type === 'message') return 'teams-card';
  if (specversion === undefined) return TRIGGER_IDS.find((id) => id === trigger);
  const id = TRIGGER_IDS.find((known) => `customer-insights.${known}` === type);
  return id && `cloudevents/${id}`;
}

function flowOf(pathname: string): string | undefined {
  const name = FLOW_PATH.exec(pathname)?.[1];
  if (name === undefined) return undefined;
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A run id in the format of Power Automate: 08586, digits, CU and two digits. */
function newRunId(): string {
  const digits = Array.from({ length: 3 }, () => String(randomInt(100_000_000)).padStart(8, '0')).join('');
  return `08586${digits}CU${String(randomInt(100)).padStart(2, '0')}`;
}

/** The headers of a Power Automate response. */
function headersOf({ flow, headers, runId }: Omit<ReceivedRun, 'body'>): Record<string, string> {
  const workflowId = Buffer.from(flow).toString('hex').padStart(32, '0').slice(-32);
  const trackingId = headers['x-ms-client-tracking-id'];
  return {
    'x-ms-workflow-run-id': runId,
    'x-ms-correlation-id': randomUUID(),
    'x-ms-client-tracking-id': typeof trackingId === 'string' && trackingId !== '' ? trackingId : runId,
    'x-ms-trigger-history-name': runId,
    'x-ms-execution-location': 'local',
    'x-ms-workflow-id': workflowId,
    'x-ms-workflow-version': '08586000000000000000',
    'x-ms-workflow-name': workflowId,
    'x-ms-workflow-system-id': `/locations/local/scaleunits/local/workflows/${workflowId}`,
    'x-ms-tracking-id': randomUUID(),
    'x-ms-request-id': `local:${randomUUID()}`,
    'x-ms-ratelimit-burst-remaining-workflow-writes': '4499',
  };
}
