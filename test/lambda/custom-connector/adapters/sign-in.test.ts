/** Sign-in with the real store of keys, real tokens and a server of signing keys. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KeyTable } from '../../../../lambda/custom-connector/adapters/key-table';
import { tokenVerifier } from '../../../../lambda/custom-connector/adapters/token-verifier';
import { keyHash, newKey } from '../../../../lambda/custom-connector/core/api-key';
import { type SignInResult, signIn } from '../../../../lambda/custom-connector/core/sign-in';
import { redactText } from '../../../../lambda/shared/core/redact';
import {
  APP_CLAIMS,
  CLIENT_APP_ID,
  ENTRA,
  ID_TOKEN_CLAIMS,
  newSigningKey,
  OID,
  OTHER_TENANT_ID,
  signedToken,
  TENANT_ID,
  tokenWith,
  USER_CLAIMS,
  V1_USER_CLAIMS,
} from '../../../support/entra';
import { MemoryTelemetry } from '../../../support/memory/memory';
import { FlowServer, LOOPBACK_CERTIFICATE, responding } from '../../../support/servers/flow-server';
import { useTables } from '../../../support/servers/use-tables';

const NOW = Date.UTC(2026, 4, 1, 12);
const DAY = 24 * 60 * 60_000;
const SIGNING_KEY = newSigningKey('key-1');
const FORGER = newSigningKey('key-1');

let keys: KeyTable;
const tables = useTables((started) => {
  keys = new KeyTable(started.client, started.subscriptions);
});
let entra: FlowServer;
beforeAll(async () => {
  entra = await FlowServer.start();
});
afterAll(() => entra.stop());

let now: number;
let telemetry: MemoryTelemetry;
let request: (headers: Record<string, string>) => Promise<SignInResult>;
beforeEach(() => {
  now = NOW;
  telemetry = new MemoryTelemetry();
  entra.calls.length = 0;
  const published = JSON.stringify({ keys: [SIGNING_KEY.published] });
  entra.behave = () => responding(200, {}, published);
  const clock = () => now;
  const { origin } = new URL(entra.url());
  const verifyToken = tokenVerifier({ tenantId: TENANT_ID, clock, origin, ca: LOOPBACK_CERTIFICATE });
  const settings = { keys: true, entra: { ...ENTRA, roles: ['Flow.Author'] } };
  request = (headers) =>
    signIn(
      { route: 'GET /v1/me', parameters: {}, query: {}, headers, origin: 'https://api.example.com' },
      { settings, keys, verifyToken, clock, telemetry },
    );
});

const refusal = (status: number, code: string, message: string) => ({ refusal: { status, body: { code, message } } });
const unauthorized = (message: string) => refusal(401, 'unauthorized', message);
const forbidden = (message: string) => refusal(403, 'forbidden', message);

const AGAIN = 'Sign in to the connection again.';
const MALFORMED = unauthorized(`The access token is malformed. ${AGAIN}`);
const WRONG_SIGNATURE = unauthorized(`The signature of the access token is wrong. ${AGAIN}`);
const NO_ACCESS_TOKEN = unauthorized(
  "The token is not an access token of a user or an application. Request an access token for this API's scope, not an ID token.",
);
const UNKNOWN_KEY = unauthorized(
  'The API key is unknown or revoked. Ask the operator of this API for a new key, then update the connection.',
);

describe('a token', () => {
  const times = { nbf: NOW / 1000, exp: NOW / 1000 + 3600 };
  const AUTHOR = { roles: ['Flow.Author'], ...times };
  const USER = { ...USER_CLAIMS, ...AUTHOR };
  const signed = (claims: object) => () => signedToken(SIGNING_KEY, claims);

  it.each<[string, () => string, SignInResult]>([
    ['of a user', signed(USER), { caller: { id: `entra:${OID}`, name: 'Kim Doe' } }],
    [
      'of a user, version 1.0',
      signed({ ...V1_USER_CLAIMS, ...AUTHOR }),
      { caller: { id: `entra:${OID}`, name: 'Kim Doe' } },
    ],
    ['of an application', signed({ ...APP_CLAIMS, ...times }), { caller: { id: `entra:${OID}`, name: CLIENT_APP_ID } }],
    [
      'of a user without a role',
      signed({ ...USER, roles: [] }),
      forbidden(
        `You lack the role Flow.Author. Ask an administrator to assign you a role of ${ENTRA.identifierUri}, then sign in again.`,
      ),
    ],
    [
      'of a user without the scope',
      signed({ ...USER, scp: 'User.Read' }),
      forbidden(
        "The connection lacks the scope Flows.Use. Ask an administrator to grant the connector's application the " +
          `delegated permission Flows.Use of ${ENTRA.identifierUri}, then sign in again.`,
      ),
    ],
    [
      'of an application without a role',
      signed({ ...APP_CLAIMS, ...times, roles: undefined }),
      forbidden(
        `The application lacks the role Flow.Author. Ask an administrator to assign it a role of ${ENTRA.identifierUri}, then sign in again.`,
      ),
    ],
    ['of a signed-in user (ID token)', signed({ ...ID_TOKEN_CLAIMS, ...AUTHOR }), NO_ACCESS_TOKEN],
    ['without an object id', signed({ ...USER, oid: undefined }), NO_ACCESS_TOKEN],
    [
      'of another tenant',
      signed({ ...USER, tid: OTHER_TENANT_ID, iss: USER.iss.replace(TENANT_ID, OTHER_TENANT_ID) }),
      unauthorized(
        `The access token is from tenant ${OTHER_TENANT_ID}. Sign in with an account of the tenant that this API belongs to.`,
      ),
    ],
    [
      'for another application',
      signed({ ...USER, aud: CLIENT_APP_ID }),
      unauthorized(
        `The access token is for another application. Set the resource URL of the connection to ${ENTRA.identifierUri}.`,
      ),
    ],
    ['that expired', signed({ ...USER, exp: 1 }), unauthorized(`The access token has expired. ${AGAIN}`)],
    [
      'without a signature',
      () => tokenWith({ alg: 'none' }, USER),
      unauthorized(`The access token is not signed with RS256. ${AGAIN}`),
    ],
    ['that someone else signed', () => signedToken(FORGER, USER), WRONG_SIGNATURE],
    ['that is text', () => 'secret-text', MALFORMED],
    ['that is an API key', () => newKey('crm', randomBytes), MALFORMED],
  ])('%s', async (_, make, result) => {
    const token = make();
    expect(await request({ authorization: `Bearer ${token}`, 'x-api-key': '' })).toEqual(result);
    expect(telemetry.lines).toHaveLength('refusal' in result ? 1 : 0);
    expect(telemetry.lines.join()).not.toContain(token);
  });

  it('cannot be checked while Microsoft Entra ID fails', async () => {
    entra.behave = () => responding(500);
    const message = 'The access token cannot be checked, because Microsoft Entra ID does not respond. Try again later.';
    const { refusal: response } = refusal(503, 'unavailable', message);
    expect(await request({ authorization: `Bearer ${signedToken(SIGNING_KEY, USER)}` })).toEqual({
      refusal: { ...response, headers: { 'retry-after': '2' } },
    });
    expect(telemetry.lines.join()).toContain('"cause":"status 500"');
  });

  it('of each of 100 concurrent requests is checked with one download of the keys', async () => {
    const authorization = `Bearer ${signedToken(SIGNING_KEY, USER)}`;
    const results = await Promise.all(Array.from({ length: 100 }, () => request({ authorization })));
    for (const result of results) expect(result).toHaveProperty('caller');
    expect(entra.calls).toHaveLength(1);
  });
});

describe('a key', () => {
  let names = 0;
  /** A stored key with a separate name for each test. */
  async function stored() {
    const name = `key-${++names}`;
    const key = newKey(name, randomBytes);
    await keys.create({ name, hash: keyHash(key), createdAt: NOW - DAY });
    return { name, key, caller: { caller: { id: `key:${name}`, name } } };
  }

  it('signs in, and its use is recorded once a day', async () => {
    const { name, key, caller } = await stored();
    const uses: unknown[] = [];
    for (const at of [NOW, NOW + DAY - 1, NOW + DAY]) {
      now = at;
      expect(await request({ 'x-api-key': key })).toEqual(caller);
      uses.push((await keys.read(name))?.lastUsedAt);
    }
    expect(uses).toEqual([NOW, NOW, NOW + DAY]);
  });

  it('signs 100 concurrent requests in with one read', async () => {
    const { key, caller } = await stored();
    await request({ 'x-api-key': key });
    tables.calls();
    const results = await Promise.all(Array.from({ length: 100 }, () => request({ 'x-api-key': key })));
    for (const result of results) expect(result).toEqual(caller);
    expect(tables.calls()).toEqual(['BatchGetItem']);
  });

  it('that is revoked is refused like one that never existed, and stays revoked', async () => {
    const { name, key, caller } = await stored();
    const requests = Array.from({ length: 10 }, () => request({ 'x-api-key': key }));
    await keys.revoke(name);
    // Each request read the key before or after it was revoked.
    for (const result of await Promise.all(requests)) expect([caller, UNKNOWN_KEY]).toContainEqual(result);
    expect(await request({ 'x-api-key': key })).toEqual(UNKNOWN_KEY);
    expect(await request({ 'x-api-key': newKey('never', randomBytes) })).toEqual(UNKNOWN_KEY);
    expect(await keys.read(name)).toBeUndefined();
  });

  it('is replaced by a new one of the same name', async () => {
    const { name, key, caller } = await stored();
    await keys.revoke(name);
    const next = newKey(name, randomBytes);
    await keys.create({ name, hash: keyHash(next), createdAt: NOW });
    expect(await request({ 'x-api-key': key })).toEqual(UNKNOWN_KEY);
    expect(await request({ 'x-api-key': next })).toEqual(caller);
  });

  it('is not logged, and not stored', async () => {
    const { key } = await stored();
    await request({ 'x-api-key': key });
    const wrong = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
    expect(await request({ 'x-api-key': wrong })).toEqual(UNKNOWN_KEY);
    const all = JSON.stringify([telemetry.lines, await tables.all(tables.subscriptions)]);
    for (const one of [key, wrong]) expect(all).not.toContain(one.slice(-43));
    expect(redactText(all)).toBe(all);
  });
});
