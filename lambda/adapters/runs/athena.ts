import {
  type AthenaClient,
  BatchGetQueryExecutionCommand,
  ListQueryExecutionsCommand,
  type QueryExecution,
} from '@aws-sdk/client-athena';
import type { ListedRun } from '../../core/reconcile';
import { calling, iso, LONGEST_RUN_MS, pagesOf } from './calling';

/** Queries of a page (API reference: ListQueryExecutions, BatchGetQueryExecution). */
const PAGE = 50;

/** Queries of a workgroup of Amazon Athena, which keeps them for 45 days. */
export async function* athenaRuns(client: AthenaClient, workGroup: string, since: number): AsyncGenerator<ListedRun[]> {
  const send = (NextToken: string | undefined) =>
    client.send(new ListQueryExecutionsCommand({ WorkGroup: workGroup, MaxResults: PAGE, NextToken }));
  for await (const { QueryExecutionIds = [] } of pagesOf(send, (page) => page.NextToken)) {
    if (QueryExecutionIds.length === 0) continue;
    const { QueryExecutions = [] } = await calling(
      client.send(new BatchGetQueryExecutionCommand({ QueryExecutionIds })),
    );
    yield QueryExecutions.map(({ QueryExecutionId, Status = {} }) => ({
      event: {
        detailType: 'Athena Query State Change',
        time: iso(Status.CompletionDateTime),
        resources: [],
        detail: {
          workgroupName: workGroup,
          queryExecutionId: QueryExecutionId,
          currentState: Status.State,
          submissionDateTime: iso(Status.SubmissionDateTime),
          athenaError: { errorMessage: Status.AthenaError?.ErrorMessage ?? Status.StateChangeReason },
        },
      },
    }));
    if (isPast(QueryExecutionIds, QueryExecutions, since - LONGEST_RUN_MS)) return;
  }
}

/**
 * Whether what follows is older. The newest come first, which the API reference does not promise: a page that goes the other
 * way ends nothing.
 */
function isPast(ids: readonly string[], queries: readonly QueryExecution[], horizon: number): boolean {
  const submitted = (id: string | undefined) =>
    queries.find(({ QueryExecutionId }) => QueryExecutionId === id)?.Status?.SubmissionDateTime?.getTime();
  const [first, last] = [submitted(ids[0]), submitted(ids.at(-1))];
  return first !== undefined && last !== undefined && first > last && last < horizon;
}
