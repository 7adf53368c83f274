import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { TRIGGER_IDS } from '../../../contract/events';

/** Largest request that the stand-in reads, bytes. Power Automate itself takes 100 MB (its limits page). */
const MAX_REQUEST_BYTES = 1024 * 1024;

const FLOW_PATH = /^\/flows\/([^/]+)\/?$/;
const SCHEMAS_FOLDER = join(__dirname, '../../..', 'docs', 'schemas', 'flow-body');

/** A run that a request started. */
export interface ReceivedRun {
  /** Name in the path, `/flows/<name>`. */
  readonly flow: string;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingHttpHeaders;
  /** When it was accepted, epoch milliseconds. */
  readonly at: number;
  readonly runId: string;
}

/**
 * Stands in for Power Automate's "When an HTTP request is received" in the local run: answers as it does (status, error
 * codes, headers) and keeps what it accepted. Never logs, and never keeps the query, which holds the signature, nor a token.
 */
export class FlowReceiver {
  /** What was accepted, in order: the first `kept` of them. */
  readonly received: ReceivedRun[] = [];
  private readonly schemas = new Map<string, ValidateFunction>();

  constructor(
    private readonly onReceived: (run: ReceivedRun) => void = () => {},
    private readonly kept = Number.POSITIVE_INFINITY,
  ) {}

  /** Answers a request to `/flows/<name>`; returns false, and leaves the request alone, where the path is another. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const url = URL.parse(request.url ?? '', 'http://localhost');
    const flow = url && flowOf(url.pathname);
    if (!flow) return false;
    this.answer(flow, url, request, response).catch(() => {
      // The caller has hung up in the middle of its request: nobody is there to answer.
      response.destroy();
    });
    return true;
  }

  private async answer(flow: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await read(request);
    const { authorization, ...headers } = request.headers;
    const run = { flow, headers, at: Date.now(), runId: newRunId() };
    const refuse = (status: number, code: string, message: string) => {
      response.writeHead(status, { ...headersOf(run), 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ error: { code, message } }));
    };
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return refuse(405, 'MethodNotAllowed', 'The trigger takes POST requests only.');
    }
    const bearer = /^Bearer ./.test(authorization ?? '');
    if (bearer && url.searchParams.get('sig')) {
      const message = 'The request has a signature and a bearer token; it must have one of them.';
      return refuse(401, 'DirectApiRequestHasMoreThanOneAuthorization', message);
    }
    // Without any query it is a short form, `/flows/<name>`, that only this stand-in has.
    if (url.search !== '' && !bearer && !url.searchParams.get('sig')) {
      const message = 'The request must be authenticated: the URL has no signature (sig), or it was cut.';
      return refuse(401, 'DirectApiAuthorizationRequired', message);
    }
    if (text === undefined) return refuse(413, 'RequestEntityTooLarge', 'The request is larger than 1 MB.');
    const body = parse(text);
    if (body === undefined) return refuse(400, 'InvalidRequestContent', 'The request content is not valid JSON.');
    const mismatch = this.mismatch(body);
    if (mismatch) {
      const message = `The input body for trigger 'manual' of type 'Request' did not match its schema definition. Error details: '${mismatch}'.`;
      return refuse(400, 'TriggerInputSchemaMismatch', message);
    }
    const accepted: ReceivedRun = { ...run, body: body as ReceivedRun['body'] };
    if (this.received.length < this.kept) this.received.push(accepted);
    response.writeHead(202, { ...headersOf(run), 'content-length': 0 });
    response.end();
    this.onReceived(accepted);
  }

  /** Why the body does not fit the published schema of its format and trigger. */
  private mismatch(body: unknown): string | undefined {
    const schema = schemaNameOf(body);
    if (!schema) return `trigger is none of ${TRIGGER_IDS.join(', ')}`;
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

/** The published schema for a body, by what tells the formats apart; undefined where its trigger is unknown. */
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

/** The request's body, or undefined where it is too large; read to its end, so that the caller gets to the answer. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_REQUEST_BYTES) chunks.push(chunk);
  }
  return size <= MAX_REQUEST_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A run id in the form that Power Automate's have: 08586, digits, CU and two digits. */
function newRunId(): string {
  const digits = Array.from({ length: 3 }, () => String(randomInt(100_000_000)).padStart(8, '0')).join('');
  return `08586${digits}CU${String(randomInt(100)).padStart(2, '0')}`;
}

/** The headers of an answer of Power Automate. */
function headersOf({ flow, headers, runId }: Omit<ReceivedRun, 'body'>): Record<string, string> {
  const workflowId = Buffer.from(flow).toString('hex').padStart(32, '0').slice(-32);
  const given = headers['x-ms-client-tracking-id'];
  return {
    'x-ms-workflow-run-id': runId,
    'x-ms-correlation-id': randomUUID(),
    'x-ms-client-tracking-id': typeof given === 'string' && given !== '' ? given : runId,
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
