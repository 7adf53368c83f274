import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sha256Node } from '../../../../lambda/shared/adapters/fast-sha256';

const chunks = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string()), { maxLength: 4 });
/** Shorter and longer than a block of SHA-256, which is 64 bytes. */
const key = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 130 }), fc.string({ minLength: 1, maxLength: 130 }));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('the hash is that of OpenSSL', async () => {
  await fc.assert(
    fc.asyncProperty(chunks, chunks, async (first, second) => {
      const ours = new Sha256Node();
      const theirs = createHash('sha256');
      for (const data of first) ours.update(data);
      for (const data of first) theirs.update(data);
      expect(hex(await ours.digest())).toBe(theirs.copy().digest('hex'));
      for (const data of second) ours.update(data);
      for (const data of second) theirs.update(data);
      expect(hex(await ours.digest())).toBe(theirs.digest('hex'));
      ours.reset();
      expect(hex(await ours.digest())).toBe(createHash('sha256').digest('hex'));
    }),
  );
});

test('the HMAC is that of OpenSSL', async () => {
  await fc.assert(
    fc.asyncProperty(key, chunks, async (secret, all) => {
      const ours = new Sha256Node(secret);
      const theirs = createHmac('sha256', secret);
      for (const data of all) ours.update(data);
      for (const data of all) theirs.update(data);
      expect(hex(await ours.digest())).toBe(theirs.digest('hex'));
    }),
  );
});
