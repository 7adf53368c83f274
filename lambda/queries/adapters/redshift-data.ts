import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  type Field,
  GetStatementResultCommand,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import type { RedshiftQuery } from '../../../contract/queries';
import type { QueryState, QueryTick, RunningQuery } from '../core/measure';
import { type Cell, QueryFailed, QueryFailure } from '../core/query-result';
import { calling, queryError, resultOf } from './calling';

/** Queries of Amazon Redshift through its Data API. */
export const redshiftQueries = (client: RedshiftDataClient) => ({
  async begin(query: RedshiftQuery, { token }: QueryTick): Promise<QueryState> {
    const { Id } = await calling(
      client.send(
        new ExecuteStatementCommand({
          Sql: query.sql,
          // For 8 hours, the same token starts no other statement (management guide, "Considerations … Data API").
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

  async look(_: RedshiftQuery, { id }: RunningQuery): Promise<QueryState> {
    const statement = await calling(client.send(new DescribeStatementCommand({ Id: id })));
    const { Status, HasResultSet, UpdatedAt } = statement;
    if (Status === 'FAILED' || Status === 'ABORTED') throw queryError('Redshift', Status, statement.Error);
    if (Status !== 'FINISHED' || UpdatedAt === undefined) return { state: 'running', id };
    if (!HasResultSet) throw new QueryFailed(QueryFailure.NO_RESULT, 'the statement has no result: write a SELECT');
    const table = await resultOf((token) => resultPage(client, id, token));
    return { state: 'ended', id, endedAt: UpdatedAt.getTime(), table };
  },
});

async function resultPage(client: RedshiftDataClient, Id: string, NextToken: string | undefined) {
  const page = await calling(client.send(new GetStatementResultCommand({ Id, NextToken })));
  const columns = page.ColumnMetadata?.map(({ name, label }) => label || name || '');
  return { columns, rows: (page.Records ?? []).map((row) => row.map(cellOf)), nextToken: page.NextToken };
}

/** The Data API returns a decimal as a text, which keeps all digits. */
function cellOf({ isNull, stringValue, longValue, doubleValue, booleanValue }: Field): Cell {
  if (isNull) return null;
  return stringValue ?? longValue ?? doubleValue ?? booleanValue ?? null;
}
