import { createHash } from 'node:crypto';

/** 128 bits of SHA-256 over the parts, in hex. JSON keeps the parts apart. */
export function identityHash(...parts: readonly (string | number | boolean | undefined)[]): string {
  const framed = JSON.stringify(parts.map((part) => part ?? ''));
  return createHash('sha256').update(framed).digest('hex').slice(0, 32);
}
