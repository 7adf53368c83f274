import type { Status } from '../../../contract/events';
import { COLLECTED_BY_FIELD, DomainEvent, MAX_STAGES } from '../../../contract/events';
import { type Detail, MAX_ERROR_LENGTH } from '../../events/core/events';
import { keyPart } from '../../shared/core/metric';
import { cut } from '../../shared/core/text';

/** What a run is a run of: unification is made of stages, a full refresh of processes; both are called stages here. */
export type RefreshKind = 'unification' | 'full';

/** The end of one stage, as its producer told it. All instants are epoch milliseconds. */
export interface StageEnd {
  readonly refresh: RefreshKind;
  readonly instanceId: string;
  readonly runId: string;
  readonly name: string;
  readonly status: Status;
  /** What the run is made of: names, or how many. */
  readonly expected?: readonly string[] | number;
  /** Of a full refresh. */
  readonly kind?: 'Scheduled' | 'OnDemand';
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: string;
  readonly runLink?: string;
}

/** One stage in a run's row. */
export type Stage = Pick<StageEnd, 'name' | 'status' | 'startedAt' | 'endedAt' | 'error'>;

/** A run that is being collected: the row. */
export interface CollectedRun extends Pick<StageEnd, 'refresh' | 'instanceId' | 'runId'> {
  /** 1 for the first write, one more at each. */
  readonly version: number;
  /** What ended so far, in the order in which it was first heard of; a list, so that a stage may have any name. */
  readonly stages: readonly Stage[];
  /** Of the first event that says it; when the run is closed, what it was held against. */
  readonly expected?: readonly string[] | number;
  /** Of the first event that says it. */
  readonly kind?: StageEnd['kind'];
  /** Of the first event that says it. */
  readonly runLink?: string;
  /** When a run that is not complete is reported nevertheless. */
  readonly deadline: number;
  /** Set once, by the write that ends the run; from then on only `publishedAt` changes. */
  readonly closed?: 'complete' | 'timedOut';
  readonly closedAt?: number;
  /** When the run's event had been published. */
  readonly publishedAt?: number;
}

/** How runs are collected; a construct's configuration. */
export interface CollectionRules {
  /** How long a run may take from the first event on, milliseconds. */
  readonly runTimeoutMs: number;
  /** What a run is made of when no event of it says so; empty: not known. */
  readonly expected: Readonly<Record<RefreshKind, readonly string[]>>;
}

/** Longest error text of one stage in a run's row, which holds 50 of them in at most 400 KB. */
const MAX_STAGE_ERROR_LENGTH = 500;

/** The run's partition key. */
export const runKey = ({ refresh, instanceId, runId }: Pick<StageEnd, 'refresh' | 'instanceId' | 'runId'>): string =>
  [refresh, keyPart(instanceId), keyPart(runId)].join('#');

/** The end of a stage that an event tells of. */
export function toStageEnd(detail: Detail<'RefreshStageCompleted'>): StageEnd {
  const { stage, process, ...rest } = detail;
  return { ...rest, refresh: stage === undefined ? 'full' : 'unification', name: (stage ?? process) as string };
}

/**
 * The run with a stage's end in it, and closed if that completes it: one value, to be written at once. Gives the same
 * object when there is nothing to write, and undefined when the run cannot hold another stage.
 */
export function withStage(
  run: CollectedRun | undefined,
  end: StageEnd,
  now: number,
  rules: CollectionRules,
): CollectedRun | undefined {
  const before: CollectedRun = run ?? {
    refresh: end.refresh,
    instanceId: end.instanceId,
    runId: end.runId,
    version: 0,
    stages: [],
    deadline: now + rules.runTimeoutMs,
  };
  const stages = stagesWith(before.stages, end);
  if (stages.length > MAX_STAGES) return undefined;
  const expected = before.expected ?? end.expected;
  const kind = before.kind ?? end.kind;
  const runLink = before.runLink ?? end.runLink;
  const isSame =
    stages === before.stages &&
    expected === before.expected &&
    kind === before.kind &&
    runLink === before.runLink &&
    !isComplete(before, rules);
  if (isSame) return before;
  const next = { ...before, version: before.version + 1, stages, expected, kind, runLink };
  return isComplete(next, rules) ? closed(next, 'complete', now, rules) : next;
}

/** The run ended for good, because its deadline has passed. */
export function atDeadline(run: CollectedRun, now: number, rules: CollectionRules): CollectedRun {
  const next = { ...run, version: run.version + 1 };
  // It may have become complete by another configuration.
  return closed(next, isComplete(run, rules) ? 'complete' : 'timedOut', now, rules);
}

function closed(run: CollectedRun, how: CollectedRun['closed'], now: number, rules: CollectionRules): CollectedRun {
  // The event is built from the row alone, so what the run was held against stays in it.
  return { ...run, expected: expectedOf(run, rules), closed: how, closedAt: now };
}

const expectedOf = ({ expected, refresh }: CollectedRun, rules: CollectionRules) => expected ?? rules.expected[refresh];

function isComplete(run: CollectedRun, rules: CollectionRules): boolean {
  const expected = expectedOf(run, rules);
  if (typeof expected === 'number') return run.stages.length >= expected;
  return expected.length > 0 && missing(run.stages, expected).length === 0;
}

function missing(stages: readonly Stage[], expected: readonly string[]): string[] {
  const ended = new Set(stages.map(({ name }) => name));
  return expected.filter((name) => !ended.has(name));
}

/** Whether a stage's end would change a run that is closed: it came too late. */
export const isLate = (run: CollectedRun, end: StageEnd): boolean => stagesWith(run.stages, end) !== run.stages;

/** The stages with one more, or with a later end of one of them. The same list when nothing changes. */
function stagesWith(stages: readonly Stage[], end: StageEnd): readonly Stage[] {
  const { name, status, startedAt, endedAt } = end;
  const error = end.error === undefined ? undefined : cut(end.error, MAX_STAGE_ERROR_LENGTH);
  const stage: Stage = { name, status, startedAt, endedAt, error };
  const known = stages.find((other) => other.name === name);
  if (!known) return [...stages, stage];
  // The last word of a stage counts: by the stage's own time where both have one, else by when it came.
  if (known.endedAt !== undefined && endedAt !== undefined && endedAt < known.endedAt) return stages;
  const isSame = (['status', 'startedAt', 'endedAt', 'error'] as const).every((field) => known[field] === stage[field]);
  return isSame ? stages : stages.map((other) => (other === known ? stage : other));
}

/** Statuses that a complete run gets from a single stage that has it, the strongest first. */
const UNSUCCESSFUL: readonly Status[] = ['TimedOut', 'Failed', 'Canceled'];

/** The status of a run that is closed. */
export function outcome({ closed, stages }: Pick<CollectedRun, 'closed' | 'stages'>): Status {
  if (closed === 'timedOut') return 'TimedOut';
  const has = (status: Status) => stages.some((stage) => stage.status === status);
  return UNSUCCESSFUL.find(has) ?? (has('Successful') ? 'Successful' : 'Skipped');
}

/** The event of a closed run. Built from the row alone: it is the same, letter by letter, however often it is put. */
export function completedEvent(run: CollectedRun, connectorId: string) {
  const { refresh, instanceId, runId, stages, runLink, deadline, closedAt } = run;
  const statuses = Object.fromEntries(stages.map(({ name, status }) => [name, status]));
  const startedAt = earliest(stages.map((stage) => stage.startedAt));
  // A complete run ended with its last stage, if every stage says when that was.
  const endedAt = run.closed === 'timedOut' ? deadline : (latest(stages.map((stage) => stage.endedAt)) ?? closedAt);
  const detail = {
    [COLLECTED_BY_FIELD]: connectorId,
    instanceId,
    runId,
    status: outcome(run),
    ...(refresh === 'full' ? { kind: run.kind ?? 'Scheduled', processes: statuses } : { stages: statuses }),
    startedAt: instant(startedAt),
    endedAt: instant(endedAt),
    error: errorText(run),
    runLink,
  };
  const detailType = refresh === 'full' ? DomainEvent.FULL_REFRESHED : DomainEvent.UNIFICATION_REFRESHED;
  return { detailType, detail } as const;
}

const instant = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** The last of the times; undefined if one of them is not known. */
function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === times.length ? Math.max(...known) : undefined;
}

/** What is missing, and what the stages said. */
function errorText(run: CollectedRun): string | undefined {
  const sentences = run.stages.filter(({ error }) => error !== undefined).map(({ name, error }) => `${name}: ${error}`);
  if (run.closed === 'timedOut') sentences.unshift(`not complete by ${instant(run.deadline)}: ${whatIsMissing(run)}`);
  return sentences.length > 0 ? cut(sentences.join('; '), MAX_ERROR_LENGTH) : undefined;
}

function whatIsMissing({ refresh, stages, expected = [] }: CollectedRun): string {
  const noun = refresh === 'full' ? 'processes' : 'stages';
  if (typeof expected === 'number') return `${stages.length} of ${expected} ${noun} have ended`;
  if (expected.length === 0) return `no event said which ${noun} to expect`;
  return `no end of ${missing(stages, expected).join(', ')}`;
}
