import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InvocationResult } from '../../../../local/engines/functions/sandbox';
import { type HttpApi, startHttpApi } from '../../../../local/engines/services/http-api';

// biome-ignore lint/suspicious/noExplicitAny: the event of a request, or any result of a function.
type Json = any;

let api: HttpApi;
let events: Json[];
let respond: (event: Json) => InvocationResult | Promise<InvocationResult>;
beforeEach(async () => {
  events = [];
  respond = () => ({ ok: true, payload: { statusCode: 204 } });
  api = await startHttpApi('000000000000');
  const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:api';
  const routes = ['GET /items/{id}', 'POST /items', 'DELETE /items/{id}'].map((routeKey) => ({
    routeKey,
    functionArn,
  }));
  api.serve({ logicalId: 'Api', apiId: 'abc1234567', routes }, async (_, event) => {
    events.push(event);
    return respond(event);
  });
});
afterEach(() => api.stop());

const result = (payload: unknown) => {
  respond = () => ({ ok: true, payload });
};

describe('the event of a request', () => {
  it('has the form of payload 2.0', async () => {
    await fetch(`${api.url}/items/VIP%20customers?a=1&b=2&a=3`, { headers: { 'X-Test': 'yes', 'user-agent': 'test' } });
    const [event] = events;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /items/{id}',
      rawPath: '/items/VIP customers',
      rawQueryString: 'a=1&b=2&a=3',
      queryStringParameters: { a: '1,3', b: '2' },
      pathParameters: { id: 'VIP customers' },
      isBase64Encoded: false,
      requestContext: {
        apiId: 'abc1234567',
        accountId: '000000000000',
        domainName: new URL(api.url).host,
        stage: '$default',
        http: { method: 'GET', path: '/items/VIP customers', sourceIp: '127.0.0.1', userAgent: 'test' },
      },
    });
    expect(event.headers).toMatchObject({
      'x-test': 'yes',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
    });
    expect(event).not.toHaveProperty('body');
    expect(event).not.toHaveProperty('cookies');
  });

  it('has the headers of the gateway, whatever the caller sends', async () => {
    await fetch(`${api.url}/items/1`, {
      headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7', cookie: 'a=1; b=2' },
    });
    expect(events[0].headers).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-for': '127.0.0.1' });
    expect(events[0].headers).not.toHaveProperty('cookie');
    expect(events[0].cookies).toEqual(['a=1', 'b=2']);
  });

  it.each([
    ['application/json; charset=utf-8', '{"a":"é"}', false],
    ['text/plain', 'é', false],
    ['application/x-www-form-urlencoded', 'a=1', true],
    ['application/octet-stream', 'a', true],
  ])('has a body of the type %s as text or in base64', async (type, body, isBase64Encoded) => {
    await fetch(`${api.url}/items`, { method: 'POST', headers: { 'content-type': type }, body });
    const [event] = events;
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8').toString()).toBe(body);
  });
});

describe('the response of a function', () => {
  it('has its status, headers, cookies and body', async () => {
    result({ statusCode: 201, headers: { Location: '/x', 'Content-Type': 'text/csv' }, cookies: ['a=1'], body: 'é' });
    const response = await fetch(`${api.url}/items`, { method: 'POST' });
    expect([response.status, await response.text()]).toEqual([201, 'é']);
    expect(response.headers.get('location')).toBe('/x');
    expect(response.headers.get('content-type')).toBe('text/csv');
    expect(response.headers.getSetCookie()).toEqual(['a=1']);
  });

  it('can be in base64, or a plain value', async () => {
    result({ statusCode: 200, body: Buffer.from('é').toString('base64'), isBase64Encoded: true });
    expect(await (await fetch(`${api.url}/items/1`)).text()).toBe('é');
    result({ a: 1 });
    const response = await fetch(`${api.url}/items/1`);
    expect([response.status, await response.json()]).toEqual([200, { a: 1 }]);
    expect(response.headers.get('content-type')).toBe('application/json');
  });

  it.each<[string, () => void]>([
    ['an error', () => (respond = () => ({ ok: false, errorType: 'Error', errorMessage: 'secret' }))],
    ['a status that is no status', () => result({ statusCode: 'yes' })],
    ['a body that is no text', () => result({ statusCode: 200, body: { a: 1 } })],
    ['a header with a wrong name', () => result({ statusCode: 200, headers: { 'a b': '1' } })],
  ])('is 500 after %s, and the API continues', async (_, prepare) => {
    prepare();
    const response = await fetch(`${api.url}/items/1`);
    expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
    result({ statusCode: 200 });
    expect((await fetch(`${api.url}/items/1`)).status).toBe(200);
  });
});

describe('the limits of an API', () => {
  it('respond 404 to an unknown route, before the function is invoked', async () => {
    const response = await fetch(`${api.url}/other`);
    expect([response.status, await response.json(), events]).toEqual([404, { message: 'Not Found' }, []]);
  });

  it('respond 413 to more than 10 MB, and 431 to more than 10,240 bytes of headers', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024 + 1);
    expect((await fetch(`${api.url}/items`, { method: 'POST', body })).status).toBe(413);
    expect((await fetch(`${api.url}/items/1`, { headers: { 'x-long': 'x'.repeat(10_240) } })).status).toBe(431);
    expect(events).toEqual([]);
  });

  it('survive an aborted request', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /items HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
    socket.destroy();
    await once(socket, 'close');
    expect((await fetch(`${api.url}/items/1`)).status).toBe(204);
  });

  it('serve 50 requests at the same time', async () => {
    respond = async ({ pathParameters }) => ({ ok: true, payload: { statusCode: 200, body: pathParameters.id } });
    const ids = Array.from({ length: 50 }, (_, n) => String(n));
    const bodies = await Promise.all(ids.map(async (id) => (await fetch(`${api.url}/items/${id}`)).text()));
    expect(bodies).toEqual(ids);
  });
});
