import { randomUUID } from 'node:crypto';
import { AwsError, type AwsOperation } from '../protocol/aws-json';
import type { LogStore } from './log-store';

/** The one form of query that the CLI writes (cli/connector/handler-logs.ts). */
const QUERY =
  /^fields @message \| filter message in (?<messages>\[.*\]) \| sort @timestamp desc \| limit (?<limit>\d+)$/;

interface Result {
  readonly lines: readonly string[];
  looks: number;
}

/**
 * `StartQuery` and `GetQueryResults` as the Amazon CloudWatch Logs API reference's pages of these names have them, over what
 * the functions logged: seconds since the epoch, rows of fields, a query that runs at its first look and is complete at the
 * next. Of the query language there is the one form that the CLI writes.
 */
export function cloudWatchLogsOperations(logs: LogStore): Readonly<Record<string, AwsOperation>> {
  const queries = new Map<unknown, Result>();
  return {
    'Logs_20140328.StartQuery': ({ logGroupNames, startTime, endTime, queryString }) => {
      const { messages, limit } = QUERY.exec(String(queryString))?.groups ?? {};
      if (messages === undefined || !Array.isArray(logGroupNames)) {
        throw new AwsError('MalformedQueryException', 'the local run implements the queries of the CLI only');
      }
      const wanted = new Set(JSON.parse(messages));
      const lines = logGroupNames
        .flatMap((group) => logs.records(group))
        .filter(({ at, message }) => {
          const second = Math.floor(at / 1000);
          return second >= Number(startTime) && second <= Number(endTime) && wanted.has(message);
        })
        .sort((a, b) => b.at - a.at)
        .slice(0, Number(limit))
        .map(({ line }) => line);
      const queryId = randomUUID();
      queries.set(queryId, { lines, looks: 0 });
      return { queryId };
    },

    'Logs_20140328.GetQueryResults': ({ queryId }) => {
      const query = queries.get(queryId);
      if (!query) throw new AwsError('ResourceNotFoundException', 'Unknown query id.');
      if (query.looks++ === 0) return { status: 'Running', results: [] };
      queries.delete(queryId);
      return { status: 'Complete', results: query.lines.map((value) => [{ field: '@message', value }]) };
    },
  };
}
