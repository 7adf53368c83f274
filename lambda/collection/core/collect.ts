import { DomainEvent, MAX_STAGES } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import { checkEvent } from '../../events/core/events';
import type { EventPublisher } from '../../events/core/ports';
import { inGroups, type Read, type RejectPorts, reject } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import type { Clock, QueueMessage, Telemetry } from '../../shared/core/ports';
import {
  atDeadline,
  type CollectedRun,
  type CollectionRules,
  completedEvent,
  isLate,
  runKey,
  type StageEnd,
  toStageEnd,
  withStage,
} from './collected-run';

export interface RunStore {
  /** The run, read consistently. */
  read(key: string): Promise<CollectedRun | undefined>;
  /** Writes the run if the stored version is the one before (1: if there is none). False: the race is lost. */
  write(key: string, run: CollectedRun): Promise<boolean>;
  /** Keys of runs that somebody must come back to (`dueAt`) since before `before`, epoch milliseconds. */
  overdue(before: number): Promise<string[]>;
}

/** What collecting runs needs. */
export interface CollectPorts {
  readonly runs: RunStore;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly rules: CollectionRules;
  /** This connector's id, in every event of a run. */
  readonly connectorId: string;
}

/** Days for which a run is remembered after its event, by which a stage that comes again is known. */
export const RUN_RETENTION_DAYS = 30;

/** An event older than this could be of a run that was collected and forgotten: it would make a second one. */
const MAX_AGE_DAYS = RUN_RETENTION_DAYS - 1;

/** The sweep leaves a closed run alone for longer than its worker can run. */
const PUBLISH_GRACE_MS = 2 * HANDLER_TIMEOUT_SECONDS.collect * 1000;

/** A race is lost only to a worker that got on, so this many in a row means that something else is wrong. */
const MAX_TRIES = 100;

/** When the sweep must look at a run: at its deadline, or when its event should have been published. */
export function dueAt({ deadline, closed, closedAt, publishedAt }: CollectedRun): number | undefined {
  if (publishedAt !== undefined) return undefined;
  return closed ? (closedAt as number) + PUBLISH_GRACE_MS : deadline;
}

export type StageOutcome = 'recorded' | 'duplicate' | 'late' | 'tooMany';

/**
 * Takes the end of one stage, and publishes the run's event if that was the last (protocol C). Safe to repeat at any
 * point: a run that is closed and not published is published first, whatever the message is.
 */
export async function collectStage(end: StageEnd, ports: CollectPorts): Promise<StageOutcome> {
  const { runs, clock, rules } = ports;
  const key = runKey(end);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const run = await runs.read(key);
    if (run?.closed) {
      if (run.publishedAt === undefined) await publishRun(key, run, ports);
      return isLate(run, end) ? 'late' : 'duplicate';
    }
    const next = withStage(run, end, clock(), rules);
    if (!next) return 'tooMany';
    if (next === run) return 'duplicate';
    if (!(await runs.write(key, next))) continue;
    if (next.closed) await publishRun(key, next, ports);
    return 'recorded';
  }
  throw new Error(`run ${key} changed under ${MAX_TRIES} tries`);
}

/** Publishes a closed run's event, then notes that. In this order: a crash in between publishes the same event again. */
async function publishRun(key: string, run: CollectedRun, ports: CollectPorts): Promise<void> {
  const { detailType, detail } = completedEvent(run, ports.connectorId);
  await ports.events.publish(detailType, detail);
  ports.telemetry.count(run.closed === 'timedOut' ? MetricName.TIMED_OUT_RUNS : MetricName.COLLECTED_RUNS);
  // A race can be lost only to somebody who published the same.
  await ports.runs.write(key, { ...run, version: run.version + 1, publishedAt: ports.clock() });
}

/**
 * Takes a batch of stage events. Runs go side by side; within one run stages go in the order in which they came: the last
 * word of a stage counts, so a later one must not overtake one that has to come again.
 * @returns the ids of the messages that must come again.
 */
export const collectBatch = (messages: readonly QueueMessage[], ports: CollectPorts & RejectPorts): Promise<string[]> =>
  inGroups(
    messages,
    { read: (body) => readStage(body, ports.clock()), take: (end, { body }) => takeStage(end, body, ports) },
    ports,
  );

async function takeStage(end: StageEnd, body: string, ports: CollectPorts & RejectPorts): Promise<void> {
  const outcome = await collectStage(end, ports);
  if (outcome === 'tooMany') {
    await reject(body, `run ${end.runId} has ${MAX_STAGES} stages: it cannot hold more`, ports);
  }
  if (outcome === 'late') {
    ports.telemetry.count(MetricName.LATE_STAGES);
    ports.telemetry.warn(LogMessage.LATE_STAGE, { run: runKey(end), stage: end.name, status: end.status });
  }
}

function readStage(body: string, now: number): Read<StageEnd> {
  const checked = checkEvent(body);
  if ('reason' in checked) return checked;
  const { detailType, time, detail } = checked.value;
  if (detailType !== DomainEvent.REFRESH_STAGE_COMPLETED) {
    return { reason: `${detailType} is not the end of a stage: write ${DomainEvent.REFRESH_STAGE_COMPLETED}` };
  }
  if (time < now - MAX_AGE_DAYS * 24 * 60 * 60 * 1000) {
    const at = new Date(time).toISOString();
    return {
      reason: `the event's time ${at} is more than ${MAX_AGE_DAYS} days ago: runs that old are forgotten, so theirs could be reported twice; put it again without Time`,
    };
  }
  const task = toStageEnd(detail);
  return { key: runKey(task), task };
}

/**
 * Reports the runs whose deadline has passed, and publishes what was closed and left behind, such as by a message that
 * ended in the dead-letter queue.
 * @returns how many events it published.
 */
export async function closeOverdueRuns(ports: CollectPorts): Promise<number> {
  const overdue = await ports.runs.overdue(ports.clock());
  const failures: unknown[] = [];
  let published = 0;
  for (const key of overdue) {
    try {
      if (await closeOverdueRun(key, ports)) published++;
    } catch (error) {
      ports.telemetry.warn(LogMessage.RUN_NOT_REPORTED, { run: key, error: String(error) });
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${overdue.length} runs failed`);
  return published;
}

async function closeOverdueRun(key: string, ports: CollectPorts): Promise<boolean> {
  const { runs, clock, rules } = ports;
  const now = clock();
  const run = await runs.read(key);
  // The index lags behind the table.
  if (!run || (dueAt(run) ?? Infinity) > now) return false;
  const end = run.closed ? run : atDeadline(run, now, rules);
  // Whoever was faster may have changed it: the next sweep sees.
  if (!run.closed && !(await runs.write(key, end))) return false;
  await publishRun(key, end, ports);
  return true;
}
