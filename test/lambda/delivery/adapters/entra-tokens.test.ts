import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EntraTokenOptions, entraTokens } from '../../../../lambda/delivery/adapters/entra-tokens';
import { flowCaller } from '../../../../lambda/delivery/adapters/flow-caller';
import type { Resolve } from '../../../../lambda/delivery/adapters/guarded-lookup';
import { authorizedPost } from '../../../../lambda/delivery/core/authorize';
import type { FlowRequest } from '../../../../lambda/delivery/core/ports';
import { classify, type FlowResponse } from '../../../../lambda/delivery/core/response';
import { UnusableSecretError } from '../../../../lambda/subscriptions/core/secret-reference';
import type { EntraAuth } from '../../../../lambda/subscriptions/core/subscription';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import {
  accepted,
  type Behaviour,
  brokenOff,
  FlowServer,
  flooding,
  LOOPBACK_CERTIFICATE,
  refused,
  reset,
  responding,
  silent,
  stalled,
} from '../../../support/servers/flow-server';

/** Secrets that must appear only in the requests. */
const SECRET = 'client-secret-of-the-test';
const ASSERTION = 'assertion.of.the-test';
const TOKEN = 'access-token-of-the-test';

const AUTH: EntraAuth = {
  type: 'entra',
  tenantId: 'contoso.onmicrosoft.com',
  clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa',
  clientSecret: { secret: 'app' },
  cloud: 'public',
};
const FEDERATED: EntraAuth = { ...AUTH, clientSecret: undefined };
const HOUR = 3_600_000;

let servers: DeliveryServers;
let flow: FlowServer;
/** Stand-in for login.microsoftonline.com. */
let authority: FlowServer;
beforeAll(async () => {
  [servers, authority] = await Promise.all([startDeliveryServers(), FlowServer.start()]);
  flow = servers.flow;
});
afterAll(() => Promise.all([servers.stop(), authority.stop()]));

let now: number;
let secretsRead: number;
beforeEach(() => {
  now = Date.parse('2026-11-05T10:00:00Z');
  secretsRead = 0;
  flow.calls.length = 0;
  flow.behave = () => accepted;
  authority.calls.length = 0;
  authority.behave = (_, n) => givesToken(n);
});

const givesToken = (n: number, seconds = 3600): Behaviour =>
  responding(
    200,
    { 'content-type': 'application/json' },
    JSON.stringify({ token_type: 'Bearer', expires_in: seconds, access_token: `${TOKEN}-${n}` }),
  );
/** Quotes the request, as an error's text can. */
const refuses =
  (status: number, code: number): Behaviour =>
  (response, call) =>
    responding(
      status,
      { 'content-type': 'application/json' },
      JSON.stringify({
        error: 'invalid_client',
        error_description: `AADSTS${code}: ${call.body}`,
        error_codes: [code],
      }),
    )(response, call);

const LOCAL = { ca: LOOPBACK_CERTIFICATE, loopback: true };
const OPTIONS: EntraTokenOptions = {
  readSecret: async () => {
    secretsRead++;
    return `${SECRET}\n`;
  },
  webIdentity: async () => ASSERTION,
  clock: () => now,
  poster: LOCAL,
  origin: () => new URL(authority.url()).origin,
};
const poster = (options: Partial<EntraTokenOptions> = {}) =>
  authorizedPost(flowCaller(LOCAL), entraTokens({ ...OPTIONS, ...options }), () => now);

/** URL of a flow that allows only its tenant. */
const unsigned = (name?: string) => flow.url(name).replace(/&sp=.*/, '');
const REQUEST: FlowRequest = {
  headers: { 'content-type': 'application/json', 'webhook-id': 'delivery-1' },
  body: '{"a":1}',
  timeoutMs: 20_000,
  auth: AUTH,
};
const post = (options: Partial<EntraTokenOptions> = {}, request: Partial<FlowRequest> = {}) =>
  poster(options)(unsigned(), { ...REQUEST, ...request });
const said = (given: FlowResponse) => {
  expect(JSON.stringify(given)).not.toMatch(new RegExp([SECRET, ASSERTION, TOKEN].join('|')));
  return { error: given.error, status: given.status, class: classify(given) };
};
const bearers = () => flow.calls.map(({ headers }) => headers.authorization);

describe('a flow is called with a token', () => {
  it('requested with the client secret', async () => {
    expect(await post()).toMatchObject({ status: 202 });
    expect(authority.calls).toMatchObject([
      {
        method: 'POST',
        path: '/contoso.onmicrosoft.com/oauth2/v2.0/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      },
    ]);
    expect(Object.fromEntries(new URLSearchParams(authority.calls[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: AUTH.clientId,
      client_secret: SECRET,
      scope: 'https://service.flow.microsoft.com//.default',
    });
    expect(flow.calls).toMatchObject([
      { headers: { ...REQUEST.headers, authorization: `Bearer ${TOKEN}-0` }, body: REQUEST.body },
    ]);
    expect(flow.calls[0]?.path).not.toContain('sig');
  });

  it('requested with a token of AWS STS', async () => {
    const audiences: string[] = [];
    const webIdentity = async (audience: string) => {
      audiences.push(audience);
      return ASSERTION;
    };
    for (const cloud of ['public', 'dod', 'china'] as const) {
      expect(await post({ webIdentity }, { auth: { ...FEDERATED, cloud } })).toMatchObject({ status: 202 });
    }
    expect(audiences).toEqual(['', 'USGov', 'China'].map((end) => `api://AzureADTokenExchange${end}`));
    expect(secretsRead).toBe(0);
    expect(new URLSearchParams(authority.calls[0]?.body).get('client_assertion')).toBe(ASSERTION);
    expect(authority.calls[0]?.body).not.toContain('client_secret');
  });

  it('cached until 5 minutes before it expires', async () => {
    const call = poster();
    const at = async (ms: number) => {
      now += ms;
      await call(unsigned(), REQUEST);
      return authority.calls.length;
    };
    expect([await at(0), await at(1), await at(HOUR - 300_002), await at(1), await at(0)]).toEqual([1, 1, 1, 2, 2]);
    expect(secretsRead).toBe(2);
    expect(bearers()).toEqual([0, 0, 0, 1, 1].map((n) => `Bearer ${TOKEN}-${n}`));
  });

  it('requested once for all waiting deliveries', async () => {
    const call = poster();
    // Responds only after all fifty requests.
    let release = () => {};
    const asked = new Promise<void>((resolve) => {
      authority.behave = (_, n) => (response, request) => {
        release = () => givesToken(n)(response, request);
        resolve();
      };
    });
    const all = Promise.all(Array.from({ length: 50 }, (_, n) => call(unsigned(`flow-${n}`), REQUEST)));
    await asked;
    release();
    expect((await all).map(({ status }) => status)).toEqual(Array(50).fill(202));
    expect(authority.calls).toHaveLength(1);
    expect(new Set(bearers())).toEqual(new Set([`Bearer ${TOKEN}-0`]));
  });

  it('of the same application, tenant, cloud and credential', async () => {
    const call = poster();
    const auths: EntraAuth[] = [
      AUTH,
      FEDERATED,
      { ...AUTH, clientId: '00000000-7777-8888-9999-aaaaaaaaaaaa' },
      { ...AUTH, tenantId: 'fabrikam.com' },
      { ...AUTH, cloud: 'gcc' },
      { ...AUTH, clientSecret: { secret: 'app', field: 'other' } },
      { ...AUTH, clientSecret: { parameter: 'app' } },
    ];
    for (const auth of [...auths, ...auths]) await call(unsigned(), { ...REQUEST, auth });
    expect(authority.calls).toHaveLength(auths.length);
    expect(new Set(bearers()).size).toBe(auths.length);
  });

  it('and without a token if it has no auth', async () => {
    expect(await poster()(flow.url(), { ...REQUEST, auth: undefined })).toMatchObject({ status: 202 });
    expect(bearers()).toEqual([undefined]);
    expect(authority.calls).toEqual([]);
  });
});

describe('a token that the flow refuses', () => {
  const unauthorized = refused(401, 'MisMatchingOAuthClaims');

  it('is replaced once, and the delivery is posted again under the same id', async () => {
    const call = poster();
    flow.behave = (_, n) => (n === 0 ? unauthorized : accepted);
    expect(await call(unsigned(), REQUEST)).toMatchObject({ status: 202 });
    expect(bearers()).toEqual([`Bearer ${TOKEN}-0`, `Bearer ${TOKEN}-1`]);
    expect(flow.calls.map(({ headers, body }) => [headers['webhook-id'], body])).toEqual(
      Array(2).fill(['delivery-1', REQUEST.body]),
    );
    await call(unsigned(), REQUEST);
    expect(authority.calls, 'the new one is kept').toHaveLength(2);
  });

  it('a second time is a refusal by the flow', async () => {
    flow.behave = () => unauthorized;
    expect(said(await post())).toEqual({ error: 'MisMatchingOAuthClaims', status: 401, class: 'pause' });
    expect([flow.calls.length, authority.calls.length]).toEqual([2, 2]);
  });

  it('is replaced once for all deliveries that used it', async () => {
    const call = poster();
    const waiting: (() => void)[] = [];
    // All have the first token before any is refused.
    flow.behave = ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}-0`
        ? (response, request) => {
            waiting.push(() => unauthorized(response, request));
            if (waiting.length === 20) for (const respond of waiting) respond();
          }
        : accepted;
    const all = await Promise.all(Array.from({ length: 20 }, () => call(unsigned(), REQUEST)));
    expect(all.map(({ status }) => status)).toEqual(Array(20).fill(202));
    expect([flow.calls.length, authority.calls.length]).toEqual([40, 2]);
  });

  it.each([403, 400, 404, 500])('is not replaced for %i', async (status) => {
    flow.behave = () => responding(status);
    expect(await post()).toMatchObject({ status });
    expect([flow.calls.length, authority.calls.length]).toEqual([1, 1]);
  });

  it('leaves the delivery without a response if there is no other token', async () => {
    flow.behave = () => unauthorized;
    authority.behave = (_, n) => (n === 0 ? givesToken(n) : responding(503));
    expect(said(await post())).toEqual({ error: 'EntraUnavailable', class: 'retry' });
    expect(flow.calls).toHaveLength(1);
  });

  it('is not replaced without time left', async () => {
    flow.behave = () => {
      now += 20_000;
      return unauthorized;
    };
    expect(said(await post())).toEqual({ error: 'MisMatchingOAuthClaims', status: 401, class: 'pause' });
    expect([flow.calls.length, authority.calls.length]).toEqual([1, 1]);
  });

  it('is not sent if getting it took all the time', async () => {
    authority.behave = (_, n) => {
      now += 20_000;
      return givesToken(n);
    };
    expect(said(await post())).toEqual({ error: 'timeout', class: 'retry' });
    expect(flow.calls).toEqual([]);
  });
});

describe('without a token the flow is not called', () => {
  const denied = (name: string) => async () => {
    throw Object.assign(new Error(`${ASSERTION} ${SECRET}`), { name });
  };
  const unusable = async () => {
    throw new UnusableSecretError('the secret app is empty.');
  };
  it.each<[string, Behaviour | Partial<EntraTokenOptions>, string, string, EntraAuth?]>([
    ['a wrong secret', refuses(401, 7000215), 'AADSTS7000215', 'pause'],
    ['no such application', refuses(400, 700016), 'AADSTS700016', 'pause'],
    ['no federated credential', refuses(400, 700213), 'AADSTS700213', 'pause', FEDERATED],
    ['throttling', refuses(429, 90055), 'EntraUnavailable', 'retry'],
    ['a fault', responding(500), 'EntraUnavailable', 'retry'],
    ['a page of a proxy', responding(200, { 'content-type': 'text/html' }, '<html>'), 'EntraUnexpectedAnswer', 'pause'],
    ['a redirect', responding(302, { location: 'https://login.example.com/' }), 'EntraUnexpectedAnswer', 'pause'],
    ['a connection that breaks', reset, 'EntraUnreachable', 'retry'],
    ['an answer that breaks off', brokenOff(200), 'EntraUnreachable', 'retry'],
    ['an answer without an end', flooding(200), 'EntraUnreachable', 'retry'],
    ['an unusable secret', { readSecret: unusable }, 'EntraSecretUnusable', 'pause'],
    ['a secret that cannot be read now', { readSecret: denied('ThrottlingException') }, 'EntraSecretUnread', 'retry'],
    [
      'no federation in the account',
      { webIdentity: denied('OutboundWebIdentityFederationDisabledException') },
      'FederationDisabled',
      'pause',
      FEDERATED,
    ],
    ['no right to it', { webIdentity: denied('AccessDenied') }, 'FederationDenied', 'pause', FEDERATED],
    ['STS that fails', { webIdentity: denied('InternalFailure') }, 'FederationFailed', 'retry', FEDERATED],
    ['something odd thrown', { webIdentity: denied(SECRET) }, 'FederationFailed', 'retry', FEDERATED],
  ])('%s', async (_, given, error, outcome, auth = AUTH) => {
    if (typeof given === 'function') authority.behave = () => given;
    const failure = await post(typeof given === 'function' ? {} : given, { auth });
    expect(said(failure)).toEqual({ error, class: outcome });
    expect(failure.problem).toMatch(/^.{20,}[^.]$/);
    expect(flow.calls).toEqual([]);
    expect(authority.calls).toHaveLength(typeof given === 'function' ? 1 : 0);
  });

  // Only these tests wait for a timeout.
  it.each([
    ['an endpoint that hangs', silent],
    ['an endpoint that hangs in its answer', stalled(200)],
  ])('%s', async (_, behaviour) => {
    authority.behave = () => behaviour;
    expect(said(await post({}, { timeoutMs: 500 }))).toEqual({ error: 'EntraUnreachable', class: 'retry' });
    expect(flow.calls).toEqual([]);
  });

  it.each([
    ['a secret that is never read', AUTH, 'readSecret', 'EntraSecretUnread'],
    ['STS that hangs', FEDERATED, 'webIdentity', 'FederationFailed'],
  ] as const)('%s, and a later call requests a token again', async (_, auth, part, error) => {
    const hangs = vi.fn(() => new Promise<never>(() => {}));
    const call = poster({ [part]: hangs, timeoutMs: 50 });
    for (const times of [1, 2]) {
      expect(said(await call(unsigned(), { ...REQUEST, auth }))).toEqual({ error, class: 'retry' });
      expect(hangs).toHaveBeenCalledTimes(times);
      now += 3000;
    }
    expect([flow.calls, authority.calls]).toEqual([[], []]);
  });

  it('an endpoint that hangs, and a later delivery requests again', async () => {
    authority.behave = (_, n) => (n === 0 ? silent : givesToken(n));
    const call = poster({ timeoutMs: 1000 });
    expect(said(await call(unsigned(), REQUEST))).toEqual({ error: 'EntraUnreachable', class: 'retry' });
    now += 3000;
    expect(await call(unsigned(), REQUEST)).toMatchObject({ status: 202 });
    expect(authority.calls).toHaveLength(2);
  });

  it('and the STS request is aborted when no delivery waits', async () => {
    let ended = false;
    const webIdentity: EntraTokenOptions['webIdentity'] = (_, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          ended = true;
          reject(signal.reason);
        });
      });
    await post({ webIdentity, timeoutMs: 50 }, { auth: FEDERATED });
    expect(ended).toBe(true);
  });

  it.each([['127.0.0.1'], ['169.254.169.254'], ['10.0.0.1'], ['::1']])(
    'an authority whose name leads to %s',
    async (address) => {
      const names: string[] = [];
      const resolve: Resolve = (host, _, done) => {
        names.push(host);
        setImmediate(done, null, [{ address, family: address.includes(':') ? 6 : 4 }]);
      };
      authority.arrivals = 0;
      const failure = await post({ origin: undefined, poster: { ...LOCAL, resolve } });
      expect(said(failure)).toEqual({ error: 'EntraUnreachable', class: 'retry' });
      expect(failure.problem).toContain('login.microsoftonline.com did not respond (EADDRESSREFUSED)');
      expect(names).toEqual(['login.microsoftonline.com']);
      expect(authority.arrivals).toBe(0);
    },
  );

  it('an authority at a private address', async () => {
    authority.arrivals = 0;
    const failure = await post({ poster: { ca: LOOPBACK_CERTIFICATE } });
    expect(said(failure)).toEqual({ error: 'EntraUnreachable', class: 'retry' });
    expect(authority.arrivals).toBe(0);
  });

  it('an authority with an untrusted certificate', async () => {
    const failure = await post({ poster: { loopback: true } });
    expect(failure.problem).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(authority.calls).toEqual([]);
  });

  it('and a failure is cached for 3 seconds', async () => {
    const call = poster();
    authority.behave = (_, n) => (n === 0 ? responding(503) : givesToken(n));
    const at = async (ms: number) => {
      now += ms;
      const { status, error } = await call(unsigned(), REQUEST);
      return [status ?? error, authority.calls.length];
    };
    expect([await at(0), await at(2999), await at(1)]).toEqual([
      ['EntraUnavailable', 1],
      ['EntraUnavailable', 1],
      [202, 2],
    ]);
  });
});

describe('a signature and a token are never sent together', () => {
  it.each<[string, () => string, EntraAuth | undefined]>([
    ['a signed URL with auth', () => flow.url(), AUTH],
    ['an empty signature with auth', () => `${unsigned()}&sig=`, AUTH],
    ['an unsigned URL without auth', () => unsigned(), undefined],
    ['a host that anyone can have', () => 'https://app.azurewebsites.net/x?api-version=1', AUTH],
  ])('%s', async (_, url, auth) => {
    const given = await poster()(url(), { ...REQUEST, auth });
    expect(said(given)).toEqual({ error: 'WrongCredential', class: 'pause' });
    expect(given.problem).toMatch(/[^.]$/);
    expect([flow.calls, authority.calls]).toEqual([[], []]);
  });
});

describe('a delivery', () => {
  const worldOf = () => {
    const world = DeliveryWorld.on(servers);
    world.post = authorizedPost(
      flowCaller(LOCAL),
      entraTokens({ ...OPTIONS, clock: () => world.now }),
      () => world.now,
    );
    return world;
  };
  const subscribed = async (world: DeliveryWorld, auth: EntraAuth) => {
    const { definition } = await world.subscribe('crm', unsigned());
    return world.subscribe('crm', unsigned(), { definition: { ...definition, auth } });
  };

  it.each([
    ['a client secret', AUTH],
    ['federation', FEDERATED],
  ])('arrives with %s, without leaking a token, secret or assertion', async (_, auth) => {
    const world = worldOf();
    flow.behave = (_, n) => (n === 0 ? refused(401, 'MisMatchingOAuthClaims') : accepted);
    world.queue.send(world.message(await subscribed(world, auth)), 0);
    await world.run();
    expect((await world.rows())['event-1']).toMatchObject({ status: 'delivered' });
    expect(flow.calls.map(({ headers }) => headers['webhook-id'])).toEqual(
      Array(2).fill(`${world.name('crm')}_event-1`),
    );
    expect(await world.everythingWritten()).not.toMatch(new RegExp([SECRET, ASSERTION, TOKEN].join('|')));
  });

  it('is held with the fix when Entra ID refuses, and is sent after the fix', async () => {
    const world = worldOf();
    authority.behave = () => refuses(401, 7000222);
    world.queue.send(world.message(await subscribed(world, AUTH)), 0);
    await world.run();
    expect(flow.calls).toEqual([]);
    expect((await world.rows())['event-1']).toMatchObject({
      status: 'held',
      attempts: Array(5).fill({ error: 'AADSTS7000222' }),
    });
    expect((await world.subscriptions.read(world.name('crm')))?.health).toMatchObject({
      state: 'paused',
      reason: expect.stringMatching(
        /^3 or more deliveries failed over 12 min 35 s, the last because Entra ID refused a token \(AADSTS7000222\): the client secret has/,
      ),
    });
    expect(await world.everythingWritten()).not.toMatch(new RegExp([SECRET, ASSERTION, TOKEN].join('|')));

    authority.behave = (_, n) => givesToken(n);
    await world.pass(HOUR);
    expect((await world.rows())['event-1']).toMatchObject({ status: 'delivered' });
  });
});
