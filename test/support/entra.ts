import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import type { EntraSignInSettings } from '../../contract/custom-connector';
import type { TokenClaims } from '../../lambda/custom-connector/core/ports';

export const TENANT_ID = '11111111-2222-3333-4444-555555555555';
export const OTHER_TENANT_ID = '99999999-2222-3333-4444-555555555555';
/** Object id of the caller. */
export const OID = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
/** The connector's application, which requests the tokens. */
export const CLIENT_APP_ID = '12121212-3434-5656-7878-909090909090';

const CLIENT_ID = '66666666-7777-8888-9999-aaaaaaaaaaaa';

/** The API's application. */
export const ENTRA: EntraSignInSettings = {
  tenantId: TENANT_ID,
  clientId: CLIENT_ID,
  identifierUri: `api://${CLIENT_ID}`,
  scope: 'Flows.Use',
  roles: [],
};

const COMMON = { tid: TENANT_ID, oid: OID, sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ' };

/** Claims of tokens (Microsoft identity platform, "Access token claims reference" and "ID token claims reference"). */
export const USER_CLAIMS = {
  ...COMMON,
  ver: '2.0',
  iss: `https://login.microsoftonline.com/${TENANT_ID}/v2.0`,
  aud: CLIENT_ID,
  azp: CLIENT_APP_ID,
  name: 'Kim Doe',
  scp: 'Flows.Use',
} as const satisfies TokenClaims;

export const V1_USER_CLAIMS = {
  ...COMMON,
  ver: '1.0',
  iss: `https://sts.windows.net/${TENANT_ID}/`,
  aud: `api://${CLIENT_ID}`,
  appid: CLIENT_APP_ID,
  name: 'Kim Doe',
  scp: 'Flows.Use',
} as const satisfies TokenClaims;

/** An application's own token, without the optional claim `idtyp`. */
export const APP_CLAIMS = {
  ...COMMON,
  ver: '2.0',
  iss: USER_CLAIMS.iss,
  aud: CLIENT_ID,
  azp: CLIENT_APP_ID,
  sub: OID,
  roles: ['Flow.Author'],
} as const satisfies TokenClaims;

export const ID_TOKEN_CLAIMS = {
  ...COMMON,
  ver: '2.0',
  iss: USER_CLAIMS.iss,
  aud: CLIENT_ID,
  name: 'Kim Doe',
  preferred_username: 'kim@example.com',
  nonce: '12345',
} as const satisfies TokenClaims;

/** A signing key of a tenant. */
export interface SigningKey {
  readonly kid: string;
  /** The key as the tenant publishes it, without `alg`. */
  readonly published: JsonWebKey;
  readonly privateKey: KeyObject;
}

export function newSigningKey(kid: string, modulusLength = 2048): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return { kid, published: { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid }, privateKey };
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header and claims. `signature` signs its first two parts. */
export function tokenWith(
  header: object,
  claims: unknown,
  signature: (signed: Buffer) => Uint8Array = () => new Uint8Array(),
): string {
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${signed}.${Buffer.from(signature(Buffer.from(signed))).toString('base64url')}`;
}

/** A token as Microsoft Entra ID signs it: with RS256. */
export const signedToken = ({ kid, privateKey }: SigningKey, claims: unknown, header: object = {}): string =>
  tokenWith({ typ: 'JWT', alg: 'RS256', kid, ...header }, claims, (signed) => sign('RSA-SHA256', signed, privateKey));
