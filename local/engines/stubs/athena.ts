import { randomUUID } from 'node:crypto';
import { AwsError, type AwsOperation } from '../protocol/aws-json';
import { pageOf, StubQueries, StubQuery, type StubResponses } from './responses';

const DEFAULT_PAGE = 1000;

/**
 * `StartQueryExecution`, `GetQueryExecution` and `GetQueryResults` of the Amazon Athena API reference, with tokens,
 * states, the header row and pages. The results are stub responses.
 */
export function athenaOperations(answers: StubResponses): Readonly<Record<string, AwsOperation>> {
  const queries = new StubQueries();
  const find = (id: unknown): StubQuery => {
    const found = queries.get(id);
    if (!found) throw invalid(`QueryExecution ${id} was not found`);
    return found;
  };

  return {
    'AmazonAthena.StartQueryExecution': ({ QueryString, ClientRequestToken, ...rest }) => {
      const token = String(ClientRequestToken ?? randomUUID());
      if (token.length < 32 || token.length > 128) throw invalid('ClientRequestToken must have 32 to 128 characters');
      const make = (request: string) =>
        new StubQuery(randomUUID(), request, { service: 'athena', text: String(QueryString) }, answers);
      const query = queries.start(token, { QueryString, ...rest }, make);
      if (!query) throw invalid('Idempotent parameters do not match');
      return { QueryExecutionId: query.id };
    },

    'AmazonAthena.GetQueryExecution': ({ QueryExecutionId }) => {
      const query = find(QueryExecutionId);
      const end = query.poll();
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
      const end = find(QueryExecutionId).poll();
      if (!end) throw invalid('Query has not yet finished. Current state: RUNNING');
      if ('error' in end.answer) throw invalid('Query did not finish successfully. Final query state: FAILED');
      const { columns, rows } = end.answer;
      const all = [columns, ...rows].map((row) => ({
        Data: row.map((cell) => (cell === null ? {} : { VarCharValue: String(cell) })),
      }));
      const { page, next } = pageOf(all, NextToken, Number(MaxResults));
      return {
        ResultSet: {
          Rows: page,
          ResultSetMetadata: { ColumnInfo: columns.map((Name) => ({ Name, Label: Name, Type: 'varchar' })) },
        },
        NextToken: next,
      };
    },
  };
}

const invalid = (message: string) => new AwsError('InvalidRequestException', message);
