import { setTimeout as pause } from 'node:timers/promises';
import { type CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as v from 'valibot';
import { DomainEvent } from '../../contract/events';
import { DEFAULT_INSTANCE } from '../../lambda/events/core/events';
import { LogMessage } from '../../lambda/shared/core/log-messages';
import { ACCESS_DENIED } from '../shell/aws-errors';
import { detailTypeOf } from './logged-event';

/** A log record of a handler: a message and its details (lambda/shared/core/log-messages.ts). */
const recordSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.looseObject({ message: v.string(), timestamp: v.pipe(v.string(), v.isoTimestamp()) }),
  v.transform(({ message, timestamp, ...details }) => ({ at: Date.parse(timestamp), message, details })),
);
/** `at`: epoch milliseconds. */
export type LogRecord = v.InferOutput<typeof recordSchema>;

/** Maximum number of records per query (CloudWatch Logs user guide, "limit"). */
const MAX_RECORDS = 10_000;
/** Timeout of a query, milliseconds. */
const QUERY_TIMEOUT = 60_000;
/** Interval between two polls of a query, milliseconds. */
const POLL_INTERVAL = 250;

/** Reads the handlers' logs with CloudWatch Logs Insights. */
export class HandlerLogs {
  /** @param groups names of the log groups of the functions that log what they did with an event. */
  constructor(
    private readonly client: CloudWatchLogsClient,
    private readonly groups: readonly string[],
  ) {}

  /**
   * Finds the newest 10,000 records with one of these messages from `since` on (epoch milliseconds), oldest first.
   * @returns undefined if access is denied or a log group was deleted.
   * @throws Error if the query fails or times out after a minute; errors of AWS.
   */
  async find(messages: readonly string[], since: number): Promise<LogRecord[] | undefined> {
    try {
      return await this.query(messages, since);
    } catch (error) {
      const { name } = error as Error;
      if (ACCESS_DENIED.has(name) || name === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  /** The distinct data sources that events have named since `since` (epoch milliseconds). Empty if access is denied. */
  async dataSources(since: number): Promise<{ readonly instanceId: string; readonly name: string }[]> {
    const records = (await this.find([LogMessage.MATCHED, LogMessage.UNMATCHED], since)) ?? [];
    const named = records
      .filter(({ details }) => detailTypeOf(details) === DomainEvent.DATA_SOURCE_REFRESHED)
      .map(({ details }) => ({
        instanceId: String(details.instanceId ?? DEFAULT_INSTANCE),
        name: String(details.subject),
      }));
    return [...new Map(named.map((one) => [JSON.stringify(one), one])).values()];
  }

  private async query(messages: readonly string[], since: number): Promise<LogRecord[]> {
    const { queryId } = await this.client.send(
      new StartQueryCommand({
        logGroupNames: [...this.groups],
        // Seconds. `endTime` is exclusive: one more second includes the records of this moment.
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
    for (let waited = 0; waited < QUERY_TIMEOUT; waited += POLL_INTERVAL) {
      const { status, results = [] } = await this.client.send(new GetQueryResultsCommand({ queryId }));
      if (status === 'Complete') {
        return results.flatMap((row) => row.find(({ field }) => field === '@message')?.value ?? []);
      }
      if (status !== 'Running' && status !== 'Scheduled') break;
      await pause(POLL_INTERVAL);
    }
    throw new Error(`the query of the log groups ${this.groups.join(', ')} did not complete: use a shorter --since`);
  }
}
