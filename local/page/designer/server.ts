import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { readBody } from '../../engines/protocol/http';
import { isCallbackPath } from '../../power-automate/callback-url';
import { DOCUMENT_HEADERS, readForm, redirect, respond, respondJson } from '../responses';
import { DesignerRoute, Route } from '../routes';
import type { Designer } from './designer';
import type { DesignerView } from './forms/forms';

/** Maximum bytes of a form. The API accepts 32 KB of JSON. */
const MAX_FORM_BYTES = 128 * 1024;
/** Maximum bytes of a callback. Power Automate accepts 100 MB (its limits page). */
const MAX_CALLBACK_BYTES = 1024 * 1024;

type StaticFile = readonly [type: string, name: string];
const FILES: Readonly<Record<string, StaticFile>> = {
  [DesignerRoute.STYLE]: ['text/css; charset=utf-8', 'style.css'],
  [DesignerRoute.SCRIPT]: ['text/javascript; charset=utf-8', 'script.js'],
};

/** Sends the page with another view of the designer. */
type SendPage = (response: ServerResponse, status: number, view: DesignerView) => Promise<void>;

/** Serves the designer's forms, and the callbacks of its flows. */
export class DesignerServer {
  constructor(
    private readonly designer: Designer,
    private readonly sendPage: SendPage,
  ) {}

  /** Handles requests to the designer's paths. Returns false, without touching the request, for any other path. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const [path = ''] = (request.url ?? '').split('?');
    const handler = this.handlerOf(path);
    if (!handler) return false;
    handler(request, response).catch((error: Error) => {
      respond(response, 500, 'text/plain', `the designer failed: ${error.message}`);
    });
    return true;
  }

  private handlerOf(path: string): ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined {
    if (isCallbackPath(path)) return (request, response) => this.receive(request, response);
    const file = FILES[path];
    if (file) return async (request, response) => sendFile(file, request, response);
    if (path.startsWith(DesignerRoute.DOCUMENT))
      return async (request, response) => this.sendDocument(path, request, response);
    const act = this.forms[path];
    return act && ((request, response) => onForm(request, response, act));
  }

  private readonly forms: Readonly<
    Record<string, (form: URLSearchParams, response: ServerResponse) => Promise<void> | undefined>
  > = {
    [DesignerRoute.SAVE]: async (form, response) => {
      const result = await this.designer.save(form);
      if ('view' in result) return this.sendPage(response, 400, result.view);
      redirect(response, `${Route.PAGE}?flow=${result.saved.id}#flows`);
    },
    [DesignerRoute.CHANGE]: async (form, response) => {
      await this.designer.change(form.get('flow') ?? '', form.get('change') ?? '');
      // With the script, the page stays and receives the change as an update.
      if (response.req.headers.accept === 'application/json') respondJson(response, 200, {});
      else redirect(response, `${Route.PAGE}#flows`);
    },
    [DesignerRoute.TEST]: async (form, response) => this.sendPage(response, 200, await this.designer.test(form)),
    [DesignerRoute.DROPDOWN]: async (form, response) =>
      respondJson(response, 200, await this.designer.dropdown(form, form.get('dropdown') ?? '')),
  };

  private sendDocument(path: string, request: IncomingMessage, response: ServerResponse): void {
    const text = this.designer.document(path);
    if (request.method !== 'GET') rejectMethod(response, 'GET');
    else if (text === undefined) respond(response, 404, 'text/plain', 'the document is gone; test the action again');
    else respond(response, 200, 'text/html; charset=utf-8', text, DOCUMENT_HEADERS);
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '' } = request;
    const body = await readBody(request, MAX_CALLBACK_BYTES);
    if (body === undefined) return respond(response, 413, 'text/plain', 'the request is larger than 1 MB');
    const answer = this.designer.receive({ method, target, body });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }
}

function sendFile([type, name]: StaticFile, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') rejectMethod(response, 'GET');
  else respond(response, 200, type, readFileSync(join(__dirname, name)));
}

async function onForm(
  request: IncomingMessage,
  response: ServerResponse,
  act: (form: URLSearchParams, response: ServerResponse) => Promise<void> | undefined,
): Promise<void> {
  if (request.method !== 'POST') return rejectMethod(response, 'POST');
  const form = await readForm(request, response, { what: 'changes of flows', maxBytes: MAX_FORM_BYTES });
  if (form) await act(form, response);
}

function rejectMethod(response: ServerResponse, allowed: string): void {
  response.setHeader('allow', allowed);
  respond(response, 405, 'text/plain', `use ${allowed}`);
}
