import {
  type AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type GetQueryResultsOutput,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { type AthenaQuery, MAX_QUERY_ROWS } from '../../../contract/queries';
import type { QueryAnswer, QueryTick, RunningQuery } from '../core/measure';
import { type Cell, QueryFailed, QueryFailure, type QueryTable } from '../core/query-result';
import { calling } from './calling';

/** Rows of a page (API reference, GetQueryResults). */
const PAGE_ROWS = 1000;

/** Queries of Amazon Athena. */
export const athenaQueries = (client: AthenaClient) => ({
  async begin(query: AthenaQuery, { token }: QueryTick): Promise<QueryAnswer> {
    const { QueryExecutionId } = await calling(
      client.send(
        new StartQueryExecutionCommand({
          QueryString: query.sql,
          // With the same token Athena gives the same execution, and begins no other (API reference).
          ClientRequestToken: token,
          WorkGroup: query.workGroup,
          QueryExecutionContext: { Catalog: query.catalog, Database: query.database },
          ResultConfiguration: query.output === undefined ? undefined : { OutputLocation: query.output },
        }),
      ),
    );
    return { state: 'running', id: QueryExecutionId as string };
  },

  async look(_: AthenaQuery, { id }: RunningQuery): Promise<QueryAnswer> {
    const { QueryExecution } = await calling(client.send(new GetQueryExecutionCommand({ QueryExecutionId: id })));
    const { State, StateChangeReason, CompletionDateTime } = QueryExecution?.Status ?? {};
    if (State === 'FAILED' || State === 'CANCELLED') {
      throw new QueryFailed(QueryFailure.FAILED, `Athena: ${State}: ${StateChangeReason ?? 'no reason is given'}`);
    }
    if (State !== 'SUCCEEDED' || CompletionDateTime === undefined) return { state: 'running', id };
    if (QueryExecution?.StatementType !== 'DML') {
      throw new QueryFailed(
        QueryFailure.NO_RESULT,
        `the statement is of type ${QueryExecution?.StatementType}: write a SELECT`,
      );
    }
    return { state: 'ended', id, endedAt: CompletionDateTime.getTime(), table: await resultOf(client, id) };
  },
});

async function resultOf(client: AthenaClient, QueryExecutionId: string): Promise<QueryTable> {
  const rows: Cell[][] = [];
  let columns: string[] = [];
  let NextToken: string | undefined;
  do {
    const command = new GetQueryResultsCommand({ QueryExecutionId, NextToken, MaxResults: PAGE_ROWS });
    const page: GetQueryResultsOutput = await calling(client.send(command));
    columns = page.ResultSet?.ResultSetMetadata?.ColumnInfo?.map(({ Name }) => Name as string) ?? columns;
    const cells = (page.ResultSet?.Rows ?? []).map(({ Data = [] }) =>
      columns.map((_, n) => Data[n]?.VarCharValue ?? null),
    );
    // The first row of a query's result is its header (user guide, "Work with query results").
    rows.push(...(NextToken === undefined ? cells.slice(1) : cells));
    NextToken = page.NextToken;
  } while (NextToken !== undefined && rows.length <= MAX_QUERY_ROWS);
  return { columns, rows };
}
