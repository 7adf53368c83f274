import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkFlowUrl,
  credentialProblem,
  fingerprint,
  NO_SIGNATURE,
  SIGNATURE_AND_TOKEN,
} from '../../../../lambda/subscriptions/core/flow-url';

const SIG = 'aB3-_'.repeat(9).slice(0, 43);
const PATH =
  '/powerautomate/automations/direct/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke';
const QUERY = `?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${SIG}`;
const HOST = 'default00000000000000000000000000.00.environment.api.powerplatform.com';
const GOOD = `https://${HOST}${PATH}${QUERY}`;

const reasonOf = (...args: Parameters<typeof checkFlowUrl>) => {
  const checked = checkFlowUrl(...args);
  return 'reason' in checked ? checked.reason : `accepted ${checked.host}`;
};

describe('a flow URL is accepted', () => {
  test.each([
    GOOD,
    GOOD.replace(HOST, `${HOST}:443`),
    `https://00.environment.api.gov.powerplatform.microsoft.us${PATH}${QUERY}`,
    `https://00.environment.api.high.powerplatform.microsoft.us${PATH}${QUERY}`,
    `https://00.environment.api.appsplatform.us${PATH}${QUERY}`,
    `https://00.environment.api.powerplatform.partner.microsoftonline.cn${PATH}${QUERY}`,
    `https://prod-01.usgovtexas.logic.azure.us:443/workflows/0/triggers/manual/paths/invoke${QUERY}`,
    `https://app.azurewebsites.net:443/api/flow/triggers/any/invoke${QUERY}`,
    GOOD.replace('/invoke?', '/invoke/orders/7?'),
    `  ${GOOD}\n`,
  ])('%#', (url) => {
    expect(checkFlowUrl(url)).toEqual({ url: expect.stringMatching(/^https:/), host: new URL(url.trim()).hostname });
  });

  test('in one form, with or without its port', () => {
    expect(checkFlowUrl(GOOD.replace(HOST, `${HOST.toUpperCase()}:443`))).toMatchObject({ url: GOOD });
  });

  test('with a warning on logic.azure.com, where Power Automate flows stopped responding', () => {
    const url = `https://prod-01.westeurope.logic.azure.com:443/workflows/0/triggers/manual/paths/invoke${QUERY}`;
    expect(checkFlowUrl(url)).toMatchObject({ warning: expect.stringContaining('November 30, 2025') });
  });

  test('with a warning when its signature is too short', () => {
    expect(checkFlowUrl(GOOD.slice(0, -10))).toMatchObject({ warning: expect.stringContaining('may be missing') });
  });

  test('on extra hosts and their subdomains, in every notation', () => {
    const url = `https://flows.example.com/x${QUERY}`;
    for (const extraHosts of [['example.com'], ['*.example.com'], ['.Example.com'], ['flows.example.com']]) {
      expect(checkFlowUrl(url, { extraHosts })).toMatchObject({ host: 'flows.example.com' });
    }
    expect(reasonOf(url, { extraHosts: ['', ' ', '.', 'ample.com'] })).toContain('is not a host of');
  });

  test.each(['http://127.0.0.1:8080', 'http://localhost:1', 'https://[::1]:9', 'http://127.9.9.9'])(
    'on the local machine in the local run: %s',
    (origin) => {
      const url = `${origin}/flows/a?sig=x`;
      expect(checkFlowUrl(url, { loopback: true })).toEqual({ url, host: new URL(origin).host });
      expect(reasonOf(url)).toContain('allowed only in the local run');
      expect(checkFlowUrl(`${origin}/flows/a`, { loopback: true })).toMatchObject({ url: `${origin}/flows/a` });
      expect(reasonOf(`${origin}/flows/a?api-version=1`, { loopback: true })).toBe(NO_SIGNATURE);
    },
  );
});

describe('a flow URL is refused', () => {
  test('without a signature', () => {
    expect(reasonOf(GOOD.slice(0, GOOD.indexOf('&')))).toBe(NO_SIGNATURE);
    expect(reasonOf(`https://${HOST}${PATH}?api-version=1&sig=`)).toBe(NO_SIGNATURE);
    expect(NO_SIGNATURE).toBe(
      'No signature. Either the flow allows only your tenant (set *Who can trigger the flow* to *Anyone*, or use ' +
        '`auth: entra`), or the URL was cut at `&` (quote it).',
    );
  });

  test.each([
    ['', 'is empty'],
    [GOOD.replace('https', 'http'), 'write https://'],
    [GOOD.replace('https://', ''), 'does not start with https://'],
    [GOOD.replace('https', 'ftp'), 'does not start with https://'],
    ['https://', 'not a complete web address'],
    [GOOD.replace(HOST, `${HOST}:8443`), 'has port 8443'],
    [GOOD.replace(HOST, `me:secret@${HOST}`), 'user name or password'],
    [`${GOOD}#x`, 'contains a #'],
    [GOOD.replace('&sp', '\n&sp'), 'line break'],
    [GOOD.replace('&sp', ' &sp'), 'space'],
    [`"${GOOD}"`, 'quotation mark'],
    [`<${GOOD}>`, 'quotation mark or a bracket'],
    [GOOD.replaceAll('&', '&amp;'), '&amp;'],
    [GOOD.replaceAll('&', '\\&'), 'backslash'],
    [`${GOOD}{{x}}`, 'placeholder'],
    [GOOD.replace('invoke', 'inv\u200boke'), 'invisible'],
    [GOOD + 'a'.repeat(2048), 'longer than 2048'],
    [GOOD.replace(HOST, 'eviapi.powerplatform.com'), 'is not a host of'],
    [GOOD.replace(HOST, 'xlogic.azure.com'), 'is not a host of'],
    [GOOD.replace(HOST, 'api.powerplatform.com'), 'is not a host of'],
    [GOOD.replace(HOST, `${HOST}.example.com`), 'is not a host of'],
    [GOOD.replace(HOST, `${HOST}.`), 'is not a host of'],
    [GOOD.replace(HOST, '20.1.2.3'), 'IP address'],
    [GOOD.replace(HOST, '0x7f.1'), 'only in the local run'],
    [GOOD.replace(HOST, '[2001:db8::1]'), 'IP address'],
    [GOOD.replace(HOST, 'eur01.safelinks.protection.outlook.com'), 'Safe Links'],
    [GOOD.replace(HOST, 'make.powerautomate.com'), "the page of the flow's designer"],
  ])('%# %s', (url, part) => {
    expect(reasonOf(url)).toContain(part);
  });

  test('and no reason contains more of it than its host', () => {
    const secret = 'SECRETSECRET';
    const place = fc.constantFrom('&', '?', '/', ':', '@', ' ', '\n', '#', '"', '{', '\\', '', '.', 'é');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(place, fc.constant('sig='), fc.constant('https://'), fc.constant(secret)), { maxLength: 12 }),
        fc.constantFrom('', 'https://', `https://${HOST}/`, 'https://example.com/', 'http://localhost/'),
        (parts, start) => {
          const url = start + parts.join('');
          const reason = reasonOf(url);
          const host = URL.parse(url)?.host ?? '';
          if (!host.toUpperCase().includes(secret)) expect(reason.toUpperCase()).not.toContain(secret);
        },
      ),
    );
  });
});

describe('a flow URL beside a token', () => {
  const UNSIGNED = `https://${HOST}${PATH}?api-version=1`;
  const token = { credential: 'token' } as const;

  test('has no signature', () => {
    expect(checkFlowUrl(UNSIGNED, token)).toEqual({ url: UNSIGNED, host: HOST });
    for (const url of [GOOD, `${UNSIGNED}&sig=`, `http://localhost:1/flows/a?sig=x`]) {
      expect(reasonOf(url, { ...token, loopback: true })).toBe(SIGNATURE_AND_TOKEN);
    }
    expect(SIGNATURE_AND_TOKEN).not.toContain(SIG);
  });

  test('can be on the local machine in the local run', () => {
    for (const url of ['http://localhost:1/flows/a', 'http://localhost:1/flows/a?api-version=1']) {
      expect(checkFlowUrl(url, { ...token, loopback: true })).toMatchObject({ url });
      expect(reasonOf(url, token)).toContain('only in the local run');
    }
  });

  test('is refused on hosts that anyone can register', () => {
    const standard = 'https://app.azurewebsites.net/api/flow/triggers/any/invoke?api-version=2022-05-01';
    expect(reasonOf(standard, token)).toContain('accepts no token of Power Automate');
    expect(reasonOf(`${standard}&sig=${SIG}`)).toContain('accepted');
  });

  test('has the same other checks, even if the credential is checked later', () => {
    for (const credential of ['token', 'later'] as const) {
      expect(reasonOf(UNSIGNED.replace('https', 'http'), { credential })).toContain('write https://');
      expect(reasonOf(UNSIGNED.replace(HOST, 'login.example.com'), { credential })).toContain('is not a host of');
    }
    expect(checkFlowUrl(UNSIGNED, { credential: 'later' })).toMatchObject({ url: UNSIGNED });
    expect(checkFlowUrl(GOOD, { credential: 'later' })).toMatchObject({ url: GOOD });
  });

  test('and the later check is the same', () => {
    for (const url of [GOOD, UNSIGNED, 'http://localhost:1/flows/a', 'http://localhost:1/flows/a?x=1']) {
      for (const credential of ['token', 'signature'] as const) {
        const checked = checkFlowUrl(url, { credential, loopback: true });
        const later = credentialProblem(new URL(url), credential === 'token');
        expect(later).toBe('reason' in checked ? checked.reason : undefined);
      }
    }
  });
});

test('a flow URL is shown by its host and the beginning of its fingerprint', () => {
  expect(fingerprint('https://a')).toBe(fingerprint('https://a'));
  expect(fingerprint('https://a')).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprint('https://a')).not.toBe(fingerprint('https://b'));
});
