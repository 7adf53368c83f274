import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, startEndpoint } from '../../../local/engines/protocol/endpoint';
import type { EventInput } from '../../../local/page/document';
import { Route } from '../../../local/page/routes';
import { PageServer } from '../../../local/page/server';
import type { Snapshot } from '../../../local/page/snapshot';
import { segment, snapshot } from './examples';

let shown: Snapshot;
let put: EventInput[];
let page: PageServer;
let endpoint: Endpoint;
beforeEach(async () => {
  shown = snapshot();
  put = [];
  page = new PageServer({
    snapshot: async () => shown,
    put: async (event) => {
      put.push(event);
      return event.detailType === 'Refused' ? { problem: 'MalformedDetail: too odd' } : { id: 'event-1' };
    },
  });
  endpoint = await startEndpoint({ port: 0, routes: (req, res) => page.handle(req, res) });
});
afterEach(async () => {
  page.stop();
  await endpoint.stop();
});

type Headers = Record<string, string>;
const open = async (method: string, path: string, headers: Headers = {}, body = ''): Promise<IncomingMessage> => {
  const sent = request(`${endpoint.url}${path}`, { method, headers });
  sent.end(body);
  const [response] = await once(sent, 'response');
  return response;
};
const ask = async (...call: Parameters<typeof open>) => {
  const response = await open(...call);
  const { statusCode: status, headers } = response;
  return { status, headers, text: await text(response) };
};
const FORM = 'application/x-www-form-urlencoded';
const putEvent = (fields: Record<string, string>, headers: Headers = {}) =>
  ask(
    'POST',
    Route.EVENTS,
    { 'content-type': FORM, origin: endpoint.url, accept: 'application/json', ...headers },
    new URLSearchParams(fields).toString(),
  );
const EVENT = { detailType: 'SegmentRefreshed', detail: '{"segment":"A"}' };

describe('the page', () => {
  it('is served with a policy that forbids content of other sites', async () => {
    shown = snapshot([segment('VIP & more', 5, 1)]);
    const { status, headers, text: markup } = await ask('GET', '/');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(markup).toContain('VIP &amp; more');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it.each([
    [Route.STYLE, 'text/css; charset=utf-8'],
    [Route.SCRIPT, 'text/javascript; charset=utf-8'],
  ])('serves %s, which references no other site', async (path, type) => {
    const { status, headers, text: content } = await ask('GET', path);
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(content).not.toMatch(/https?:|url\(|@import|eval|document\.write/);
  });

  it('does not handle other paths, and rejects other methods', async () => {
    expect((await ask('GET', '/page')).status).toBe(404);
    expect((await ask('GET', '/page/../package.json')).status).toBe(404);
    expect((await ask('PUT', '/')).status).toBe(405);
    expect((await ask('GET', Route.EVENTS)).status).toBe(405);
    expect(await ask('HEAD', '/')).toMatchObject({ status: 200, text: '' });
    expect((await ask('GET', '/?x=1')).status).toBe(200);
  });

  it('responds with an error if there is no snapshot', async () => {
    shown = undefined as unknown as Snapshot;
    expect((await ask('GET', '/')).status).toBe(500);
  });
});

describe('putting an event', () => {
  it('puts the event, and responds with its id', async () => {
    const response = await putEvent({ ...EVENT, detailType: ' SegmentRefreshed ' });
    expect([response.status, JSON.parse(response.text)]).toEqual([
      200,
      { text: 'Put SegmentRefreshed with id event-1.' },
    ]);
    expect(put).toEqual([EVENT]);
  });

  it('redirects to the page without a script, and keeps the input if the event is rejected', async () => {
    const done = await putEvent(EVENT, { accept: 'text/html' });
    expect([done.status, done.headers.location]).toEqual([303, '/#put']);
    const rejected = await putEvent({ detailType: 'Refused', detail: '{"a":"<b>"}' }, { accept: 'text/html' });
    expect(rejected.status).toBe(400);
    expect(rejected.text).toContain('Not put: MalformedDetail: too odd');
    expect(rejected.text).toContain('{&quot;a&quot;:&quot;&lt;b&gt;&quot;}');
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no detail type', { detailType: ' ', detail: '{}' }, /detail type is missing/],
    ['no JSON', { ...EVENT, detail: '{"a":' }, /detail is not JSON: /],
    ['no object', { ...EVENT, detail: '[1]' }, /not a JSON object/],
    ['nothing', {}, /detail type is missing/],
  ])('rejects %s', async (_, fields, problem) => {
    const response = await putEvent(fields);
    expect(response.status).toBe(400);
    expect(JSON.parse(response.text).text).toMatch(problem);
    expect(put).toEqual([]);
  });

  it('rejects an event that is too large', async () => {
    expect((await putEvent({ ...EVENT, detail: 'x'.repeat(800 * 1024) })).status).toBe(413);
    expect(put).toEqual([]);
  });

  it.each<[string, () => Headers]>([
    ['another site', () => ({ origin: 'https://example.com' })],
    ['another port of this machine', () => ({ origin: 'http://127.0.0.1:1' })],
    ['another name of this machine', () => ({ origin: endpoint.url.replace('127.0.0.1', 'localhost') })],
    ['a page without an origin', () => ({ origin: 'null' })],
    ['a page whose origin starts with that of this one', () => ({ origin: `${endpoint.url}.example.com` })],
  ])('rejects a form of %s', async (_, headers) => {
    expect((await putEvent(EVENT, headers())).status).toBe(403);
    expect(put).toEqual([]);
  });

  it('rejects a form without an origin', async () => {
    const body = new URLSearchParams(EVENT).toString();
    expect((await ask('POST', Route.EVENTS, { 'content-type': FORM }, body)).status).toBe(403);
    expect(put).toEqual([]);
  });

  it('accepts a form of the page under its other name', async () => {
    const other = endpoint.url.replace('127.0.0.1', 'localhost');
    expect((await putEvent(EVENT, { host: new URL(other).host, origin: other })).status).toBe(200);
  });
});

it('rejects requests to names of other sites that point to this machine', async () => {
  const host = new URL(endpoint.url).host.replace('127.0.0.1', 'rebound.example.com');
  for (const path of [Route.PAGE, Route.UPDATES]) expect((await ask('GET', path, { host })).status).toBe(403);
  expect((await putEvent(EVENT, { host, origin: `http://${host}` })).status).toBe(403);
  expect(put).toEqual([]);
});

describe('updates', () => {
  /** Reads updates until one contains the section. Returns its content. */
  async function next(updates: AsyncIterator<Buffer>, id: string): Promise<string> {
    for (;;) {
      const { value, done } = await updates.next();
      if (done) throw new Error('ended');
      for (const line of String(value)
        .split('\n')
        .filter((one) => one.startsWith('data: '))) {
        const section = JSON.parse(line.slice('data: '.length));
        if (section.id === id) return section.content;
      }
    }
  }

  it('contain only the sections that changed', async () => {
    const response = await open('GET', Route.UPDATES);
    expect(response.headers['content-type']).toBe('text/event-stream');
    const updates = response[Symbol.asyncIterator]();
    expect(await next(updates, 'events')).toContain('No events yet.');
    shown = snapshot([segment('<b>', 5, 1)]);
    page.changed();
    const { value } = await updates.next();
    const ids = [...String(value).matchAll(/^data: \{"id":"(\w+)"/gm)].map(([, id]) => id);
    expect(ids).toEqual(expect.arrayContaining(['overview']));
    expect(ids).not.toContain('rejected');
    page.stop();
  });

  it('escape texts of events', async () => {
    shown = snapshot([segment('<script>', 5, 1)]);
    const updates = (await open('GET', Route.UPDATES))[Symbol.asyncIterator]();
    expect(await next(updates, 'events')).toContain('&lt;script&gt;');
  });

  it('end when the page stops', async () => {
    const response = await open('GET', Route.UPDATES);
    page.stop();
    await text(response);
  });
});
