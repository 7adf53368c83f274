import * as v from 'valibot';
import { DomainEvent } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import type { PolledJobs, ScheduledPoll, StartedPoll } from '../../../contract/unification';
import { instantSchema, nameSchema, reasonOf } from '../../events/core/events';
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
  /** Outcome by stage of unification, where the job's own says it. */
  readonly stages?: Readonly<Record<string, Status>>;
}

/** Jobs as their service has them. */
export interface ListedJobs {
  /** Those that have ended, at the instant that was asked for or later. */
  readonly ended: readonly EndedJob[];
  /** Whether there is one that has not. */
  readonly isOneUnderWay: boolean;
}

/** A job that somebody has started. It is looked at until it has ended. */
export interface Watch {
  /** The start's own: CloudTrail's id of the call, the same whenever it tells of it. */
  readonly id: string;
  /** When it was started, epoch milliseconds. */
  readonly startedAt: number;
  /** The job's id; left out where the start's event does not say it. */
  readonly job?: string;
  /** How often it has been looked at. */
  readonly looks: number;
}

/** One look at jobs: a run of a schedule, or one of the looks at a job that was started. On the queue as JSON. */
export interface Poll extends ScheduledPoll {
  readonly watch?: Watch;
}

export interface JobLister {
  /** The jobs that there are, and of those that have ended the ones since that instant. */
  list(jobs: PolledJobs, since: number): Promise<ListedJobs>;
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
  /**
   * Notes that this message goes on with a watch, after that many looks. False when another message does: each look is
   * followed by one, whoever comes twice.
   */
  goOn(jobs: string, watch: string, looks: number, message: string, now: number): Promise<boolean>;
}

export interface PollPorts extends RejectPorts {
  readonly lister: JobLister;
  readonly jobs: PolledJobStore;
  readonly events: EventPublisher;
  /** Puts the poll on the queue once more, for later. */
  readonly again: (poll: Poll, delaySeconds: number) => Promise<void>;
  readonly clock: Clock;
  /** Divides every wait; the local run's. */
  readonly pace?: number;
}

const DAY = 24 * 60 * 60 * 1000;
/**
 * Seconds before each look at a job that was started. The last is what a schedule has between two looks by default: who is told
 * of starts is never told later of ends.
 */
const LOOK_WAITS = [30, 60, 120, 180, 300];
/** How far back ended jobs are looked at, and for how long a job that was started is. */
const LOOK_BACK = 7 * DAY;
/** What the clocks of two services may be apart. */
const CLOCKS_APART = 60 * 1000;
/** Days for which jobs are remembered whose end was told, and watches: for longer than they are looked at. */
export const JOB_RETENTION_DAYS = 30;
/** A worker that took a job longer ago is not at it any more. */
const TAKEN_FOR = 2 * HANDLER_TIMEOUT_SECONDS.poll * 1000;

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
/** AWS CloudTrail user guide, "CloudTrail record contents"; what the call answers: Entity Resolution API reference. */
const startSchema = v.object({
  poll: v.object(scheduled),
  event: v.object({
    detail: v.object({
      eventID: v.pipe(v.string(), v.nonEmpty()),
      eventTime: instantSchema,
      // Of an answer that looks otherwise than is thought, the job is not known: then all of them are looked at.
      responseElements: v.fallback(v.nullish(v.object({ jobId: v.optional(v.pipe(v.string(), v.nonEmpty())) })), null),
    }),
  }),
});

/**
 * Takes runs of schedules, starts of jobs, and the word that was left: looks for jobs that have ended.
 * @returns the ids of the messages that must come again.
 */
export const pollBatch = (messages: readonly QueueMessage[], ports: PollPorts): Promise<string[]> =>
  inGroups(messages, { read: readPoll, take: (poll, { id }) => pollJobs(poll, id, ports) }, ports);

function readPoll(body: string): Read<Poll> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { reason: 'the message is not JSON' };
  }
  if (typeof json === 'object' && json !== null && 'event' in json) return readStart(json as StartedPoll);
  const { success, output: task, issues } = v.safeParse(pollSchema, json);
  if (!success) return { reason: `the message names no jobs: ${reasonOf(issues)}` };
  return { key: keyOf(task), task };
}

function readStart(message: StartedPoll): Read<Poll> {
  const { success, output, issues } = v.safeParse(startSchema, message);
  if (!success) return { reason: `the message is no start of a job: ${reasonOf(issues)}` };
  const { eventID, eventTime, responseElements } = output.event.detail;
  const watch = { id: eventID, startedAt: eventTime, job: responseElements?.jobId, looks: 0 };
  return { key: keyOf(output.poll), task: { ...output.poll, watch } };
}

/** What tells the jobs of one source from all others', instances among them. */
const keyOf = ({ jobs, instanceId = 'default' }: ScheduledPoll): string =>
  [jobs.service, keyPart('workflow' in jobs ? jobs.workflow : jobs.domain), keyPart(instanceId)].join('#');

/**
 * Puts the event of each job that has ended since the first poll, and that nobody has told of. Taken, told, noted, in this
 * order: who dies in between has his job taken by a later poll, which tells the same event, of the same run.
 */
async function pollJobs(poll: Poll, message: string, ports: PollPorts): Promise<void> {
  const { lister, jobs: store, clock } = ports;
  const key = keyOf(poll);
  const now = clock();
  const { watch } = poll;
  const startedAt = watch && Math.min(watch.startedAt, now);
  // What had ended before anybody asked, or the job was started, is no news.
  const asked = startedAt === undefined ? now : startedAt - CLOCKS_APART;
  const since = Math.max(Math.min(await store.firstPoll(key, asked), asked), now - LOOK_BACK);
  const { ended, isOneUnderWay } = await lister.list(poll.jobs, since);
  for (const job of ended.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (!(await store.take(key, job.id, clock(), clock() - TAKEN_FOR))) continue;
    const error = job.status === 'Failed' ? (job.error ?? (await lister.error(poll.jobs, job))) : undefined;
    await ports.events.publish(DomainEvent.UNIFICATION_REFRESHED, eventOf({ ...job, error }, poll.instanceId));
    await store.told(key, job.id, clock());
    ports.telemetry.count(MetricName.POLLED_JOBS);
  }
  if (!watch || startedAt === undefined) return;
  const goesOn = watch.job === undefined ? isOneUnderWay : !ended.some(({ id }) => id === watch.job);
  if (goesOn) await lookAgain(poll, { ...watch, startedAt }, message, ports);
}

/** Leaves word to look again. Where a message comes twice, or two are of one start, one of them goes on. */
async function lookAgain(poll: Poll, watch: Watch, message: string, ports: PollPorts): Promise<void> {
  const now = ports.clock();
  const { id, startedAt, job, looks } = watch;
  if (now - startedAt > LOOK_BACK) {
    const since = new Date(startedAt).toISOString();
    ports.telemetry.warn(LogMessage.WATCH_GIVEN_UP, { jobs: poll.jobs, job, startedAt: since });
    return;
  }
  if (!(await ports.jobs.goOn(keyOf(poll), id, looks, message, now))) return;
  const wait = waitBeforeRecheck(LOOK_WAITS, looks, ports.pace);
  await ports.again({ ...poll, watch: { ...watch, looks: looks + 1 } }, wait);
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
    // The service may have cut its text within a character.
    error: error && cut(error.toWellFormed(), MAX_ERROR_LENGTH),
  };
  return Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== undefined));
}

/** Longest error text, characters: an entry of the bus has little room. */
const MAX_ERROR_LENGTH = 4000;
