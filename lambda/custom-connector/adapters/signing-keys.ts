import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey, type LocalJWKSet } from 'jose';
import type { Clock } from '../../shared/core/ports';

/**
 * Ages of the cached keys, milliseconds: refreshed after an hour, so that a removed key loses its effect; used for up to 24
 * hours while refreshes fail; refreshed for an unknown key after 5 minutes, so that forged tokens cause no flood of requests
 * (Microsoft, "Signing key rollover in the Microsoft identity platform": keys metadata caching algorithm).
 */
const REFRESH_AFTER_MS = 60 * 60_000;
const USABLE_FOR_MS = 24 * 60 * 60_000;
const REFRESH_FOR_UNKNOWN_AFTER_MS = 5 * 60_000;

/** Milliseconds until a failed download is retried. Until then, requests do not wait for its time limit. */
const RETRY_AFTER_MS = 10_000;

/** The signing keys could not be downloaded or are not usable. The message is a short reason for the operator. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

interface CachedKeys {
  readonly find: LocalJWKSet;
  readonly at: number;
}

/**
 * Finds signing keys by the `kid` of a token. Caches them, and concurrent callers share one download.
 *
 * Throws `KeysUnavailableError`, or `JWKSNoMatchingKey` for an unknown key.
 */
export function signingKeys(download: () => Promise<unknown>, clock: Clock): JWTVerifyGetKey {
  let cached: CachedKeys | undefined;
  /** The newest download, if it failed. */
  let failure: { readonly reason: string; readonly at: number } | undefined;
  let pending: Promise<void> | undefined;

  const isYounger = (one: { readonly at: number } | undefined, age: number): boolean =>
    one !== undefined && clock() < one.at + age;

  const downloadKeys = async (): Promise<void> => {
    try {
      const find = keySet(await download());
      cached = { find, at: clock() };
      failure = undefined;
    } catch (error) {
      failure = { reason: (error as Error).message, at: clock() };
    }
  };
  const refreshIfOlder = async (age: number): Promise<void> => {
    if (isYounger(cached, age) || isYounger(failure, RETRY_AFTER_MS)) return;
    pending ??= downloadKeys().finally(() => {
      pending = undefined;
    });
    await pending;
  };
  const usable = (): LocalJWKSet => {
    if (cached && isYounger(cached, USABLE_FOR_MS)) return cached.find;
    throw new KeysUnavailableError(failure?.reason);
  };

  return async (header, token) => {
    // Without an id, a set of one key would match.
    if (typeof header.kid !== 'string') throw new errors.JWKSNoMatchingKey();
    await refreshIfOlder(REFRESH_AFTER_MS);
    try {
      return await usable()(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await refreshIfOlder(REFRESH_FOR_UNKNOWN_AFTER_MS);
    // The key can be new.
    if (failure) throw new KeysUnavailableError(failure.reason);
    return usable()(header, token);
  };
}

/** An empty set does not replace the cached keys. */
function keySet(json: unknown): LocalJWKSet {
  try {
    const find = createLocalJWKSet(json as JSONWebKeySet);
    if (find.jwks().keys.length > 0) return find;
  } catch (error) {
    if (!(error instanceof errors.JWKSInvalid)) throw error;
  }
  throw new Error('no key set');
}
