/** Codes of entries that would be refused again (EventBridge API reference, PutEventsResultEntry). */
const LASTING_CODES = new Set([
  'AccessDeniedException',
  'InvalidAccountIdException',
  'InvalidArgument',
  'MalformedDetail',
  'RedactionFailure',
  'NotAuthorizedForSourceException',
  'NotAuthorizedForDetailTypeException',
]);

/** Whether an entry may be taken when it is sent again. An entry without a code had no answer. */
export const isPassingCode = (code: string | undefined): boolean => code === undefined || !LASTING_CODES.has(code);

/** Errors of timeouts, as Node.js and the AWS SDK name them. */
const TIMEOUTS = new Set(['TimeoutError', 'AbortError']);
/** The AWS SDK's throttling errors whose HTTP status is 400. */
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded/;

/** Whether a request that threw may be taken when it is sent again: throttling, errors of the service, lost connections. */
export function isPassing(error: unknown): boolean {
  const { name, code, $metadata } = (error ?? {}) as {
    readonly name?: string;
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  if (status !== undefined && (status >= 500 || status === 429)) return true;
  if (THROTTLED.test(name ?? '') || TIMEOUTS.has(name ?? '')) return true;
  // Node.js's own errors of sockets and names: ECONNRESET, ENOTFOUND, …
  return status === undefined && typeof code === 'string' && /^E[A-Z_]+$/.test(code) && !code.startsWith('ERR_');
}

/** First wait, doubled each time, milliseconds: 3 to 6 seconds over six attempts. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 20_000;

/**
 * Milliseconds to wait after an attempt that failed.
 * @param attempt from 1
 * @param random 0 to 1: producers that were throttled together do not come back together
 */
export const waitAfter = (attempt: number, random: number): number =>
  Math.round(Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT) * (1 + random));
