/** How flows are called, and when they are not. Responses are tested in misbehaving-flow.test.ts. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createNetServer, isIP } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { flowCaller } from '../../../../lambda/delivery/adapters/flow-caller';
import type { Resolve } from '../../../../lambda/delivery/adapters/guarded-lookup';
import type { PosterOptions } from '../../../../lambda/delivery/adapters/guarded-post';
import type { FlowRequest } from '../../../../lambda/delivery/core/ports';
import { classify, type FlowResponse } from '../../../../lambda/delivery/core/response';
import { close, listen } from '../../../../local/engines/protocol/http';
import {
  accepted,
  type Behaviour,
  brokenOff,
  FlowServer,
  LOOPBACK_CERTIFICATE,
  refused,
  reset,
  responding,
  SIGNATURE,
  silent,
} from '../../../support/servers/flow-server';

let flow: FlowServer;
beforeAll(async () => {
  flow = await FlowServer.start();
});
beforeEach(() => {
  flow.calls.length = 0;
  flow.behave = () => accepted;
});
afterAll(() => flow.stop());

const REQUEST: FlowRequest = { headers: { 'content-type': 'application/json' }, body: '{"a":"é"}', timeoutMs: 20_000 };
/** Callers of the server on the local machine, as in the local run. */
const LOCAL: PosterOptions = { ca: LOOPBACK_CERTIFICATE, loopback: true };
const call = (request: Partial<FlowRequest> = {}, url = flow.url(), options: PosterOptions = LOCAL) =>
  flowCaller(options)(url, { ...REQUEST, ...request });
const said = (given: FlowResponse) => ({ ...JSON.parse(JSON.stringify(given)), class: classify(given) });

describe('a flow that cannot be reached', () => {
  it('refuses the connection', async () => {
    const gone = await FlowServer.start();
    const url = gone.url();
    await gone.stop();
    expect(said(await call({}, url))).toEqual({ error: 'ECONNREFUSED', class: 'retry' });
  });

  it('has no DNS name', async () => {
    // RFC 6761: names under .invalid do not exist.
    const given = said(await call({}, `https://flow.invalid/?sig=${SIGNATURE}`));
    expect(given).toEqual({ error: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/), class: 'retry' });
  });

  it('does not support TLS', async () => {
    const plain = createNetServer((socket) => socket.end('HTTP/1.1 202 Accepted\r\n\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as { port: number };
    const given = said(await call({}, `https://127.0.0.1:${port}/?sig=${SIGNATURE}`));
    expect(given).toEqual({ error: expect.stringMatching(/^[A-Z_0-9]+$/), class: 'retry' });
    plain.close();
  });
});

describe('a host that resolves to a private address', () => {
  const REFUSED = { error: 'EADDRESSREFUSED', class: 'retry' };
  const HOST = 'default0.00.environment.api.powerplatform.com';
  /** Resolves every name to these addresses. */
  let answered: string[];
  const names: string[] = [];
  const resolve: Resolve = (host, _, done) => {
    names.push(host);
    const addresses = answered.map((address) => ({ address, family: isIP(address) }));
    setImmediate(done, null, addresses);
  };
  beforeEach(() => {
    answered = ['127.0.0.1'];
    names.length = 0;
    flow.arrivals = 0;
  });

  it.each([
    [['127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['::ffff:7f00:1']],
    [['64:ff9b::7f00:1']],
    [['0.0.0.0']],
    [['169.254.169.254']],
    [['fd00:ec2::254']],
    [['10.0.0.1']],
    [['20.42.0.1', '127.0.0.1']],
    [['127.0.0.1', '20.42.0.1']],
    [['2603:1030::1', '::1']],
  ])('is not called when its addresses are %j', async (addresses) => {
    answered = addresses;
    for (const loopback of [false, true]) {
      const options = { ca: LOOPBACK_CERTIFICATE, resolve, loopback };
      expect(said(await call({}, flow.url('flow-1', HOST), options))).toEqual(REFUSED);
      expect(said(await call({}, flow.url('flow-1', HOST).replace('https', 'http'), options))).toEqual(REFUSED);
    }
    expect(names).toEqual([HOST, HOST, HOST, HOST]);
    expect(flow.arrivals).toBe(0);
  });

  it.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '[64:ff9b::127.0.0.1]'])(
    'is not connected to as %s outside the local run',
    async (host) => {
      expect(said(await call({}, flow.url('flow-1', host), { ca: LOOPBACK_CERTIFICATE }))).toEqual(REFUSED);
      expect(said(await call({}, flow.url('flow-1', host).replace('https', 'http'), {}))).toEqual(REFUSED);
      expect(flow.arrivals).toBe(0);
    },
  );

  it.each(['[::ffff:127.0.0.1]', '[64:ff9b::127.0.0.1]', '0.0.0.0', '169.254.169.254', '10.0.0.1', '[fd00:ec2::254]'])(
    'is not connected to as %s in the local run either',
    async (host) => {
      expect(said(await call({}, flow.url('flow-1', host)))).toEqual(REFUSED);
      expect(flow.arrivals).toBe(0);
    },
  );

  it('is called in the local run by a name of the local machine, which TLS checks', async () => {
    const url = flow.url('flow-1', 'localhost');
    expect(await call({}, url, { ...LOCAL, resolve })).toMatchObject({ status: 202 });
    expect(names).toEqual(['localhost']);
    expect(flow).toMatchObject({ arrivals: 1, serverName: 'localhost' });
    answered = ['10.0.0.1'];
    expect(said(await call({}, url, { ...LOCAL, resolve })), 'elsewhere than to the own machine').toEqual(REFUSED);
  });

  it('is not reached over a kept-alive connection of another host', async () => {
    const caller = flowCaller({ ...LOCAL, resolve });
    expect(await caller(flow.url('flow-1', 'localhost'), REQUEST)).toMatchObject({ status: 202 });
    expect(said(await caller(flow.url('flow-1', HOST), REQUEST))).toEqual(REFUSED);
    expect(names).toEqual(['localhost', HOST]);
    expect(flow.arrivals).toBe(1);
  });

  it('is resolved once for each connection, and checked each time', async () => {
    const caller = flowCaller({ ...LOCAL, resolve });
    const url = flow.url('flow-1', 'localhost');
    flow.behave = (_, n) => (n === 1 ? reset : accepted);
    expect(await caller(url, REQUEST)).toMatchObject({ status: 202 });
    answered = ['10.0.0.1'];
    // A kept-alive connection stays with its checked address until it breaks.
    expect(said(await caller(url, REQUEST))).toEqual({ error: 'ECONNRESET', class: 'retry' });
    expect(names).toHaveLength(1);
    expect(said(await caller(url, REQUEST))).toEqual(REFUSED);
    expect(names).toHaveLength(2);
    answered = ['127.0.0.1'];
    expect(await caller(url, REQUEST)).toMatchObject({ status: 202 });
    expect(names).toHaveLength(3);
    expect(flow.arrivals).toBe(2);
  });

  it('does not block the caller when its name is never resolved', async () => {
    const url = flow.url('flow-1', HOST);
    expect(await call({ timeoutMs: 50 }, url, { resolve: () => {} })).toEqual({ error: 'timeout' });
  });
});

describe('the request', () => {
  it('is a POST of the body with the given headers', async () => {
    await call({ headers: { 'content-type': 'application/json; charset=utf-8', 'webhook-id': 'id-1' } });
    const [{ method, path, headers, body }] = flow.calls as [(typeof flow.calls)[0]];
    expect({ method, body }).toEqual({ method: 'POST', body: REQUEST.body });
    expect(path).toBe(new URL(flow.url()).pathname + new URL(flow.url()).search);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': 'id-1',
      'content-length': String(Buffer.byteLength(REQUEST.body)),
    });
    expect(headers).not.toHaveProperty('transfer-encoding');
  });

  it('reuses the connection after responses of any length', async () => {
    const caller = flowCaller(LOCAL);
    const before = flow.connections;
    flow.behave = (_, n) => (n === 1 ? refused(500, 'InternalError') : responding(202, {}, 'x'.repeat(60_000)));
    for (let n = 0; n < 4; n++) await caller(flow.url(`flow-${n}`), REQUEST);
    expect(flow.connections - before).toBe(1);
  });

  it('works after a broken connection', async () => {
    const caller = flowCaller(LOCAL);
    flow.behave = (_, n) => [accepted, reset, brokenOff(500), accepted][n] as Behaviour;
    const statuses = [];
    for (let n = 0; n < 4; n++) statuses.push((await caller(flow.url(), REQUEST)).status);
    expect(statuses).toEqual([202, undefined, 500, 202]);
  });

  it('does not wait for other requests', async () => {
    const caller = flowCaller(LOCAL);
    flow.behave = ({ path }) => (path.includes('slow') ? silent : accepted);
    const slow = caller(flow.url('slow'), { ...REQUEST, timeoutMs: 2000 });
    const quick = await Promise.all([1, 2, 3].map((n) => caller(flow.url(`quick-${n}`), REQUEST)));
    expect(quick.map((given) => given.status)).toEqual([202, 202, 202]);
    expect(await slow).toEqual({ error: 'timeout' });
  });

  it('can use plain http to the local machine in the local run', async () => {
    const plain = createServer((_, response) => void response.writeHead(202).end());
    const port = await listen(plain, 0);
    expect(said(await flowCaller(LOCAL)(`http://127.0.0.1:${port}/`, REQUEST))).toEqual({
      status: 202,
      class: 'delivered',
    });
    await close(plain);
  });
});
