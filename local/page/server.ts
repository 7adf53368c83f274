import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Designer } from './designer/designer';
import { DesignerServer } from './designer/server';
import { type EventInput, type PageInput, pageDocument } from './document';
import { HEADERS, readForm, redirect, respond, respondJson } from './responses';
import { Route } from './routes';
import { sections } from './sections';
import type { Snapshot } from './snapshot';

/** The page's access to the run. */
export interface PagePorts {
  snapshot(): Promise<Snapshot>;
  /** Puts an event on the bus. Returns its id, or the reason of its rejection. */
  put(event: EventInput): Promise<{ readonly id: string } | { readonly problem: string }>;
}

/** Minimum milliseconds between two updates, so that a burst causes one update. */
const UPDATE_INTERVAL_MS = 200;
/** Number of intervals after which to update in any case, because the CLI can change subscriptions without an event. */
const REFRESH_TURNS = 25;
/** Maximum bytes of a form: an event of 256 KB, each byte of it percent-encoded. */
const MAX_FORM_BYTES = 768 * 1024;

const FILES: Readonly<Record<string, readonly [type: string, file: string]>> = {
  [Route.STYLE]: ['text/css; charset=utf-8', 'style.css'],
  [Route.SCRIPT]: ['text/javascript; charset=utf-8', 'script.js'],
};

/** An open page. */
interface Viewer {
  readonly response: ServerResponse;
  /** The last content sent, by section. */
  readonly sent: Map<string, string>;
}

/**
 * Serves the page, and sends updates to open pages. Accepts events only from the page itself. Other sites cannot read
 * the page, because the endpoint accepts requests only to this machine's names.
 */
export class PageServer {
  private readonly viewers = new Set<Viewer>();
  private hasChanged = false;
  private isUpdating = false;

  private readonly designerServer: DesignerServer | undefined;

  /** @param designer undefined: the connector has no API for Power Automate. */
  constructor(
    private readonly ports: PagePorts,
    private readonly designer?: Designer,
  ) {
    this.designerServer =
      designer &&
      new DesignerServer(designer, async (response, status, view) =>
        this.sendPage(response, status, { designer: view }),
      );
  }

  /** Handles requests for the page and its parts. Returns false, without touching the request, for any other path. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.designerServer?.handle(request, response)) return true;
    const [path = ''] = (request.url ?? '').split('?');
    if (!(Object.values(Route) as string[]).includes(path)) return false;
    const method = path === Route.EVENTS ? 'POST' : 'GET';
    if (request.method !== method && !(method === 'GET' && request.method === 'HEAD')) {
      response.setHeader('allow', method);
      respond(response, 405, 'text/plain', `use ${method}`);
      return true;
    }
    this.respond(path, request, response).catch((error: Error) => {
      respond(response, 500, 'text/plain', `cannot show the page: ${error.message}`);
    });
    return true;
  }

  changed(): void {
    this.hasChanged = true;
  }

  stop(): void {
    for (const { response } of this.viewers) response.end();
    this.viewers.clear();
  }

  private async respond(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const file = FILES[path];
    if (file) return respond(response, 200, file[0], readFileSync(join(__dirname, file[1])));
    if (path === Route.EVENTS) return this.putEvent(request, response);
    if (path === Route.UPDATES) return this.sendUpdates(response);
    await this.sendPage(response, 200, { designer: this.designer?.view(queryOf(request)) });
  }

  private async sendPage(response: ServerResponse, status: number, input: PageInput): Promise<void> {
    respond(response, status, 'text/html; charset=utf-8', pageDocument(await this.ports.snapshot(), input));
  }

  private async putEvent(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = await readForm(request, response, { what: 'events', maxBytes: MAX_FORM_BYTES });
    if (!form) return;
    const input = { detailType: form.get('detailType')?.trim() ?? '', detail: form.get('detail') ?? '' };
    const problem = problemOf(input);
    const result = problem === undefined ? await this.ports.put(input) : { problem };
    if (request.headers.accept === 'application/json') {
      const text = 'id' in result ? `Put ${input.detailType} with id ${result.id}.` : `Not put: ${result.problem}`;
      const status = 'id' in result ? 200 : 400;
      return respondJson(response, status, { text });
    }
    if ('id' in result) return redirect(response, `${Route.PAGE}#put`);
    const rejected = { ...input, problem: `Not put: ${result.problem}` };
    await this.sendPage(response, 400, { rejected, designer: this.designer?.view(new URLSearchParams()) });
  }

  private sendUpdates(response: ServerResponse): void {
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const viewer: Viewer = { response, sent: new Map() };
    this.viewers.add(viewer);
    response.on('close', () => this.viewers.delete(viewer));
    this.hasChanged = true;
    void this.keepUpdating();
  }

  /** Reads the run's state only while a page is open. */
  private async keepUpdating(): Promise<void> {
    if (this.isUpdating) return;
    this.isUpdating = true;
    for (let turn = 1; this.viewers.size > 0; turn++) {
      if (this.hasChanged || turn % REFRESH_TURNS === 0) {
        this.hasChanged = false;
        await this.update();
      }
      await sleep(UPDATE_INTERVAL_MS, undefined, { ref: false });
    }
    this.isUpdating = false;
  }

  private async update(): Promise<void> {
    try {
      const all = sections(await this.ports.snapshot());
      for (const { response, sent } of this.viewers) {
        for (const { id, content } of all) {
          if (sent.get(id) === content.text) continue;
          sent.set(id, content.text);
          response.write(`event: section\ndata: ${JSON.stringify({ id, content: content.text })}\n\n`);
        }
      }
    } catch {
      // The run is stopping or a table did not respond. The next update tries again.
    }
  }
}

const queryOf = ({ url = '' }: IncomingMessage): URLSearchParams => new URLSearchParams(url.split('?')[1]);

/** Describes an invalid input; undefined if it is valid. */
function problemOf({ detailType, detail }: EventInput): string | undefined {
  if (detailType === '') return 'the detail type is missing';
  try {
    const value: unknown = JSON.parse(detail);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? undefined
      : 'the detail is not a JSON object: write { … }';
  } catch (error) {
    return `the detail is not JSON: ${(error as Error).message}`;
  }
}
