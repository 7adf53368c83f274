/**
 * All failures of a flow's side, over real TLS sockets through the whole of `deliver`: the class of the response, the
 * recorded attempt and the next step.
 */
import { createServer, type Server } from 'node:http';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FlowResponse, ResponseClass } from '../../../../lambda/delivery/core/response';
import { close, listen } from '../../../../local/engines/protocol/http';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import {
  accepted,
  type Behaviour,
  brokenOff,
  dripping,
  ELSEWHERE_CERTIFICATE,
  EXPIRED_CERTIFICATE,
  FlowServer,
  flooding,
  raw,
  refused,
  reset,
  responding,
  SIGNATURE,
  silent,
  stalled,
  tooLate,
  UNTRUSTED_CERTIFICATE,
} from '../../../support/servers/flow-server';

let servers: DeliveryServers;
let world: DeliveryWorld;
/** An internal server that a redirect must not reach. */
let inner: Server;
let innerCalls = 0;
beforeAll(async () => {
  servers = await startDeliveryServers();
  inner = createServer((_, response) => {
    innerCalls++;
    response.end();
  });
  await listen(inner, 0);
});
afterAll(() => Promise.all([servers.stop(), close(inner)]));
beforeEach(() => {
  world = DeliveryWorld.on(servers);
});
afterEach(async () => {
  expect(innerCalls).toBe(0);
  expect(await world.everythingWritten()).not.toContain(SIGNATURE);
});

const HOUR = 3600;
const RUN = '08584000000000000000000000000CU01';
const OK = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n';
const CHUNKED = 'transfer-encoding: chunked\r\n\r\n';
const HALF_A_BODY = 'content-length: 100\r\n\r\n{"error":{"co';
const BAD_CHUNK = `${CHUNKED}5\r\nhello\r\nZZ\r\n`;
const status = (code: number, more: FlowResponse = {}): FlowResponse => ({ status: code, ...more });
const incomplete = (code: number): FlowResponse => status(code, { error: 'incomplete answer' });
const failed = (error: string): FlowResponse => ({ error });
const throttled = (...retryAfter: string[]): Behaviour =>
  responding(429, { 'retry-after': retryAfter } as unknown as Record<string, string>);
const redirected =
  (code: number): Behaviour =>
  (response, call) =>
    responding(code, { location: `http://127.0.0.1:${(inner.address() as { port: number }).port}/latest` })(
      response,
      call,
    );

/** The flow's behaviour, the class of the response, the recorded attempt, and the wait before the next try in seconds. */
type Row = [what: string, does: Behaviour, outcome: ResponseClass, attempt: FlowResponse, wait?: number];

// The world's clock shows 2026-11-20T12:00:00Z.
const ROWS: readonly Row[] = [
  // Accepted
  ['202', accepted, 'delivered', status(202, { runId: RUN })],
  ['200 of a Response action', responding(200, {}, '{"error":{"code":"NotOurs"}}'), 'delivered', status(200)],
  ['204', responding(204), 'delivered', status(204)],
  // Throttled
  ['429', responding(429), 'retry', status(429), 5],
  ['429, after 2 minutes', throttled('120'), 'retry', status(429), 120],
  ['429, after less than the schedule', throttled('1'), 'retry', status(429), 5],
  ['429, at a date', throttled('Fri, 20 Nov 2026 12:10:00 GMT'), 'retry', status(429), 600],
  ['429, at a date that is past', throttled('Sun, 06 Nov 1994 08:49:37 GMT'), 'retry', status(429), 5],
  ['429, at a date years ahead', throttled('Fri, 31 Dec 9999 23:59:59 GMT'), 'retry', status(429), 6 * HOUR],
  ['429, after a negative time', throttled('-3600'), 'retry', status(429), 5],
  ['429, after a huge time', throttled('9'.repeat(400)), 'retry', status(429), 6 * HOUR],
  ['429, after a fraction', throttled('1e9'), 'retry', status(429), 5],
  ['429, after a word', throttled('soon'), 'retry', status(429), 5],
  ['429, after nothing', throttled(''), 'retry', status(429), 5],
  ['429, after two times: the first', throttled('120', '7200'), 'retry', status(429), 120],
  // Failing
  ['500', responding(500, {}, '<html>no JSON</html>'), 'retry', status(500), 5],
  [
    '502 NoResponse',
    refused(502, 'NoResponse', { 'x-ms-workflow-run-id': RUN }),
    'retry',
    status(502, { error: 'NoResponse', runId: RUN }),
    5,
  ],
  ['503', responding(503), 'retry', status(503), 5],
  ['503, after an hour', responding(503, { 'retry-after': '3600' }), 'retry', status(503), HOUR],
  ['504', refused(504, 'GatewayTimeout'), 'retry', status(504, { error: 'GatewayTimeout' }), 5],
  ['408', responding(408), 'retry', status(408), 5],
  ['409', responding(409), 'retry', status(409), 5],
  ['425', responding(425), 'retry', status(425), 5],
  ['a code that quotes the URL', refused(500, `bad url ?sig=${SIGNATURE}`), 'retry', status(500), 5],
  ['a code that is no text', responding(500, {}, '{"error":{"code":{"a":1}}}'), 'retry', status(500), 5],
  ['an error that is null', responding(500, {}, '{"error":null}'), 'retry', status(500), 5],
  ['a body that is null', responding(500, {}, 'null'), 'retry', status(500), 5],
  // The body or the flow is refused
  [
    '400 for a body that fits no schema',
    refused(400, 'TriggerInputSchemaMismatch'),
    'dead',
    status(400, { error: 'TriggerInputSchemaMismatch' }),
  ],
  ['400 without a code', responding(400), 'dead', status(400)],
  ['400, cut off before its code', brokenOff(400), 'retry', { ...incomplete(400), runId: 'run-1' }, 5],
  ['400 and a bad chunk', raw(`HTTP/1.1 400 Bad\r\n${BAD_CHUNK}`), 'retry', incomplete(400), 5],
  ['400 and a body without an end', flooding(400), 'retry', incomplete(400), 5],
  [
    '400 of a flow that is off',
    refused(400, 'WorkflowTriggerIsNotEnabled'),
    'pause',
    status(400, { error: 'WorkflowTriggerIsNotEnabled' }),
    5,
  ],
  [
    '401',
    refused(401, 'DirectApiAuthorizationRequired'),
    'pause',
    status(401, { error: 'DirectApiAuthorizationRequired' }),
    5,
  ],
  ['401, cut off', raw(`HTTP/1.1 401 No\r\n${HALF_A_BODY}`, 'broken'), 'pause', incomplete(401), 5],
  ['403', refused(403, 'MisMatchingOAuthClaims'), 'pause', status(403, { error: 'MisMatchingOAuthClaims' }), 5],
  ['404', refused(404, 'WorkflowNotFound'), 'pause', status(404, { error: 'WorkflowNotFound' }), 5],
  ['410', responding(410), 'pause', status(410), 5],
  ['413', responding(413), 'dead', status(413)],
  // Redirects
  ...[301, 302, 303, 307, 308].map(
    (code): Row => [`${code} to an inner address`, redirected(code), 'retry', status(code), 5],
  ),
  // Broken connections
  ['a reset before the status', reset, 'retry', failed('ECONNRESET'), 5],
  ['a reset inside the status line', raw('HTTP/1.1 20', 'broken'), 'retry', failed('ECONNRESET'), 5],
  [
    'a reset inside the headers',
    raw('HTTP/1.1 202 Accepted\r\nx-ms-workf', 'broken'),
    'retry',
    failed('ECONNRESET'),
    5,
  ],
  ['202, and a reset inside the body', brokenOff(202), 'delivered', status(202, { runId: 'run-1' })],
  ['500, and a reset inside the body', brokenOff(500), 'retry', { ...incomplete(500), runId: 'run-1' }, 5],
  ['202 and a body without an end', flooding(202), 'delivered', status(202)],
  ['500 and a body without an end', flooding(500), 'retry', incomplete(500), 5],
  // Invalid HTTP, or several responses
  ['103 before the answer', raw(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}`), 'delivered', status(202)],
  ['100 before the answer', raw(`HTTP/1.1 100 Continue\r\n\r\n${OK}`), 'delivered', status(202)],
  ['100 and no answer', raw('HTTP/1.1 100 Continue\r\n\r\n', 'broken'), 'retry', failed('ECONNRESET'), 5],
  ['garbage', raw('220 mail.example.com ESMTP\r\n'), 'retry', failed('HPE_INVALID_CONSTANT'), 5],
  [
    'headers without an end',
    raw(`HTTP/1.1 202 Accepted\r\nx: ${'x'.repeat(65_536)}`),
    'retry',
    failed('HPE_HEADER_OVERFLOW'),
    5,
  ],
  ['202 and a bad chunk', raw(`HTTP/1.1 202 Accepted\r\n${BAD_CHUNK}`), 'delivered', status(202)],
  ['500 and a bad chunk', raw(`HTTP/1.1 500 Oops\r\n${BAD_CHUNK}`), 'retry', incomplete(500), 5],
  ['500, and a 202 on its heels', raw(`HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n${OK}`), 'retry', status(500), 5],
  ['202, and garbage on its heels', raw(`${OK}and so on`), 'delivered', status(202)],
];

/** Rows that wait until the call times out. */
const SLOW_ROWS: readonly Row[] = [
  ['no answer', silent, 'retry', failed('timeout'), 5],
  ['headers that come slowly', dripping('HTTP/1.1 202 Accepted\r\n', 'x: y\r\n'), 'retry', failed('timeout'), 5],
  ['103 for ever', dripping('', 'HTTP/1.1 103 Early Hints\r\n\r\n'), 'retry', failed('timeout'), 5],
  [
    'another protocol',
    raw('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    'retry',
    failed('timeout'),
    5,
  ],
  ['202 after the connection is gone', tooLate(accepted), 'retry', failed('timeout'), 5],
  ['202 and a body that stops halfway', stalled(202), 'delivered', status(202)],
  [
    '202 and a body that comes slowly',
    dripping(`HTTP/1.1 202 OK\r\n${CHUNKED}`, '1\r\nx\r\n'),
    'delivered',
    status(202),
  ],
  ['400 and a body that stops halfway', stalled(400), 'retry', incomplete(400), 5],
  [
    '503 and a body that comes slowly',
    dripping(`HTTP/1.1 503 No\r\n${CHUNKED}`, '1\r\nx\r\n'),
    'retry',
    incomplete(503),
    5,
  ],
];

/** Tries one delivery once. Returns its rows and the subscription's health. */
async function tryOnce() {
  world.queue.send(world.message(await world.subscribe()), 0);
  expect(await world.step()).toEqual([]);
  return { rows: await world.rows(), health: (await world.subscriptions.read(world.name('crm')))?.health };
}

async function check(behaviour: Behaviour, outcome: ResponseClass, attempt: FlowResponse, wait = 0): Promise<void> {
  world.flow.behave = (_, n) => (n === 0 ? behaviour : accepted);
  const start = world.now;
  const { rows, health } = await tryOnce();
  const row = rows['event-1'];
  expect(row?.attempts).toEqual([{ at: start, durationMs: 0, ...attempt }]);
  const triedAgain = outcome === 'retry' || outcome === 'pause';
  expect(row).toMatchObject({ status: triedAgain ? 'pending' : outcome, n: triedAgain ? 1 : 0 });
  expect(world.queue.size).toBe(triedAgain ? 1 : 0);
  if (triedAgain) expect(world.queue.sent.at(-1)).toMatchObject({ message: { n: 1, notBefore: start + wait * 1000 } });
  expect(health?.refusals?.count ?? 0).toBe(outcome === 'pause' ? 1 : 0);
  expect(rows['event-1#payload'] !== undefined).toBe(outcome === 'dead');
  expect(world.bus.published.map(({ detailType }) => detailType)).toEqual(
    outcome === 'dead' ? ['FlowDeliveryDead'] : [],
  );

  await world.run();
  expect(world.now).toBe(start + wait * 1000);
  expect((await world.rows())['event-1']).toMatchObject({ status: triedAgain ? 'delivered' : outcome });
  const ids = world.flow.calls.map(({ headers }) => headers['webhook-id']);
  expect(ids).toEqual(Array(triedAgain ? 2 : 1).fill(`${world.name('crm')}_event-1`));
}

it.each<Row>(ROWS)('%s', (_, behaviour, outcome, attempt, wait) => check(behaviour, outcome, attempt, wait));

it.each<Row>(SLOW_ROWS)('%s', (_, behaviour, outcome, attempt, wait) => {
  // `deliver` reserves 5 seconds of it to record the attempt.
  world.invocationMs = 6000;
  return check(behaviour, outcome, attempt, wait);
});

describe('a host that must not receive the URL', () => {
  it.each<[string, string, error: string]>([
    ['whose certificate has ended', EXPIRED_CERTIFICATE, 'CERT_HAS_EXPIRED'],
    ['whose certificate is another’s', ELSEWHERE_CERTIFICATE, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that vouches for itself', UNTRUSTED_CERTIFICATE, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('%s', async (_, certificate, error) => {
    const bad = await FlowServer.start(certificate);
    const start = world.now;
    world.queue.send(world.message(await world.subscribe('crm', bad.url())), 0);
    await world.step();
    const attempts = [{ at: start, durationMs: 0, error }];
    expect((await world.rows())['event-1']).toMatchObject({ status: 'pending', n: 1, attempts });
    expect(bad).toMatchObject({ arrivals: 1, calls: [] });
    await bad.stop();

    world.flow.behave = () => accepted;
    await world.subscribe('crm', world.flow.url());
    await world.run();
    expect((await world.rows())['event-1']).toMatchObject({ status: 'delivered' });
    expect(world.now).toBe(start + 5000);
  });
});

it('does not take a second response to one try as the response to the next try', async () => {
  const written = Promise.withResolvers<void>();
  const late: Behaviour = ({ socket }) => {
    const writeAgain = () => setImmediate(() => socket?.write(OK, () => written.resolve()));
    socket?.write('HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n', writeAgain);
  };
  world.flow.behave = (_, n) => (n === 0 ? late : responding(503));
  await tryOnce();
  await written.promise;
  // The next try is five seconds later. Here no time passes, so the client reads what has arrived.
  for (let turn = 0; turn < 5; turn++) await immediate();
  await world.run({ until: world.now + 5000 });
  expect((await world.rows())['event-1']?.attempts).toMatchObject([{ status: 500 }, { status: 503 }]);
});
