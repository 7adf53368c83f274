import { GetWebIdentityTokenCommand, type STSClient } from '@aws-sdk/client-sts';
import { WEB_IDENTITY_ALGORITHM, WEB_IDENTITY_SECONDS } from '../../../contract/delivery';

/** A token by which AWS vouches for this function's role to whoever trusts its account's issuer. Throws what the SDK throws. */
export type WebIdentity = (audience: string, signal: AbortSignal) => Promise<string>;

/** Tokens of AWS STS (GetWebIdentityToken), which has them at its regional endpoints only: the SDK's own. */
export const webIdentity =
  (client: STSClient): WebIdentity =>
  async (audience, abortSignal) => {
    const { WebIdentityToken } = await client.send(
      new GetWebIdentityTokenCommand({
        Audience: [audience],
        SigningAlgorithm: WEB_IDENTITY_ALGORITHM,
        DurationSeconds: WEB_IDENTITY_SECONDS,
      }),
      { abortSignal },
    );
    return WebIdentityToken as string;
  };
