import * as v from 'valibot';
import { Metric as MetricName } from '../../../contract/metrics';
import {
  LISTED_RUNS,
  RECONCILABLE_KINDS,
  type ReconcilableKind,
  type ScheduledReconciliation,
} from '../../../contract/sources';
import { readMessage } from '../../events/core/events';
import { MAX_ERROR_LENGTH } from '../../events/core/fields';
import type { EventPublisher } from '../../events/core/ports';
import { allSettledOrThrow, inGroups, type Read, type RejectPorts } from '../../shared/core/batch';
import { identityHash } from '../../shared/core/identity';
import { LogMessage } from '../../shared/core/log-messages';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { redactText } from '../../shared/core/redact';
import { cut } from '../../shared/core/text';
import { SOURCE_MAPPINGS } from './mappings';
import type { ServiceEvent } from './mappings/service-event';
import { eventOf, notAccepted, ruleFields, type Source, sourceSchema, sourcesOf, type ToPut } from './normalize';
import type { RecordedRuns } from './ports';

/** A run from the list of its service's API. */
export interface ListedRun {
  /**
   * The run as an event of the service. The same mapping reads it, so both have the same id. `time` is the end of the run,
   * if the list has it.
   */
  readonly event: ServiceEvent;
  /** Reads the details of an ended run that the list does not have, such as its end. */
  readonly complete?: () => Promise<ServiceEvent>;
}

export interface RunLister {
  /**
   * Pages of runs: all that ended since then, and possibly others. Throws ListingFailed.
   * @param name the source's name in its events.
   * @param since epoch milliseconds.
   */
  list(kind: ReconcilableKind, name: string, since: number): AsyncIterable<readonly ListedRun[]>;
}

/** Reasons for a failed reconciliation. */
export const ReconciliationFailure = {
  /** The service denies access or does not know the source. */
  REFUSED: 'Refused',
  THROTTLED: 'Throttled',
  UNAVAILABLE: 'Unavailable',
  /** The list has more pages than are read. The runs of the read pages are reconciled. */
  TOO_MANY_RUNS: 'TooManyRuns',
  /** A run has an unknown format. The others are reconciled. */
  UNREADABLE_RUN: 'UnreadableRun',
} as const;
export type ReconciliationFailure = (typeof ReconciliationFailure)[keyof typeof ReconciliationFailure];

/** A service could not list its runs. */
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
  /** Absent in an account that forwards its sources: their connector has the records. */
  readonly recorded?: RecordedRuns;
  readonly events: EventPublisher;
  readonly clock: Clock;
}

/** Pages read in one reconciliation: 5,000 to 100,000 runs, depending on the service's page size. */
export const MAX_PAGES = 100;
/** The service's own event arrives within seconds. Newer runs are not yet missing. */
const SETTLING_MS = 5 * 60_000;
/** Longest reason of a failure, characters. */
const MAX_REASON_LENGTH = 500;

const messageSchema = v.object({
  kind: v.picklist(RECONCILABLE_KINDS),
  source: sourceSchema,
  lookBackSeconds: v.pipe(v.number(), v.minValue(1)),
});

/** The message that a rule for listed runs sends. */
const listedSchema = v.object({
  ...ruleFields,
  event: v.object({
    account: v.string(),
    region: v.string(),
    detail: v.object({
      kind: v.picklist(RECONCILABLE_KINDS),
      name: v.string(),
      runs: v.array(
        v.object({
          detailType: v.string(),
          time: v.string(),
          resources: v.array(v.string()),
          detail: v.record(v.string(), v.unknown()),
        }),
      ),
    }),
  }),
});

type Scheduled = ScheduledReconciliation & { readonly source: Source };
/** Runs that another account listed. */
interface Listed {
  readonly kind: ReconcilableKind;
  readonly name: string;
  /** The sources that the runs belong to. */
  readonly sources: readonly Source[];
  readonly runs: readonly ServiceEvent[];
}
type Task = Scheduled | Listed;

/**
 * Processes scheduled reconciliations and runs that other accounts listed. Each finds the runs of one source that are missing
 * on the bus.
 * @returns ids of the messages to retry.
 */
export const reconcileBatch = (messages: readonly QueueMessage[], ports: ReconcilePorts): Promise<string[]> =>
  inGroups(messages, { read: readTask, process: (task) => process(task, ports) }, ports);

function readTask(body: string): Read<Task> {
  const listed = readMessage(body, listedSchema, '');
  if ('value' in listed) return readListed(listed.value);
  const message = readMessage(body, messageSchema, 'the message does not name a source to reconcile');
  if ('reason' in message) return message;
  const task = message.value;
  return { key: identityHash(task.kind, task.source.name, task.source.put, JSON.stringify(task.source.detail)), task };
}

function readListed({ sources, part, event }: v.InferOutput<typeof listedSchema>): Read<Task> {
  const { kind, name, runs } = event.detail;
  const own = sourcesOf(sources, [name], event);
  if (own.length === 0 && !part) return { reason: `listed runs: ${notAccepted(sources, [name], event)}` };
  return { key: identityHash(kind, name, event.account, event.region), task: { kind, name, sources: own, runs } };
}

async function process(task: Task, ports: ReconcilePorts): Promise<void> {
  const { recorded } = ports;
  if (!('runs' in task)) {
    return reconcile(task, ports, (runs, window) =>
      recorded ? putMissing(runs, task, window, { ...ports, recorded }) : putList(runs, task, window, ports),
    );
  }
  if (!recorded) throw new Error('listed runs arrived at a function without records: the connector processes them');
  const runs = task.runs.map((event) => ({ event }));
  for (const source of task.sources) {
    const reason = await putMissing(runs, { ...task, source }, ALWAYS, { ...ports, recorded });
    if (reason !== undefined) fail(ReconciliationFailure.UNREADABLE_RUN, reason, task.kind, task.name, ports);
  }
}

function fail(
  failure: ReconciliationFailure,
  message: string,
  kind: ReconcilableKind,
  source: string,
  { telemetry }: ReconcilePorts,
): void {
  telemetry.count(MetricName.FAILED_RECONCILIATIONS);
  const reason = cut(redactText(message), MAX_REASON_LENGTH);
  telemetry.warn(LogMessage.RECONCILIATION_FAILED, { failure, reason, kind, source });
}

/** Processes a page of runs. Returns the reason if a run cannot be read. */
type ProcessRuns = (runs: readonly ListedRun[], window: Window) => Promise<string | undefined>;

/** Processes the runs that ended within the look-back period. Throws errors that a retry can clear. */
async function reconcile(task: Scheduled, ports: ReconcilePorts, processRuns: ProcessRuns): Promise<void> {
  const { kind, source, lookBackSeconds } = task;
  const failed = (failure: ReconciliationFailure, message: string) => fail(failure, message, kind, source.name, ports);
  const now = ports.clock();
  const window = { since: now - lookBackSeconds * 1000, until: now - SETTLING_MS };
  let pages = 0;
  try {
    for await (const runs of ports.lister.list(kind, source.name, window.since)) {
      const reason = await processRuns(runs, window);
      if (reason !== undefined) failed(ReconciliationFailure.UNREADABLE_RUN, reason);
      if (++pages < MAX_PAGES) continue;
      failed(
        ReconciliationFailure.TOO_MANY_RUNS,
        `there are more than ${MAX_PAGES} pages of runs: use a shorter lookBack`,
      );
      return;
    }
  } catch (error) {
    if (!(error instanceof ListingFailed)) throw error;
    failed(error.failure, error.message);
    // A retry fails, too. The next scheduled reconciliation tries again.
    if (error.failure !== ReconciliationFailure.REFUSED) throw error;
  }
}

interface Window {
  /** Bounds of the ends of the runs to put, epoch milliseconds. */
  readonly since: number;
  readonly until: number;
}

/** The account that listed the runs has checked their ends. */
const ALWAYS: Window = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

/** Runs in one event, and the length of their JSON: an event can have 256 KiB (Amazon EventBridge quotas). */
const LIST_LIMITS = { runs: 100, characters: 60_000 };

/** Puts the ended runs on the bus as lists, for the connector in another account or Region. */
async function putList(
  runs: readonly ListedRun[],
  { kind, source: { name } }: Scheduled,
  window: Window,
  { events, telemetry }: ReconcilePorts,
): Promise<undefined> {
  const complete = ({ event, complete }: ListedRun) => (complete ? complete() : event);
  const ended = (await allSettledOrThrow(runs.map(async (run) => complete(run)))).filter(
    (event) => position(event, window) === 'within',
  );
  const lists: ServiceEvent[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const run of ended.map(withShortTexts)) {
    const { length } = JSON.stringify(run);
    if (characters + length > LIST_LIMITS.characters || (lists.at(-1)?.length ?? 0) >= LIST_LIMITS.runs) {
      lists.push([]);
      characters = 0;
    }
    lists.at(-1)?.push(run);
    characters += length;
  }
  await allSettledOrThrow(lists.map((list) => events.publish(LISTED_RUNS.detailType, { kind, name, runs: list })));
  telemetry.info(LogMessage.LISTED_RUNS, { kind, source: name, runs: ended.length });
}

/** The run with texts that the connector would shorten anyway. */
const withShortTexts = (run: ServiceEvent): ServiceEvent =>
  JSON.parse(
    JSON.stringify(run, (_, value) =>
      typeof value === 'string' ? cut(value.toWellFormed(), MAX_ERROR_LENGTH) : value,
    ),
  );

type ComparingPorts = ReconcilePorts & { readonly recorded: RecordedRuns };
type OfSource = Pick<Scheduled, 'kind' | 'source'>;

/**
 * Puts the missing runs on the bus. Each run is published and then recorded: after a crash in between, the retry publishes a
 * duplicate with the same id.
 * @returns the reason if a run cannot be read. One is enough: unreadable runs have the same reason.
 */
async function putMissing(
  runs: readonly ListedRun[],
  task: OfSource,
  window: Window,
  ports: ComparingPorts,
): Promise<string | undefined> {
  const unreadable = await allSettledOrThrow(runs.map((run) => putUnseen(run, task, window, ports)));
  return unreadable.find((one) => one !== undefined);
}

/** @returns the reason if the run cannot be read. */
async function putUnseen(
  run: ListedRun,
  task: OfSource,
  window: Window,
  ports: ComparingPorts,
): Promise<string | undefined> {
  const { recorded } = ports;
  if (!run.complete && position(run.event, window) !== 'within') return undefined;
  const first = read(run.event, task);
  if (first === undefined || 'reason' in first) return first?.reason;
  const { eventId } = first.value;
  // The event of a run is a refresh, so it has an id.
  if (await recorded.has(eventId as string)) return undefined;
  if (!run.complete) return put(first.value, ports);
  const event = await run.complete();
  const where = position(event, window);
  // Recorded, so that its details are not read again.
  if (where === 'before') await recorded.record(eventId as string);
  if (where !== 'within') return undefined;
  const whole = read(event, task);
  if (whole === undefined || 'reason' in whole) return whole?.reason;
  return put(whole.value, ports);
}

const read = (event: ServiceEvent, { kind, source }: OfSource) => eventOf(SOURCE_MAPPINGS[kind], event, source);

function position({ time }: ServiceEvent, { since, until }: Window): 'before' | 'within' | 'after' {
  const endedAt = Date.parse(time);
  return endedAt < since ? 'before' : endedAt <= until ? 'within' : 'after';
}

async function put(
  { source, detail, eventId }: ToPut,
  { events, recorded, telemetry }: ComparingPorts,
): Promise<undefined> {
  await events.publish(source.put, detail);
  await recorded.record(eventId as string);
  telemetry.count(MetricName.RECONCILED_RUNS);
  const { runId, status } = detail;
  telemetry.info(LogMessage.RECONCILED, { source: source.name, put: source.put, runId, status });
}
