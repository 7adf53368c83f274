import { describe, expect, it } from 'vitest';
import { type Callback, type CallbackOptions, checkCallback } from '../../../../lambda/registration/core/callback';

const ID = '0123456789abcdef0123456789abcdef';
const SIG =
  'sp=%2Ftriggers%2Fmanual%2Frun%2C%2Ftriggers%2Fmanual%2Fread&sv=1.0&sig=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const ENVIRONMENT = 'default0123.45.environment.api.powerplatform.com';
const automate = (version: number, { host = ENVIRONMENT, id = ID, trigger = 'When_it_crosses' } = {}) =>
  `https://${host}/powerautomate/automations/direct/workflows/${id}/triggers/${trigger}/versions/0858${version}/run?api-version=1&${SIG}`;
const logicApp = (version: number) =>
  `https://prod-00.westeurope.logic.azure.com:443/workflows/${ID}/triggers/When/versions/0858${version}/run?api-version=2016-06-01&${SIG}`;

const nameOf = (url: string, options?: CallbackOptions): string => {
  const checked = checkCallback(url, options);
  if ('reason' in checked) throw new Error(checked.reason);
  return checked.subscription;
};

describe('the name of a flow', () => {
  it.each([
    ['Power Automate', automate],
    ['Logic Apps', logicApp],
  ])('stays the same over the versions of a flow of %s', (_, url) => {
    expect(nameOf(url(1))).toBe(nameOf(url(2)));
    expect(nameOf(url(1))).toMatch(/^flow-[0-9a-f]{32}$/);
  });

  it('does not depend on the case of the id, or on the signature', () => {
    expect(nameOf(automate(1, { id: ID.toUpperCase() }))).toBe(nameOf(automate(1)));
    expect(nameOf(automate(1).replace('sig=abc', 'sig=xyz'))).toBe(nameOf(automate(1)));
  });

  it('differs by host, workflow and trigger', () => {
    const names = [
      automate(1),
      automate(1, { host: 'other.45.environment.api.powerplatform.com' }),
      automate(1, { id: 'f'.repeat(32) }),
      automate(1, { trigger: 'Another' }),
      logicApp(1),
    ].map((url) => nameOf(url));
    expect(new Set(names).size).toBe(5);
  });

  it('is made of the whole URL where the path is of another shape', () => {
    const url = (n: number) => `https://${ENVIRONMENT}/hooks/${n}?${SIG}`;
    expect(nameOf(url(1))).not.toBe(nameOf(url(2)));
    expect(nameOf(url(1))).toBe(nameOf(url(1)));
  });
});

describe('a callback', () => {
  it.each<[string, string, CallbackOptions?]>([
    ['of a stranger’s host', 'https://evil.example.com/workflows/x/run?sig=a'],
    ['of Logic Apps Standard, where anyone can have a host', `https://evil.azurewebsites.net/api/x?${SIG}`],
    ['over http', automate(1).replace('https', 'http')],
    ['to a private address', `https://10.0.0.1/workflows/${ID}/triggers/a/versions/1/run?${SIG}`],
    ['to this machine', `https://localhost/workflows/${ID}/triggers/a/versions/1/run?${SIG}`],
    ['without a signature', automate(1).replace(/&sig=.*/, '')],
    ['that is empty', ''],
    ['that is no URL', 'https://'],
    ['with a user', automate(1).replace('https://', 'https://a:b@')],
    [
      'to a host outside the hosts that are allowed',
      automate(1),
      { hosts: ['mine.45.environment.api.powerplatform.com'] },
    ],
    [
      'to a host that only ends like an allowed one',
      automate(1, { host: `evil${ENVIRONMENT}` }),
      { hosts: [ENVIRONMENT] },
    ],
  ])('%s is refused, and the reason holds nothing but the host', (_, url, options) => {
    const checked = checkCallback(url, options);
    expect(checked).toHaveProperty('reason');
    expect(JSON.stringify(checked)).not.toContain('abcdefghijklmnop');
    expect(JSON.stringify(checked)).not.toContain(ID);
  });

  it('is accepted on an allowed host, and in the local run on this machine', () => {
    const accepted = checkCallback(automate(1), { hosts: [ENVIRONMENT] }) as Callback;
    expect(checkCallback(automate(1), { hosts: ['*.API.powerplatform.com'] })).toEqual(accepted);
    expect(accepted).toMatchObject({ url: automate(1), host: ENVIRONMENT });
    expect(
      checkCallback(`http://127.0.0.1:8080/workflows/${ID}/triggers/a/versions/1/run`, { loopback: true }),
    ).toHaveProperty('subscription');
  });
});
