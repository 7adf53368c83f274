import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CustomResourceRequest,
  putResponse,
  respondToCloudFormation,
} from '../../../../lambda/registration/adapters/cloudformation';
import type { DeclarationOutcome, DeclarationRequest } from '../../../../lambda/registration/core/declare';
import { MemoryTelemetry } from '../../../support/memory/memory';

/** Requests to the bucket and its responses. The signature of the S3 URL requires an empty content type. */
let puts: { method?: string; url?: string; type?: string; body: Record<string, string>; bytes: number }[];
let answers: ((response: ServerResponse) => void)[];
let telemetry: MemoryTelemetry;
const server = createServer(async (request: IncomingMessage, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { method, url } = request;
  puts.push({ method, url, type: request.headers['content-type'], body: JSON.parse(`${body}`), bytes: body.length });
  const answer = answers.shift() ?? ((one: ServerResponse) => one.writeHead(200).end());
  answer(response);
});
beforeEach(async () => {
  puts = [];
  answers = [];
  telemetry = new MemoryTelemetry();
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const event = (more: object = {}): CustomResourceRequest => ({
  RequestType: 'Create',
  RequestId: 'request-1',
  ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket?X-Amz-Signature=signed`,
  StackId: 'arn:aws:cloudformation:eu-central-1:123456789012:stack/Shop/1a2b',
  LogicalResourceId: 'Vip1A2B',
  ResourceProperties: { Entry: '{}' },
  ...more,
});
const asked: DeclarationRequest[] = [];
const act = (outcome: DeclarationOutcome) => async (request: DeclarationRequest) => {
  asked.push(request);
  return outcome;
};
const run = (
  acting: (request: DeclarationRequest) => Promise<DeclarationOutcome>,
  request = event(),
  remaining = 60_000,
) =>
  respondToCloudFormation(request, acting, {
    remaining: () => remaining,
    telemetry,
    put: putResponse,
    pauses: [0, 1, 1],
  });
const SAME = {
  StackId: 'arn:aws:cloudformation:eu-central-1:123456789012:stack/Shop/1a2b',
  RequestId: 'request-1',
  LogicalResourceId: 'Vip1A2B',
};
const hangUp = (response: ServerResponse) => void response.destroy();
const status = (code: number) => (response: ServerResponse) => void response.writeHead(code).end();

describe('CloudFormation', () => {
  it('receives the result at its response URL', async () => {
    await run(act({ physicalId: 'vip' }));
    expect(asked.at(-1)).toEqual({ type: 'Create', stack: 'Shop', logicalId: 'Vip1A2B', entry: '{}' });
    expect(puts).toEqual([
      {
        method: 'PUT',
        url: '/bucket?X-Amz-Signature=signed',
        type: '',
        body: { Status: 'SUCCESS', PhysicalResourceId: 'vip', ...SAME },
        bytes: expect.any(Number),
      },
    ]);
    expect(telemetry.lines).toEqual([expect.stringMatching(/^a declared subscription was applied .*"vip"/)]);
  });

  it('receives the reason of a failure, within the size limit of a response', async () => {
    const reason = `"link" is ${'ä😀'.repeat(2000)}`;
    await run(act({ physicalId: 'vip', reason }), event({ RequestType: 'Update', PhysicalResourceId: 'old' }));
    expect(asked.at(-1)).toMatchObject({ type: 'Update', physicalId: 'old' });
    const [{ body, bytes } = { body: {}, bytes: 0 }] = puts;
    expect(body).toMatchObject({ Status: 'FAILED', PhysicalResourceId: 'vip', ...SAME });
    expect(reason.startsWith((body as { Reason: string }).Reason.slice(0, -1))).toBe(true);
    expect(bytes).toBeLessThan(4096);
    expect(telemetry.lines).toEqual([
      expect.stringMatching(/^a declared subscription could not be applied .*"reason"/),
    ]);
  });

  it.each<[string, (request: DeclarationRequest) => Promise<DeclarationOutcome>, number, string]>([
    ['fails', () => Promise.reject(new Error('a fault')), 60_000, 'a fault'],
    ['never ends', () => new Promise(() => {}), 25_000, 'the request timed out: deploy again'],
  ])('receives the known physical id if the work %s', async (_, acting, remaining, Reason) => {
    await run(acting, event({ RequestType: 'Delete', PhysicalResourceId: 'vip' }), remaining);
    expect(puts[0]?.body).toEqual({ Status: 'FAILED', Reason, PhysicalResourceId: 'vip', ...SAME });
  });

  it('receives the response in a retry if an attempt fails', async () => {
    answers = [hangUp, status(503)];
    await run(act({ physicalId: 'vip' }));
    expect(puts).toHaveLength(3);
    expect(new Set(puts.map(({ body }) => body.Status))).toEqual(new Set(['SUCCESS']));
  });

  it('sends the request again if all attempts fail, and no error contains the URL', async () => {
    answers = [hangUp, hangUp, status(403)];
    const failure = run(act({ physicalId: 'vip' })).catch((error: Error) => error);
    expect(`${await failure}`).toBe('Error: CloudFormation did not accept the response in 3 attempts: 403');
    expect(telemetry.lines.join()).not.toContain('Signature');
  });

  it.each([{}, { ResponseURL: 7 }, { ResponseURL: 'none' }])('cannot send the request %j', async (odd) => {
    await expect(run(act({ physicalId: 'vip' }), odd)).rejects.toThrow('it has no ResponseURL');
  });

  it('receives a response to an invalid request', async () => {
    await run(act({ physicalId: 'vip' }), event({ StackId: undefined, ResourceProperties: undefined, RequestType: 5 }));
    expect(asked.at(-1)).toMatchObject({ type: '5', stack: 'undefined', entry: undefined });
    expect(puts).toHaveLength(1);
  });
});
