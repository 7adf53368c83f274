import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { FLOW_URL_CONTEXT } from '../../../contract/subscriptions';
import { fingerprint } from '../core/flow-url';
import type { SealedFlowUrl } from '../core/subscription';

/** Binds the ciphertext to the subscription's name, so that a copy in another subscription cannot be decrypted. */
const encryptionContext = (subscription: string) => ({ [FLOW_URL_CONTEXT]: subscription });

/** Encrypts a flow URL for storage. KMS encrypts up to 4,096 bytes (API reference). A flow URL has up to 2,048. */
export async function sealFlowUrl(
  client: KMSClient,
  keyId: string,
  subscription: string,
  url: string,
): Promise<SealedFlowUrl> {
  const Plaintext = Buffer.from(url, 'utf8');
  const EncryptionContext = encryptionContext(subscription);
  const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: keyId, Plaintext, EncryptionContext }));
  const ciphertext = Buffer.from(CiphertextBlob as Uint8Array).toString('base64');
  return { ciphertext, host: new URL(url).host, fingerprint: fingerprint(url) };
}

/** Errors of Decrypt that persist until they are fixed, and how to fix them (KMS API reference, Decrypt). */
const PERMANENT_ERRORS: Readonly<Record<string, string>> = {
  InvalidCiphertextException:
    'the stored flow URL was encrypted for another subscription or is damaged; apply the subscription again',
  IncorrectKeyException: 'the stored flow URL was encrypted with another key; apply the subscription again',
  NotFoundException: 'the key of the flow URLs no longer exists; apply the subscription again',
  DisabledException: 'the key of the flow URLs is disabled; enable it',
  KMSInvalidStateException:
    'the key of the flow URLs is not usable, possibly pending deletion; cancel the deletion and enable it',
  InvalidKeyUsageException: 'the key of the flow URLs is not an encryption key; deploy the connector with one that is',
  AccessDeniedException:
    'the function deliver cannot decrypt with the key of the flow URLs; allow it in the key policy, or deploy the connector again',
};

/** Why a flow URL cannot be decrypted and how to fix it. Undefined for a temporary error. */
export const undecryptableReason = (error: unknown): string | undefined =>
  error instanceof Error && Object.hasOwn(PERMANENT_ERRORS, error.name) ? PERMANENT_ERRORS[error.name] : undefined;

/** Decrypted URLs that a container caches, so that a warm container calls KMS once per URL. */
const MAX_OPEN = 1000;

/** Decrypts flow URLs. A new URL has another ciphertext, so the cache is never stale. */
export function flowUrlOpener(client: KMSClient): (subscription: string, flow: SealedFlowUrl) => Promise<string> {
  const open = new Map<string, string>();
  return async (subscription, { ciphertext }) => {
    const id = `${subscription} ${ciphertext}`;
    const known = open.get(id);
    if (known !== undefined) return known;
    const CiphertextBlob = Buffer.from(ciphertext, 'base64');
    const EncryptionContext = encryptionContext(subscription);
    const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    const url = Buffer.from(Plaintext as Uint8Array).toString('utf8');
    if (open.size >= MAX_OPEN) open.clear();
    open.set(id, url);
    return url;
  };
}
