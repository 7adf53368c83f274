import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * An API key: `cdpac_<name>_<43 characters of base64url>`. The name finds the stored hash, and no name contains `_`. The
 * prefix lets secret scanners and `redactText` recognize a key.
 */
const API_KEY = /^cdpac_([A-Za-z\d-]{1,32})_[\w-]{43}$/;
const KEY_NAME = /^[A-Za-z\d-]{1,32}$/;

/** 256 bits: no search finds a key, so that SHA-256 without a salt protects the stored hash. */
const SECRET_BYTES = 32;

/** Whether a name has 1 to 32 letters, digits and hyphens. */
export const isKeyName = (name: string): boolean => KEY_NAME.test(name);

/**
 * Creates a key. Only its hash is stored.
 * @param randomBytes cryptographically secure.
 * @throws Error if the name is not valid.
 */
export function newKey(name: string, randomBytes: (size: number) => Uint8Array): string {
  if (!isKeyName(name)) throw new Error('the name of a key needs 1 to 32 letters, digits and hyphens');
  return `cdpac_${name}_${Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url')}`;
}

/** The name in a key. Undefined if the text is not a key. */
export const parseKey = (text: string): { readonly name: string } | undefined => {
  const name = API_KEY.exec(text)?.[1];
  return name === undefined ? undefined : { name };
};

/** SHA-256 of a key, hex. */
export const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex');

/** Compares a key with a stored hash in constant time, so that response times reveal no part of the hash. */
export const matchesHash = (key: string, hash: string): boolean =>
  timingSafeEqual(Buffer.from(keyHash(key), 'hex'), Buffer.from(hash, 'hex'));
