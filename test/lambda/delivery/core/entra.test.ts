import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLOUD_FACTS,
  isStale,
  REFUSALS,
  readTokenResponse,
  tokenForm,
  tokenPath,
} from '../../../../lambda/delivery/core/entra';
import { classify } from '../../../../lambda/delivery/core/response';
import { ENTRA_CLOUDS, type EntraAuth } from '../../../../lambda/subscriptions/core/subscription';

const NOW = Date.parse('2026-11-05T10:00:00Z');
const AUTH: EntraAuth = {
  type: 'entra',
  tenantId: 'contoso.onmicrosoft.com',
  clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa',
  cloud: 'public',
};
const form = (auth: EntraAuth, credential: Parameters<typeof tokenForm>[1]) =>
  Object.fromEntries(new URLSearchParams(tokenForm(auth, credential)));

describe('a token request', () => {
  it.each([
    ['public', 'login.microsoftonline.com', 'https://service.flow.microsoft.com//.default', ''],
    ['gcc', 'login.microsoftonline.com', 'https://gov.service.flow.microsoft.us//.default', ''],
    ['gcc-high', 'login.microsoftonline.us', 'https://high.service.flow.microsoft.us//.default', 'USGov'],
    ['dod', 'login.microsoftonline.us', 'https://service.flow.appsplatform.us//.default', 'USGov'],
    ['china', 'login.partner.microsoftonline.cn', 'https://service.powerautomate.cn//.default', 'China'],
  ] as const)('in %s of %s for %s', (cloud, authority, scope, federation) => {
    expect(CLOUD_FACTS[cloud].authority).toBe(authority);
    expect(CLOUD_FACTS[cloud].federationAudience).toBe(`api://AzureADTokenExchange${federation}`);
    expect(form({ ...AUTH, cloud }, { secret: 's' }).scope).toBe(scope);
    expect(scope).toBe(`${CLOUD_FACTS[cloud].audience}/.default`);
  });

  it('covers every cloud that a file can name', () => {
    expect(Object.keys(CLOUD_FACTS).sort()).toEqual([...ENTRA_CLOUDS].sort());
  });

  const scope = 'https://service.flow.microsoft.com//.default';
  const common = { grant_type: 'client_credentials', client_id: AUTH.clientId, scope };

  it('contains a client secret with any characters', () => {
    const secret = 'a&b=c d+é~%';
    expect(form(AUTH, { secret })).toEqual({ ...common, client_secret: secret });
  });

  it('contains an assertion', () => {
    expect(form(AUTH, { assertion: 'a.b.c' })).toEqual({
      ...common,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'a.b.c',
    });
  });

  it('goes only to the tenant', () => {
    expect(tokenPath(AUTH)).toBe('/contoso.onmicrosoft.com/oauth2/v2.0/token');
    expect(tokenPath({ ...AUTH, tenantId: '../evil?x#y' })).toBe('/..%2Fevil%3Fx%23y/oauth2/v2.0/token');
  });
});

describe('the token response', () => {
  const TOKEN = { token_type: 'Bearer', expires_in: 3599, access_token: 'eyJ0.eyJhdWQ.c2ln-_' };
  const read = (status: number | undefined, body: unknown, retryAfter?: string) =>
    readTokenResponse(
      { status, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body), retryAfter },
      AUTH,
      NOW,
    );
  const refusal = (number: number, more: object = {}) => ({
    error: 'invalid_client',
    error_description: `AADSTS${number}: Invalid client secret SECRET provided.\r\nTrace ID: 1`,
    error_codes: [number],
    ...more,
  });

  it('contains a token and its expiry', () => {
    expect(read(200, TOKEN)).toEqual({ token: TOKEN.access_token, expiresAt: NOW + 3_599_000 });
    expect(read(200, { ...TOKEN, token_type: 'bearer', expires_in: '3599' })).toEqual(read(200, TOKEN));
  });

  it.each<[string, number | undefined, unknown, string, string]>([
    ['an expired secret', 401, refusal(7000222), 'AADSTS7000222', 'pause'],
    ['a code in the text alone', 400, refusal(700213, { error_codes: undefined }), 'AADSTS700213', 'pause'],
    ['an unknown code', 400, refusal(123456789), 'AADSTS123456789', 'pause'],
    [
      'a code that is no number',
      400,
      { error_codes: ['SECRET'], error_description: 'SECRET' },
      'EntraRefused',
      'pause',
    ],
    ['a code within a word', 400, { error_description: 'xAADSTS700213' }, 'EntraRefused', 'pause'],
    ['an error without a code', 400, { error: 'invalid_request' }, 'EntraRefused', 'pause'],
    ['throttling', 429, refusal(90055), 'EntraUnavailable', 'retry'],
    ['slowness', 408, '', 'EntraUnavailable', 'retry'],
    ['a fault', 500, '<html>', 'EntraUnavailable', 'retry'],
    ['unavailability', 503, undefined, 'EntraUnavailable', 'retry'],
    ['what passes', 400, refusal(90033, { error: 'temporarily_unavailable' }), 'EntraUnavailable', 'retry'],
    ['an answer that was cut', 200, undefined, 'EntraUnreachable', 'retry'],
    ['a page', 200, '<html>SECRET', 'EntraUnexpectedAnswer', 'pause'],
    ['a page that refuses', 403, '<html>SECRET', 'EntraUnexpectedAnswer', 'pause'],
    ['a redirect', 302, '', 'EntraUnexpectedAnswer', 'pause'],
    ['a list', 200, [], 'EntraUnexpectedAnswer', 'pause'],
    ['null', 200, 'null', 'EntraUnexpectedAnswer', 'pause'],
    ['no token', 200, { ...TOKEN, access_token: undefined }, 'EntraUnexpectedAnswer', 'pause'],
    ['a token of another type', 200, { ...TOKEN, token_type: 'pop' }, 'EntraUnexpectedAnswer', 'pause'],
    ['a token that ends the header', 200, { ...TOKEN, access_token: 'a\r\nx: y' }, 'EntraUnexpectedAnswer', 'pause'],
    ['a token without an end', 200, { ...TOKEN, expires_in: undefined }, 'EntraUnexpectedAnswer', 'pause'],
    ['a token that has ended', 200, { ...TOKEN, expires_in: 0 }, 'EntraUnexpectedAnswer', 'pause'],
  ])('may be %s', (_, status, body, error, outcome) => {
    const failure = read(status, body);
    expect(failure).toMatchObject({ error, problem: expect.stringMatching(/^[^.].{30,}[^.]$/) });
    expect(classify(failure as { error: string })).toBe(outcome);
    expect(JSON.stringify(failure)).not.toContain('SECRET');
  });

  it('can request a wait', () => {
    expect(read(429, refusal(90055), '17')).toMatchObject({ retryAfter: '17' });
  });

  it('with a common code says how to fix it', () => {
    for (const [code, what] of Object.entries(REFUSALS)) {
      const given = read(401, refusal(Number(code.slice('AADSTS'.length))));
      expect(given).toEqual({ error: code, problem: `Entra ID refused a token (${code}): ${what}` });
    }
  });

  it('is never quoted', () => {
    const secret = fc.constantFrom(
      'SECRET',
      'AADSTSSECRET',
      'AADSTS7SECRET',
      { SECRET: 'SECRET' },
      ['SECRET'],
      7,
      null,
    );
    const body = fc.record(
      { error: secret, error_description: secret, error_codes: secret, access_token: secret, expires_in: secret },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(200, 302, 400, 401, 429, 500), body, (status, given) => {
        expect(JSON.stringify(read(status, given))).not.toContain('SECRET');
      }),
    );
  });
});

it('a token is stale 5 minutes before it expires', () => {
  const token = { token: 't', expiresAt: NOW + 3_600_000 };
  expect([NOW, NOW + 3_299_999, NOW + 3_300_000, NOW + 3_600_000].map((now) => isStale(token, now))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
