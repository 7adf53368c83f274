import { DomainEvent, MAX_STAGES } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import { checkEvent } from '../../events/core/events';
import { withOrigin } from '../../events/core/origin';
import type { EventPublisher } from '../../events/core/ports';
import { inGroups, type Read, type RejectPorts, reject } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import type { Place } from '../../shared/core/place';
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
  /** Writes the run if its stored version is the previous one (version 1: no run is stored). Returns false if not. */
  write(key: string, run: CollectedRun): Promise<boolean>;
  /** Keys of the runs that were due (`dueAt`) by `before`, epoch milliseconds. */
  overdue(before: number): Promise<string[]>;
}

export interface CollectPorts {
  /** Account and Region of the connector. Absent: every event counts as one of its own. */
  readonly own?: Place;
  readonly runs: RunStore;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly rules: CollectionRules;
  /** This connector's id, in every event of a run. */
  readonly connectorId: string;
}

/** Days for which a published run is stored, to detect duplicates of its stages. */
export const RUN_RETENTION_DAYS = 30;

/** Older events are rejected: their run can be deleted already, and would be reported again. */
const MAX_AGE_DAYS = RUN_RETENTION_DAYS - 1;

/** The sweep waits until the worker of a closed run has ended. */
const PUBLISH_GRACE_MS = 2 * HANDLER_TIMEOUT_SECONDS.collect * 1000;

/** Every lost race means that another worker made progress, so this many in a row are a fault. */
const MAX_ATTEMPTS = 100;

/** When the sweep checks a run: at its deadline, or when its event should have been published. */
export function dueAt({ deadline, closed, closedAt, publishedAt }: CollectedRun): number | undefined {
  if (publishedAt !== undefined) return undefined;
  return closed ? (closedAt as number) + PUBLISH_GRACE_MS : deadline;
}

export type StageOutcome = 'recorded' | 'duplicate' | 'late' | 'tooMany';

/**
 * Records the end of a stage, and publishes the run's event after the last stage (protocol C). Safe to repeat after a
 * crash at any point: a closed run that is not published is published first.
 */
export async function collectStage(end: StageEnd, ports: CollectPorts): Promise<StageOutcome> {
  const { runs, clock, rules } = ports;
  const key = runKey(end);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
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
  throw new Error(`run ${key} changed during ${MAX_ATTEMPTS} attempts`);
}

/** Publishes a closed run's event, then records it. A crash in between causes a duplicate, never a missing event. */
async function publishRun(key: string, run: CollectedRun, ports: CollectPorts): Promise<void> {
  const { detailType, detail } = completedEvent(run, ports.connectorId);
  await ports.events.publish(detailType, detail);
  ports.telemetry.count(run.closed === 'timedOut' ? MetricName.TIMED_OUT_RUNS : MetricName.COLLECTED_RUNS);
  // A race can only be lost to a worker that published the same event.
  await ports.runs.write(key, { ...run, version: run.version + 1, publishedAt: ports.clock() });
}

/**
 * Processes a batch of stage events: runs concurrently, the stages of a run in order of arrival. The last event of a stage
 * wins, so a later one must not overtake a failed one.
 * @returns ids of the messages to retry.
 */
export const collectBatch = (messages: readonly QueueMessage[], ports: CollectPorts & RejectPorts): Promise<string[]> =>
  inGroups(
    messages,
    { read: (body) => readStage(body, ports), process: (end, { body }) => processStage(end, body, ports) },
    ports,
  );

async function processStage(end: StageEnd, body: string, ports: CollectPorts & RejectPorts): Promise<void> {
  const outcome = await collectStage(end, ports);
  if (outcome === 'tooMany') {
    await reject(body, `run ${end.runId} already has ${MAX_STAGES} stages, the maximum`, ports);
  }
  if (outcome === 'late') {
    ports.telemetry.count(MetricName.LATE_STAGES);
    ports.telemetry.warn(LogMessage.LATE_STAGE, { run: runKey(end), stage: end.name, status: end.status });
  }
}

function readStage(body: string, { clock, own }: CollectPorts): Read<StageEnd> {
  const now = clock();
  const checked = checkEvent(body);
  if ('reason' in checked) return checked;
  const { detailType, time, detail } = withOrigin(checked.value, own);
  if (detailType !== DomainEvent.REFRESH_STAGE_COMPLETED) {
    return { reason: `${detailType} is not the end of a stage: write ${DomainEvent.REFRESH_STAGE_COMPLETED}` };
  }
  if (time < now - MAX_AGE_DAYS * 24 * 60 * 60 * 1000) {
    const at = new Date(time).toISOString();
    return {
      reason: `the event's time ${at} is more than ${MAX_AGE_DAYS} days ago: such runs are no longer stored and could be reported twice; put the event again without Time`,
    };
  }
  const task = toStageEnd(detail);
  return { key: runKey(task), task };
}

/**
 * Reports runs whose deadline has passed, and publishes closed runs that crashed workers left unpublished.
 * @returns the number of published events.
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
  // The index is eventually consistent.
  if (!run || (dueAt(run) ?? Infinity) > now) return false;
  const end = run.closed ? run : atDeadline(run, now, rules);
  // Another worker changed the run. The next sweep checks it again.
  if (!run.closed && !(await runs.write(key, end))) return false;
  await publishRun(key, end, ports);
  return true;
}
