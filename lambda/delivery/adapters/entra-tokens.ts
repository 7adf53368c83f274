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
  tokenForm,
  tokenPath,
} from '../core/entra';
import type { EntraTokens } from '../core/ports';
import { NotCalled } from '../core/response';
import { guardedPoster, type PosterOptions } from './guarded-post';
import type { WebIdentity } from './web-identity';

/** Less than a flow may take, which is called after it. */
const TOKEN_TIMEOUT_MS = 8_000;

/**
 * A failure stands for so long, milliseconds, that a backlog does not hammer the authority with what it has just refused.
 * Shorter than the shortest wait between two tries of a delivery.
 */
const FAILURE_CACHE_MS = 3_000;

/** Tokens that a container keeps: one for each application, tenant, cloud and credential. */
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
   * @default - the cloud's own: no setting can send a credential elsewhere
   */
  readonly origin?: (auth: EntraAuth) => string;
  /**
   * How long getting a token may take with all that it needs, milliseconds.
   *
   * @default 8000
   */
  readonly timeoutMs?: number;
}

type Result = EntraToken | TokenFailure;

/** A result, or the request that will give it. */
interface Kept {
  readonly result: Promise<Result>;
  /** Left out while the request is on its way. */
  settled?: { readonly result: Result; readonly at: number };
}

/** Tokens of Entra ID, kept until 5 minutes before they end. However many ask for one, it is requested once. */
export function entraTokens(options: EntraTokenOptions): EntraTokens {
  const { clock } = options;
  const request = tokenRequester(options);
  const kept = new Map<string, Kept>();

  const ask = (key: string, auth: EntraAuth): Promise<Result> => {
    if (kept.size >= MAX_CACHED) kept.clear();
    const entry: Kept = { result: request(auth).then((result) => settle(entry, result)) };
    kept.set(key, entry);
    return entry.result;
  };
  const settle = (entry: Kept, result: Result): Result => {
    entry.settled = { result, at: clock() };
    return result;
  };
  const isUsable = ({ settled }: Kept): boolean => {
    if (!settled) return true;
    const { result, at } = settled;
    return 'error' in result ? clock() < at + FAILURE_CACHE_MS : !isStale(result, clock());
  };

  return {
    get(auth, timeoutMs) {
      const key = keyOf(auth);
      const known = kept.get(key);
      return within(timeoutMs, known && isUsable(known) ? known.result : ask(key, auth));
    },
    forget(auth, token) {
      const key = keyOf(auth);
      // Another delivery may have had it replaced already.
      if (kept.get(key)?.settled?.result === token) kept.delete(key);
    },
  };
}

const keyOf = ({ tenantId, clientId, cloud, clientSecret }: EntraAuth): string =>
  JSON.stringify([tenantId, clientId, CLOUD_FACTS[cloud].audience, clientSecret ?? 'federation']);

/** Gets one token. Never throws. */
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
    const answer = await post(`${origin(auth)}${tokenPath(auth)}`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: tokenForm(auth, credential),
      timeoutMs: Math.max(1, end - clock()),
    });
    if ('error' in answer) {
      const { authority } = CLOUD_FACTS[auth.cloud];
      return failure(NotCalled.ENTRA_UNREACHABLE, `${authority} gave no answer (${answer.error})`);
    }
    const { status, headers, body } = answer;
    const text = body?.toString('utf8');
    return readTokenResponse({ status, body: text, retryAfter: headers['retry-after'] }, auth, clock());
  };
}

const originOf = ({ cloud }: EntraAuth): string => `https://${CLOUD_FACTS[cloud].authority}`;

const failure = (error: string, problem: string): TokenFailure => ({ error, problem });

function secretFailure(error: unknown): TokenFailure {
  return error instanceof UnusableSecretError
    ? failure(NotCalled.ENTRA_SECRET_UNUSABLE, `the client secret cannot be used: ${error.message.replace(/\.$/, '')}`)
    : failure(NotCalled.ENTRA_SECRET_UNREAD, `the client secret could not be read (${nameOf(error)})`);
}

function federationFailure(error: unknown): TokenFailure {
  const name = nameOf(error);
  if (name === 'OutboundWebIdentityFederationDisabledException') {
    return failure(
      NotCalled.FEDERATION_DISABLED,
      'the AWS account does not vouch for its roles; run aws iam enable-outbound-web-identity-federation once in it',
    );
  }
  if (/^AccessDenied/.test(name)) {
    return failure(
      NotCalled.FEDERATION_DENIED,
      'the function may not ask AWS STS for a token; deploy the connector with entraFederation: true, or give the ' +
        'subscription a clientSecret',
    );
  }
  return failure(NotCalled.FEDERATION_FAILED, `AWS STS gave no token (${name})`);
}

/** An error's name, which says what happened; its message could say too much. */
const nameOf = (error: unknown): string => {
  const name = error instanceof Error ? error.name : '';
  return /^[A-Za-z]{1,80}$/.test(name) ? name : 'Error';
};

/** Rejects when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(Object.assign(new Error('no answer'), { name: 'TimeoutError' })));
  });

/** A result that is waited for no longer than a delivery has time; the request goes on for others. */
async function within(timeoutMs: number, result: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<TokenFailure>((resolve) => {
    const say = () => resolve(failure(NotCalled.ENTRA_UNREACHABLE, 'there was no time left to get a token'));
    timer = setTimeout(say, Math.max(0, timeoutMs));
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
