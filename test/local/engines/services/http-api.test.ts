import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { InvocationResult } from '../../../../local/engines/functions/sandbox';
import { type HttpApi, startHttpApi } from '../../../../local/engines/services/http-api';

type Invoke = (functionArn: string, event: object) => Promise<InvocationResult>;

const returns =
  (payload: unknown): Invoke =>
  async () => ({ ok: true, payload });
const invoke = vi.fn<Invoke>();
let api: HttpApi;

beforeAll(async () => {
  api = await startHttpApi('000000000000');
});
afterAll(() => api?.stop());

beforeEach(() => {
  invoke.mockReset().mockImplementation(returns({ statusCode: 204 }));
  const routes = ['ANY /flows/{id}', 'GET /flows'].map((routeKey) => ({ routeKey, functionArn: 'arn' }));
  api.serve({ logicalId: 'Api', apiId: 'abc', routes }, invoke);
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `fetch` cannot repeat headers or send cookies as a client without `fetch` does. */
async function send(path: string, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  const sent = request(`${api.url}${path}`, options).end(body);
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const lastEvent = () => invoke.mock.lastCall?.[1] as Record<string, unknown>;

describe('the event', () => {
  it('has the path, its parameters, the query and the context of payload format 2.0', async () => {
    await send('/flows/a%20b?x=1&y=%C3%A9&x=2', { headers: { 'User-Agent': 'test' } });
    expect(invoke.mock.lastCall?.[0]).toBe('arn');
    expect(lastEvent()).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /flows/{id}',
      rawPath: '/flows/a b',
      rawQueryString: 'x=1&y=%C3%A9&x=2',
      queryStringParameters: { x: '1,2', y: 'é' },
      pathParameters: { id: 'a b' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'abc',
        stage: '$default',
        http: { method: 'GET', path: '/flows/a b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      },
      isBase64Encoded: false,
    });
  });

  it('omits what the request does not have', async () => {
    await send('/flows');
    for (const field of ['body', 'cookies', 'pathParameters', 'queryStringParameters']) {
      expect(lastEvent()).not.toHaveProperty(field);
    }
  });

  it('has header names in lower case, repeated headers joined, and cookies apart', async () => {
    await send('/flows', { headers: { 'X-Mixed': ['a', 'b'], Cookie: 'one=1; two=2' } });
    expect(lastEvent()).toMatchObject({ headers: { 'x-mixed': 'a,b' }, cookies: ['one=1', 'two=2'] });
    expect(lastEvent().headers).not.toHaveProperty('cookie');
  });

  it('has the forwarding headers of the gateway, not those of the client', async () => {
    const spoofed = { 'X-Forwarded-For': '8.8.8.8', 'X-Forwarded-Port': '443', 'X-Forwarded-Proto': 'https' };
    await send('/flows', { headers: spoofed });
    const gateway = {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': new URL(api.url).port,
      'x-forwarded-proto': 'http',
    };
    expect(lastEvent()).toMatchObject({ headers: gateway });
  });

  it.each<readonly [string, boolean]>([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['text/plain', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
  ])('has a body of %s in base64: %s', async (type, isBase64Encoded) => {
    await send('/flows/1', { method: 'POST', headers: { 'content-type': type } }, 'é=1');
    const body = isBase64Encoded ? Buffer.from('é=1').toString('base64') : 'é=1';
    expect(lastEvent()).toMatchObject({ body, isBase64Encoded });
  });
});

describe('the response', () => {
  it('has the status, headers, cookies and body that the function returns', async () => {
    const headers = { Location: '/flows/1', 'Content-Type': 'text/csv' };
    invoke.mockImplementation(returns({ statusCode: 201, headers, cookies: ['a=1', 'b=2'], body: 'é' }));
    expect(await send('/flows')).toMatchObject({
      status: 201,
      headers: { location: '/flows/1', 'content-type': 'text/csv', 'set-cookie': ['a=1', 'b=2'] },
      body: 'é',
    });
  });

  it('decodes a body in base64', async () => {
    const body = Buffer.from('text').toString('base64');
    invoke.mockImplementation(returns({ statusCode: 200, body, isBase64Encoded: true }));
    expect(await send('/flows')).toMatchObject({ status: 200, body: 'text' });
  });

  it.each([{ a: 1 }, ['a'], 'text', null])('has a value without statusCode as its body: %j', async (value) => {
    invoke.mockImplementation(returns(value));
    expect(await send('/flows')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    });
  });

  it.each<readonly [string, Invoke]>([
    ['a status that is text', returns({ statusCode: '200' })],
    ['a status out of range', returns({ statusCode: 99 })],
    ['a body that is not text', returns({ statusCode: 200, body: {} })],
    ['headers that are null', returns({ statusCode: 200, headers: null })],
    ['an invalid header name', returns({ statusCode: 200, headers: { 'a b': '1' } })],
    ['an invalid header value', returns({ statusCode: 200, headers: { a: '1\r\nb: 2' } })],
    ['a failed function', async () => ({ ok: false, errorType: 'Error', errorMessage: 'detail' })],
    ['a function that cannot run', () => Promise.reject(new Error('detail'))],
  ])('is 500 for %s, and the server continues', async (_, result) => {
    invoke.mockImplementationOnce(result);
    expect(await send('/flows')).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
    expect(await send('/flows')).toMatchObject({ status: 204 });
  });

  it('is 404 without a route', async () => {
    expect(await send('/other')).toMatchObject({ status: 404, body: '{"message":"Not Found"}' });
    expect(invoke).not.toHaveBeenCalled();
  });

  it('is 413 for more than 10 MB', async () => {
    const most = Buffer.alloc(10 * 1024 * 1024);
    expect(await send('/flows/1', { method: 'POST' }, most)).toMatchObject({ status: 204 });
    const more = Buffer.alloc(most.length + 1);
    expect(await send('/flows/1', { method: 'POST' }, more)).toMatchObject({ status: 413 });
    expect(invoke).toHaveBeenCalledTimes(1);
  });

  it('is 431 for headers of more than 10,240 bytes', async () => {
    expect(await send('/flows', { headers: { a: 'x'.repeat(9000) } })).toMatchObject({ status: 204 });
    expect(await send('/flows', { headers: { a: 'x'.repeat(10_240) } })).toMatchObject({ status: 431 });
  });
});

describe('connections', () => {
  it('continues after a client leaves in the middle of its request', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.write('POST /flows/1 HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\npart');
    await once(socket, 'connect');
    socket.resetAndDestroy();
    expect(await send('/flows')).toMatchObject({ status: 204 });
    expect(invoke).toHaveBeenCalledTimes(1);
  });

  it('answers 50 concurrent requests, each with its own response', async () => {
    invoke.mockImplementation(async (_, event) => ({ ok: true, payload: (event as { rawPath: string }).rawPath }));
    const paths = Array.from({ length: 50 }, (_, n) => `/flows/${n}`);
    const answers = await Promise.all(paths.map((path) => send(path)));
    expect(answers.map(({ body }) => JSON.parse(body))).toEqual(paths);
  });

  it('keeps a connection open for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      await send('/flows', { agent });
      const again = request(`${api.url}/flows`, { agent }).end();
      const [response] = await once(again, 'response');
      await text(response);
      expect(again.reusedSocket).toBe(true);
    } finally {
      agent.destroy();
    }
  });
});
