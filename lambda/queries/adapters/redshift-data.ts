import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  type Field,
  GetStatementResultCommand,
  type GetStatementResultResponse,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { MAX_QUERY_ROWS, type RedshiftQuery } from '../../../contract/queries';
import type { QueryAnswer, QueryTick, RunningQuery } from '../core/measure';
import { type Cell, QueryFailed, QueryFailure, type QueryTable } from '../core/query-result';
import { calling } from './calling';

/** Queries of Amazon Redshift, by its Data API. */
export const redshiftQueries = (client: RedshiftDataClient) => ({
  async begin(query: RedshiftQuery, { token }: QueryTick): Promise<QueryAnswer> {
    const { Id } = await calling(
      client.send(
        new ExecuteStatementCommand({
          Sql: query.sql,
          // Known for 8 hours, in which the same token begins nothing (management guide, "Considerations … Data API").
          ClientToken: token,
          Database: query.database,
          WorkgroupName: query.workgroup,
          ClusterIdentifier: query.cluster,
          DbUser: query.dbUser,
          SecretArn: query.secret,
        }),
      ),
    );
    return { state: 'running', id: Id as string };
  },

  async look(_: RedshiftQuery, { id }: RunningQuery): Promise<QueryAnswer> {
    const {
      Status,
      Error: error,
      HasResultSet,
      UpdatedAt,
    } = await calling(client.send(new DescribeStatementCommand({ Id: id })));
    if (Status === 'FAILED' || Status === 'ABORTED') {
      throw new QueryFailed(QueryFailure.FAILED, `Redshift: ${Status}: ${error ?? 'no reason is given'}`);
    }
    if (Status !== 'FINISHED' || UpdatedAt === undefined) return { state: 'running', id };
    if (!HasResultSet) throw new QueryFailed(QueryFailure.NO_RESULT, 'the statement has no result: write a SELECT');
    return { state: 'ended', id, endedAt: UpdatedAt.getTime(), table: await resultOf(client, id) };
  },
});

async function resultOf(client: RedshiftDataClient, Id: string): Promise<QueryTable> {
  const rows: Cell[][] = [];
  let columns: string[] = [];
  let NextToken: string | undefined;
  do {
    const command = new GetStatementResultCommand({ Id, NextToken });
    const page: GetStatementResultResponse = await calling(client.send(command));
    columns = page.ColumnMetadata?.map(({ name, label }) => label || name || '') ?? columns;
    rows.push(...(page.Records ?? []).map((row) => row.map(cellOf)));
    NextToken = page.NextToken;
  } while (NextToken !== undefined && rows.length <= MAX_QUERY_ROWS);
  return { columns, rows };
}

/** A decimal comes as a text, which holds all its digits. */
function cellOf({ isNull, stringValue, longValue, doubleValue, booleanValue }: Field): Cell {
  if (isNull) return null;
  return stringValue ?? longValue ?? doubleValue ?? booleanValue ?? null;
}
