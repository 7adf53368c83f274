import { ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import type { ListedRun } from '../../core/reconcile';
import { iso, pagesOf } from './calling';

/** Executions of a page (API reference, ListExecutions). */
const PAGE = 1000;

/**
 * Executions of a standard state machine of AWS Step Functions. Those that have ended come by their end, the newest first (API
 * reference, ListExecutions). The list has no error: what tells it, DescribeExecution, tells the machine's input and output, too.
 */
export async function* stepFunctionsRuns(
  client: SFNClient,
  stateMachineArn: string,
  since: number,
): AsyncGenerator<ListedRun[]> {
  const send = (nextToken: string | undefined) =>
    client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: PAGE, nextToken }));
  for await (const { executions = [] } of pagesOf(send, (page) => page.nextToken)) {
    yield executions.map(({ executionArn = '', name, status, startDate, stopDate, redriveCount }) => ({
      event: {
        detailType: 'Step Functions Execution Status Change',
        time: iso(stopDate),
        resources: [executionArn],
        detail: {
          stateMachineArn,
          name,
          status,
          startDate: startDate?.getTime(),
          stopDate: stopDate?.getTime(),
          redriveCount,
        },
      },
    }));
    if (executions.some(({ status, stopDate }) => status !== 'RUNNING' && stopDate && stopDate.getTime() < since)) {
      return;
    }
  }
}
