import { type AthenaClient, BatchGetQueryExecutionCommand, ListQueryExecutionsCommand } from '@aws-sdk/client-athena';
import type { ListedRun } from '../../core/reconcile';
import { calling, iso, isPast, LONGEST_RUN_MS, pagesOf } from './calling';

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
    const submitted = (id: string | undefined) =>
      QueryExecutions.find(({ QueryExecutionId }) => QueryExecutionId === id)?.Status?.SubmissionDateTime;
    const [first, last] = [submitted(QueryExecutionIds[0]), submitted(QueryExecutionIds.at(-1))];
    if (isPast(first, last, since - LONGEST_RUN_MS)) return;
  }
}
