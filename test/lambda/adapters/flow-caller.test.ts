import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createNetServer, isIP } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CallerOptions, flowCaller } from '../../../lambda/adapters/flow-caller';
import type { Resolve } from '../../../lambda/adapters/guarded-lookup';
import { type AnswerClass, classify, type FlowAnswer } from '../../../lambda/core/answer';
import type { FlowRequest } from '../../../lambda/core/deliver';
import { close, listen } from '../../../local/engines/http';
import {
  accepted,
  answer,
  type Behaviour,
  brokenOff,
  FlowServer,
  flooding,
  LOOPBACK_CERTIFICATE,
  refused,
  reset,
  SIGNATURE,
  silent,
  stalled,
} from '../../support/flow-server';

let flow: FlowServer;
/** Another server inside, which a redirect must not reach. */
let inner: Server;
let innerPort: number;
let innerCalls: number;
beforeAll(async () => {
  flow = await FlowServer.start();
  inner = createServer((_, response) => {
    innerCalls++;
    response.end();
  });
  innerPort = await listen(inner, 0);
});
beforeEach(() => {
  innerCalls = 0;
  flow.calls.length = 0;
  flow.behave = () => accepted;
});
afterEach(() => {
  expect(innerCalls).toBe(0);
});
afterAll(() => Promise.all([flow.stop(), close(inner)]));

const REQUEST: FlowRequest = { headers: { 'content-type': 'application/json' }, body: '{"a":"é"}', timeoutMs: 20_000 };
/** Callers of the server on this machine, as in the local run. */
const LOCAL: CallerOptions = { ca: LOOPBACK_CERTIFICATE, loopback: true };
const call = (request: Partial<FlowRequest> = {}, url = flow.url(), options: CallerOptions = LOCAL) =>
  flowCaller(options)(url, { ...REQUEST, ...request });
const said = (given: FlowAnswer) => ({ ...JSON.parse(JSON.stringify(given)), class: classify(given) });
const status = (code: number, more: FlowAnswer = {}) => ({ status: code, ...more });

const RUN = '08584000000000000000000000000CU01';
const TOMORROW = 'Sat, 21 Nov 2026 12:00:00 GMT';

describe('what a flow answers', () => {
  it.each<[string, Behaviour, FlowAnswer, AnswerClass]>([
    ['202', accepted, status(202, { runId: RUN }), 'delivered'],
    ['200 of a Response action', answer(200, {}, '{"error":{"code":"NotOurs"}}'), status(200), 'delivered'],
    ['204', answer(204), status(204), 'delivered'],
    [
      '400 for a body that fits no schema',
      refused(400, 'TriggerInputSchemaMismatch'),
      status(400, { error: 'TriggerInputSchemaMismatch' }),
      'dead',
    ],
    ['400 without a code', answer(400), status(400), 'dead'],
    [
      '400 of a flow that is off',
      refused(400, 'WorkflowTriggerIsNotEnabled'),
      status(400, { error: 'WorkflowTriggerIsNotEnabled' }),
      'pause',
    ],
    [
      '401',
      refused(401, 'DirectApiAuthorizationRequired'),
      status(401, { error: 'DirectApiAuthorizationRequired' }),
      'pause',
    ],
    ['403', refused(403, 'MisMatchingOAuthClaims'), status(403, { error: 'MisMatchingOAuthClaims' }), 'pause'],
    ['404', refused(404, 'WorkflowNotFound'), status(404, { error: 'WorkflowNotFound' }), 'pause'],
    ['408', answer(408), status(408), 'retry'],
    ['409', answer(409), status(409), 'retry'],
    ['410', answer(410), status(410), 'pause'],
    ['413', answer(413), status(413), 'dead'],
    ['425', answer(425), status(425), 'retry'],
    [
      '429 with seconds',
      refused(429, 'TooManyRequests', { 'retry-after': '120' }),
      status(429, { error: 'TooManyRequests', retryAfter: '120' }),
      'retry',
    ],
    ['429 with a date', answer(429, { 'retry-after': TOMORROW }), status(429, { retryAfter: TOMORROW }), 'retry'],
    [
      '429 with an absurd wait',
      answer(429, { 'retry-after': '9'.repeat(30) }),
      status(429, { retryAfter: '9'.repeat(30) }),
      'retry',
    ],
    ['500', answer(500, {}, '<html>'), status(500), 'retry'],
    [
      '502 NoResponse',
      refused(502, 'NoResponse', { 'x-ms-workflow-run-id': RUN }),
      status(502, { error: 'NoResponse', runId: RUN }),
      'retry',
    ],
    ['503', answer(503, { 'retry-after': '1' }), status(503, { retryAfter: '1' }), 'retry'],
    ['504', refused(504, 'GatewayTimeout'), status(504, { error: 'GatewayTimeout' }), 'retry'],
    ['a code that quotes the URL', refused(500, `bad url ?sig=${SIGNATURE}`), status(500), 'retry'],
    ['a code that is no text', answer(500, {}, '{"error":{"code":{"a":1}}}'), status(500), 'retry'],
    ['an error that is null', answer(500, {}, '{"error":null}'), status(500), 'retry'],
    ['a body that is null', answer(500, {}, 'null'), status(500), 'retry'],
    ['202 and a body without an end', flooding(202), status(202), 'delivered'],
    ['500 and a body without an end', flooding(500), status(500), 'retry'],
    ['202, and the connection breaks', brokenOff(202), status(202, { runId: 'run-1' }), 'delivered'],
    ['500, and the connection breaks', brokenOff(500), status(500, { runId: 'run-1' }), 'retry'],
    ['a connection that breaks before the answer', reset, { error: 'ECONNRESET' }, 'retry'],
  ])('%s', async (_, behaviour, expected, outcome) => {
    flow.behave = () => behaviour;
    expect(said(await call())).toEqual({ ...expected, class: outcome });
    expect(flow.calls).toHaveLength(1);
  });

  it.each([301, 302, 303, 307, 308])('%d to an inner address is not followed', async (code) => {
    flow.behave = () => answer(code, { location: `http://127.0.0.1:${innerPort}/latest/meta-data` });
    expect(said(await call())).toEqual({ status: code, class: 'retry' });
    expect(flow.calls).toHaveLength(1);
  });

  // Only these wait for their time to run out.
  it.each<[string, Behaviour, FlowAnswer, AnswerClass]>([
    ['headers that never come', silent, { error: 'timeout' }, 'retry'],
    ['202 and a body that stops halfway', stalled(202), status(202), 'delivered'],
    ['500 and a body that stops halfway', stalled(500), status(500), 'retry'],
  ])('%s', async (_, behaviour, expected, outcome) => {
    const caller = flowCaller(LOCAL);
    // The connection stands already, so that the time is the answer's alone.
    await caller(flow.url(), REQUEST);
    flow.behave = () => behaviour;
    expect(said(await caller(flow.url(), { ...REQUEST, timeoutMs: 1000 }))).toEqual({ ...expected, class: outcome });
    expect(flow.calls).toHaveLength(2);
  });
});

describe('a flow that cannot be reached', () => {
  it('refuses the connection', async () => {
    const gone = await FlowServer.start();
    const url = gone.url();
    await gone.stop();
    expect(said(await call({}, url))).toEqual({ error: 'ECONNREFUSED', class: 'retry' });
  });

  it('has no name in the DNS', async () => {
    // RFC 6761: names under .invalid do not exist.
    const given = said(await call({}, `https://flow.invalid/?sig=${SIGNATURE}`));
    expect(given).toEqual({ error: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/), class: 'retry' });
  });

  it('has a certificate that nobody vouches for', async () => {
    expect(said(await flowCaller({ loopback: true })(flow.url(), REQUEST))).toEqual({
      error: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      class: 'retry',
    });
    expect(flow.calls, 'the URL was not told').toEqual([]);
  });

  it('speaks no TLS', async () => {
    const plain = createNetServer((socket) => socket.end('HTTP/1.1 202 Accepted\r\n\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as { port: number };
    const given = said(await call({}, `https://127.0.0.1:${port}/?sig=${SIGNATURE}`));
    expect(given).toEqual({ error: expect.stringMatching(/^[A-Z_0-9]+$/), class: 'retry' });
    plain.close();
  });
});

describe('a host that leads inward', () => {
  const REFUSED = { error: 'EADDRESSREFUSED', class: 'retry' };
  const HOST = 'default0.00.environment.api.powerplatform.com';
  /** Answers every name with these addresses. */
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
  ])('is not connected to when its addresses are %j', async (addresses) => {
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

  it('is connected to in the local run by a name of the own machine, which is the name that TLS checks', async () => {
    const url = flow.url('flow-1', 'localhost');
    expect(await call({}, url, { ...LOCAL, resolve })).toMatchObject({ status: 202 });
    expect(names).toEqual(['localhost']);
    expect(flow).toMatchObject({ arrivals: 1, serverName: 'localhost' });
    answered = ['10.0.0.1'];
    expect(said(await call({}, url, { ...LOCAL, resolve })), 'elsewhere than to the own machine').toEqual(REFUSED);
  });

  it('is not reached over a connection that is kept for another', async () => {
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
    // The kept connection stays with the address that was checked, until it breaks.
    expect(said(await caller(url, REQUEST))).toEqual({ error: 'ECONNRESET', class: 'retry' });
    expect(names).toHaveLength(1);
    expect(said(await caller(url, REQUEST))).toEqual(REFUSED);
    expect(names).toHaveLength(2);
    answered = ['127.0.0.1'];
    expect(await caller(url, REQUEST)).toMatchObject({ status: 202 });
    expect(names).toHaveLength(3);
    expect(flow.arrivals).toBe(2);
  });

  it('does not hold the caller when its name is never resolved', async () => {
    const url = flow.url('flow-1', HOST);
    expect(await call({ timeoutMs: 50 }, url, { resolve: () => {} })).toEqual({ error: 'timeout' });
  });
});

describe('the request', () => {
  it('is a POST of the body, under the headers that were given', async () => {
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

  it('goes over a connection that is kept, after answers of every length', async () => {
    const caller = flowCaller(LOCAL);
    const before = flow.connections;
    flow.behave = (_, n) => (n === 1 ? refused(500, 'InternalError') : answer(202, {}, 'x'.repeat(60_000)));
    for (let n = 0; n < 4; n++) await caller(flow.url(`flow-${n}`), REQUEST);
    expect(flow.connections - before).toBe(1);
  });

  it('goes on after a connection that broke', async () => {
    const caller = flowCaller(LOCAL);
    flow.behave = (_, n) => [accepted, reset, brokenOff(500), accepted][n] as Behaviour;
    const statuses = [];
    for (let n = 0; n < 4; n++) statuses.push((await caller(flow.url(), REQUEST)).status);
    expect(statuses).toEqual([202, undefined, 500, 202]);
  });

  it('does not wait for others', async () => {
    const caller = flowCaller(LOCAL);
    flow.behave = ({ path }) => (path.includes('slow') ? silent : accepted);
    const slow = caller(flow.url('slow'), { ...REQUEST, timeoutMs: 2000 });
    const quick = await Promise.all([1, 2, 3].map((n) => caller(flow.url(`quick-${n}`), REQUEST)));
    expect(quick.map((given) => given.status)).toEqual([202, 202, 202]);
    expect(await slow).toEqual({ error: 'timeout' });
  });

  it('may be plain http on the own machine, for the local run', async () => {
    const plain = createServer((_, response) => void response.writeHead(202).end());
    const port = await listen(plain, 0);
    expect(said(await flowCaller(LOCAL)(`http://127.0.0.1:${port}/`, REQUEST))).toEqual({
      status: 202,
      class: 'delivered',
    });
    await close(plain);
  });
});
