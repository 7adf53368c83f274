import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AwsError, type AwsOperation } from '../protocol/aws-json';

/** A symmetric encryption key. `aliases` are names such as `alias/flow-urls`. */
export interface KeyInput {
  readonly keyId: string;
  readonly arn: string;
  readonly description: string;
  readonly aliases: readonly string[];
}

interface Key extends KeyInput {
  readonly material: Buffer;
}

/** Returns `size` bytes. */
export type RandomBytes = (size: number) => Buffer;

/** Maximum bytes that `Encrypt` accepts (AWS KMS API reference, Encrypt). */
const MAX_PLAINTEXT_BYTES = 4096;
const ALGORITHM = 'SYMMETRIC_DEFAULT';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * `Encrypt`, `Decrypt` and `DescribeKey` of the AWS KMS API reference, with symmetric keys in memory. Uses AES-256-GCM
 * with the encryption context as additional authenticated data. A blob consists of the length of the key's ARN (2
 * bytes), the ARN, the nonce, the tag and the ciphertext.
 * @param random source of key material, then of nonces. Keys from the same bytes can decrypt each other's blobs.
 */
export function kmsOperations(
  inputs: readonly KeyInput[],
  random: RandomBytes = randomBytes,
): Readonly<Record<string, AwsOperation>> {
  const keys: Key[] = inputs.map((input) => ({ ...input, material: random(32) }));

  const find = (keyId: unknown): Key => {
    const id = String(keyId);
    const found = keys.find(
      (key) =>
        key.keyId === id ||
        key.arn === id ||
        key.aliases.some((alias) => alias === id || id === key.arn.replace(/key\/.*$/, alias)),
    );
    if (!found) throw new AwsError('NotFoundException', `Key '${id}' does not exist`);
    return found;
  };

  return {
    'TrentService.Encrypt': (input) => {
      checkAlgorithm(input);
      const key = find(required(input, 'KeyId'));
      const plaintext = Buffer.from(required(input, 'Plaintext'), 'base64');
      if (plaintext.length < 1 || plaintext.length > MAX_PLAINTEXT_BYTES) {
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value at 'plaintext' failed to satisfy constraint: ` +
            `Member must have length between 1 and ${MAX_PLAINTEXT_BYTES}`,
        );
      }
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key.material, nonce).setAAD(context(input));
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      const name = Buffer.from(key.arn);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(name.length);
      return {
        CiphertextBlob: Buffer.concat([length, name, nonce, cipher.getAuthTag(), ciphertext]).toString('base64'),
        KeyId: key.arn,
        EncryptionAlgorithm: ALGORITHM,
      };
    },

    'TrentService.Decrypt': (input) => {
      checkAlgorithm(input);
      const blob = Buffer.from(required(input, 'CiphertextBlob'), 'base64');
      const key = keyOf(blob, keys);
      if (input.KeyId !== undefined && find(input.KeyId) !== key) {
        throw new AwsError(
          'IncorrectKeyException',
          'The key ID in the request does not identify a CMK that can perform this operation.',
        );
      }
      const start = 2 + blob.readUInt16BE(0);
      const nonce = blob.subarray(start, start + NONCE_BYTES);
      const tag = blob.subarray(start + NONCE_BYTES, start + NONCE_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.material, nonce).setAAD(context(input)).setAuthTag(tag);
        const ciphertext = blob.subarray(start + NONCE_BYTES + TAG_BYTES);
        return {
          KeyId: key.arn,
          Plaintext: Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('base64'),
          EncryptionAlgorithm: ALGORITHM,
        };
      } catch {
        throw invalidCiphertext();
      }
    },

    'TrentService.DescribeKey': (input) => {
      const key = find(required(input, 'KeyId'));
      return {
        KeyMetadata: {
          KeyId: key.keyId,
          Arn: key.arn,
          Description: key.description,
          Enabled: true,
          KeyManager: 'CUSTOMER',
          KeySpec: ALGORITHM,
          KeyState: 'Enabled',
          KeyUsage: 'ENCRYPT_DECRYPT',
          EncryptionAlgorithms: [ALGORITHM],
        },
      };
    },
  };
}

/** The key's ARN in a blob of `Encrypt`, or arbitrary text for other bytes. */
export const keyArnOf = (blob: Buffer): string =>
  blob.length >= 2 ? blob.subarray(2, 2 + blob.readUInt16BE(0)).toString() : '';

function keyOf(blob: Buffer, keys: readonly Key[]): Key {
  const arn = keyArnOf(blob);
  const key = keys.find((candidate) => candidate.arn === arn);
  if (!key || blob.length < 2 + Buffer.byteLength(arn) + NONCE_BYTES + TAG_BYTES) throw invalidCiphertext();
  return key;
}

/** KMS sends no message with this error, so that it reveals nothing about the key or the context. */
function invalidCiphertext(): AwsError {
  return new AwsError('InvalidCiphertextException', '');
}

/** The encryption context as bytes, independent of the order of its pairs. */
function context(input: Record<string, unknown>): Buffer {
  const pairs = Object.entries((input.EncryptionContext ?? {}) as Record<string, string>);
  return Buffer.from(JSON.stringify(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function required(input: Record<string, unknown>, name: string): string {
  const value = input[name];
  if (typeof value !== 'string') {
    throw new AwsError('ValidationException', `1 validation error detected: Value at '${name}' must not be null`);
  }
  return value;
}

function checkAlgorithm(input: Record<string, unknown>): void {
  if ((input.EncryptionAlgorithm ?? ALGORITHM) !== ALGORITHM) {
    throw new AwsError('InvalidKeyUsageException', `The local run has only ${ALGORITHM} keys.`);
  }
}
