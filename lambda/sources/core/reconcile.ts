import * as v from 'valibot';
import { Metric as MetricName } from '../../../contract/metrics';
import { RECONCILABLE_KINDS, type ReconcilableKind, type ScheduledReconciliation } from '../../../contract/sources';
import { reasonOf } from '../../events/core/events';
import type { EventPublisher } from '../../events/core/ports';
import { allSettledOrThrow, inGroups, type Read, type RejectPorts } from '../../shared/core/batch';
import { identityHash } from '../../shared/core/identity';
import { LogMessage } from '../../shared/core/log-messages';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { redactText } from '../../shared/core/redact';
import { cut } from '../../shared/core/text';
import { SOURCE_MAPPINGS } from './mappings';
import type { ServiceEvent } from './mappings/service-event';
import { eventOf, type Source, sourceSchema, type ToPut } from './normalize';
import type { RecordedRuns } from './ports';

/** A run as its service's API has it. */
export interface ListedRun {
  /**
   * The run in the words of the service's own event, which the same mapping reads: so both give the same identity. `time` is
   * when the run ended, where it has ended and the list says when.
   */
  readonly event: ServiceEvent;
  /** Asks for what the list does not say of a run that has ended: when that was. */
  readonly complete?: () => Promise<ServiceEvent>;
}

export interface RunLister {
  /**
   * Pages of runs: those that ended since then, and maybe others. Throws ListingFailed.
   * @param name the source's name, by which its events know it.
   * @param since epoch milliseconds.
   */
  list(kind: ReconcilableKind, name: string, since: number): AsyncIterable<readonly ListedRun[]>;
}

/** Why a source's runs could not be reconciled. */
export const ReconciliationFailure = {
  /** The service does not let us ask, or does not know the source. */
  REFUSED: 'Refused',
  THROTTLED: 'Throttled',
  UNAVAILABLE: 'Unavailable',
  /** More pages than are read. What they held is reconciled. */
  TOO_MANY_RUNS: 'TooManyRuns',
  /** A run in words that the connector does not know; the others are reconciled. */
  UNREADABLE_RUN: 'UnreadableRun',
} as const;
export type ReconciliationFailure = (typeof ReconciliationFailure)[keyof typeof ReconciliationFailure];

/** A service did not tell of its runs. */
export class ListingFailed extends Error {
  override readonly name = 'ListingFailed';

  constructor(
    readonly failure: ReconciliationFailure,
    message: string,
  ) {
    super(message);
  }
}

export interface ReconcilePorts extends RejectPorts {
  readonly lister: RunLister;
  readonly noted: RecordedRuns;
  readonly events: EventPublisher;
  readonly clock: Clock;
}

/** Pages that are read at one look: 5,000 to 100,000 runs, as large as the service makes them. */
export const MAX_PAGES = 100;
/** A run's own event comes within seconds; until then it is not called missed. */
const SETTLING_MS = 5 * 60_000;
/** Longest reason of a failure, characters. */
const MAX_REASON_LENGTH = 500;

const messageSchema = v.object({
  kind: v.picklist(RECONCILABLE_KINDS),
  source: sourceSchema,
  lookBackSeconds: v.pipe(v.number(), v.minValue(1)),
});

type Task = ScheduledReconciliation & { readonly source: Source };

/**
 * Takes runs of schedules: each looks for runs of one source that the bus has not seen.
 * @returns the ids of the messages that must come again.
 */
export const reconcileBatch = (messages: readonly QueueMessage[], ports: ReconcilePorts): Promise<string[]> =>
  inGroups(messages, { read: readTask, take: (task) => reconcile(task, ports) }, ports);

function readTask(body: string): Read<Task> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { reason: 'the message is not JSON' };
  }
  const { success, output: task, issues } = v.safeParse(messageSchema, json);
  if (!success) return { reason: `the message names no source to reconcile: ${reasonOf(issues)}` };
  return { key: identityHash(task.kind, task.source.name, task.source.put, JSON.stringify(task.source.detail)), task };
}

/**
 * Puts what the bus has not seen of a source's runs that ended within the look back. Each is put and then noted: who dies in
 * between has it put once more, with the identity by which deliveries know it. Throws what another try may change.
 */
async function reconcile(task: Task, ports: ReconcilePorts): Promise<void> {
  const { kind, source, lookBackSeconds } = task;
  const { telemetry, clock } = ports;
  const fail = (failure: ReconciliationFailure, message: string): void => {
    telemetry.count(MetricName.FAILED_RECONCILIATIONS);
    const reason = cut(redactText(message), MAX_REASON_LENGTH);
    telemetry.warn(LogMessage.RECONCILIATION_FAILED, { failure, reason, kind, source: source.name });
  };
  const now = clock();
  const window = { since: now - lookBackSeconds * 1000, until: now - SETTLING_MS };
  let pages = 0;
  try {
    for await (const runs of ports.lister.list(kind, source.name, window.since)) {
      const unreadable = await allSettledOrThrow(runs.map((run) => putUnseen(run, task, window, ports)));
      // Of many one is told: they are unreadable for the same reason.
      const reason = unreadable.find((one) => one !== undefined);
      if (reason !== undefined) fail(ReconciliationFailure.UNREADABLE_RUN, reason);
      if (++pages < MAX_PAGES) continue;
      fail(ReconciliationFailure.TOO_MANY_RUNS, `there are more than ${MAX_PAGES} pages of runs: look less far back`);
      return;
    }
  } catch (error) {
    if (!(error instanceof ListingFailed)) throw error;
    fail(error.failure, error.message);
    // No other try changes it, and the next run of the schedule asks again.
    if (error.failure !== ReconciliationFailure.REFUSED) throw error;
  }
}

interface Window {
  /** Epoch milliseconds between which a run has ended that is put. */
  readonly since: number;
  readonly until: number;
}

/** @returns why the run could not be read. */
async function putUnseen(
  run: ListedRun,
  task: Task,
  window: Window,
  ports: ReconcilePorts,
): Promise<string | undefined> {
  const { noted } = ports;
  if (!run.complete && position(run.event, window) !== 'within') return undefined;
  const first = read(run.event, task);
  if (first === undefined || 'reason' in first) return first?.reason;
  const { eventId } = first.value;
  // What is put of a run is a refresh, and has an identity.
  if (await noted.isNoted(eventId as string)) return undefined;
  if (!run.complete) return put(first.value, ports);
  const event = await run.complete();
  const where = position(event, window);
  // So that it is not asked for again.
  if (where === 'before') await noted.note(eventId as string);
  if (where !== 'within') return undefined;
  const whole = read(event, task);
  if (whole === undefined || 'reason' in whole) return whole?.reason;
  return put(whole.value, ports);
}

const read = (event: ServiceEvent, { kind, source }: Task) => eventOf(SOURCE_MAPPINGS[kind], event, source);

function position({ time }: ServiceEvent, { since, until }: Window): 'before' | 'within' | 'after' {
  const endedAt = Date.parse(time);
  return endedAt < since ? 'before' : endedAt <= until ? 'within' : 'after';
}

async function put(
  { source, detail, eventId }: ToPut,
  { events, noted, telemetry }: ReconcilePorts,
): Promise<undefined> {
  await events.publish(source.put, detail);
  await noted.note(eventId as string);
  telemetry.count(MetricName.RECONCILED_RUNS);
  const { runId, status } = detail;
  telemetry.info(LogMessage.RECONCILED, { source: source.name, put: source.put, runId, status });
}
