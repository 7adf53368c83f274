import { constants, createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokenVerifier } from '../../../../lambda/custom-connector/adapters/token-verifier';
import type { TokenVerification } from '../../../../lambda/custom-connector/core/ports';
import { newSigningKey, type SigningKey, signedToken, TENANT_ID, tokenWith, USER_CLAIMS } from '../../../support/entra';
import {
  type Behaviour,
  brokenOff,
  EXPIRED_CERTIFICATE,
  FlowServer,
  flooding,
  LOOPBACK_CERTIFICATE,
  reset,
  responding,
  silent,
  stalled,
  TRUSTED_CERTIFICATES,
} from '../../../support/servers/flow-server';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 4, 1, 12);
const seconds = (ms: number) => Math.floor(ms / 1000);

const KEY = newSigningKey('key-1');
const NEXT = newSigningKey('key-2');
/** Signs tokens with the id of the first key. */
const FORGER = newSigningKey('key-1');
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const EC_PUBLISHED = { ...EC.publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'ec' };

let server: FlowServer;
let now: number;
/** A verifier that downloaded nothing yet. */
let verify: (token: string) => Promise<TokenVerification>;

const publishing = (...keys: readonly object[]): Behaviour =>
  responding(200, { 'content-type': 'application/json' }, JSON.stringify({ keys }));
const publish = (...keys: readonly SigningKey[]) => {
  const behaviour = publishing(...keys.map((key) => key.published));
  server.behave = () => behaviour;
};
const originOf = (one: FlowServer) => new URL(one.url()).origin;
const newVerifier = (origin = originOf(server), timeoutMs = 2000) =>
  tokenVerifier({ tenantId: TENANT_ID, clock: () => now, origin, ca: TRUSTED_CERTIFICATES.join(''), timeoutMs });

/** Claims that are valid for an hour. */
const claims = (more: object = {}) => ({
  ...USER_CLAIMS,
  iat: seconds(now),
  nbf: seconds(now),
  exp: seconds(now + HOUR),
  ...more,
});

beforeAll(async () => {
  server = await FlowServer.start(LOOPBACK_CERTIFICATE);
});
afterAll(() => server.stop());
beforeEach(() => {
  now = START;
  server.calls.length = 0;
  publish(KEY);
  verify = newVerifier();
});

const EXPIRED = 'The access token has expired.';
const NOT_YET = 'The access token is not valid yet.';
const NO_EXPIRY = 'The access token has no expiry time.';
const NOT_RS256 = 'The access token is not signed with RS256.';
const WRONG_SIGNATURE = 'The signature of the access token is wrong.';
const UNKNOWN_KEY = 'The access token is not signed with a key of the tenant that this API belongs to.';
const MALFORMED = 'The access token is malformed.';

describe('a token', () => {
  it('that the tenant signed has its claims', async () => {
    expect(await verify(signedToken(KEY, claims()))).toEqual({ claims: claims() });
    expect(server.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /${TENANT_ID}/discovery/v2.0/keys`,
    ]);
  });

  it('of version 1.0 is verified with the keys of that version', async () => {
    server.behave = ({ path }) => publishing((path.includes('/v2.0/') ? NEXT : KEY).published);
    const v1 = claims({ ver: '1.0' });
    expect(await verify(signedToken(KEY, v1))).toEqual({ claims: v1 });
    expect(await verify(signedToken(NEXT, claims()))).toEqual({ claims: claims() });
    expect(await verify(signedToken(NEXT, v1))).toEqual({ invalid: UNKNOWN_KEY });
    expect(server.calls.map(({ path }) => path)).toEqual([
      `/${TENANT_ID}/discovery/keys`,
      `/${TENANT_ID}/discovery/v2.0/keys`,
    ]);
  });

  it.each<[string, object, TokenVerification | 'accepted']>([
    ['that expired 59 seconds ago', { exp: seconds(START) - 59 }, 'accepted'],
    ['that expired 60 seconds ago', { exp: seconds(START) - 60 }, { invalid: EXPIRED }],
    ['that begins in 60 seconds', { nbf: seconds(START) + 60 }, 'accepted'],
    ['that begins in 61 seconds', { nbf: seconds(START) + 61 }, { invalid: NOT_YET }],
    ['without a begin', { nbf: undefined }, 'accepted'],
    ['with a begin that is text', { nbf: '0' }, { invalid: NOT_YET }],
    ['without an expiry', { exp: undefined }, { invalid: NO_EXPIRY }],
    ['with an expiry that is text', { exp: String(seconds(START + HOUR)) }, { invalid: NO_EXPIRY }],
    ['with an expiry that is null', { exp: null }, { invalid: NO_EXPIRY }],
    ['with a negative expiry', { exp: -1 }, { invalid: EXPIRED }],
    ['with an issue time that is text', { iat: 'x' }, { invalid: MALFORMED }],
  ])('%s', async (_, more, result) => {
    const all = claims(more);
    const expected = result === 'accepted' ? { claims: JSON.parse(JSON.stringify(all)) } : result;
    expect(await verify(signedToken(KEY, all))).toEqual(expected);
  });

  const rsa = (hash: string) => (signed: Buffer) => sign(hash, signed, KEY.privateKey);
  const hmac = (secret: string) => (signed: Buffer) => createHmac('sha256', secret).update(signed).digest();
  const spki = () => createPublicKey(KEY.privateKey).export({ type: 'spki', format: 'pem' });
  const header = (alg: string, more: object = {}) => ({ typ: 'JWT', alg, kid: 'key-1', ...more });

  it.each<[string, () => string, string]>([
    ['algorithm none', () => tokenWith(header('none'), claims()), NOT_RS256],
    ['algorithm None with a signature', () => tokenWith(header('None'), claims(), rsa('RSA-SHA256')), NOT_RS256],
    ['HS256 with the public key', () => tokenWith(header('HS256'), claims(), hmac(String(KEY.published.n))), NOT_RS256],
    ['HS256 with a public key in PEM', () => tokenWith(header('HS256'), claims(), hmac(String(spki()))), NOT_RS256],
    ['RS384', () => tokenWith(header('RS384'), claims(), rsa('RSA-SHA384')), NOT_RS256],
    ['RS512', () => tokenWith(header('RS512'), claims(), rsa('RSA-SHA512')), NOT_RS256],
    [
      'PS256',
      () =>
        tokenWith(header('PS256'), claims(), (signed) =>
          sign('RSA-SHA256', signed, { key: KEY.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
        ),
      NOT_RS256,
    ],
    [
      'ES256 with a published key',
      () => {
        server.behave = () => publishing(KEY.published, EC_PUBLISHED);
        return tokenWith(header('ES256', { kid: 'ec' }), claims(), (signed) =>
          sign('SHA256', signed, { key: EC.privateKey, dsaEncoding: 'ieee-p1363' }),
        );
      },
      NOT_RS256,
    ],
    ['RS256 with the id of an elliptic key', () => signedToken({ ...KEY, kid: 'ec' }, claims()), UNKNOWN_KEY],
    ['a list of algorithms', () => signedToken(KEY, claims(), { alg: ['RS256'] }), MALFORMED],
    ['no algorithm', () => signedToken(KEY, claims(), { alg: undefined }), MALFORMED],
    ['a signature by another key with the same id', () => signedToken(FORGER, claims()), WRONG_SIGNATURE],
    ['its own key in the header', () => signedToken(FORGER, claims(), { jwk: FORGER.published }), WRONG_SIGNATURE],
    [
      'an address of keys in the header',
      () => signedToken(FORGER, claims(), { jku: 'https://127.0.0.1/keys' }),
      WRONG_SIGNATURE,
    ],
    ['a signature of another hash', () => tokenWith(header('RS256'), claims(), rsa('RSA-SHA512')), WRONG_SIGNATURE],
    ['an empty signature', () => tokenWith(header('RS256'), claims()), WRONG_SIGNATURE],
    ['an unknown key', () => signedToken(NEXT, claims()), UNKNOWN_KEY],
    ['no key id', () => signedToken(KEY, claims(), { kid: undefined }), UNKNOWN_KEY],
    ['a key id that is a number', () => signedToken(KEY, claims(), { kid: 1 }), UNKNOWN_KEY],
    ['a critical extension', () => signedToken(KEY, claims(), { crit: ['exp'] }), MALFORMED],
    ['an unencoded payload', () => signedToken(KEY, claims(), { b64: false, crit: ['b64'] }), MALFORMED],
    ['claims that are a list', () => signedToken(KEY, [claims()]), MALFORMED],
    ['claims that are text', () => signedToken(KEY, 'claims'), MALFORMED],
    ['no text', () => '', MALFORMED],
    ['one part', () => 'token', MALFORMED],
    ['two parts', () => signedToken(KEY, claims()).split('.').slice(0, 2).join('.'), MALFORMED],
    ['five parts', () => `${signedToken(KEY, claims())}.x.y`, MALFORMED],
    ['a header that is no JSON', () => signedToken(KEY, claims()).replace(/^[^.]+/, 'x'), MALFORMED],
  ])('with %s is refused', async (_, make, invalid) => expect(await verify(make())).toEqual({ invalid }));

  it('that was changed in any place is refused, and the result does not quote it', async () => {
    const token = signedToken(KEY, claims());
    const change = fc.record({
      at: fc.nat(token.length - 1),
      removed: fc.nat(3),
      added: fc.stringMatching(/^[\w.=-]{0,3}$/),
    });
    const partsOf = (text: string) => text.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'));
    await fc.assert(
      fc.asyncProperty(change, async ({ at, removed, added }) => {
        const changed = token.slice(0, at) + added + token.slice(at + removed);
        // The last character of a signature has bits without meaning.
        fc.pre(partsOf(changed).join('.') !== partsOf(token).join('.'));
        const result = await verify(changed);
        expect(Object.keys(result)).toEqual(['invalid']);
        expect(JSON.stringify(result)).not.toContain(changed.slice(0, 20));
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 500) },
    );
  });
});

const unknownKids = (count: number) =>
  Array.from({ length: count }, (_, n) => signedToken({ ...KEY, kid: `unknown-${n}` }, claims()));

describe('the keys', () => {
  it('are downloaded once by concurrent requests', async () => {
    const tokens = Array.from({ length: 100 }, (_, n) => signedToken(KEY, claims({ uti: String(n) })));
    const results = await Promise.all(tokens.map((token) => verify(token)));
    expect(results.map((one) => 'claims' in one && one.claims.uti)).toEqual(tokens.map((_, n) => String(n)));
    expect(server.calls).toHaveLength(1);
  });

  it('are downloaded once for a flood of unknown keys, and again after 5 minutes', async () => {
    await verify(signedToken(KEY, claims()));
    const flood = () => Promise.all(unknownKids(50).map((token) => verify(token)));
    expect(new Set((await flood()).map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify({ invalid: UNKNOWN_KEY })]),
    );
    expect(server.calls).toHaveLength(1);
    now += 5 * MINUTE;
    await flood();
    await flood();
    expect(server.calls).toHaveLength(2);
    expect(await verify(signedToken(KEY, claims()))).toHaveProperty('claims');
  });

  it('include a new key after 5 minutes', async () => {
    await verify(signedToken(KEY, claims()));
    publish(KEY, NEXT);
    now += 5 * MINUTE - 1;
    expect(await verify(signedToken(NEXT, claims()))).toEqual({ invalid: UNKNOWN_KEY });
    now += 1;
    const tokens = [KEY, NEXT, NEXT].map((key) => signedToken(key, claims()));
    for (const result of await Promise.all(tokens.map(verify))) expect(result).toHaveProperty('claims');
    expect(server.calls).toHaveLength(2);
  });

  it('lose a removed key after an hour', async () => {
    await verify(signedToken(KEY, claims()));
    publish(NEXT);
    now += HOUR - 1;
    expect(await verify(signedToken(KEY, claims()))).toHaveProperty('claims');
    now += 1;
    expect(await verify(signedToken(KEY, claims()))).toEqual({ invalid: UNKNOWN_KEY });
    expect(await verify(signedToken(NEXT, claims()))).toHaveProperty('claims');
    expect(server.calls).toHaveLength(2);
  });

  it('of other algorithms and uses are ignored', async () => {
    server.behave = () =>
      publishing(EC_PUBLISHED, { kty: 'unknown', kid: 'x' }, { ...NEXT.published, use: 'enc' }, KEY.published);
    expect(await verify(signedToken(KEY, claims()))).toHaveProperty('claims');
    expect(await verify(signedToken(NEXT, claims()))).toEqual({ invalid: UNKNOWN_KEY });
  });

  it.each<[string, object[], string]>([
    ['shorter than 2048 bits', [newSigningKey('key-1', 1024).published], 'unusable key (TypeError)'],
    ['without a modulus', [{ ...KEY.published, n: undefined }], 'unusable key (DataError)'],
    [
      'published twice',
      [KEY.published, NEXT.published, { ...NEXT.published, kid: 'key-1' }],
      'unusable key (JWKSMultipleMatchingKeys)',
    ],
    ['a private key', [{ ...KEY.privateKey.export({ format: 'jwk' }), kid: 'key-1' }], 'unusable key (JWKSInvalid)'],
  ])('cannot be used: %s', async (_, keys, unavailable) => {
    server.behave = () => publishing(...keys);
    expect(await verify(signedToken(KEY, claims()))).toEqual({ unavailable });
  });
});

/** Ways in which the download fails, and the reason for the operator. */
const FAILURES: readonly (readonly [string, Behaviour, string])[] = [
  ['status 500', responding(500, {}, 'error'), 'status 500'],
  ['status 404', responding(404), 'status 404'],
  ['a redirect', responding(302, { location: 'https://example.com/keys' }), 'status 302'],
  ['no content', responding(204), 'status 204'],
  ['a closed connection', reset, 'ECONNRESET'],
  ['half of a response', brokenOff(200), 'ECONNRESET'],
  ['no response', silent, 'timeout'],
  ['a response that stalls', stalled(200), 'timeout'],
  ['an endless response', flooding(200), 'too large'],
  ['an endless error', flooding(500), 'status 500'],
  ['no JSON', responding(200, {}, '<html>Sign in to the proxy</html>'), 'no JSON'],
  ['an empty body', responding(200), 'no JSON'],
  ['JSON without keys', responding(200, {}, '{}'), 'no key set'],
  ['JSON that is null', responding(200, {}, 'null'), 'no key set'],
  ['keys that are text', responding(200, {}, '{"keys":"x"}'), 'no key set'],
  ['a key that is text', responding(200, {}, '{"keys":["x"]}'), 'no key set'],
  ['no keys', responding(200, {}, '{"keys":[]}'), 'no key set'],
];

it.each([
  ['succeeded', publishing(KEY.published)],
  ['failed, even with an endless response', flooding(500)],
  ['was too large', flooding(200)],
])(
  'no connection stays open after a download that %s',
  async (_, behaviour) => {
    server.behave = () => behaviour;
    // The time limit does not close it within the test.
    await newVerifier(originOf(server), MINUTE)(signedToken(KEY, claims()));
    await server.whenDisconnected();
    expect(server.calls).toHaveLength(1);
  },
  3000,
);

describe('while the download fails', () => {
  it.each(FAILURES)('%s: tokens cannot be checked without cached keys', async (_, behaviour, unavailable) => {
    server.behave = () => behaviour;
    verify = newVerifier(originOf(server), unavailable === 'timeout' ? 200 : MINUTE);
    const token = signedToken(KEY, claims());
    const results = await Promise.all([verify(token), verify(token)]);
    expect(results).toEqual([{ unavailable }, { unavailable }]);
    expect(server.calls).toHaveLength(1);
  });

  it.each(FAILURES)('%s: cached keys are used for 24 hours', async (_, behaviour, unavailable) => {
    verify = newVerifier(originOf(server), unavailable === 'timeout' ? 200 : MINUTE);
    await verify(signedToken(KEY, claims()));
    server.behave = () => behaviour;
    now += HOUR;
    expect(await verify(signedToken(KEY, claims()))).toHaveProperty('claims');
    expect(await verify(signedToken(KEY, claims()))).toHaveProperty('claims');
    // The unknown key can be a new one.
    expect(await verify(signedToken(NEXT, claims()))).toEqual({ unavailable });
    expect(server.calls).toHaveLength(2);
    now = START + 24 * HOUR - 1;
    expect(await verify(signedToken(KEY, claims()))).toHaveProperty('claims');
    now += 10 * SECOND;
    expect(await verify(signedToken(KEY, claims()))).toEqual({ unavailable });
  });

  it('it is repeated after 10 seconds', async () => {
    server.behave = () => responding(503);
    const token = signedToken(KEY, claims());
    expect(await verify(token)).toEqual({ unavailable: 'status 503' });
    publish(KEY);
    now += 10 * SECOND - 1;
    expect(await verify(token)).toEqual({ unavailable: 'status 503' });
    expect(server.calls).toHaveLength(1);
    now += 1;
    expect(await verify(token)).toHaveProperty('claims');
    expect(server.calls).toHaveLength(2);
  });

  it('a token that is refused without keys is still refused', async () => {
    server.behave = () => reset;
    expect(await verify('token')).toEqual({ invalid: MALFORMED });
    expect(await verify(tokenWith({ alg: 'none' }, claims()))).toEqual({ invalid: NOT_RS256 });
    expect(server.calls).toHaveLength(0);
  });

  it('no server listens', async () => {
    const stopped = await FlowServer.start();
    const origin = originOf(stopped);
    await stopped.stop();
    expect(await newVerifier(origin)(signedToken(KEY, claims()))).toEqual({ unavailable: 'ECONNREFUSED' });
  });

  it('the certificate of the server is not valid', async () => {
    const expired = await FlowServer.start(EXPIRED_CERTIFICATE);
    try {
      const result = await newVerifier(originOf(expired))(signedToken(KEY, claims()));
      expect(result).toEqual({ unavailable: 'CERT_HAS_EXPIRED' });
      expect(expired.calls).toHaveLength(0);
    } finally {
      await expired.stop();
    }
  });
});
