import {
  type AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import type { AthenaQuery } from '../../../contract/queries';
import type { QueryState, QueryTick, RunningQuery } from '../core/measure';
import { QueryFailed, QueryFailure } from '../core/query-result';
import { calling, queryError, resultOf } from './calling';

/** Page size limit (API reference, GetQueryResults). */
const PAGE_ROWS = 1000;

/** Queries of Amazon Athena. */
export const athenaQueries = (client: AthenaClient) => ({
  async begin(query: AthenaQuery, { token }: QueryTick): Promise<QueryState> {
    const { QueryExecutionId } = await calling(
      client.send(
        new StartQueryExecutionCommand({
          QueryString: query.sql,
          // Athena returns the same execution for the same token and starts no other (API reference).
          ClientRequestToken: token,
          WorkGroup: query.workGroup,
          QueryExecutionContext: { Catalog: query.catalog, Database: query.database },
          ResultConfiguration: query.output === undefined ? undefined : { OutputLocation: query.output },
        }),
      ),
    );
    return { state: 'running', id: QueryExecutionId as string };
  },

  async look(_: AthenaQuery, { id }: RunningQuery): Promise<QueryState> {
    const { QueryExecution } = await calling(client.send(new GetQueryExecutionCommand({ QueryExecutionId: id })));
    const { State, StateChangeReason, CompletionDateTime } = QueryExecution?.Status ?? {};
    if (State === 'FAILED' || State === 'CANCELLED') throw queryError('Athena', State, StateChangeReason);
    if (State !== 'SUCCEEDED' || CompletionDateTime === undefined) return { state: 'running', id };
    if (QueryExecution?.StatementType !== 'DML') {
      throw new QueryFailed(
        QueryFailure.NO_RESULT,
        `the statement is of type ${QueryExecution?.StatementType}: write a SELECT`,
      );
    }
    const table = await resultOf((token) => resultPage(client, id, token));
    return { state: 'ended', id, endedAt: CompletionDateTime.getTime(), table };
  },
});

async function resultPage(client: AthenaClient, QueryExecutionId: string, NextToken: string | undefined) {
  const command = new GetQueryResultsCommand({ QueryExecutionId, NextToken, MaxResults: PAGE_ROWS });
  const { ResultSet, NextToken: nextToken } = await calling(client.send(command));
  const columns = ResultSet?.ResultSetMetadata?.ColumnInfo?.map(({ Name }) => Name as string);
  const cells = (ResultSet?.Rows ?? []).map(({ Data = [] }) => Data.map(({ VarCharValue }) => VarCharValue ?? null));
  // The first row of the first page contains the column names (user guide, "Work with query results").
  return { columns, rows: NextToken === undefined ? cells.slice(1) : cells, nextToken };
}
