import * as v from 'valibot';
import { LOCAL_LOGS_ROUTE } from './local-run';

/** A line of a handler's log; its details are beside its message (lambda/core/log-messages.ts). */
const recordSchema = v.pipe(
  v.looseObject({ message: v.string(), timestamp: v.pipe(v.string(), v.isoTimestamp()) }),
  v.transform(({ message, timestamp, ...details }) => ({ at: Date.parse(timestamp), message, details })),
);
/** `at`: epoch milliseconds. */
export type LogRecord = v.InferOutput<typeof recordSchema>;

/** What the handlers logged, for people: how it is read differs with where they run. */
export interface HandlerLogs {
  /** The records that have one of these messages and are not older than `since` (epoch milliseconds), oldest first. */
  find(messages: readonly string[], since: number): Promise<LogRecord[]>;
}

/** The logs of the local run, which keeps the newest. */
export function localLogs(endpoint: string): HandlerLogs {
  return {
    async find(messages, since) {
      const response = await fetch(new URL(LOCAL_LOGS_ROUTE, endpoint), { signal: AbortSignal.timeout(5000) });
      const lines = response.ok ? ((await response.json()) as unknown[]) : [];
      const records = lines.flatMap((line) => {
        const read = v.safeParse(recordSchema, line);
        return read.success ? [read.output] : [];
      });
      return records.filter(({ at, message }) => at >= since && messages.includes(message)).sort((a, b) => a.at - b.at);
    },
  };
}
