import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renderBody } from '../../../../lambda/delivery/core/bodies/body';
import { BODY_FORMATS, type BodyFormat } from '../../../../lambda/subscriptions/core/subscription';
import { FlowReceiver, type ReceivedRun } from '../../../../local/engines/services/flow-receiver';
import { EXAMPLES, exampleInput } from '../../../lambda/delivery/core/bodies/examples';

const bodyIn = (format: BodyFormat) =>
  JSON.parse(renderBody(exampleInput(EXAMPLES['segment-threshold-crossed'], format)));
const body = bodyIn('flat');

let server: Server;
let origin: string;
let receiver: FlowReceiver;
let onReceived: ReturnType<typeof vi.fn<(run: ReceivedRun) => void>>;

beforeEach(async () => {
  onReceived = vi.fn();
  receiver = new FlowReceiver(onReceived);
  server = createServer((req, res) => {
    if (!receiver.handle(req, res)) res.writeHead(418).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const post = (path: string, content: unknown, headers: Record<string, string> = {}) =>
  fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: typeof content === 'string' ? content : JSON.stringify(content),
  });
const errorOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return [response.status, error.code, error.message] as const;
};

describe('a simulated flow', () => {
  test('accepts a body and responds like Power Automate', async () => {
    const response = await post('/flows/my%20flow?api-version=1&sig=x', body, { 'x-ms-client-tracking-id': 'd1' });
    expect(response.status).toBe(202);
    expect(await response.text()).toBe('');
    const runId = response.headers.get('x-ms-workflow-run-id');
    expect(runId).toMatch(/^08586\d{24}CU\d\d$/);
    expect(response.headers.get('x-ms-client-tracking-id')).toBe('d1');
    for (const name of [
      'correlation-id',
      'request-id',
      'trigger-history-name',
      'execution-location',
      'workflow-name',
    ]) {
      expect(response.headers.get(`x-ms-${name}`), name).toBeTruthy();
    }
    expect(receiver.received).toEqual([
      {
        flow: 'my flow',
        body,
        headers: expect.objectContaining({ 'x-ms-client-tracking-id': 'd1' }),
        at: expect.any(Number),
        runId,
      },
    ]);
    expect(onReceived).toHaveBeenCalledExactlyOnceWith(receiver.received[0]);
    expect(JSON.stringify(receiver.received)).not.toContain('sig=');
  });

  test.each(BODY_FORMATS)('accepts a body in the format %s', async (format) => {
    expect((await post('/flows/any?sig=x', bodyIn(format))).status).toBe(202);
    expect(receiver.received.map((run) => run.body)).toEqual([bodyIn(format)]);
  });

  test('assigns an id to each run', async () => {
    for (let at = 0; at < 20; at++) await post('/flows/a?sig=x', body);
    expect(new Set(receiver.received.map(({ runId }) => runId)).size).toBe(20);
  });

  test('accepts either a token or a signature, and records neither', async () => {
    const authorization = 'Bearer token-of-the-test';
    expect((await post('/flows/a?api-version=1', body, { authorization })).status).toBe(202);
    expect((await post('/flows/a', body, { authorization })).status).toBe(202);
    expect(await errorOf(await post('/flows/a?sig=x', body, { authorization }))).toEqual([
      401,
      'DirectApiRequestHasMoreThanOneAuthorization',
      expect.any(String),
    ]);
    for (const other of ['Basic abc', 'Bearer']) {
      const [status, code] = await errorOf(await post('/flows/a?api-version=1', body, { authorization: other }));
      expect([status, code]).toEqual([401, 'DirectApiAuthorizationRequired']);
    }
    expect(receiver.received).toHaveLength(2);
    expect(JSON.stringify(receiver.received)).not.toContain('token-of-the-test');
  });

  test('does not handle other paths', async () => {
    for (const path of ['/', '/flows', '/flows/', '/flows/a/b', '/flows/%E0%A4%A', '/other/flows/a']) {
      expect((await post(path, body)).status, path).toBe(418);
    }
  });

  test('accepts the short form without a query', async () => {
    expect((await post('/flows/a', body)).status).toBe(202);
  });

  test('rejects the requests that Power Automate rejects', async () => {
    expect(await errorOf(await fetch(`${origin}/flows/a?sig=x`))).toEqual([
      405,
      'MethodNotAllowed',
      expect.any(String),
    ]);
    expect(await errorOf(await post('/flows/a?api-version=1', body))).toEqual([
      401,
      'DirectApiAuthorizationRequired',
      expect.any(String),
    ]);
    expect(await errorOf(await post('/flows/a?sig=', body))).toEqual([
      401,
      'DirectApiAuthorizationRequired',
      expect.any(String),
    ]);
    expect(await errorOf(await post('/flows/a?sig=x', '{'))).toEqual([
      400,
      'InvalidRequestContent',
      expect.any(String),
    ]);
    for (const [wrong, detail] of [
      [{ ...body, title: null }, '/title must be string'],
      [{ ...body, value: '20' }, '/value must be number'],
      [{ ...body, segment: undefined }, "must have required property 'segment'"],
      [{ ...body, trigger: 'other' }, 'trigger must be one of'],
      [{ ...bodyIn('cloudevents'), id: undefined }, "must have required property 'id'"],
      [{ ...bodyIn('cloudevents'), data: { ...body, title: null } }, '/data/title must be string'],
      [{ ...bodyIn('cloudevents'), type: 'customer-insights.other' }, 'trigger must be one of'],
      [{ ...bodyIn('teams-card'), attachments: [] }, '/attachments must NOT have fewer than 1 items'],
      [{ type: 'message', text: 'no card' }, "must have required property 'attachments'"],
      [null, 'trigger must be one of'],
      ['"text"', 'trigger must be one of'],
    ] as const) {
      const [status, code, message] = await errorOf(await post('/flows/a?sig=x', wrong));
      expect([status, code]).toEqual([400, 'TriggerInputSchemaMismatch']);
      expect(message).toContain(detail);
    }
    const large = await post('/flows/a?sig=x', JSON.stringify({ ...body, later: 'x'.repeat(1024 * 1024) }));
    expect(await errorOf(large)).toEqual([413, 'RequestEntityTooLarge', expect.any(String)]);
    expect(receiver.received).toEqual([]);
    expect(onReceived).not.toHaveBeenCalled();
  });

  test('does not record an incomplete request', async () => {
    await new Promise<void>((resolve) => {
      const cut = request(`${origin}/flows/a?sig=x`, { method: 'POST', headers: { 'content-length': 1000 } });
      cut.on('error', () => resolve());
      cut.write('{"trigger":', () => cut.destroy(new Error('cut off')));
    });
    expect((await post('/flows/a?sig=x', body)).status).toBe(202);
    expect(receiver.received).toHaveLength(1);
  });
});
