import * as v from 'valibot';
import {
  DomainEvent,
  HANDLER_TIMEOUT_SECONDS,
  Metric as MetricName,
  type PolledJobs,
  type ScheduledPoll,
} from '../../lib/private/contract';
import { inGroups, type Read, type RejectPorts } from './batch';
import { nameSchema, reasonOf } from './events';
import { keyPart } from './metric';
import type { Clock, EventPublisher, QueueMessage } from './ports';

type Status = 'Successful' | 'Failed';

/** A job that has ended. Instants are epoch milliseconds. */
export interface EndedJob {
  readonly id: string;
  readonly status: Status;
  readonly startedAt?: number;
  readonly endedAt: number;
  readonly error?: string;
  /** Outcome by stage of unification, where the job's own says it. */
  readonly stages?: Readonly<Record<string, Status>>;
}

export interface JobLister {
  /** Jobs that have ended at that instant or later. */
  ended(jobs: PolledJobs, since: number): Promise<EndedJob[]>;
  /** What was wrong with a job that failed, where the list does not tell. */
  error(jobs: PolledJobs, job: EndedJob): Promise<string | undefined>;
}

export interface PolledJobStore {
  /** When these jobs were asked for first; that is now, when nobody has. */
  firstPoll(jobs: string, now: number): Promise<number>;
  /**
   * Takes a job, to tell of its end. False when that is told, or somebody took it after `takenBefore` and may be about to.
   */
  take(jobs: string, id: string, now: number, takenBefore: number): Promise<boolean>;
  /** Notes that a job's end has been told. */
  told(jobs: string, id: string, now: number): Promise<void>;
}

export interface PollPorts extends RejectPorts {
  readonly lister: JobLister;
  readonly jobs: PolledJobStore;
  readonly events: EventPublisher;
  readonly clock: Clock;
}

const DAY = 24 * 60 * 60 * 1000;
/** How far back ended jobs are looked at. */
const LOOK_BACK = 7 * DAY;
/** Days for which a job is remembered whose end was told: for longer than it is looked at. */
export const JOB_RETENTION_DAYS = 30;
/** A worker that took a job longer ago is not at it any more. */
const TAKEN_FOR = 2 * HANDLER_TIMEOUT_SECONDS.poll * 1000;

const pollSchema = v.object({
  jobs: v.union([
    v.object({ service: v.literal('entity-resolution'), workflow: v.string() }),
    v.object({ service: v.literal('identity-resolution'), domain: v.string() }),
  ]),
  instanceId: v.optional(nameSchema),
});

/**
 * Takes runs of schedules: looks for jobs that have ended.
 * @returns the ids of the messages that must come again.
 */
export const pollBatch = (messages: readonly QueueMessage[], ports: PollPorts): Promise<string[]> =>
  inGroups(messages, { read: readPoll, take: (poll) => pollJobs(poll, ports) }, ports);

function readPoll(body: string): Read<ScheduledPoll> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { reason: 'the message is not JSON' };
  }
  const { success, output: task, issues } = v.safeParse(pollSchema, json);
  if (!success) return { reason: `the message names no jobs: ${reasonOf(issues)}` };
  return { key: keyOf(task), task };
}

/** What tells the jobs of one source from all others', instances among them. */
const keyOf = ({ jobs, instanceId = 'default' }: ScheduledPoll): string =>
  [jobs.service, keyPart('workflow' in jobs ? jobs.workflow : jobs.domain), keyPart(instanceId)].join('#');

/**
 * Puts the event of each job that has ended since the first poll, and that nobody has told of. Taken, told, noted, in this
 * order: who dies in between has his job taken by a later poll, which tells the same event, of the same run.
 */
export async function pollJobs(poll: ScheduledPoll, ports: PollPorts): Promise<void> {
  const { lister, jobs: store, clock } = ports;
  const key = keyOf(poll);
  const now = clock();
  // What had ended before anybody asked is no news.
  const since = Math.max(await store.firstPoll(key, now), now - LOOK_BACK);
  const ended = await lister.ended(poll.jobs, since);
  for (const job of ended.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (!(await store.take(key, job.id, clock(), clock() - TAKEN_FOR))) continue;
    const error = job.status === 'Failed' ? (job.error ?? (await lister.error(poll.jobs, job))) : undefined;
    await ports.events.publish(DomainEvent.UNIFICATION_REFRESHED, eventOf({ ...job, error }, poll.instanceId));
    await store.told(key, job.id, clock());
    ports.telemetry.count(MetricName.POLLED_JOBS);
  }
}

function eventOf({ id, status, startedAt, endedAt, error, stages }: EndedJob, instanceId: string | undefined) {
  const iso = (instant: number | undefined) => (instant === undefined ? undefined : new Date(instant).toISOString());
  const detail = {
    instanceId,
    runId: id,
    status,
    stages,
    startedAt: iso(startedAt),
    endedAt: iso(endedAt),
    error: error?.slice(0, MAX_ERROR_LENGTH),
  };
  return Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined));
}

/** Longest error text, characters: an entry of the bus has little room. */
const MAX_ERROR_LENGTH = 4000;
