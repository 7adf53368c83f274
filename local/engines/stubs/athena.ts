import { randomUUID } from 'node:crypto';
import { AwsError, type AwsOperation } from '../protocol/aws-json';
import { type Answers, BegunQueries, BegunQuery } from './responses';

const DEFAULT_PAGE = 1000;

/**
 * `StartQueryExecution`, `GetQueryExecution` and `GetQueryResults` as the Amazon Athena API reference's pages of these names
 * have them: tokens, states, the header row, pages. Nothing is queried: `answers` says what comes out.
 */
export function athenaOperations(answers: Answers): Readonly<Record<string, AwsOperation>> {
  const queries = new BegunQueries();
  const find = (id: unknown): BegunQuery => {
    const found = queries.get(id);
    if (!found) throw invalid(`QueryExecution ${id} was not found`);
    return found;
  };

  return {
    'AmazonAthena.StartQueryExecution': ({ QueryString, ClientRequestToken, ...rest }) => {
      const token = String(ClientRequestToken ?? randomUUID());
      if (token.length < 32 || token.length > 128) throw invalid('ClientRequestToken must have 32 to 128 characters');
      const make = (request: string) =>
        new BegunQuery(randomUUID(), request, { service: 'athena', text: String(QueryString) }, answers);
      const begun = queries.begin(token, { QueryString, ...rest }, make);
      if (!begun) throw invalid('Idempotent parameters do not match');
      return { QueryExecutionId: begun.id };
    },

    'AmazonAthena.GetQueryExecution': ({ QueryExecutionId }) => {
      const query = find(QueryExecutionId);
      const end = query.look();
      const failed = end && 'error' in end.answer ? end.answer.error : undefined;
      return {
        QueryExecution: {
          QueryExecutionId,
          Query: query.question.text,
          StatementType: /^\s*(select|with|values|insert)\b/i.test(query.question.text) ? 'DML' : 'DDL',
          Status: {
            State: end ? (failed === undefined ? 'SUCCEEDED' : 'FAILED') : 'RUNNING',
            StateChangeReason: failed,
            CompletionDateTime: end && end.at / 1000,
          },
        },
      };
    },

    'AmazonAthena.GetQueryResults': ({ QueryExecutionId, NextToken, MaxResults = DEFAULT_PAGE }) => {
      const end = find(QueryExecutionId).look();
      if (!end) throw invalid('Query has not yet finished. Current state: RUNNING');
      if ('error' in end.answer) throw invalid('Query did not finish successfully. Final query state: FAILED');
      const { columns, rows } = end.answer;
      const all = [columns, ...rows].map((row) => ({
        Data: row.map((cell) => (cell === null ? {} : { VarCharValue: String(cell) })),
      }));
      const from = Number(NextToken ?? 0);
      const to = from + Number(MaxResults);
      return {
        ResultSet: {
          Rows: all.slice(from, to),
          ResultSetMetadata: { ColumnInfo: columns.map((Name) => ({ Name, Label: Name, Type: 'varchar' })) },
        },
        NextToken: to < all.length ? String(to) : undefined,
      };
    },
  };
}

const invalid = (message: string) => new AwsError('InvalidRequestException', message);
