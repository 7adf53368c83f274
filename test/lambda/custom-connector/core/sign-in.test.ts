import { describe, expect, it } from 'vitest';
import type { SignInSettings } from '../../../../contract/custom-connector';
import { keyHash, newKey } from '../../../../lambda/custom-connector/core/api-key';
import type { SignInPorts, StoredKey, TokenVerification } from '../../../../lambda/custom-connector/core/ports';
import { signIn } from '../../../../lambda/custom-connector/core/sign-in';
import { ENTRA, OID, USER_CLAIMS } from '../../../support/entra';
import { MemoryTelemetry } from '../../../support/memory/memory';

const DAY = 24 * 60 * 60_000;
const NOW = Date.UTC(2026, 4, 1, 12);
const TOKEN = 'eyJhbGciOi.eyJvaWQiOi.c2lnbmF0dXJl';

const keyOf = (name: string, byte: number) => newKey(name, (size) => new Uint8Array(size).fill(byte));
const CRM = keyOf('crm', 1);

class Keys {
  readonly stored = new Map<string, StoredKey>();
  readonly reads: string[] = [];
  readonly uses: (readonly [string, number])[] = [];
  failure: Error | undefined;

  add(text: string, more: Partial<StoredKey> = {}): void {
    const name = text.split('_')[1] as string;
    this.stored.set(name, { name, hash: keyHash(text), createdAt: NOW - DAY, ...more });
  }
  async read(name: string): Promise<StoredKey | undefined> {
    this.reads.push(name);
    return this.stored.get(name);
  }
  async used({ name }: StoredKey, at: number): Promise<void> {
    if (this.failure) throw this.failure;
    this.uses.push([name, at]);
  }
}

const BOTH: SignInSettings = { keys: true, entra: ENTRA };
const KEYS_ONLY: SignInSettings = { keys: true };
const ENTRA_ONLY: SignInSettings = { keys: false, entra: ENTRA };

function world(settings: SignInSettings = BOTH, verification: TokenVerification = { claims: USER_CLAIMS }) {
  const keys = new Keys();
  keys.add(CRM);
  const telemetry = new MemoryTelemetry();
  const tokens: string[] = [];
  const verifyToken: SignInPorts['verifyToken'] = async (token) => {
    tokens.push(token);
    return verification;
  };
  const ports: SignInPorts = { settings, keys, verifyToken, clock: () => NOW, telemetry };
  const request = (headers: Record<string, string>) =>
    signIn({ route: 'GET /v1/me', parameters: {}, query: {}, headers, origin: 'https://api.example.com' }, ports);
  return { keys, telemetry, tokens, request };
}

const refusal = (status: number, code: string, message: string) => ({ refusal: { status, body: { code, message } } });
const unauthorized = (message: string) => refusal(401, 'unauthorized', message);

const KIM = { caller: { id: `entra:${OID}`, name: 'Kim Doe' } };
const BY_KEY = { caller: { id: 'key:crm', name: 'crm' } };

const WITH_BOTH =
  'Sign in with Microsoft Entra ID (access token in the header Authorization) or with an API key of the operator (header x-api-key).';
const WITH_KEY = 'Sign in with an API key of the operator (header x-api-key).';
const WITH_ENTRA = 'Sign in with Microsoft Entra ID (access token in the header Authorization).';
const UNKNOWN =
  'The API key is unknown or revoked. Ask the operator of this API for a new key, then update the connection.';

describe('ways to sign in', () => {
  it.each<[string, SignInSettings, Record<string, string>, object]>([
    ['a key', BOTH, { 'x-api-key': CRM }, BY_KEY],
    ['a key between spaces', BOTH, { 'x-api-key': ` ${CRM} ` }, BY_KEY],
    ['a token', BOTH, { authorization: `Bearer ${TOKEN}` }, KIM],
    ['a token, scheme in lower case', BOTH, { authorization: `bearer  ${TOKEN} ` }, KIM],
    ['a token and an empty key', BOTH, { authorization: `Bearer ${TOKEN}`, 'x-api-key': '' }, KIM],
    ['a key and an empty token', BOTH, { authorization: 'Bearer ', 'x-api-key': CRM }, BY_KEY],
    ['a token and a key', BOTH, { authorization: `Bearer ${TOKEN}`, 'x-api-key': CRM }, KIM],
    [
      'a key and a token that the API does not accept',
      KEYS_ONLY,
      { authorization: `Bearer ${TOKEN}`, 'x-api-key': CRM },
      BY_KEY,
    ],
    [
      'a token and a key that the API does not accept',
      ENTRA_ONLY,
      { authorization: `Bearer ${TOKEN}`, 'x-api-key': CRM },
      KIM,
    ],
    ['a key and another scheme', BOTH, { authorization: 'Basic a2ltOnB3', 'x-api-key': CRM }, BY_KEY],
    ['no header', BOTH, {}, unauthorized(WITH_BOTH)],
    ['no header, only keys', KEYS_ONLY, {}, unauthorized(WITH_KEY)],
    ['no header, only tokens', ENTRA_ONLY, {}, unauthorized(WITH_ENTRA)],
    ['empty headers', BOTH, { authorization: '', 'x-api-key': ' ' }, unauthorized(WITH_BOTH)],
    ['another scheme', BOTH, { authorization: 'Basic a2ltOnB3' }, unauthorized(WITH_BOTH)],
    ['a token with a space', BOTH, { authorization: `Bearer ${TOKEN} x` }, unauthorized(WITH_BOTH)],
    ['a token without a scheme', BOTH, { authorization: TOKEN }, unauthorized(WITH_BOTH)],
    [
      'a token, only keys',
      KEYS_ONLY,
      { authorization: `Bearer ${TOKEN}` },
      unauthorized(`This API accepts no access tokens. ${WITH_KEY}`),
    ],
    [
      'a key, only tokens',
      ENTRA_ONLY,
      { 'x-api-key': CRM },
      unauthorized(`This API accepts no API keys. ${WITH_ENTRA}`),
    ],
  ])('%s', async (_, settings, headers, result) => {
    expect(await world(settings).request(headers)).toEqual(result);
  });

  it('a refused token is not replaced by a valid key', async () => {
    const { request, keys } = world(BOTH, { invalid: 'The access token has expired.' });
    const result = await request({ authorization: `Bearer ${TOKEN}`, 'x-api-key': CRM });
    expect(result).toEqual(unauthorized('The access token has expired. Sign in to the connection again.'));
    expect(keys.reads).toEqual([]);
  });

  it.each([
    ['a key', KEYS_ONLY, { 'x-api-key': CRM }, [], ['crm']],
    ['a token', ENTRA_ONLY, { authorization: `Bearer ${TOKEN}` }, [TOKEN], []],
    ['a way that is not enabled', ENTRA_ONLY, { 'x-api-key': CRM }, [], []],
  ])('%s causes no call for another way', async (_, settings, headers, verified, read) => {
    const { request, tokens, keys } = world(settings);
    await request(headers);
    expect(tokens).toEqual(verified);
    expect(keys.reads).toEqual(read);
  });
});

describe('a key', () => {
  it.each([
    ['unknown', keyOf('other', 1)],
    ['of the same name with another secret', keyOf('crm', 2)],
    ['of the same name in upper case', keyOf('CRM', 1)],
    ['malformed', 'cdpac_crm'],
    ['of another product', 'sk_live_0123456789'],
    ['sent twice', `${CRM}, ${CRM}`],
  ])('that is %s is refused with the same text', async (_, key) => {
    expect(await world().request({ 'x-api-key': key })).toEqual(unauthorized(UNKNOWN));
  });

  it('that is malformed causes no read', async () => {
    const { request, keys } = world();
    await request({ 'x-api-key': 'cdpac_crm' });
    expect(keys.reads).toEqual([]);
  });

  it('expires at its time, and only the right key learns that it expired', async () => {
    const { request, keys } = world();
    keys.add(CRM, { expiresAt: NOW + 1 });
    expect(await request({ 'x-api-key': CRM })).toEqual(BY_KEY);
    keys.add(CRM, { expiresAt: NOW });
    const text =
      'The API key expired on 2026-05-01. Ask the operator of this API for a new key, then update the connection.';
    expect(await request({ 'x-api-key': CRM })).toEqual(unauthorized(text));
    expect(await request({ 'x-api-key': keyOf('crm', 2) })).toEqual(unauthorized(UNKNOWN));
  });

  it.each([
    ['never used', undefined, true],
    ['used a day ago', NOW - DAY, true],
    ['used within a day', NOW - DAY + 1, false],
    ['used now', NOW, false],
  ])('that was %s: its use is recorded if a day passed', async (_, lastUsedAt, isRecorded) => {
    const { request, keys } = world();
    keys.add(CRM, { lastUsedAt });
    expect(await request({ 'x-api-key': CRM })).toEqual(BY_KEY);
    expect(keys.uses).toEqual(isRecorded ? [['crm', NOW]] : []);
  });

  it.each([
    ['wrong', keyOf('crm', 2), {}],
    ['expired', CRM, { expiresAt: NOW }],
  ])('that is %s is not recorded as used', async (_, key, more) => {
    const { request, keys } = world();
    keys.add(CRM, more);
    await request({ 'x-api-key': key });
    expect(keys.uses).toEqual([]);
  });

  it('signs in although its use cannot be recorded', async () => {
    const { request, keys, telemetry } = world();
    keys.failure = new Error('throttled');
    expect(await request({ 'x-api-key': CRM })).toEqual(BY_KEY);
    expect(telemetry.lines).toEqual([
      'the use of an API key could not be recorded {"key":"crm","error":"Error: throttled"}',
    ]);
  });

  it('is not refused while its store fails', async () => {
    const { request, keys } = world();
    keys.read = () => Promise.reject(new Error('no connection'));
    await expect(request({ 'x-api-key': CRM })).rejects.toThrow('no connection');
  });
});

describe('a token', () => {
  const bearer = { authorization: `Bearer ${TOKEN}` };

  it.each<[string, TokenVerification, object]>([
    [
      'that is not valid',
      { invalid: 'The signature of the access token is wrong.' },
      unauthorized('The signature of the access token is wrong. Sign in to the connection again.'),
    ],
    [
      'with claims of another tenant',
      { claims: { ...USER_CLAIMS, iss: 'x' } },
      unauthorized(
        'The access token is from another issuer. Sign in with an account of the tenant that this API belongs to.',
      ),
    ],
    [
      'without the scope',
      { claims: { ...USER_CLAIMS, scp: 'x' } },
      refusal(
        403,
        'forbidden',
        "The connection lacks the scope Flows.Use. Ask an administrator to grant the connector's application the " +
          `delegated permission Flows.Use of ${ENTRA.identifierUri}, then sign in again.`,
      ),
    ],
    [
      'that cannot be checked',
      { unavailable: 'ECONNREFUSED' },
      {
        refusal: {
          status: 503,
          headers: { 'retry-after': '2' },
          body: {
            code: 'unavailable',
            message:
              'The access token cannot be checked, because Microsoft Entra ID does not respond. Try again later.',
          },
        },
      },
    ],
  ])('%s', async (_, verification, result) => {
    expect(await world(BOTH, verification).request(bearer)).toEqual(result);
  });
});

describe('the log', () => {
  it.each<[string, TokenVerification, Record<string, string>, string[]]>([
    ['nothing of a caller who signed in', { claims: USER_CLAIMS }, { 'x-api-key': CRM }, []],
    ['who sent nothing', { claims: {} }, {}, [`{"code":"unauthorized","reason":"${WITH_BOTH}"}`]],
    [
      'the name of a refused key',
      { claims: {} },
      { 'x-api-key': keyOf('other', 1) },
      [`{"code":"unauthorized","reason":"${UNKNOWN}","key":"other"}`],
    ],
    [
      'why a token was refused',
      { invalid: 'The access token has expired.' },
      { authorization: `Bearer ${TOKEN}` },
      ['{"code":"unauthorized","reason":"The access token has expired. Sign in to the connection again."}'],
    ],
    [
      'why signing keys are not available',
      { unavailable: 'ECONNREFUSED' },
      { authorization: `Bearer ${TOKEN}` },
      [
        '{"code":"unavailable","reason":"The access token cannot be checked, because Microsoft Entra ID does not respond. ' +
          'Try again later.","cause":"ECONNREFUSED"}',
      ],
    ],
  ])('has %s', async (_, verification, headers, details) => {
    const { request, telemetry } = world(BOTH, verification);
    await request(headers);
    expect(telemetry.lines.filter((line) => line.startsWith('a caller'))).toEqual(
      details.map((one) => `a caller could not sign in ${one}`),
    );
  });
});
