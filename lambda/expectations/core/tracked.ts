import type { RefreshKind, Status } from '../../../contract/events';
import { EXPECTED_PREFIX } from '../../../contract/subscriptions';
import { keyPart } from '../../shared/core/metric';
import { cut } from '../../shared/core/text';
import { afterRefresh, afterTime, dueOf, type Expecting, type Firing, type Step } from './expecting';

export const SUBJECT_TYPES = ['data-source', 'segment', 'measure', 'full-refresh', 'unification'] as const;
export type SubjectType = (typeof SUBJECT_TYPES)[number];

/** A subject whose refreshes are expected. */
export interface Subject {
  readonly type: SubjectType;
  readonly instanceId: string;
  /** Name of the data source, segment or measure. Full refreshes: their kind; absent for both kinds. */
  readonly name?: string;
}

export const subjectKey = ({ type, instanceId, name }: Subject): string =>
  [type, keyPart(instanceId), ...(name === undefined ? [] : [keyPart(name)])].join('#');

/** The key of a subject, from the key of its item. Undefined for other items. */
export const subjectKeyOf = (itemKey: string): string | undefined =>
  itemKey.startsWith(EXPECTED_PREFIX) ? itemKey.slice(EXPECTED_PREFIX.length) : undefined;

/** One refresh of a subject. */
export interface Refresh {
  /** Same for duplicates. */
  readonly id: string;
  /** When it ended, epoch milliseconds. */
  readonly endedAt: number;
  readonly status: Status;
  readonly runId?: string;
  readonly error?: string;
}

/** A failure that the source retries is no outcome yet. */
export interface ReportedRefresh extends Refresh {
  readonly willRetry?: boolean;
}

/**
 * The stored state of an expected subject: one item. Every change is one write on the condition that `id` and `version` are as
 * they were read.
 */
export interface Tracked {
  readonly subject: Subject;
  /** New at each creation, to tell apart a deleted and a recreated state. */
  readonly id: string;
  /** 1 for the first write, incremented by each write. */
  readonly version: number;
  /** The last successful refresh. */
  readonly success?: Refresh;
  /** The last refresh that failed or timed out. */
  readonly failure?: Refresh;
  /** End of the last refresh with any outcome, epoch milliseconds. */
  readonly ended?: number;
  readonly expecting: readonly Expecting[];
  /** Events that are decided and not yet on the bus. Nothing is decided before they are. */
  readonly unsent: readonly Firing[];
  /** Whether the states of the segment's or measure's metrics name the subject as expected. */
  readonly marked?: boolean;
  /** When the schedule reads the subscriptions of all entries, because one of them was about to leave. Epoch milliseconds. */
  readonly checkAt?: number;
}

/** When the schedule must process the subject, epoch milliseconds. Undefined: only a refresh changes it. */
export function trackedDue({ expecting, unsent, checkAt }: Tracked): number | undefined {
  const dues = [checkAt, ...unsent.map(({ at }) => at), ...expecting.map(dueOf)].filter((due) => due !== undefined);
  return dues.length > 0 ? Math.min(...dues) : undefined;
}

/** Whether no subscription expects the subject any more. */
export const isUnused = ({ expecting, unsent }: Tracked): boolean => expecting.length === 0 && unsent.length === 0;

const FAILURES: readonly Status[] = ['Failed', 'TimedOut'];

/** Longest error text that is kept, characters. One write unit covers 1 KB. */
export const MAX_KEPT_ERROR = 300;

/**
 * The state after a refresh. Late and duplicate refreshes, and those that were skipped or canceled, change nothing.
 * A refresh counts from its end, or from `now` if its producer's clock is ahead.
 */
export function withRefresh(tracked: Tracked, reported: ReportedRefresh, now: number): Tracked {
  const { willRetry, ...refresh } = reported;
  if ([tracked.success?.id, tracked.failure?.id].includes(refresh.id)) return tracked;
  const endedAt = Math.min(refresh.endedAt, now);
  const kept = {
    ...refresh,
    endedAt,
    ...(refresh.error !== undefined && { error: cut(refresh.error, MAX_KEPT_ERROR) }),
  };
  const succeeded = refresh.status === 'Successful';
  const failed = FAILURES.includes(refresh.status);
  const isOutcome = succeeded || (failed && !willRetry);
  const newest = (known: Refresh | undefined) => !known || endedAt > known.endedAt;
  const isNew = {
    success: succeeded && newest(tracked.success),
    failure: failed && newest(tracked.failure),
    ended: isOutcome && endedAt > (tracked.ended ?? Number.NEGATIVE_INFINITY),
  };
  if (!isNew.success && !isNew.failure && !isNew.ended) return tracked;
  const steps = tracked.expecting.map((expecting): Step => {
    const { anyOutcome } = expecting.expectation;
    if (!(anyOutcome ? isNew.ended : isNew.success)) return { expecting, firings: [] };
    return afterRefresh(expecting, endedAt, lastThatCounts(tracked, anyOutcome), now);
  });
  return {
    ...decided(tracked, steps),
    ...(isNew.success && { success: kept }),
    ...(isNew.failure && { failure: kept }),
    ...(isNew.ended && { ended: endedAt }),
  };
}

/** The state when the clock shows `now`. `isPaused` says whether a subscription is paused. */
export const withTime = (tracked: Tracked, now: number, isPaused: (subscription: string) => boolean): Tracked =>
  decided(
    tracked,
    tracked.expecting.map((expecting) => afterTime(expecting, now, isPaused(expecting.subscription))),
  );

/** End of the last refresh that meets an expectation. */
export const lastThatCounts = ({ success, ended }: Tracked, anyOutcome: boolean | undefined): number | undefined =>
  anyOutcome ? ended : success?.endedAt;

const decided = (tracked: Tracked, steps: readonly Step[]): Tracked => ({
  ...tracked,
  expecting: steps.map(({ expecting }) => expecting),
  unsent: [...tracked.unsent, ...steps.flatMap(({ firings }) => firings)],
});

/** The subjects that a full refresh belongs to: its kind, and both kinds. */
export const fullRefreshSubjects = (instanceId: string, kind: RefreshKind): Subject[] => [
  { type: 'full-refresh', instanceId, name: kind },
  { type: 'full-refresh', instanceId },
];
