import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksLikeCredential, redactError, redactor, redactText } from '../../../../lambda/shared/core/redact';

const FLOW_URL =
  'https://prod-12.westeurope.logic.azure.com:443/workflows/0123456789abcdef/triggers/manual/paths/invoke' +
  '?api-version=2016-10-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde';

it('redacts the header of a key, whatever its value', () => {
  expect(JSON.stringify({ 'x-api-key': 'a typed key' }, redactor())).toBe('{"x-api-key":"[redacted]"}');
});

it('a text with a key could be a credential', () => {
  expect(looksLikeCredential('key cdpac_crm_abc')).toBe(true);
});

describe('redactText', () => {
  it.each([
    [
      `cannot post to ${FLOW_URL}: gone`,
      'cannot post to https://prod-12.westeurope.logic.azure.com:443/[redacted] gone',
    ],
    ['see https://user:secret@flows.example.com', 'see https://flows.example.com'],
    ['url=https://flows.example.com?key=1', 'url=https://flows.example.com/[redacted]'],
    ['POST /workflows/0123/triggers/manual/paths/invoke HTTP/1.1', 'POST [redacted] HTTP/1.1'],
    ['?sv=1.0&sig=AbC', '[redacted]'],
    ['"sig":"AbC","a":1', '"sig":"[redacted]","a":1'],
    ['{\\"client_secret\\":\\"AbC\\"}', '{\\"client_secret\\":\\"[redacted]\\"}'],
    ['authorization: Bearer abcdefgh.ijk', 'authorization: Bearer [redacted]'],
    ['token eyJhbGciOi.eyJzdWIiOi.SflKxwRJ refused', 'token [redacted] refused'],
    [
      'no item with the key cdpac_Contoso-1_AbC_dEf-0123 exists',
      'no item with the key cdpac_Contoso-1_[redacted] exists',
    ],
    [
      `link tell-crm_0123456789abcdef0123456789abcdef.${'s-_'.repeat(7)}s is unknown`,
      'link tell-crm_0123456789abcdef0123456789abcdef.[redacted] is unknown',
    ],
    [encodeURIComponent(FLOW_URL), '[redacted]'],
    [encodeURIComponent(encodeURIComponent(FLOW_URL)), '[redacted]'],
  ])('%s', (text, redacted) => expect(redactText(text)).toBe(redacted));

  it.each([
    'Requested resource not found',
    'delivery tell-crm_0123456789abcdef0123456789abcdef is in another worker’s hands',
    'at handler (/var/task/index.js:1:2345)',
    'design: the signal assigns',
    'the bearer of a message',
    'the key cdpac_Contoso-1_[redacted] was revoked',
    'arn:aws:sqs:eu-west-1:111122223333:queue',
  ])('leaves %s', (text) => expect(redactText(text)).toBe(text));
});

/** A flow URL and its secret parts. */
const base64url = fc.string({ unit: fc.constantFrom(...'ABCXYZabcxyz0189-_'), minLength: 20, maxLength: 43 });
const flowUrl = fc
  .record({
    id: fc.stringMatching(/^[0-9a-f]{32}$/),
    sig: base64url,
    host: fc.constantFrom('a.logic.azure.com', 'x.net'),
  })
  .map(({ id, sig, host }) => ({
    secrets: [id, sig],
    path: `/workflows/${id}/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${sig}`,
    host,
  }));
const urlText = flowUrl.chain(({ secrets, path, host }) =>
  fc
    .constantFrom(
      `https://${host}${path}`,
      `HTTPS://${host}:443${path}`,
      path,
      encodeURIComponent(`https://${host}${path}`),
      JSON.stringify({ url: `https://${host}${path}` }),
      JSON.stringify(JSON.stringify({ url: `https://${host}${path}` })),
      `<https://${host}${path}>`,
    )
    .map((text) => ({ text, secrets })),
);
const tokenText = fc.tuple(base64url, base64url, base64url).chain(([header, payload, signature]) => {
  const token = `eyJ${header}.${payload}.${signature}`;
  return fc
    .constantFrom(
      token,
      `Bearer ${token}`,
      `Bearer ${payload}`,
      `access_token=${payload}`,
      JSON.stringify({ sig: payload }),
    )
    .map((text) => ({ text, secrets: [payload] }));
});
const keyText = fc.tuple(fc.stringMatching(/^[A-Za-z\d-]{1,32}$/), base64url).map(([name, secret]) => ({
  text: `cdpac_${name}_${secret}`,
  secrets: [secret],
}));
const secretText = fc
  .tuple(
    fc.constantFrom('', 'failed: ', '(', 'url=', 'a\n'),
    fc.oneof(urlText, tokenText, keyText),
    fc.constantFrom('', ' gone', ')', '\n at x'),
  )
  .map(([before, { text, secrets }, after]) => ({ text: `${before}${text}${after}`, secrets }));

/** Places of a secret: a value or name of a field at any depth, or an error's message, stack, cause or field. */
const place = (text: string): fc.Arbitrary<unknown> =>
  fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      fc.constant(text),
      fc.constant({ [text]: 1 }),
      fc.constant({ Plaintext: Buffer.from(text), SecretString: text, bytes: new Uint8Array(Buffer.from(text)) }),
      fc.constant(new Error(text)),
      fc.constant(
        Object.assign(new Error('x', { cause: new Error(text) }), { $response: { request: { path: text } } }),
      ),
      tie('any').map((inner) => ({ headers: { nested: inner }, list: [inner] })),
    ),
  })).any;

it('no generated flow URL, token or key stays in any field or error, at any depth', () => {
  fc.assert(
    fc.property(
      secretText.chain(({ text, secrets }) => place(text).map((value) => ({ value, secrets }))),
      ({ value, secrets }) => {
        const cyclic: Record<string, unknown> = { value };
        const withErrors = (_: string, one: unknown) =>
          one instanceof Error
            ? { ...one, name: one.name, message: one.message, stack: one.stack, cause: one.cause }
            : one;
        const redact = redactor();
        const written = JSON.stringify(cyclic, (key, one) => withErrors(key, redact(key, one)));
        const thrown = redactError(value instanceof Error ? value : new Error(JSON.stringify(value)));
        const all = written + thrown.name + thrown.message + thrown.stack;
        return secrets.every((secret) => !all.includes(secret));
      },
    ),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 2000) },
  );
});

it('an error keeps its name and message, and loses its other fields', () => {
  const error = Object.assign(new TypeError(`no answer of ${FLOW_URL}`), { $response: { path: FLOW_URL } });
  const shown = redactError(error);
  expect(shown.name).toBe('TypeError');
  expect(shown.message).toBe('no answer of https://prod-12.westeurope.logic.azure.com:443/[redacted]');
  expect(shown.stack).toMatch(/^TypeError: no answer.*\n +at /);
  expect(shown).not.toHaveProperty('$response');
  expect(redactError(FLOW_URL).message).toBe('https://prod-12.westeurope.logic.azure.com:443/[redacted]');
});
