import { type AppflowClient, DescribeFlowExecutionRecordsCommand } from '@aws-sdk/client-appflow';
import type { ListedRun } from '../../core/reconcile';
import { iso, isPast, LONGEST_RUN_MS, pagesOf } from './calling';

/** Records of a page (API reference, DescribeFlowExecutionRecords). */
const PAGE = 100;
/** Of the API's statuses (ExecutionStatus): what is under way, and the event's word for a success. */
const UNDER_WAY = ['InProgress', 'CancelStarted'];
const WORDS: Readonly<Record<string, string>> = { Successful: 'Execution Successful' };

/** Executions of a flow of Amazon AppFlow. */
export async function* appFlowRuns(
  client: AppflowClient,
  flowName: string,
  since: number,
): AsyncGenerator<ListedRun[]> {
  const send = (nextToken: string | undefined) =>
    client.send(new DescribeFlowExecutionRecordsCommand({ flowName, maxResults: PAGE, nextToken }));
  for await (const { flowExecutions = [] } of pagesOf(send, (page) => page.nextToken)) {
    yield flowExecutions
      .filter(({ executionStatus = '' }) => !UNDER_WAY.includes(executionStatus))
      .map(({ executionId, executionStatus = '', executionResult, startedAt, lastUpdatedAt }) => ({
        event: {
          detailType: 'AppFlow End Flow Run Report',
          time: iso(lastUpdatedAt),
          resources: [],
          detail: {
            'flow-name': flowName,
            'execution-id': executionId,
            status: WORDS[executionStatus] ?? executionStatus,
            'start-time': iso(startedAt),
            'end-time': iso(lastUpdatedAt),
            'num-of-records-processed': executionResult?.recordsProcessed,
            error: executionResult?.errorInfo?.executionMessage,
          },
        },
      }));
    const [first, last] = [flowExecutions[0], flowExecutions.at(-1)];
    if (isPast(first?.startedAt, last?.startedAt, since - LONGEST_RUN_MS)) return;
  }
}
