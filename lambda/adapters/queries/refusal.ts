import { QueryFailed, QueryFailure } from '../../core/query-result';

/** Names of errors of the caller's that another time may not have. */
const PASSING =
  /Throttl|TooManyRequests|RateExceeded|LimitExceeded|Active(Statements|Sessions)Exceeded|Timeout|ExpiredToken/i;

/** What a service's client throws that no further try would change: names, permissions, SQL. */
export const isRefusal = (error: unknown): error is Error & { $fault: 'client' } =>
  error instanceof Error && '$fault' in error && error.$fault === 'client' && !PASSING.test(error.name);

/** Calls a service. Throws QueryFailed when it refuses what it was asked, and what it threw when another try may do. */
export async function calling<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (isRefusal(error)) throw new QueryFailed(QueryFailure.REFUSED, `${error.name}: ${error.message}`);
    throw error;
  }
}

/** For both calls and their answers; a function has a minute. */
export const QUERY_LIMITS = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
};
