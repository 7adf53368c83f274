import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { FLOW_URL_CONTEXT } from '../../../contract/subscriptions';
import { fingerprint } from '../core/flow-url';
import type { SealedFlowUrl } from '../core/subscription';

/** The subscription's name is bound to the ciphertext: a URL copied to another subscription does not open. */
const encryptionContext = (subscription: string) => ({ [FLOW_URL_CONTEXT]: subscription });

/** Encrypts a flow URL for storage. KMS encrypts up to 4,096 bytes directly (API reference); a flow URL has 2,048 at most. */
export async function sealFlowUrl(
  client: KMSClient,
  keyId: string,
  subscription: string,
  url: string,
): Promise<SealedFlowUrl> {
  const { CiphertextBlob } = await client.send(
    new EncryptCommand({
      KeyId: keyId,
      Plaintext: Buffer.from(url, 'utf8'),
      EncryptionContext: encryptionContext(subscription),
    }),
  );
  const ciphertext = Buffer.from(CiphertextBlob as Uint8Array).toString('base64');
  return { ciphertext, host: new URL(url).host, fingerprint: fingerprint(url) };
}

/** Errors of Decrypt that stay until somebody mends something (KMS API reference, Decrypt), and what that is. */
const PERMANENT_ERRORS: Readonly<Record<string, string>> = {
  InvalidCiphertextException:
    'the stored flow URL was sealed for another subscription or is damaged; apply the subscription again',
  IncorrectKeyException: 'the stored flow URL was sealed with another key; apply the subscription again',
  NotFoundException: 'the key of the flow URLs does not exist any more; apply the subscription again',
  DisabledException: 'the key of the flow URLs is disabled; enable it',
  KMSInvalidStateException: 'the key of the flow URLs is not usable, maybe pending deletion; cancel that and enable it',
  InvalidKeyUsageException: 'the key of the flow URLs is not for encryption; deploy the connector with one that is',
  AccessDeniedException:
    'the function deliver may not decrypt with the key of the flow URLs; allow it in the policy of the key, or deploy the connector again',
};

/** Why a sealed flow URL will not open by itself, with what to do; undefined for an error that may pass. */
export const undecryptableReason = (error: unknown): string | undefined =>
  error instanceof Error && Object.hasOwn(PERMANENT_ERRORS, error.name) ? PERMANENT_ERRORS[error.name] : undefined;

/** URLs that a container keeps open, so that a warm one calls KMS once for each. */
const MAX_OPEN = 1000;

/** Opens sealed flow URLs. A new URL has another ciphertext, so nothing stale is ever used. */
export function flowUrlOpener(client: KMSClient): (subscription: string, flow: SealedFlowUrl) => Promise<string> {
  const open = new Map<string, string>();
  return async (subscription, { ciphertext }) => {
    const id = `${subscription} ${ciphertext}`;
    const known = open.get(id);
    if (known !== undefined) return known;
    const { Plaintext } = await client.send(
      new DecryptCommand({
        CiphertextBlob: Buffer.from(ciphertext, 'base64'),
        EncryptionContext: encryptionContext(subscription),
      }),
    );
    const url = Buffer.from(Plaintext as Uint8Array).toString('utf8');
    if (open.size >= MAX_OPEN) open.clear();
    open.set(id, url);
    return url;
  };
}
