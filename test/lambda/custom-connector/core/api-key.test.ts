import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKeyName, keyHash, matchesHash, newKey, parseKey } from '../../../../lambda/custom-connector/core/api-key';
import { redactText } from '../../../../lambda/shared/core/redact';

const SECRET = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
const KEY = `cdpac_crm_${SECRET}`;

const keyName = fc.stringMatching(/^[A-Za-z\d-]{1,32}$/);

it('a key has the prefix, its name and 256 random bits', () => {
  expect(newKey('crm', (size) => Uint8Array.from({ length: size }, (_, n) => n))).toBe(KEY);
});

it('every new key has its name, differs from the next one, and is redacted', () => {
  fc.assert(
    fc.property(keyName, (name) => {
      const key = newKey(name, randomBytes);
      expect(parseKey(key)).toEqual({ name });
      expect(newKey(name, randomBytes)).not.toBe(key);
      expect(redactText(`failed with ${key}: gone`)).toBe(`failed with cdpac_${name}_[redacted]: gone`);
    }),
  );
});

describe('names', () => {
  it.each(['a', 'CRM-2', '0', '-', 'x'.repeat(32)])('%s is a name', (name) => expect(isKeyName(name)).toBe(true));

  it.each(['', 'a b', 'a_b', 'ä', 'a#b', 'a\n', 'x'.repeat(33)])('%j is not a name', (name) => {
    expect(isKeyName(name)).toBe(false);
    expect(() => newKey(name, randomBytes)).toThrow('the name of a key needs 1 to 32 letters, digits and hyphens');
  });
});

it.each([
  ['empty', ''],
  ['without a prefix', `crm_${SECRET}`],
  ['with another prefix', `Cdpac_crm_${SECRET}`],
  ['without a name', `cdpac__${SECRET}`],
  ['with a name that is too long', `cdpac_${'x'.repeat(33)}_${SECRET}`],
  ['with a name of other characters', `cdpac_c#m_${SECRET}`],
  ['too short', KEY.slice(0, -1)],
  ['too long', `${KEY}A`],
  ['with a line break', `${KEY}\n`],
  ['with padding', `${KEY.slice(0, -1)}=`],
  ['twice', `${KEY}, ${KEY}`],
])('a text %s is not a key', (_, text) => expect(parseKey(text)).toBeUndefined());

it('the hash is SHA-256 of the whole key, and only the same key matches it', () => {
  const hash = keyHash(KEY);
  expect(hash).toBe(createHash('sha256').update(KEY, 'utf8').digest('hex'));
  expect(matchesHash(KEY, hash)).toBe(true);
  expect(matchesHash(KEY.replace('crm', 'CRM'), hash)).toBe(false);
  expect(matchesHash(`${KEY.slice(0, -1)}9`, hash)).toBe(false);
});
