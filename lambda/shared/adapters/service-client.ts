/** Names of errors of the caller's that another time may not have. */
const PASSING =
  /Throttl|TooManyRequests|RateExceeded|LimitExceeded|Active(Statements|Sessions)Exceeded|Timeout|ExpiredToken/i;

/** What a service's client throws that no further try would change: names, permissions, SQL. */
export const isRefusal = (error: unknown): error is Error & { $fault: 'client' } =>
  error instanceof Error && '$fault' in error && error.$fault === 'client' && !PASSING.test(error.name);

/** For clients of services that are asked for values, runs and jobs: a function has a minute. */
export const ASKING_LIMITS = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
};
