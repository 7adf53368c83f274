/** Names of timeout errors of Node.js and the AWS SDK. */
const TIMEOUTS = new Set(['TimeoutError', 'AbortError']);
/** Throttling errors of the AWS SDK with HTTP status 400. */
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded/;

/** Whether a retry of a failed request can succeed: after throttling, service errors and lost connections. */
export function isRetryable(error: unknown): boolean {
  const { name, code, $metadata } = (error ?? {}) as {
    readonly name?: string;
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  if (status !== undefined && (status >= 500 || status === 429)) return true;
  if (THROTTLED.test(name ?? '') || TIMEOUTS.has(name ?? '')) return true;
  // Socket and DNS errors of Node.js: ECONNRESET, ENOTFOUND, …
  return status === undefined && typeof code === 'string' && /^E[A-Z_]+$/.test(code) && !code.startsWith('ERR_');
}

/** First wait, milliseconds. Each wait is twice the previous one: 3 to 6 seconds in total for six attempts. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 20_000;

/**
 * Wait after a failed attempt, milliseconds.
 * @param attempt from 1.
 * @param random 0 to 1, so that throttled producers do not retry at the same time.
 */
export const waitAfter = (attempt: number, random: number): number =>
  Math.round(Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT) * (1 + random));
