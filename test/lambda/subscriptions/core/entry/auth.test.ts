import { describe, expect, test } from 'vitest';
import { toDefinition } from '../../../../../lambda/subscriptions/core/entry/definition';
import { checkEntry } from '../../../../../lambda/subscriptions/core/subscription-entry';

const FLOW_URL = 'https://x.api.powerplatform.com/workflows/0/triggers/manual/paths/invoke?api-version=1';
const TENANT = '11111111-2222-3333-4444-555555555555';
const CLIENT = '66666666-7777-8888-9999-aaaaaaaaaaaa';
const auth = { type: 'entra', tenantId: TENANT, clientId: CLIENT };
/** A secret that can be under any key and must never be shown. */
const SECRET = 'abc8Q~client.secret-VALUE_0123456789';

const check = (given: unknown, more: object = {}) =>
  checkEntry({ name: 'crm', trigger: 'data-source-refresh-failed', flowUrl: FLOW_URL, auth: given, ...more });
const definitionOf = (given: unknown) => {
  const checked = check(given);
  if ('mistakes' in checked) throw new Error(checked.mistakes.map(({ message }) => message).join('\n'));
  return toDefinition(checked.entry);
};
const mistakesOf = (given: unknown, more?: object) => {
  const checked = check(given, more);
  return 'mistakes' in checked ? checked.mistakes : [];
};

describe('auth becomes part of the definition', () => {
  test.each<[string, object, object]>([
    ['without a secret, in the public cloud', auth, { ...auth, cloud: 'public' }],
    [
      'with a secret of Secrets Manager',
      { ...auth, clientSecret: { secret: 'flows/app', field: 'clientSecret' } },
      { ...auth, cloud: 'public', clientSecret: { secret: 'flows/app', field: 'clientSecret' } },
    ],
    [
      'with the whole secret',
      { ...auth, clientSecret: { secret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf' } },
      {
        ...auth,
        cloud: 'public',
        clientSecret: { secret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf' },
      },
    ],
    [
      'with a parameter',
      { ...auth, clientSecret: { parameter: '/flows/app' } },
      { ...auth, cloud: 'public', clientSecret: { parameter: '/flows/app' } },
    ],
    [
      'in capitals and with spaces',
      { ...auth, tenantId: ` ${TENANT.toUpperCase()}`, clientId: CLIENT.toUpperCase(), cloud: 'gcc-high' },
      { ...auth, cloud: 'gcc-high' },
    ],
    [
      'with a domain for the tenant',
      { ...auth, tenantId: 'Contoso.onmicrosoft.com', cloud: 'china' },
      { ...auth, tenantId: 'contoso.onmicrosoft.com', cloud: 'china' },
    ],
    ['in gcc', { ...auth, cloud: 'gcc' }, { ...auth, cloud: 'gcc' }],
    ['in dod', { ...auth, cloud: 'dod' }, { ...auth, cloud: 'dod' }],
  ])('%s', (_, given, expected) => {
    expect(definitionOf(given).auth).toStrictEqual(expected);
  });

  test('and is undefined without it', () => {
    expect(definitionOf(undefined)).not.toHaveProperty('auth');
  });
});

describe('a mistake in auth says what to write and hides the value', () => {
  const tenant =
    "write the Directory (tenant) ID of the app registration, or one of the tenant's verified domains" as const;
  const client = 'write the Application (client) ID of the app registration' as const;
  const kept = 'write { secret: NAME }, { secret: NAME, field: FIELD } or { parameter: NAME }' as const;
  const noTenant = `"auth.tenantId" is neither a GUID nor a domain; ${tenant}`;
  test.each<[string, unknown, string[]]>([
    ['empty', null, ['"auth" is empty; write type: entra, tenantId and clientId under it']],
    ['a word', 'entra', ['"auth" is not a map of keys; write type: entra, tenantId and clientId under it']],
    [
      'a secret in its place',
      SECRET,
      ['"auth" is not a map of keys; write type: entra, tenantId and clientId under it'],
    ],
    [
      'a map of nothing',
      {},
      [
        '"auth.type" is missing; write entra',
        `"auth.tenantId" is missing; ${tenant}`,
        `"auth.clientId" is missing; ${client}`,
      ],
    ],
    ['another type', { ...auth, type: 'oauth' }, ['"auth.type" is something else; write entra']],
    ['an empty tenant', { ...auth, tenantId: '' }, [`"auth.tenantId" is empty; ${tenant}`]],
    ['a tenant of every account', { ...auth, tenantId: 'common' }, [noTenant]],
    ['a tenant of a name', { ...auth, tenantId: 'Contoso Ltd' }, [noTenant]],
    ['a tenant that leads elsewhere', { ...auth, tenantId: 'evil.example.com/..' }, [noTenant]],
    ['a tenant that ends the path', { ...auth, tenantId: 'a.example.com?x' }, [noTenant]],
    ['a tenant of an address', { ...auth, tenantId: '169.254.169.254' }, [noTenant]],
    ['a tenant of a number', { ...auth, tenantId: 7 }, [noTenant]],
    ['a GUID cut short', { ...auth, tenantId: TENANT.slice(1) }, [noTenant]],
    ['a client that is the secret', { ...auth, clientId: SECRET }, [`"auth.clientId" is not a GUID; ${client}`]],
    ['a client that is a domain', { ...auth, clientId: 'contoso.com' }, [`"auth.clientId" is not a GUID; ${client}`]],
    [
      'the secret itself',
      { ...auth, clientSecret: SECRET },
      [`"auth.clientSecret" is a string instead of a map of keys; ${kept}`],
    ],
    [
      'an empty secret',
      { ...auth, clientSecret: { secret: ' ' } },
      [
        '"auth.clientSecret.secret" is not the name or ARN of a secret; write the name or the ARN of a Secrets Manager secret, such as crm/flow-url',
      ],
    ],
    [
      'the secret for its name',
      { ...auth, clientSecret: { parameter: SECRET } },
      [
        '"auth.clientSecret.parameter" is not the name or ARN of a parameter; write the name or the ARN of a Systems Manager parameter, such as /crm/flow-url',
      ],
    ],
    [
      'two places',
      { ...auth, clientSecret: { secret: 'a', parameter: 'b' } },
      [`"auth.clientSecret" combines a parameter with other keys; ${kept}`],
    ],
    ['no place', { ...auth, clientSecret: {} }, [`"auth.clientSecret" has neither a secret nor a parameter; ${kept}`]],
    [
      'an empty field',
      { ...auth, clientSecret: { secret: 'a', field: '' } },
      [`"auth.clientSecret.field" is empty; write a field's name of up to 100 characters, such as url`],
    ],
    [
      'another cloud',
      { ...auth, cloud: 'germany' },
      ['"auth.cloud" is another; write one of public, gcc, gcc-high, dod, china'],
    ],
    [
      'a host of its own',
      { ...auth, authority: 'https://login.example.com' },
      ['"auth.authority" is not known; auth takes type, tenantId, clientId, clientSecret, cloud'],
    ],
  ])('%s', (_, given, expected) => {
    const messages = mistakesOf(given).map(({ message }) => message);
    expect(messages).toEqual(expected);
    expect(messages.join()).not.toContain(SECRET);
  });

  test('under another key', () => {
    const [mistake] = mistakesOf(undefined, { authentication: auth });
    expect(mistake?.message).toBe('"authentication" is not known; write auth');
  });

  test('without a flow', () => {
    const threshold = { trigger: 'segment-threshold-crossed', segment: 'VIP', above: 1, flowUrl: undefined };
    expect(mistakesOf(auth, threshold)).toEqual([
      { path: ['auth'], message: '"auth" has no effect without "flowUrl"; write flowUrl, or remove auth' },
    ]);
    expect(mistakesOf(undefined, threshold)).toEqual([]);
    expect(mistakesOf(auth, { flowUrl: undefined }).map(({ path }) => path)).toEqual([['flowUrl']]);
  });
});
