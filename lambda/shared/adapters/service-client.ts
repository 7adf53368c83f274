/** Names of client errors that a retry can clear. */
const RETRYABLE =
  /Throttl|TooManyRequests|RateExceeded|LimitExceeded|Active(Statements|Sessions)Exceeded|Timeout|ExpiredToken/i;

/** Whether a retry fails, too: wrong names, missing permissions, invalid SQL. */
export const isRefusal = (error: unknown): error is Error & { $fault: 'client' } =>
  error instanceof Error && '$fault' in error && error.$fault === 'client' && !RETRYABLE.test(error.name);

/** Configuration of clients that read values, runs and jobs. A function has one minute. */
export const READ_CLIENT_CONFIG = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
};
