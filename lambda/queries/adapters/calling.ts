import { isRefusal } from '../../shared/adapters/service-client';
import { QueryFailed, QueryFailure } from '../core/query-result';

/** Calls a service. Throws QueryFailed when it refuses what it was asked, and what it threw when another try may do. */
export async function calling<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (isRefusal(error)) throw new QueryFailed(QueryFailure.REFUSED, `${error.name}: ${error.message}`);
    throw error;
  }
}
