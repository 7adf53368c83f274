import { MAX_QUERY_ROWS } from '../../../contract/queries';
import { isRefusal } from '../../shared/adapters/service-client';
import { type Cell, QueryFailed, QueryFailure, type QueryTable } from '../core/query-result';

/** Converts a service's rejection to a QueryFailed. Passes on errors that a retry can clear. */
export async function calling<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (isRefusal(error)) throw new QueryFailed(QueryFailure.REFUSED, `${error.name}: ${error.message}`);
    throw error;
  }
}

/** A page of a query's result. */
interface ResultPage {
  readonly columns: readonly string[] | undefined;
  readonly rows: readonly (readonly Cell[])[];
  readonly nextToken: string | undefined;
}

/** Reads the pages of a query's result, until it has more rows than a measure can have members. */
export async function resultOf(read: (token: string | undefined) => Promise<ResultPage>): Promise<QueryTable> {
  const rows: (readonly Cell[])[] = [];
  let columns: readonly string[] = [];
  let token: string | undefined;
  do {
    const page = await read(token);
    columns = page.columns ?? columns;
    rows.push(...page.rows);
    token = page.nextToken;
  } while (token !== undefined && rows.length <= MAX_QUERY_ROWS);
  return { columns, rows };
}

export const queryError = (service: string, status: string | undefined, reason: string | undefined): QueryFailed =>
  new QueryFailed(QueryFailure.FAILED, [service, status, reason ?? 'no reason is given'].filter(Boolean).join(': '));
