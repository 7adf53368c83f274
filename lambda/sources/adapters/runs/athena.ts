import { type AthenaClient, BatchGetQueryExecutionCommand, ListQueryExecutionsCommand } from '@aws-sdk/client-athena';
import type { ListedRun } from '../../core/reconcile';
import { calling, iso, isPast, listedRun, pagesOf } from './calling';

/** Page size limit (API reference: ListQueryExecutions, BatchGetQueryExecution). */
const PAGE = 50;

/** Queries of a workgroup of Amazon Athena, which keeps them for 45 days. */
export async function* athenaRuns(client: AthenaClient, workGroup: string, since: number): AsyncGenerator<ListedRun[]> {
  const send = (NextToken: string | undefined) =>
    client.send(new ListQueryExecutionsCommand({ WorkGroup: workGroup, MaxResults: PAGE, NextToken }));
  for await (const { QueryExecutionIds = [] } of pagesOf(send)) {
    if (QueryExecutionIds.length === 0) continue;
    const { QueryExecutions = [] } = await calling(
      client.send(new BatchGetQueryExecutionCommand({ QueryExecutionIds })),
    );
    yield QueryExecutions.map(({ QueryExecutionId, Status = {} }) =>
      listedRun('Athena Query State Change', Status.CompletionDateTime, {
        workgroupName: workGroup,
        queryExecutionId: QueryExecutionId,
        currentState: Status.State,
        submissionDateTime: iso(Status.SubmissionDateTime),
        athenaError: { errorMessage: Status.AthenaError?.ErrorMessage ?? Status.StateChangeReason },
      }),
    );
    // BatchGetQueryExecution does not keep the order of the list.
    const submitted = (id: string) =>
      QueryExecutions.find(({ QueryExecutionId }) => QueryExecutionId === id)?.Status?.SubmissionDateTime;
    if (isPast(QueryExecutionIds.map(submitted), since)) return;
  }
}
