import { GetWebIdentityTokenCommand, type STSClient } from '@aws-sdk/client-sts';
import { WEB_IDENTITY_ALGORITHM, WEB_IDENTITY_SECONDS } from '../../../contract/delivery';

/** Returns a token that proves this function's role to parties that trust the account's issuer. */
export type WebIdentity = (audience: string, signal: AbortSignal) => Promise<string>;

/** Gets tokens from AWS STS (GetWebIdentityToken), available at regional endpoints only, which the SDK uses. */
export const webIdentity =
  (client: STSClient): WebIdentity =>
  async (audience, abortSignal) => {
    const command = new GetWebIdentityTokenCommand({
      Audience: [audience],
      SigningAlgorithm: WEB_IDENTITY_ALGORITHM,
      DurationSeconds: WEB_IDENTITY_SECONDS,
    });
    return (await client.send(command, { abortSignal })).WebIdentityToken as string;
  };
