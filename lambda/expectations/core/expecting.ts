import { identityHash } from '../../shared/core/identity';
import type { Expectation } from '../../subscriptions/core/subscription';
import { timeAfter, timeFrom } from './rhythm';

/** An expectation that a refresh has not met in time. */
export interface Missed {
  /** The first time that was missed since the last refresh, epoch milliseconds. */
  readonly since: number;
  /** The last time that was missed, epoch milliseconds. */
  readonly time: number;
  /** Number of the last repeat. */
  readonly repeats: number;
}

/** The state of a subscription's expectation. All instants are epoch milliseconds. */
export interface Expecting {
  readonly subscription: string;
  readonly uid: string;
  readonly expectation: Expectation;
  /** False for a subscription without a flow, which only sends its event. */
  readonly startsFlow: boolean;
  /** When the subscription was made, or its expectation changed. */
  readonly since: number;
  /** The next time by which a refresh is expected. Undefined after it was missed, if only a refresh sets the next one. */
  readonly next?: number;
  readonly missed?: Missed;
}

/** An event that an expectation has to send. `missed`: n is the number of the repeat, 0 for the first. */
export interface Firing extends Pick<Expecting, 'subscription' | 'uid' | 'startsFlow' | 'expectation'> {
  readonly kind: 'missed' | 'back';
  /** The time that was missed. */
  readonly time: number;
  /** The first time that was missed since the last refresh. */
  readonly since: number;
  readonly n: number;
  /** When it was decided. */
  readonly at: number;
}

/** Same for every attempt to send the event, so that duplicates deliver once. */
export const firingId = ({ kind, uid, time, n }: Firing): string => identityHash('refresh-overdue', uid, time, kind, n);

/** A state, and the events that led to it. */
export interface Step {
  readonly expecting: Expecting;
  readonly firings: readonly Firing[];
}

/**
 * The state of a new or changed expectation.
 * @param last end of the last refresh that counts. Undefined: none is known.
 */
export function expectFrom(
  declared: Pick<Expecting, 'subscription' | 'uid' | 'expectation' | 'startsFlow'>,
  since: number,
  last: number | undefined,
): Expecting {
  const { rhythm, firstRefreshWithin } = declared.expectation;
  const isFirst = last === undefined;
  if (isFirst && firstRefreshWithin !== undefined) return { ...declared, since, next: since + firstRefreshWithin };
  if (isFirst) return { ...declared, since, next: 'every' in rhythm ? since + rhythm.every : timeAfter(rhythm, since) };
  return { ...declared, since, next: timeAfterRefresh(declared.expectation, since, last) };
}

/** The next expected time after a refresh that ended at `end`. A local time is never before the subscription was made. */
function timeAfterRefresh({ rhythm, grace }: Expectation, since: number, end: number): number {
  if ('every' in rhythm) return end + rhythm.every;
  // A refresh in the grace of a time belongs to that time, not to the next one.
  const met = timeFrom(rhythm, end - grace);
  return timeAfter(rhythm, Math.max(met, since));
}

/**
 * The state after a refresh that counts.
 * @param end end of the refresh, up to `now`, and after `last`.
 * @param last end of the last refresh that counted.
 */
export function afterRefresh(before: Expecting, end: number, last: number | undefined, now: number): Step {
  const { expecting, firings } = passed(before, end - 1, now);
  const { expectation, since, missed, next } = expecting;
  const { rhythm, grace, alsoWhenBack } = expectation;
  const target = timeAfterRefresh(expectation, since, end);
  const isDaily = !('every' in rhythm);
  // The first refresh ends the time that `firstRefreshWithin` gives it.
  const isFirst = last === undefined && expectation.firstRefreshWithin !== undefined;
  const upcoming = missed && next !== undefined ? Math.max(next, target) : target;
  if (!missed) return { expecting: { ...expecting, next: upcoming }, firings };
  // A refresh that was reported so late that the next one is overdue, or that belongs to an earlier time, ends nothing.
  const isBack = isDaily ? isFirst || target > missed.time : target + grace > now;
  if (!isBack) return { expecting, firings };
  const { missed: _, ...recovered } = expecting;
  const back = alsoWhenBack ? [firing(expecting, 'back', missed, now)] : [];
  return { expecting: { ...recovered, next: upcoming }, firings: [...firings, ...back] };
}

/**
 * The state when the clock shows `now`.
 * @param isPaused while the subscription is paused, repeats are skipped.
 */
export function afterTime(before: Expecting, now: number, isPaused: boolean): Step {
  const { expecting, firings } = passed(before, now, now);
  const { missed, expectation } = expecting;
  if (!missed || expectation.repeatEvery === undefined) return { expecting, firings };
  const n = Math.floor((now - missed.time - expectation.grace) / expectation.repeatEvery);
  if (n <= missed.repeats) return { expecting, firings };
  const repeated = { ...missed, repeats: n };
  // Repeats that the schedule was too late for are skipped.
  const isNew = firings.length === 0 && !isPaused;
  return {
    expecting: { ...expecting, missed: repeated },
    firings: isNew ? [firing(expecting, 'missed', repeated, now)] : firings,
  };
}

/** Times whose grace ended by `until`: each was missed, since no refresh moved it. */
function passed(before: Expecting, until: number, now: number): Step {
  let expecting = before;
  const firings: Firing[] = [];
  const { rhythm, grace } = before.expectation;
  while (expecting.next !== undefined && expecting.next + grace <= until) {
    const time = expecting.next;
    const missed = { since: expecting.missed?.since ?? time, time, repeats: 0 };
    expecting = { ...expecting, missed, next: 'every' in rhythm ? undefined : timeAfter(rhythm, time) };
    firings.push(firing(expecting, 'missed', missed, now));
  }
  return { expecting, firings };
}

function firing(
  { subscription, uid, startsFlow, expectation }: Expecting,
  kind: Firing['kind'],
  { time, since, repeats }: Missed,
  at: number,
): Firing {
  return { kind, subscription, uid, startsFlow, expectation, time, since, n: kind === 'back' ? 0 : repeats, at };
}

/** When the state must be looked at again, epoch milliseconds. Undefined: only after a refresh. */
export function dueOf({ next, missed, expectation }: Expecting): number | undefined {
  const { grace, repeatEvery } = expectation;
  const repeat = missed && repeatEvery && missed.time + grace + (missed.repeats + 1) * repeatEvery;
  const dues = [next === undefined ? undefined : next + grace, repeat].filter((due) => due !== undefined);
  return dues.length > 0 ? Math.min(...dues) : undefined;
}
