import { createHmac, hash } from 'node:crypto';

type Data = string | ArrayBuffer | ArrayBufferView;

const BLOCK_BYTES = 64;

/**
 * Replaces the SDK's SHA-256 in the bundles of the functions (scripts/lambda-sdk.mjs). Each signature needs two hashes and two
 * HMACs of a few hundred bytes. The SDK makes an object of OpenSSL for each, which takes four times as long as the hash.
 */
export class Sha256Node {
  readonly digestLength = 32;
  private chunks: Uint8Array[] = [];

  /** @param secret key of an HMAC. Undefined: a hash. */
  constructor(private readonly secret?: Data) {}

  update(data: Data): void {
    this.chunks.push(data instanceof Uint8Array ? data : bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    const data = this.chunks.length === 1 ? (this.chunks[0] as Uint8Array) : Buffer.concat(this.chunks);
    return this.secret ? hmac(bytesOf(this.secret), data) : hash('sha256', data, 'buffer');
  }

  reset(): void {
    this.chunks = [];
  }
}

/** HMAC with SHA-256 (RFC 2104, section 2). */
function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  if (key.length > BLOCK_BYTES) return createHmac('sha256', key).update(data).digest();
  const inner = Buffer.alloc(BLOCK_BYTES + data.length, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + 32, 0x5c);
  for (let n = 0; n < key.length; n++) {
    inner[n] = 0x36 ^ (key[n] as number);
    outer[n] = 0x5c ^ (key[n] as number);
  }
  inner.set(data, BLOCK_BYTES);
  outer.set(hash('sha256', inner, 'buffer'), BLOCK_BYTES);
  return hash('sha256', outer, 'buffer');
}

function bytesOf(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
