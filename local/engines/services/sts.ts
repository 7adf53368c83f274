import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { AwsError } from '../protocol/aws-json';
import { type QueryOperation, xmlText } from '../protocol/aws-query';

/** The account and region in the tokens. */
export interface StsIdentity {
  readonly account: string;
  readonly region: string;
}

/**
 * `GetWebIdentityToken` of the AWS STS API reference, with the limits of its parameters and the claims of its token
 * (IAM user guide, "Understanding token claims"). Verification of the token always fails, because its key is not
 * published. Implements only RS256. Every caller is the role `local`.
 */
export function stsOperations({ account, region }: StsIdentity): Readonly<Record<string, QueryOperation>> {
  const issuer = `https://${randomUUID()}.tokens.sts.global.api.aws`;
  let key: KeyObject | undefined;
  return {
    GetWebIdentityToken(parameters) {
      const audiences = [...parameters].filter(([name]) => /^Audience\.member\.\d+$/.test(name)).map(([, one]) => one);
      if (
        audiences.length < 1 ||
        audiences.length > 10 ||
        audiences.some((one) => one.length < 1 || one.length > 1000)
      ) {
        throw invalid('Audience must have 1 to 10 members of 1 to 1000 characters');
      }
      const algorithm = parameters.get('SigningAlgorithm');
      if (algorithm !== 'RS256') {
        throw invalid(`the local run implements only the SigningAlgorithm RS256, not ${algorithm ?? 'none'}`);
      }
      const seconds = Number(parameters.get('DurationSeconds') ?? 300);
      if (!Number.isInteger(seconds) || seconds < 60 || seconds > 3600) {
        throw invalid('DurationSeconds must be a whole number from 60 to 3600');
      }
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        sub: `arn:aws:iam::${account}:role/local`,
        aud: audiences.length === 1 ? audiences[0] : audiences,
        iat: now,
        exp: now + seconds,
        jti: randomUUID(),
        'https://sts.amazonaws.com/': { aws_account: account, source_region: region },
      };
      key ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
      const expiration = new Date(claims.exp * 1000).toISOString();
      const token = signed(claims, key);
      return `<Expiration>${expiration}</Expiration><WebIdentityToken>${xmlText(token)}</WebIdentityToken>`;
    },
  };
}

const invalid = (message: string) => new AwsError('ValidationError', message);

function signed(claims: object, key: KeyObject): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'local' })}.${encode(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}
