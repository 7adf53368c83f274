import { type AppflowClient, DescribeFlowExecutionRecordsCommand } from '@aws-sdk/client-appflow';
import { iso, isPast, listedRun, runsOf } from './calling';

/** Page size limit (API reference, DescribeFlowExecutionRecords). */
const PAGE = 100;
const IN_PROGRESS = ['InProgress', 'CancelStarted'];
/** The event's status for a status of the API (API reference, ExecutionStatus). The others are the same. */
const EVENT_STATUS: Readonly<Record<string, string>> = { Successful: 'Execution Successful' };

/** Executions of a flow of Amazon AppFlow. */
export const appFlowRuns = (client: AppflowClient, flowName: string, since: number) =>
  runsOf(
    (nextToken) => client.send(new DescribeFlowExecutionRecordsCommand({ flowName, maxResults: PAGE, nextToken })),
    ({ flowExecutions = [] }) =>
      flowExecutions
        .filter(({ executionStatus = '' }) => !IN_PROGRESS.includes(executionStatus))
        .map(({ executionId, executionStatus = '', executionResult, startedAt, lastUpdatedAt }) =>
          listedRun('AppFlow End Flow Run Report', lastUpdatedAt, {
            'flow-name': flowName,
            'execution-id': executionId,
            status: EVENT_STATUS[executionStatus] ?? executionStatus,
            'start-time': iso(startedAt),
            'end-time': iso(lastUpdatedAt),
            'num-of-records-processed': executionResult?.recordsProcessed,
            error: executionResult?.errorInfo?.executionMessage,
          }),
        ),
    ({ flowExecutions = [] }) =>
      isPast(
        flowExecutions.map(({ startedAt }) => startedAt),
        since,
      ),
  );
