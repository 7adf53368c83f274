import { setTimeout as pause } from 'node:timers/promises';
import { type CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as v from 'valibot';
import { DENIED } from '../shell/failure';

/** A line of a handler's log; its details are beside its message (lambda/shared/core/log-messages.ts). */
const recordSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.looseObject({ message: v.string(), timestamp: v.pipe(v.string(), v.isoTimestamp()) }),
  v.transform(({ message, timestamp, ...details }) => ({ at: Date.parse(timestamp), message, details })),
);
/** `at`: epoch milliseconds. */
export type LogRecord = v.InferOutput<typeof recordSchema>;

/** Records that a query gives at most (CloudWatch Logs user guide, "limit"). */
const MAX_RECORDS = 10_000;
/** How long a query may take, milliseconds; CloudWatch Logs itself gives up after an hour. */
const PATIENCE = 60_000;
/** Between two looks at a query, milliseconds. */
const LOOK = 250;

/** What the handlers logged, as CloudWatch Logs Insights finds it. */
export class HandlerLogs {
  /** `groups`: names of the log groups of the functions that say what they did with an event. */
  constructor(
    private readonly client: CloudWatchLogsClient,
    private readonly groups: readonly string[],
  ) {}

  /**
   * The records that have one of these messages and are not older than `since` (epoch milliseconds), oldest first: the
   * newest 10,000. Undefined where they cannot be read: nobody has allowed it, or a log group is gone.
   * @throws Error when the query fails, or takes more than a minute; errors of AWS.
   */
  async find(messages: readonly string[], since: number): Promise<LogRecord[] | undefined> {
    try {
      return await this.query(messages, since);
    } catch (error) {
      const { name } = error as Error;
      if (DENIED.has(name) || name === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  private async query(messages: readonly string[], since: number): Promise<LogRecord[]> {
    const { queryId } = await this.client.send(
      new StartQueryCommand({
        logGroupNames: [...this.groups],
        // Seconds. The end is open: a record of this very moment counts.
        startTime: Math.floor(since / 1000),
        endTime: Math.ceil(Date.now() / 1000) + 1,
        queryString: `fields @message | filter message in ${JSON.stringify(messages)} | sort @timestamp desc | limit ${MAX_RECORDS}`,
      }),
    );
    const lines = await this.resultOf(queryId as string);
    const records = lines.flatMap((line) => {
      const read = v.safeParse(recordSchema, line);
      return read.success ? [read.output] : [];
    });
    return records.filter(({ at }) => at >= since).sort((a, b) => a.at - b.at);
  }

  private async resultOf(queryId: string): Promise<string[]> {
    for (let waited = 0; waited < PATIENCE; waited += LOOK) {
      const { status, results = [] } = await this.client.send(new GetQueryResultsCommand({ queryId }));
      if (status === 'Complete') {
        return results.flatMap((row) => row.find(({ field }) => field === '@message')?.value ?? []);
      }
      if (status !== 'Running' && status !== 'Scheduled') break;
      await pause(LOOK);
    }
    throw new Error(`the query of the log groups ${this.groups.join(', ')} came to no end: try a shorter --since`);
  }
}
