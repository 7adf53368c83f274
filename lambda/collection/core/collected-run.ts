import type { Status } from '../../../contract/events';
import { COLLECTED_BY_FIELD, DomainEvent, MAX_STAGES } from '../../../contract/events';
import type { Detail } from '../../events/core/events';
import { MAX_ERROR_LENGTH } from '../../events/core/fields';
import { keyPart } from '../../shared/core/metric';
import { cut } from '../../shared/core/text';

/** Kind of a run. A unification has stages, a full refresh has processes; this module calls both stages. */
export type RefreshKind = 'unification' | 'full';

/** The end of a stage, as its producer reports it. All instants are epoch milliseconds. */
export interface StageEnd {
  readonly refresh: RefreshKind;
  readonly instanceId: string;
  readonly runId: string;
  readonly name: string;
  readonly status: Status;
  /** The stages of the run: their names or their number. */
  readonly expected?: readonly string[] | number;
  /** Of a full refresh. */
  readonly kind?: 'Scheduled' | 'OnDemand';
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: string;
  readonly runLink?: string;
  /** Account and Region that the stage ended in. Absent: the connector's own. */
  readonly awsAccount?: string;
  readonly awsRegion?: string;
}

/** A stage in a run's item. */
export type Stage = Pick<StageEnd, 'name' | 'status' | 'startedAt' | 'endedAt' | 'error'>;

/** The stored item of a run. */
export interface CollectedRun extends Pick<StageEnd, 'refresh' | 'instanceId' | 'runId'> {
  /** 1 for the first write, incremented by each write. */
  readonly version: number;
  /** The stages that ended, in order of arrival. A list, because a stage can have any name. */
  readonly stages: readonly Stage[];
  /** From the first event that sets it. In a closed run, the stages that it was compared with. */
  readonly expected?: readonly string[] | number;
  /** From the first event that sets it. */
  readonly kind?: StageEnd['kind'];
  /** From the first event that sets it. */
  readonly runLink?: string;
  /** Both from the first event that sets them. */
  readonly awsAccount?: string;
  readonly awsRegion?: string;
  /** When an incomplete run is reported as timed out. */
  readonly deadline: number;
  /** Set once, by the write that ends the run. After that, only `publishedAt` changes. */
  readonly closed?: 'complete' | 'timedOut';
  readonly closedAt?: number;
  readonly publishedAt?: number;
}

/** The construct's configuration of the collection. */
export interface CollectionRules {
  /** Longest duration of a run after its first event, milliseconds. */
  readonly runTimeoutMs: number;
  /** The stages of a run whose events do not set `expected`. Empty: unknown. */
  readonly expected: Readonly<Record<RefreshKind, readonly string[]>>;
}

/** Longest error text of a stage. An item holds 50 of them in up to 400 KB. */
const MAX_STAGE_ERROR_LENGTH = 500;

/** The run's partition key. */
export const runKey = ({ refresh, instanceId, runId }: Pick<StageEnd, 'refresh' | 'instanceId' | 'runId'>): string =>
  [refresh, keyPart(instanceId), keyPart(runId)].join('#');

export function toStageEnd(detail: Detail<'RefreshStageCompleted'>): StageEnd {
  const { stage, process, ...rest } = detail;
  return { ...rest, refresh: stage === undefined ? 'full' : 'unification', name: (stage ?? process) as string };
}

/**
 * Adds a stage's end to a run, and closes the run if it is complete. Returns the same object if nothing changes, and
 * undefined if the run already has the maximum number of stages.
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
  const { awsAccount, awsRegion } = before.awsAccount === undefined ? end : before;
  const isSame =
    stages === before.stages &&
    expected === before.expected &&
    kind === before.kind &&
    runLink === before.runLink &&
    awsAccount === before.awsAccount &&
    !isComplete(before, rules);
  if (isSame) return before;
  const next = { ...before, version: before.version + 1, stages, expected, kind, runLink, awsAccount, awsRegion };
  return isComplete(next, rules) ? closed(next, 'complete', now, rules) : next;
}

/** Closes a run whose deadline has passed. */
export function atDeadline(run: CollectedRun, now: number, rules: CollectionRules): CollectedRun {
  const next = { ...run, version: run.version + 1 };
  // A changed configuration can have made the run complete.
  return closed(next, isComplete(run, rules) ? 'complete' : 'timedOut', now, rules);
}

function closed(run: CollectedRun, how: CollectedRun['closed'], now: number, rules: CollectionRules): CollectedRun {
  // Stored, because the event must not depend on the configuration.
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

/** Whether a stage's end would change a closed run, and so arrived too late. */
export const isLate = (run: CollectedRun, end: StageEnd): boolean => stagesWith(run.stages, end) !== run.stages;

/** Adds a stage, or replaces it by its later end. Returns the same list if nothing changes. */
function stagesWith(stages: readonly Stage[], end: StageEnd): readonly Stage[] {
  const { name, status, startedAt, endedAt } = end;
  const error = end.error === undefined ? undefined : cut(end.error, MAX_STAGE_ERROR_LENGTH);
  const stage: Stage = { name, status, startedAt, endedAt, error };
  const known = stages.find((other) => other.name === name);
  if (!known) return [...stages, stage];
  // The last end of a stage wins: by `endedAt` if both ends have it, otherwise by order of arrival.
  if (known.endedAt !== undefined && endedAt !== undefined && endedAt < known.endedAt) return stages;
  const isSame = (['status', 'startedAt', 'endedAt', 'error'] as const).every((field) => known[field] === stage[field]);
  return isSame ? stages : stages.map((other) => (other === known ? stage : other));
}

/** Statuses that one stage with the status gives to a complete run, in order of precedence. */
const UNSUCCESSFUL: readonly Status[] = ['TimedOut', 'Failed', 'Canceled'];

/** The status of a run that is closed. */
export function outcome({ closed, stages }: Pick<CollectedRun, 'closed' | 'stages'>): Status {
  if (closed === 'timedOut') return 'TimedOut';
  const has = (status: Status) => stages.some((stage) => stage.status === status);
  return UNSUCCESSFUL.find(has) ?? (has('Successful') ? 'Successful' : 'Skipped');
}

/** The event of a closed run. Depends on the stored item only, so that duplicates are identical. */
export function completedEvent(run: CollectedRun, connectorId: string) {
  const { refresh, instanceId, runId, stages, runLink, awsAccount, awsRegion, deadline, closedAt } = run;
  const statuses = Object.fromEntries(stages.map(({ name, status }) => [name, status]));
  const startedAt = earliest(stages.map((stage) => stage.startedAt));
  // A complete run ends with its last stage, if all stages have `endedAt`.
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
    awsAccount,
    awsRegion,
  };
  const detailType = refresh === 'full' ? DomainEvent.FULL_REFRESHED : DomainEvent.UNIFICATION_REFRESHED;
  return { detailType, detail } as const;
}

const instant = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** The last of the times. Undefined if one of them is unknown. */
function latest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === times.length ? Math.max(...known) : undefined;
}

/** The missing stages and the errors of the others. */
function errorText(run: CollectedRun): string | undefined {
  const sentences = run.stages.filter(({ error }) => error !== undefined).map(({ name, error }) => `${name}: ${error}`);
  if (run.closed === 'timedOut') sentences.unshift(`not complete by ${instant(run.deadline)}: ${missingText(run)}`);
  return sentences.length > 0 ? cut(sentences.join('; '), MAX_ERROR_LENGTH) : undefined;
}

function missingText({ refresh, stages, expected = [] }: CollectedRun): string {
  const noun = refresh === 'full' ? 'processes' : 'stages';
  if (typeof expected === 'number') return `${stages.length} of ${expected} ${noun} have ended`;
  if (expected.length === 0) return `no event named the expected ${noun}`;
  return `${missing(stages, expected).join(', ')} did not end`;
}
