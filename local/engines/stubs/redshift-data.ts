import { randomUUID } from 'node:crypto';
import { AwsError, type AwsOperation } from '../protocol/aws-json';
import { pageOf, type StubCell, StubQueries, StubQuery, type StubResponses } from './responses';

const PAGE = 500;

/**
 * `ExecuteStatement`, `DescribeStatement` and `GetStatementResult` of the Amazon Redshift Data API reference, with
 * tokens, states, typed fields and pages. The results are stub responses.
 */
export function redshiftDataOperations(answers: StubResponses): Readonly<Record<string, AwsOperation>> {
  const statements = new StubQueries();
  const find = (id: unknown): StubQuery => {
    const found = statements.get(id);
    if (!found) throw new AwsError('ResourceNotFoundException', 'Query does not exist.');
    return found;
  };

  return {
    'RedshiftData.ExecuteStatement': ({ Sql, ClientToken, ...rest }) => {
      const token = String(ClientToken ?? randomUUID());
      if (token.length > 64) throw invalid('ClientToken must have 1 to 64 characters');
      if ((rest.WorkgroupName === undefined) === (rest.ClusterIdentifier === undefined)) {
        throw invalid('Either ClusterIdentifier or WorkgroupName must be given');
      }
      const make = (request: string) =>
        new StubQuery(randomUUID(), request, { service: 'redshift-data', text: String(Sql) }, answers);
      const query = statements.start(token, { Sql, ...rest }, make);
      if (!query) throw invalid('The same ClientToken was used with other parameters');
      return { Id: query.id, Database: rest.Database };
    },

    'RedshiftData.DescribeStatement': ({ Id }) => {
      const statement = find(Id);
      const end = statement.poll();
      if (!end) return { Id, Status: 'STARTED', HasResultSet: false };
      const { answer, at } = end;
      if ('error' in answer) return { Id, Status: 'FAILED', Error: answer.error, UpdatedAt: at / 1000 };
      const HasResultSet = /^\s*(select|with)\b/i.test(statement.question.text);
      return { Id, Status: 'FINISHED', HasResultSet, ResultRows: answer.rows.length, UpdatedAt: at / 1000 };
    },

    'RedshiftData.GetStatementResult': ({ Id, NextToken }) => {
      const end = find(Id).poll();
      if (!end || 'error' in end.answer) throw new AwsError('ResourceNotFoundException', 'Query does not have result.');
      const { columns, rows } = end.answer;
      const { page, next } = pageOf(rows, NextToken, PAGE);
      return {
        ColumnMetadata: columns.map((name) => ({ name, label: name })),
        Records: page.map((row) => row.map(fieldOf)),
        TotalNumRows: rows.length,
        NextToken: next,
      };
    },
  };
}

/** Redshift returns decimals as strings, so stub responses can use strings for them. */
function fieldOf(cell: StubCell): object {
  if (cell === null) return { isNull: true };
  if (typeof cell === 'boolean') return { booleanValue: cell };
  if (typeof cell === 'string') return { stringValue: cell };
  return Number.isInteger(cell) ? { longValue: cell } : { doubleValue: cell };
}

const invalid = (message: string) => new AwsError('ValidationException', message);
