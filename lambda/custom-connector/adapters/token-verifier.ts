// Adds 17 KB to the bundle, 1 ms to the cold start and 4 ms to the first verification (CPU). `createRemoteJWKSet`: 15 ms more.
import { decodeJwt, errors, jwtVerify } from 'jose';
import type { Clock } from '../../shared/core/ports';
import type { SignInPorts, TokenVerification } from '../core/ports';
import { downloadJson } from './json-download';
import { KeysUnavailableError, signingKeys } from './signing-keys';

/** "Usually no more than a few minutes" (RFC 7519 §4.1.4). AWS and Microsoft both synchronize their clocks. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** Lets the function respond before its own time limit. */
const DOWNLOAD_TIMEOUT_MS = 3_000;

/** A tenant has about ten keys of 2 KB. */
const MAX_KEYS_BYTES = 256 * 1024;

export interface TokenVerifierOptions {
  /** The tenant's id, a GUID. */
  readonly tenantId: string;
  readonly clock: Clock;
  /**
   * Origin of the keys, for tests.
   *
   * @default - Microsoft Entra ID; no setting can replace the keys
   */
  readonly origin?: string;
  /** Additional certificate authority, for tests. */
  readonly ca?: string;
  /**
   * Time limit of a download of the keys, milliseconds.
   *
   * @default 3000
   */
  readonly timeoutMs?: number;
}

/** Verifies the signature and the times of access tokens of one tenant. */
export function tokenVerifier(options: TokenVerifierOptions): SignInPorts['verifyToken'] {
  const {
    tenantId,
    clock,
    ca,
    origin = 'https://login.microsoftonline.com',
    timeoutMs = DOWNLOAD_TIMEOUT_MS,
  } = options;
  const keysAt = (path: string) =>
    signingKeys(() => downloadJson(`${origin}/${tenantId}${path}`, { timeoutMs, maxBytes: MAX_KEYS_BYTES, ca }), clock);
  // Each version of tokens has its own address (Microsoft, "Access tokens in the Microsoft identity platform").
  const keys = { v1: keysAt('/discovery/keys'), v2: keysAt('/discovery/v2.0/keys') };

  return async (token) => {
    try {
      // Not verified yet. It only chooses between two sets of the tenant's keys.
      const findKey = decodeJwt(token).ver === '1.0' ? keys.v1 : keys.v2;
      const { payload } = await jwtVerify(token, findKey, {
        algorithms: ['RS256'],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(clock()),
      });
      return { claims: payload };
    } catch (error) {
      return failureOf(error);
    }
  };
}

/** Sentences for errors of the token by code. */
const INVALID: Readonly<Record<string, string>> = {
  [errors.JWTExpired.code]: 'The access token has expired.',
  [errors.JOSEAlgNotAllowed.code]: 'The access token is not signed with RS256.',
  [errors.JWSSignatureVerificationFailed.code]: 'The signature of the access token is wrong.',
  [errors.JWKSNoMatchingKey.code]: 'The access token is not signed with a key of the tenant that this API belongs to.',
};

/** Sentences for wrong claims. */
const INVALID_CLAIM: Readonly<Record<string, string>> = {
  exp: 'The access token has no expiry time.',
  nbf: 'The access token is not valid yet.',
};

const MALFORMED = 'The access token is malformed.';

function failureOf(error: unknown): TokenVerification {
  if (error instanceof KeysUnavailableError) return { unavailable: error.message };
  if (error instanceof errors.JWTClaimValidationFailed) return { invalid: INVALID_CLAIM[error.claim] ?? MALFORMED };
  if (error instanceof errors.JOSEError && !isAboutPublishedKey(error)) {
    return { invalid: INVALID[error.code] ?? MALFORMED };
  }
  return { unavailable: `unusable key (${error instanceof Error ? error.name : 'error'})` };
}

const isAboutPublishedKey = ({ code }: errors.JOSEError): boolean => code.startsWith('ERR_JWK') && !(code in INVALID);
