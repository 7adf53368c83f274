import { type DataSyncClient, DescribeTaskExecutionCommand, ListTaskExecutionsCommand } from '@aws-sdk/client-datasync';
import type { ServiceEvent } from '../../core/mappings/service-event';
import type { ListedRun } from '../../core/reconcile';
import { calling, iso, pagesOf } from './calling';

/** Executions of a page (API reference, ListTaskExecutions). */
const PAGE = 100;
/** Executions that are asked for at a time: a service throttles who asks for a hundred. */
const LANES = 10;

/**
 * Executions of a task of AWS DataSync. The list says neither when they were nor in which order they come: all pages are read,
 * and what is not noted is asked for.
 */
export async function* dataSyncRuns(client: DataSyncClient, taskArn: string): AsyncGenerator<ListedRun[]> {
  const send = (NextToken: string | undefined) =>
    client.send(new ListTaskExecutionsCommand({ TaskArn: taskArn, MaxResults: PAGE, NextToken }));
  const lanes = Array.from({ length: LANES }, (): Promise<unknown> => Promise.resolve());
  let next = 0;
  const inLane = <T>(work: () => Promise<T>): Promise<T> => {
    const lane = next++ % LANES;
    const result = (lanes[lane] as Promise<unknown>).then(work);
    lanes[lane] = result.catch(() => undefined);
    return result;
  };
  for await (const { TaskExecutions = [] } of pagesOf(send, (page) => page.NextToken)) {
    yield TaskExecutions.map(({ TaskExecutionArn: arn = '', Status }) => ({
      event: eventOf(arn, { State: Status }),
      complete: () => inLane(() => whole(client, arn)),
    }));
  }
}

async function whole(client: DataSyncClient, arn: string): Promise<ServiceEvent> {
  const { Status, StartTime, EndTime, Result } = await calling(
    client.send(new DescribeTaskExecutionCommand({ TaskExecutionArn: arn })),
  );
  // The end is not said of every execution (API reference: `EndTime` is optional): then by how long it took.
  const { TotalDuration } = Result ?? {};
  const ended = EndTime ?? (StartTime && new Date(StartTime.getTime() + (TotalDuration ?? 0)));
  const said = [Result?.ErrorCode, Result?.ErrorDetail].filter(Boolean).join(': ');
  return { ...eventOf(arn, { State: Status, message: said, startTime: iso(StartTime) }), time: iso(ended) };
}

/** Without a time as long as nobody has asked for it: any will do to tell which run it is. */
const eventOf = (arn: string, detail: ServiceEvent['detail']): ServiceEvent => ({
  detailType: 'DataSync Task Execution State Change',
  time: new Date(0).toISOString(),
  resources: [arn],
  detail,
});
