import { ListExecutionsCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { listedRun, runsOf } from './calling';

/** Page size limit (API reference, ListExecutions). */
const PAGE = 1000;

/**
 * Executions of a standard state machine of AWS Step Functions. Ended executions are ordered by end, newest first (API
 * reference, ListExecutions). The list has no errors. DescribeExecution has them, but also returns the state machine's
 * input and output.
 */
export const stepFunctionsRuns = (client: SFNClient, stateMachineArn: string, since: number) =>
  runsOf(
    (nextToken) => client.send(new ListExecutionsCommand({ stateMachineArn, maxResults: PAGE, nextToken })),
    ({ executions = [] }) =>
      executions.map(({ executionArn = '', name, status, startDate, stopDate, redriveCount }) => {
        const dates = { startDate: startDate?.getTime(), stopDate: stopDate?.getTime() };
        const detail = { stateMachineArn, name, status, ...dates, redriveCount };
        return listedRun('Step Functions Execution Status Change', stopDate, detail, [executionArn]);
      }),
    ({ executions = [] }) =>
      executions.some(({ status, stopDate }) => status !== 'RUNNING' && stopDate && stopDate.getTime() < since),
  );
