import * as v from 'valibot';
import { Metric as MetricName } from '../../../contract/metrics';
import type { Query, QuerySubject, ScheduledQuery } from '../../../contract/queries';
import { instantSchema, nameSchema, reasonOf } from '../../events/core/events';
import type { EventPublisher } from '../../events/core/ports';
import { allSettledOrThrow, inGroups, type Read, type RejectPorts } from '../../shared/core/batch';
import { identityHash } from '../../shared/core/identity';
import { LogMessage } from '../../shared/core/log-messages';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { waitBeforeRecheck } from '../../shared/core/recheck';
import { redactText } from '../../shared/core/redact';
import { cut } from '../../shared/core/text';
import { type ObservationEvent, observationsOf, QueryFailed, QueryFailure, type QueryTable } from './query-result';

/** A query that its service has begun. */
export interface RunningQuery {
  /** The service's id of it. */
  readonly id: string;
  /** When we began it, epoch milliseconds. */
  readonly startedAt: number;
  /** How often we have looked since. */
  readonly looks: number;
}

/** One run of a schedule: what is asked, and the query once it is begun. On the queue as JSON. */
export interface QueryRun extends ScheduledQuery {
  readonly running?: RunningQuery;
}

/** What a service says of a query. */
export type QueryAnswer =
  | { readonly state: 'running'; readonly id: string }
  | { readonly state: 'ended'; readonly table: QueryTable; readonly endedAt: number; readonly id?: string };

/** What a query is begun with. */
export interface QueryTick {
  /** The same for every try of one run: a service that knows it begins no second query. 32 hex digits. */
  readonly token: string;
  /** Instant of the run, epoch milliseconds. */
  readonly scheduledAt: number;
  readonly now: number;
}

export interface QueryService {
  /** Begins a query, or answers at once. Throws QueryFailed when it never can; anything else may go better later. */
  begin(query: Query, tick: QueryTick): Promise<QueryAnswer>;
  /** Looks at a query that was begun. Throws as `begin` does. */
  look(query: Query, running: RunningQuery): Promise<QueryAnswer>;
}

export interface MeasurePorts extends RejectPorts {
  readonly queries: QueryService;
  readonly events: EventPublisher;
  /** Puts the run on the queue once more, for later. */
  readonly again: (run: QueryRun, delaySeconds: number) => Promise<void>;
  readonly clock: Clock;
  /** Divides every wait; the local run's. */
  readonly pace?: number;
}

/** Seconds before each look at a query, and before each further one the last of them. */
const LOOK_WAITS = [2, 3, 5, 10, 20, 30, 60];
/** Longest reason of a failure, characters. */
const MAX_REASON_LENGTH = 500;

const subjectSchema = v.union([
  v.object({ segment: nameSchema }),
  v.object({ measure: nameSchema, dimensions: v.optional(v.array(nameSchema)), unit: v.optional(nameSchema) }),
]);
const runSchema = v.object({
  // As the construct wrote it: a service that cannot read it says so.
  query: v.looseObject({ service: v.picklist(['athena', 'redshift-data', 'cloudwatch', 'customer-profiles']) }),
  subject: subjectSchema,
  instanceId: v.optional(nameSchema),
  timeoutSeconds: v.number(),
  schedule: v.string(),
  scheduledAt: v.pipe(
    v.string(),
    v.check((text) => v.safeParse(instantSchema, text).success, 'is no instant'),
  ),
  running: v.optional(v.object({ id: v.string(), startedAt: v.number(), looks: v.number() })),
});

/**
 * Takes runs of schedules, and looks at queries that are running.
 * @returns the ids of the messages that must come again.
 */
export const measureBatch = (messages: readonly QueueMessage[], ports: MeasurePorts): Promise<string[]> =>
  inGroups(messages, { read: readRun, take: (run) => measure(run, ports) }, ports);

function readRun(body: string): Read<QueryRun> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { reason: 'the message is not JSON' };
  }
  const { success, output, issues } = v.safeParse(runSchema, json);
  if (!success) return { reason: `the message is no run of a query: ${reasonOf(issues)}` };
  const task = output as unknown as QueryRun;
  return { key: tokenOf(task), task };
}

/** What tells one run of one schedule from all others. Of the question, too: a changed one is another. */
const tokenOf = ({ schedule, scheduledAt, query, subject }: QueryRun): string =>
  identityHash(schedule, scheduledAt, JSON.stringify(query), JSON.stringify(subject));

/**
 * Takes one step of a run: begins its query, or looks at it, and puts what it found on the bus. Safe to repeat at any
 * point: the same run begins the same query, whose result has the same events, of the same instant.
 * Throws what may go better later; what never can is counted and told, and no state is changed by it.
 */
export async function measure(run: QueryRun, ports: MeasurePorts): Promise<void> {
  const { telemetry, events } = ports;
  try {
    const answer = await ask(run, ports);
    if (answer.state === 'running') return await lookAgain(run, answer.id, ports);
    const found = { observedAt: new Date(answer.endedAt).toISOString(), runId: answer.id, instanceId: run.instanceId };
    const observations = observationsOf(answer.table, run.subject, found);
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

function ask(
  { query, scheduledAt, timeoutSeconds, running, ...run }: QueryRun,
  ports: MeasurePorts,
): Promise<QueryAnswer> {
  const now = ports.clock();
  const time = Date.parse(scheduledAt);
  if (now > time + timeoutSeconds * 1000) {
    const what = running ? 'has not ended' : 'was not begun';
    throw new QueryFailed(
      QueryFailure.TIMED_OUT,
      `the query of ${scheduledAt} ${what} within ${timeoutSeconds} s: give it more time (timeout), or less to do`,
    );
  }
  if (running) return ports.queries.look(query, running);
  const token = tokenOf({ query, scheduledAt, timeoutSeconds, ...run });
  return ports.queries.begin(query, { token, scheduledAt: time, now });
}

function lookAgain(run: QueryRun, id: string, { again, clock, pace }: MeasurePorts): Promise<void> {
  const looks = run.running ? run.running.looks + 1 : 0;
  const startedAt = run.running?.startedAt ?? clock();
  return again({ ...run, running: { id, startedAt, looks } }, waitBeforeRecheck(LOOK_WAITS, looks, pace));
}

const nameOf = (subject: QuerySubject): string => ('segment' in subject ? subject.segment : subject.measure);
