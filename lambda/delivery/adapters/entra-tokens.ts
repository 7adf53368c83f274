import type { Clock } from '../../shared/core/ports';
import { type SecretReader, UnusableSecretError } from '../../subscriptions/core/secret-reference';
import type { EntraAuth } from '../../subscriptions/core/subscription';
import {
  CLOUD_FACTS,
  type ClientCredential,
  type EntraToken,
  isStale,
  readTokenResponse,
  type TokenFailure,
  tokenFailure,
  tokenForm,
  tokenPath,
} from '../core/entra';
import type { EntraTokens } from '../core/ports';
import { NotCalled } from '../core/response';
import { guardedPoster, type PosterOptions } from './guarded-post';
import type { WebIdentity } from './web-identity';

/** Shorter than a flow's time limit, because the flow is called afterwards. */
const TOKEN_TIMEOUT_MS = 8_000;

/**
 * Milliseconds for which a failure is cached, so that a backlog does not repeat a refused request. Shorter than the
 * shortest wait between two tries of a delivery.
 */
const FAILURE_CACHE_MS = 3_000;

/** Tokens that a container caches: one per application, tenant, cloud and credential. */
const MAX_CACHED = 1000;

export interface EntraTokenOptions {
  readonly readSecret: SecretReader;
  readonly webIdentity: WebIdentity;
  readonly clock: Clock;
  /** For the token endpoint. */
  readonly poster?: PosterOptions;
  /**
   * Origin of the token endpoint, for tests.
   *
   * @default - the cloud's own; no setting can redirect a credential
   */
  readonly origin?: (auth: EntraAuth) => string;
  /**
   * Time limit for a token, credential included, milliseconds.
   *
   * @default 8000
   */
  readonly timeoutMs?: number;
}

type Result = EntraToken | TokenFailure;

interface CacheEntry {
  readonly result: Promise<Result>;
  /** Undefined while the request is in flight. */
  settled?: { readonly result: Result; readonly at: number };
}

/** Caches Entra ID tokens until 5 minutes before they expire. Concurrent callers share one request. */
export function entraTokens(options: EntraTokenOptions): EntraTokens {
  const { clock } = options;
  const request = tokenRequester(options);
  const cache = new Map<string, CacheEntry>();

  const fetchToken = (key: string, auth: EntraAuth): Promise<Result> => {
    if (cache.size >= MAX_CACHED) cache.clear();
    const entry: CacheEntry = { result: request(auth).then((result) => settle(entry, result)) };
    cache.set(key, entry);
    return entry.result;
  };
  const settle = (entry: CacheEntry, result: Result): Result => {
    entry.settled = { result, at: clock() };
    return result;
  };
  const isUsable = ({ settled }: CacheEntry): boolean => {
    if (!settled) return true;
    const { result, at } = settled;
    return 'error' in result ? clock() < at + FAILURE_CACHE_MS : !isStale(result, clock());
  };

  return {
    get(auth, timeoutMs) {
      const key = keyOf(auth);
      const cached = cache.get(key);
      return within(timeoutMs, cached && isUsable(cached) ? cached.result : fetchToken(key, auth));
    },
    forget(auth, token) {
      const key = keyOf(auth);
      // Another delivery can have replaced it already.
      if (cache.get(key)?.settled?.result === token) cache.delete(key);
    },
  };
}

const keyOf = ({ tenantId, clientId, cloud, clientSecret }: EntraAuth): string =>
  JSON.stringify([tenantId, clientId, CLOUD_FACTS[cloud].audience, clientSecret ?? 'federation']);

/** Requests one token. Never throws. */
function tokenRequester(options: EntraTokenOptions) {
  const { readSecret, webIdentity, clock, poster, origin = originOf, timeoutMs = TOKEN_TIMEOUT_MS } = options;
  const post = guardedPoster(poster);

  const credentialOf = async (auth: EntraAuth, signal: AbortSignal): Promise<ClientCredential> =>
    auth.clientSecret
      ? { secret: (await readSecret(auth.clientSecret)).trim() }
      : { assertion: await webIdentity(CLOUD_FACTS[auth.cloud].federationAudience, signal) };

  return async (auth: EntraAuth): Promise<Result> => {
    const end = clock() + timeoutMs;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    let credential: ClientCredential;
    try {
      credential = await Promise.race([credentialOf(auth, abort.signal), aborted(abort.signal)]);
    } catch (error) {
      return auth.clientSecret ? secretFailure(error) : federationFailure(error);
    } finally {
      clearTimeout(timer);
    }
    const response = await post(`${origin(auth)}${tokenPath(auth)}`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: tokenForm(auth, credential),
      timeoutMs: Math.max(1, end - clock()),
    });
    if ('error' in response) {
      const { authority } = CLOUD_FACTS[auth.cloud];
      return tokenFailure(NotCalled.ENTRA_UNREACHABLE, `${authority} did not respond (${response.error})`);
    }
    const { status, headers, body } = response;
    const text = body?.toString('utf8');
    return readTokenResponse({ status, body: text, retryAfter: headers['retry-after'] }, auth, clock());
  };
}

const originOf = ({ cloud }: EntraAuth): string => `https://${CLOUD_FACTS[cloud].authority}`;

function secretFailure(error: unknown): TokenFailure {
  return error instanceof UnusableSecretError
    ? tokenFailure(
        NotCalled.ENTRA_SECRET_UNUSABLE,
        `the client secret cannot be used: ${error.message.replace(/\.$/, '')}`,
      )
    : tokenFailure(NotCalled.ENTRA_SECRET_UNREAD, `the client secret could not be read (${nameOf(error)})`);
}

function federationFailure(error: unknown): TokenFailure {
  const name = nameOf(error);
  if (name === 'OutboundWebIdentityFederationDisabledException') {
    return tokenFailure(
      NotCalled.FEDERATION_DISABLED,
      'outbound identity federation is disabled in the AWS account; run in it: ' +
        'aws iam enable-outbound-web-identity-federation',
    );
  }
  if (/^AccessDenied/.test(name)) {
    return tokenFailure(
      NotCalled.FEDERATION_DENIED,
      'the function cannot request a token from AWS STS; deploy the connector with entraFederation: true, ' +
        'or give the subscription a clientSecret',
    );
  }
  return tokenFailure(NotCalled.FEDERATION_FAILED, `AWS STS issued no token (${name})`);
}

/** An error's name only, because its message could contain a secret. */
const nameOf = (error: unknown): string => {
  const name = error instanceof Error ? error.name : '';
  return /^[A-Za-z]{1,80}$/.test(name) ? name : 'Error';
};

/** Rejects when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(Object.assign(new Error('no response'), { name: 'TimeoutError' })));
  });

/** Waits for a result until the delivery's time limit. The request continues for other deliveries. */
async function within(timeoutMs: number, result: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<TokenFailure>((resolve) => {
    const giveUp = () => resolve(tokenFailure(NotCalled.ENTRA_UNREACHABLE, 'no time was left to get a token'));
    timer = setTimeout(giveUp, Math.max(0, timeoutMs));
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
