import { randomUUID } from 'node:crypto';
import { AwsError, type AwsOperation } from '../protocol/aws-json';
import type { LogStore } from './log-store';

/** The only supported query, which the CLI uses (cli/connector/handler-logs.ts). */
const QUERY =
  /^fields @message \| filter message in (?<messages>\[.*\]) \| sort @timestamp desc \| limit (?<limit>\d+)$/;

interface Result {
  readonly lines: readonly string[];
  polls: number;
}

/**
 * `StartQuery` and `GetQueryResults` of the Amazon CloudWatch Logs API reference, over the logs of the local functions.
 * A query is running at the first poll and complete at the second. Supports only the query that the CLI uses.
 */
export function cloudWatchLogsOperations(logs: LogStore): Readonly<Record<string, AwsOperation>> {
  const queries = new Map<unknown, Result>();
  return {
    'Logs_20140328.StartQuery': ({ logGroupNames, startTime, endTime, queryString }) => {
      const { messages, limit } = QUERY.exec(String(queryString))?.groups ?? {};
      if (messages === undefined || !Array.isArray(logGroupNames)) {
        throw new AwsError('MalformedQueryException', 'the local run implements only the queries of the CLI');
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
      queries.set(queryId, { lines, polls: 0 });
      return { queryId };
    },

    'Logs_20140328.GetQueryResults': ({ queryId }) => {
      const query = queries.get(queryId);
      if (!query) throw new AwsError('ResourceNotFoundException', 'Unknown query id.');
      if (query.polls++ === 0) return { status: 'Running', results: [] };
      queries.delete(queryId);
      return { status: 'Complete', results: query.lines.map((value) => [{ field: '@message', value }]) };
    },
  };
}
