import * as v from 'valibot';
import { DomainEvent } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import type { PolledJobs, ScheduledPoll, StartedPoll } from '../../../contract/unification';
import { parseMessage, readMessage } from '../../events/core/events';
import { instantSchema, MAX_ERROR_LENGTH, nameSchema } from '../../events/core/fields';
import type { EventPublisher } from '../../events/core/ports';
import { inGroups, type Read, type RejectPorts } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import { keyPart } from '../../shared/core/metric';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { waitBeforeRecheck } from '../../shared/core/recheck';
import { cut } from '../../shared/core/text';

type Status = 'Successful' | 'Failed';

/** A job that has ended. Instants are epoch milliseconds. */
export interface EndedJob {
  readonly id: string;
  readonly status: Status;
  readonly startedAt?: number;
  readonly endedAt: number;
  readonly error?: string;
  /** Status of each stage of the unification, if the job reports it. */
  readonly stages?: Readonly<Record<string, Status>>;
}

export interface ListedJobs {
  /** The jobs that ended at or after the given instant. */
  readonly ended: readonly EndedJob[];
  /** Whether a job is in progress. */
  readonly isOneUnderWay: boolean;
}

/** A started job that is checked until it ends. */
export interface Watch {
  /** CloudTrail's id of the call that started the job, the same in duplicate events. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The job's id. Absent if the event of the start does not contain it. */
  readonly job?: string;
  /** Number of checks so far. */
  readonly looks: number;
}

/** A check of jobs, by a schedule or for a started job. On the queue as JSON. */
export interface Poll extends ScheduledPoll {
  readonly watch?: Watch;
}

export interface JobLister {
  /** @param since earliest end, epoch milliseconds. */
  list(jobs: PolledJobs, since: number): Promise<ListedJobs>;
  /** The error of a failed job, if the list does not contain it. */
  error(jobs: PolledJobs, job: EndedJob): Promise<string | undefined>;
}

export interface PolledJobStore {
  /** When these jobs were polled first. Stores `now` at the first call. */
  firstPoll(jobs: string, now: number): Promise<number>;
  /**
   * Claims an ended job in order to report it. Returns false if the job is reported, or if another worker claimed it after
   * `claimedBefore` and can still be running.
   */
  claim(jobs: string, id: string, now: number, claimedBefore: number): Promise<boolean>;
  /** Marks a job as reported. */
  finish(jobs: string, id: string, now: number): Promise<void>;
  /**
   * Extends a watch by one check after the given number of checks. Returns false if another message extended it: each check
   * is followed by one check, despite duplicate messages.
   */
  extend(jobs: string, watch: string, looks: number, message: string, now: number): Promise<boolean>;
}

export interface PollPorts extends RejectPorts {
  readonly lister: JobLister;
  readonly jobs: PolledJobStore;
  readonly events: EventPublisher;
  /** Sends the poll to the queue again, with a delay. */
  readonly again: (poll: Poll, delaySeconds: number) => Promise<void>;
  readonly clock: Clock;
  /** Divides all waits, for the local run. */
  readonly pace?: number;
}

const DAY = 24 * 60 * 60 * 1000;
/**
 * Seconds before each check of a started job. The last one is the default rate of a schedule, so that a watch is never
 * slower than a schedule.
 */
const CHECK_WAITS = [30, 60, 120, 180, 300];
/** How far back ended jobs are reported, and how long a started job is checked. */
const LOOK_BACK = 7 * DAY;
/** Largest difference between the clocks of two services. */
const CLOCK_SKEW = 60 * 1000;
/** Days for which reported jobs and watches are stored, longer than jobs are checked. */
export const JOB_RETENTION_DAYS = 30;
/** A claim expires when its worker has certainly ended. */
const CLAIM_EXPIRY = 2 * HANDLER_TIMEOUT_SECONDS.poll * 1000;

const scheduled = {
  jobs: v.union([
    v.object({ service: v.literal('entity-resolution'), workflow: v.string() }),
    v.object({ service: v.literal('identity-resolution'), domain: v.string() }),
  ]),
  instanceId: v.optional(nameSchema),
};
const pollSchema = v.object({
  ...scheduled,
  watch: v.optional(
    v.object({
      id: v.string(),
      startedAt: v.number(),
      job: v.optional(v.string()),
      looks: v.pipe(v.number(), v.integer()),
    }),
  ),
});
/** AWS CloudTrail user guide, "CloudTrail record contents"; response elements: Entity Resolution API reference. */
const startSchema = v.object({
  poll: v.object(scheduled),
  event: v.object({
    detail: v.object({
      eventID: v.pipe(v.string(), v.nonEmpty()),
      eventTime: instantSchema,
      // With an unexpected response, the job is unknown, and all jobs are checked.
      responseElements: v.fallback(v.nullish(v.object({ jobId: v.optional(v.pipe(v.string(), v.nonEmpty())) })), null),
    }),
  }),
});

/**
 * Processes scheduled polls, starts of jobs and rechecks: reports the jobs that ended.
 * @returns ids of the messages to retry.
 */
export const pollBatch = (messages: readonly QueueMessage[], ports: PollPorts): Promise<string[]> =>
  inGroups(messages, { read: readPoll, process: (poll, { id }) => pollJobs(poll, id, ports) }, ports);

function readPoll(body: string): Read<Poll> {
  const parsed = parseMessage(body);
  if ('value' in parsed && (parsed.value as Partial<StartedPoll> | null)?.event !== undefined) return readStart(body);
  const message = readMessage(body, pollSchema, 'the message names no jobs');
  return 'reason' in message ? message : { key: keyOf(message.value), task: message.value };
}

function readStart(body: string): Read<Poll> {
  const message = readMessage(body, startSchema, 'the message is not the start of a job');
  if ('reason' in message) return message;
  const { poll, event } = message.value;
  const { eventID, eventTime, responseElements } = event.detail;
  const watch = { id: eventID, startedAt: eventTime, job: responseElements?.jobId, looks: 0 };
  return { key: keyOf(poll), task: { ...poll, watch } };
}

/** Identifies the jobs of a source and an instance. */
const keyOf = ({ jobs, instanceId = 'default' }: ScheduledPoll): string =>
  [jobs.service, keyPart('workflow' in jobs ? jobs.workflow : jobs.domain), keyPart(instanceId)].join('#');

/**
 * Puts the event of each job that ended since the first poll and is not reported. Claims the job, publishes the event,
 * then marks the job as reported. After a crash in between, a later poll claims the job and publishes the same event.
 */
async function pollJobs(poll: Poll, message: string, ports: PollPorts): Promise<void> {
  const { lister, jobs: store, clock } = ports;
  const key = keyOf(poll);
  const now = clock();
  const { watch } = poll;
  const startedAt = watch && Math.min(watch.startedAt, now);
  // Jobs that ended before the first poll, or before the watched job started, are not reported.
  const relevant = startedAt === undefined ? now : startedAt - CLOCK_SKEW;
  const since = Math.max(Math.min(await store.firstPoll(key, relevant), relevant), now - LOOK_BACK);
  const { ended, isOneUnderWay } = await lister.list(poll.jobs, since);
  for (const job of ended.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (!(await store.claim(key, job.id, clock(), clock() - CLAIM_EXPIRY))) continue;
    const error = job.status === 'Failed' ? (job.error ?? (await lister.error(poll.jobs, job))) : undefined;
    await ports.events.publish(DomainEvent.UNIFICATION_REFRESHED, eventOf({ ...job, error }, poll.instanceId));
    await store.finish(key, job.id, clock());
    ports.telemetry.count(MetricName.POLLED_JOBS);
  }
  if (!watch || startedAt === undefined) return;
  const inProgress = watch.job === undefined ? isOneUnderWay : !ended.some(({ id }) => id === watch.job);
  if (inProgress) await recheck(poll, { ...watch, startedAt }, message, ports);
}

/** Schedules the next check. Of duplicate messages, and of several messages for one start, only one continues. */
async function recheck(poll: Poll, watch: Watch, message: string, ports: PollPorts): Promise<void> {
  const now = ports.clock();
  const { id, startedAt, job, looks } = watch;
  if (now - startedAt > LOOK_BACK) {
    const since = new Date(startedAt).toISOString();
    ports.telemetry.warn(LogMessage.WATCH_GIVEN_UP, { jobs: poll.jobs, job, startedAt: since });
    return;
  }
  if (!(await ports.jobs.extend(keyOf(poll), id, looks, message, now))) return;
  const wait = waitBeforeRecheck(CHECK_WAITS, looks, ports.pace);
  await ports.again({ ...poll, watch: { ...watch, looks: looks + 1 } }, wait);
}

function eventOf({ id, status, startedAt, endedAt, error, stages }: EndedJob, instanceId: string | undefined) {
  const iso = (instant: number | undefined) => (instant === undefined ? undefined : new Date(instant).toISOString());
  return {
    instanceId,
    runId: id,
    status,
    stages,
    startedAt: iso(startedAt),
    endedAt: iso(endedAt),
    // The service can have cut the text within a surrogate pair.
    error: error && cut(error.toWellFormed(), MAX_ERROR_LENGTH),
  };
}
