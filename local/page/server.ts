import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NotPut, pageDocument, Route, type Typed } from './document';
import { sections } from './sections';
import type { Snapshot } from './snapshot';

/** What the page needs of the run. */
export interface PagePorts {
  /** What there is to be seen now. */
  snapshot(): Promise<Snapshot>;
  /** Puts an event on the bus. Gives its id, or why it was refused. */
  put(event: Typed): Promise<{ readonly id: string } | { readonly problem: string }>;
}

/** Least time between two updates, so that a burst is one, milliseconds. */
const TURN_MS = 200;
/** What changes without the run's noticing, such as a subscription that the command line pauses, is seen after so many turns. */
const ANYWAY_TURNS = 25;
/** Bytes of a form: an event of 256 KB, each byte of it percent-encoded. */
const MAX_FORM_BYTES = 768 * 1024;

/** Nothing from elsewhere, no script or style in the page itself, and nobody may frame it. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  // Not `no-referrer`: a form would not say then which page it comes from.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

const FILES: Readonly<Record<string, readonly [type: string, file: string]>> = {
  [Route.STYLE]: ['text/css; charset=utf-8', 'style.css'],
  [Route.SCRIPT]: ['text/javascript; charset=utf-8', 'script.js'],
};

/** Somebody who looks on. */
interface Watcher {
  readonly response: ServerResponse;
  /** Content of each section as it was sent. */
  readonly sent: Map<string, string>;
}

/**
 * Serves the page, and tells whoever has it open what is new. The endpoint answers to this machine's names only, so that no
 * other site's page can read this one; an event is taken only from the page itself.
 */
export class PageServer {
  private readonly watchers = new Set<Watcher>();
  private hasNews = false;
  private isUpdating = false;

  constructor(private readonly ports: PagePorts) {}

  /** Answers a request for the page or a part of it; returns false, and leaves the request alone, where the path is another. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const [path = ''] = (request.url ?? '').split('?');
    if (!(Object.values(Route) as string[]).includes(path)) return false;
    const method = path === Route.EVENTS ? 'POST' : 'GET';
    if (request.method !== method && !(method === 'GET' && request.method === 'HEAD')) {
      response.setHeader('allow', method);
      respond(response, 405, 'text/plain', `${method} only`);
      return true;
    }
    this.answer(path, request, response).catch((error: Error) => {
      respond(response, 500, 'text/plain', `the page cannot be shown: ${error.message}`);
    });
    return true;
  }

  /** Something happened. */
  changed(): void {
    this.hasNews = true;
  }

  stop(): void {
    for (const { response } of this.watchers) response.end();
    this.watchers.clear();
  }

  private async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = FILES[path];
    if (file) return respond(response, 200, file[0], readFileSync(join(__dirname, file[1])));
    if (path === Route.EVENTS) return this.take(request, response);
    if (path === Route.UPDATES) return this.watch(response);
    respond(response, 200, 'text/html; charset=utf-8', pageDocument(await this.ports.snapshot()));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A browser says from which page a form comes. Another site's page could send one, but never read what comes of it.
    const { origin, host } = request.headers;
    if (host === undefined || origin !== `http://${host}`) {
      return respond(response, 403, 'text/plain', 'an event is taken from this page only');
    }
    const text = await read(request);
    if (text === undefined) return respond(response, 413, 'text/plain', 'the event is too large');
    const form = new URLSearchParams(text);
    const typed = { detailType: form.get('detailType')?.trim() ?? '', detail: form.get('detail') ?? '' };
    const problem = problemOf(typed);
    const result = problem === undefined ? await this.ports.put(typed) : { problem };
    if (request.headers.accept === 'application/json') {
      const said = 'id' in result ? `Put ${typed.detailType} as ${result.id}.` : `Not put: ${result.problem}`;
      const status = 'id' in result ? 200 : 400;
      return respond(response, status, 'application/json', JSON.stringify({ text: said }));
    }
    if ('id' in result) {
      response.writeHead(303, { ...HEADERS, location: `${Route.PAGE}#put` }).end();
      return;
    }
    const notPut: NotPut = { ...typed, problem: `Not put: ${result.problem}` };
    respond(response, 400, 'text/html; charset=utf-8', pageDocument(await this.ports.snapshot(), notPut));
  }

  private watch(response: ServerResponse): void {
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const watcher: Watcher = { response, sent: new Map() };
    this.watchers.add(watcher);
    response.on('close', () => this.watchers.delete(watcher));
    this.hasNews = true;
    void this.keepUpdating();
  }

  /** While nobody looks on, nothing is read. */
  private async keepUpdating(): Promise<void> {
    if (this.isUpdating) return;
    this.isUpdating = true;
    for (let turn = 1; this.watchers.size > 0; turn++) {
      if (this.hasNews || turn % ANYWAY_TURNS === 0) {
        this.hasNews = false;
        await this.update();
      }
      await sleep(TURN_MS, undefined, { ref: false });
    }
    this.isUpdating = false;
  }

  private async update(): Promise<void> {
    try {
      const all = sections(await this.ports.snapshot());
      for (const { response, sent } of this.watchers) {
        for (const { id, content } of all) {
          if (sent.get(id) === content.text) continue;
          sent.set(id, content.text);
          response.write(`event: section\ndata: ${JSON.stringify({ id, content: content.text })}\n\n`);
        }
      }
    } catch {
      // The run is ending, or a table did not answer: the next update tells.
    }
  }
}

/** Why what was typed is no event; undefined where it may be one. */
function problemOf({ detailType, detail }: Typed): string | undefined {
  if (detailType === '') return 'the detail type is missing';
  try {
    const value: unknown = JSON.parse(detail);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? undefined
      : 'the detail is no JSON object: write { … }';
  } catch (error) {
    return `the detail is not JSON: ${(error as Error).message}`;
  }
}

function respond(response: ServerResponse, status: number, type: string, content: string | Buffer): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...HEADERS, 'content-type': type, 'content-length': Buffer.byteLength(content) });
  response.end(response.req.method === 'HEAD' ? undefined : content);
}

/** A form's text, or undefined where it is too large; read to its end, so that the sender gets to the answer. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_FORM_BYTES) chunks.push(chunk);
  }
  return size <= MAX_FORM_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}
