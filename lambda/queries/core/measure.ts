import * as v from 'valibot';
import { Metric as MetricName } from '../../../contract/metrics';
import type { Query, QuerySubject, ScheduledQuery } from '../../../contract/queries';
import { readMessage } from '../../events/core/events';
import { instantSchema, nameSchema } from '../../events/core/fields';
import type { EventPublisher } from '../../events/core/ports';
import { allSettledOrThrow, inGroups, type Read, type RejectPorts } from '../../shared/core/batch';
import { identityHash } from '../../shared/core/identity';
import { LogMessage } from '../../shared/core/log-messages';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { waitBeforeRecheck } from '../../shared/core/recheck';
import { redactText } from '../../shared/core/redact';
import { cut } from '../../shared/core/text';
import { type ObservationEvent, observationsOf, QueryFailed, QueryFailure, type QueryTable } from './query-result';

/** A query that its service is running. */
export interface RunningQuery {
  /** The service's id of the query. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Number of checks since the start. */
  readonly looks: number;
}

/** A scheduled query, and its execution once it is running. On the queue as JSON. */
export interface QueryRun extends ScheduledQuery {
  readonly running?: RunningQuery;
}

/** The state of a query. */
export type QueryState =
  | { readonly state: 'running'; readonly id: string }
  | { readonly state: 'ended'; readonly table: QueryTable; readonly endedAt: number; readonly id?: string };

/** The scheduled time of a query. */
export interface QueryTick {
  /** Idempotency token, 32 hex digits. Retries have the same token. */
  readonly token: string;
  /** Epoch milliseconds. */
  readonly scheduledAt: number;
  readonly now: number;
}

export interface QueryService {
  /** Starts a query. Throws QueryFailed if a retry fails, too, and other errors that a retry can clear. */
  begin(query: Query, tick: QueryTick): Promise<QueryState>;
  /** Checks a running query. Throws like `begin`. */
  look(query: Query, running: RunningQuery): Promise<QueryState>;
}

export interface MeasurePorts extends RejectPorts {
  readonly queries: QueryService;
  readonly events: EventPublisher;
  /** Sends the run to the queue again, with a delay. */
  readonly again: (run: QueryRun, delaySeconds: number) => Promise<void>;
  readonly clock: Clock;
  /** Divides all waits, for the local run. */
  readonly pace?: number;
}

/** Seconds before each check of a query. The last one applies to all later checks. */
const CHECK_WAITS = [2, 3, 5, 10, 20, 30, 60];
/** Longest reason of a failure, characters. */
const MAX_REASON_LENGTH = 500;

const subjectSchema = v.union([
  v.object({ segment: nameSchema }),
  v.object({ measure: nameSchema, dimensions: v.optional(v.array(nameSchema)), unit: v.optional(nameSchema) }),
]);
const positive = v.pipe(v.number(), v.finite(), v.minValue(1));
/** Only what is read before the call is validated here. The service itself rejects an invalid query. */
const querySchema = v.variant('service', [
  v.looseObject({ service: v.picklist(['athena', 'redshift-data', 'customer-profiles']) }),
  v.looseObject({
    service: v.literal('cloudwatch'),
    dimensions: v.array(v.looseObject({})),
    periodSeconds: positive,
    periods: positive,
  }),
]);
const runSchema = v.object({
  query: querySchema,
  subject: subjectSchema,
  instanceId: v.optional(nameSchema),
  timeoutSeconds: v.number(),
  schedule: v.string(),
  scheduledAt: v.pipe(
    v.string(),
    v.check((text) => v.safeParse(instantSchema, text).success, 'is not an instant'),
  ),
  running: v.optional(v.object({ id: v.string(), startedAt: v.number(), looks: v.number() })),
});

/**
 * Processes scheduled queries: starts queries and checks running ones.
 * @returns ids of the messages to retry.
 */
export const measureBatch = (messages: readonly QueueMessage[], ports: MeasurePorts): Promise<string[]> =>
  inGroups(messages, { read: readRun, process: (run) => measure(run, ports) }, ports);

function readRun(body: string): Read<QueryRun> {
  const message = readMessage(body, runSchema, 'the message is not a run of a query');
  if ('reason' in message) return message;
  const task = message.value as unknown as QueryRun;
  return { key: tokenOf(task), task };
}

/** Identifies a run of a schedule. Contains the query, so that a changed query has another token. */
const tokenOf = ({ schedule, scheduledAt, query, subject }: QueryRun): string =>
  identityHash(schedule, scheduledAt, JSON.stringify(query), JSON.stringify(subject));

/**
 * Processes one step of a run: starts its query or checks it, and puts the result on the bus. Safe to repeat after a crash
 * at any point: the same run starts the same query, and its result has the same events with the same instant. Throws
 * errors that a retry can clear. Other failures are counted and logged.
 */
export async function measure(run: QueryRun, ports: MeasurePorts): Promise<void> {
  const { telemetry, events } = ports;
  try {
    const query = await step(run, ports);
    if (query.state === 'running') return await recheck(run, query.id, ports);
    const found = { observedAt: new Date(query.endedAt).toISOString(), runId: query.id, instanceId: run.instanceId };
    const observations = observationsOf(query.table, run.subject, found);
    const publish = ({ detailType, detail }: ObservationEvent) => events.publish(detailType, detail);
    await allSettledOrThrow(observations.map(publish));
  } catch (error) {
    if (!(error instanceof QueryFailed)) throw error;
    telemetry.count(MetricName.FAILED_QUERIES);
    telemetry.warn(LogMessage.QUERY_FAILED, {
      failure: error.failure,
      reason: cut(redactText(error.message), MAX_REASON_LENGTH),
      subject: nameOf(run.subject),
      service: run.query.service,
      runId: run.running?.id,
    });
  }
}

function step(
  { query, scheduledAt, timeoutSeconds, running, ...run }: QueryRun,
  ports: MeasurePorts,
): Promise<QueryState> {
  const now = ports.clock();
  const time = Date.parse(scheduledAt);
  if (now > time + timeoutSeconds * 1000) {
    const what = running ? 'has not ended' : 'was not started';
    throw new QueryFailed(
      QueryFailure.TIMED_OUT,
      `the query of ${scheduledAt} ${what} within ${timeoutSeconds} s: increase its timeout, or make the query faster`,
    );
  }
  if (running) return ports.queries.look(query, running);
  const token = tokenOf({ query, scheduledAt, timeoutSeconds, ...run });
  return ports.queries.begin(query, { token, scheduledAt: time, now });
}

function recheck(run: QueryRun, id: string, { again, clock, pace }: MeasurePorts): Promise<void> {
  const looks = run.running ? run.running.looks + 1 : 0;
  const startedAt = run.running?.startedAt ?? clock();
  return again({ ...run, running: { id, startedAt, looks } }, waitBeforeRecheck(CHECK_WAITS, looks, pace));
}

const nameOf = (subject: QuerySubject): string => ('segment' in subject ? subject.segment : subject.measure);
