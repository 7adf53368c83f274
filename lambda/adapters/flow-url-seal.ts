import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import { fingerprint } from '../core/flow-url';
import type { SealedFlowUrl } from '../core/subscription';

/** The subscription's name is bound to the ciphertext: a URL copied to another subscription does not open. */
const encryptionContext = (subscription: string) => ({ subscription });

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
