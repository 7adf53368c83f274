import { HealthEvent } from '../../../../contract/events';
import { durationText } from '../../../shared/core/duration';
import { type Announcement, dueOf, type Health, isPaused } from '../../../subscriptions/core/health';
import type { FlowResponse } from '../response';
import { breakerState, afterFailure as failuresAfter, onTrial } from './circuit-breaker';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A subscription pauses after so many answers that say that its flow or URL has to be mended … */
export const REFUSALS_TO_PAUSE = 3;
/** … over at least this long, milliseconds: whoever saves a flow switches it off for a moment. */
export const REFUSALS_SPAN = 10 * MINUTE;

/** When a pause is tried to be ended, milliseconds after it began: at 15 min, 1 h and 6 h, then daily for 14 days. */
export const PROBE_TIMES: readonly number[] = [
  15 * MINUTE,
  HOUR,
  6 * HOUR,
  ...Array.from({ length: 14 }, (_, day) => (day + 1) * DAY),
];

/**
 * Held deliveries that were accepted longer ago than this, milliseconds, stay held when the pause ends, unless the
 * subscription has a `maxAge`.
 */
export const MAX_HELD_AGE = 3 * DAY;

/** After this the sweep publishes what a worker should have, milliseconds: the worker must have ended. */
export const ANNOUNCEMENT_GRACE = 2 * MINUTE;

/**
 * After an answer that says that the flow or its URL has to be mended; undefined: nothing to note.
 * @param pace divides the waits.
 */
export function afterRefusal(
  health: Health | undefined,
  answer: FlowResponse,
  now: number,
  pace = 1,
): Health | undefined {
  const { count, since } = health?.refusals ?? { count: 0, since: now };
  const refusals = { count: Math.min(count + 1, REFUSALS_TO_PAUSE), since };
  const longEnough = now - since >= REFUSALS_SPAN / pace;
  if (refusals.count === REFUSALS_TO_PAUSE && longEnough) return paused(health, since, answer, now, pace);
  return refusals.count === count ? undefined : { ...base(health), drain: health?.drain, refusals };
}

function paused(
  health: Health | undefined,
  first: number,
  { status, error, problem }: FlowResponse,
  now: number,
  pace: number,
): Health {
  const answered = [status, error].filter((part) => part !== undefined).join(' ');
  const long = durationText(Math.floor((now - first) / 1000));
  const reason =
    problem === undefined
      ? `the flow has refused ${REFUSALS_TO_PAUSE} or more deliveries for ${long}, the last with ${answered}`
      : `${REFUSALS_TO_PAUSE} or more deliveries have failed for ${long}, the last because ${problem}`;
  const before = base(health);
  const detail = { reason, httpStatus: status, error, since: new Date(now).toISOString() };
  return {
    ...before,
    state: 'paused',
    reason,
    since: now,
    nextProbe: nextProbe(now, now, pace),
    announcements: [...before.announcements, pauseAnnouncement(detail, now, now + ANNOUNCEMENT_GRACE)],
  };
}

const pauseAnnouncement = (detail: Announcement['detail'], at: number, due: number): Announcement => ({
  detailType: HealthEvent.FLOW_SUBSCRIPTION_PAUSED,
  at,
  due,
  detail,
});

/**
 * After somebody's word that it shall be paused: no flow is tried until somebody resumes it, also where it was paused
 * already. The sweep tells the bus, if it was active. Undefined: somebody has paused it before.
 */
export function pausedByOperator(health: Health | undefined, now: number): Health | undefined {
  if (health?.bySomebody) return undefined;
  const reason = 'somebody paused it';
  const before = base(health);
  const since = health?.state === 'paused' ? (health.since ?? now) : now;
  const detail = { reason, since: new Date(now).toISOString() };
  const news = health?.state === 'paused' ? [] : [pauseAnnouncement(detail, now, now)];
  return {
    ...before,
    state: 'paused',
    reason,
    since,
    bySomebody: true,
    announcements: [...before.announcements, ...news],
  };
}

/** The next probe after `now` of a pause that began at `since`; `pace` divides the waits. */
export const nextProbe = (since: number, now: number, pace = 1): number | undefined =>
  PROBE_TIMES.map((after) => since + Math.round(after / pace)).find((at) => at > now);

/**
 * After a try that failed for a reason that may pass. Undefined: nothing to note.
 * @param trial the try was the one that an open breaker lets through.
 */
export function afterFailure(
  health: Health | undefined,
  answer: FlowResponse,
  trial: boolean,
  now: number,
  pace = 1,
): Health | undefined {
  const failures = failuresAfter(health?.failures, trial, now, answer.retryAfter, pace);
  return failures && { ...base(health), drain: health?.drain, refusals: health?.refusals, failures };
}

/** A worker takes the try that an open breaker lets through. Undefined: there is none to be taken. */
export const afterTrialTaken = (health: Health | undefined, now: number): Health | undefined =>
  health?.failures && breakerState(health.failures, now) === 'trial'
    ? { ...health, version: health.version + 1, failures: onTrial(health.failures, now) }
    : undefined;

/** After a success: what failed or refused before is forgotten. Undefined: nothing to note. */
export const afterSuccess = (health: Health | undefined): Health | undefined =>
  health?.state === 'active' && (health.refusals || health.failures)
    ? { ...base(health), drain: health.drain }
    : undefined;

/**
 * After whatever makes a paused subscription active: its held deliveries drain. Undefined: it is not paused.
 * @param announcer `worker`: whoever writes this publishes it at once. `sweep`: the sweep does.
 */
export function resumed(
  health: Health | undefined,
  reason: string,
  announcer: 'worker' | 'sweep',
  now: number,
): Health | undefined {
  if (health?.state !== 'paused') return undefined;
  const before = base(health);
  const pausedSince = new Date(health.since ?? now).toISOString();
  return {
    ...before,
    drain: { emptyPasses: 0, due: now },
    announcements: [
      ...before.announcements,
      {
        detailType: HealthEvent.FLOW_SUBSCRIPTION_RESUMED,
        at: now,
        due: announcer === 'worker' ? now + ANNOUNCEMENT_GRACE : now,
        detail: { reason, since: new Date(now).toISOString(), pausedSince },
      },
    ],
  };
}

/** What a subscription's definition says of its health. */
interface KeptAlive {
  /** Milliseconds. */
  readonly keepAlive?: number;
}

/**
 * Of a subscription that was made, or was given a new flow or definition: active, unless somebody paused it, with what the
 * sweep still has to do. Undefined: nothing.
 */
export function afterEdit(
  previous: { readonly definition: KeptAlive; readonly health?: Health } | undefined,
  next: KeptAlive,
  now: number,
): Health | undefined {
  const health = previous?.health;
  const changed = health?.bySomebody
    ? { ...health, version: health.version + 1 }
    : (resumed(health, 'the subscription was changed', 'sweep', now) ?? { ...base(health), drain: health?.drain });
  const sameInterval = previous?.definition.keepAlive === next.keepAlive;
  const keepAlive = sameInterval ? health?.keepAlive : next.keepAlive && now + next.keepAlive;
  const edited = { ...changed, keepAlive };
  return dueOf(edited) === undefined && !isPaused({ health: edited }) ? undefined : edited;
}

/** Active, and nothing under way but the announcements and the next test body. */
const base = (health: Health | undefined): Health => ({
  version: (health?.version ?? 0) + 1,
  state: 'active',
  keepAlive: health?.keepAlive,
  announcements: health?.announcements ?? [],
});
