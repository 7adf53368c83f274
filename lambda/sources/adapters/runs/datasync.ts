import { type DataSyncClient, DescribeTaskExecutionCommand, ListTaskExecutionsCommand } from '@aws-sdk/client-datasync';
import type { ServiceEvent } from '../../core/mappings/service-event';
import { calling, iso, listedRun, runsOf } from './calling';

/** Page size limit (API reference, ListTaskExecutions). */
const PAGE = 100;
/** Concurrent DescribeTaskExecution calls. The service throttles a hundred. */
const LANES = 10;

/**
 * Executions of an AWS DataSync task. The list has no times and no order, so all pages are read, and every execution that
 * is not recorded is described.
 */
export function dataSyncRuns(client: DataSyncClient, taskArn: string) {
  const lanes = Array.from({ length: LANES }, (): Promise<unknown> => Promise.resolve());
  let next = 0;
  const inLane = <T>(work: () => Promise<T>): Promise<T> => {
    const lane = next++ % LANES;
    const result = (lanes[lane] as Promise<unknown>).then(work);
    lanes[lane] = result.catch(() => undefined);
    return result;
  };
  return runsOf(
    (NextToken) => client.send(new ListTaskExecutionsCommand({ TaskArn: taskArn, MaxResults: PAGE, NextToken })),
    ({ TaskExecutions = [] }) =>
      TaskExecutions.map(({ TaskExecutionArn: arn = '', Status }) => ({
        // The time is unknown before DescribeTaskExecution. Any time identifies the run.
        event: eventOf(arn, new Date(0), { State: Status }),
        complete: () => inLane(() => describe(client, arn)),
      })),
  );
}

async function describe(client: DataSyncClient, arn: string): Promise<ServiceEvent> {
  const { Status, StartTime, EndTime, Result } = await calling(
    client.send(new DescribeTaskExecutionCommand({ TaskExecutionArn: arn })),
  );
  // `EndTime` is optional (API reference). Without it, the end is the start plus the duration.
  const ended = EndTime ?? (StartTime && new Date(StartTime.getTime() + (Result?.TotalDuration ?? 0)));
  const message = [Result?.ErrorCode, Result?.ErrorDetail].filter(Boolean).join(': ');
  return eventOf(arn, ended, { State: Status, message, startTime: iso(StartTime) });
}

const eventOf = (arn: string, endedAt: Date | undefined, detail: ServiceEvent['detail']): ServiceEvent =>
  listedRun('DataSync Task Execution State Change', endedAt, detail, [arn]).event;
