import { HealthEvent } from '../../../../contract/events';
import { durationText } from '../../../shared/core/duration';
import { type Announcement, type Health, isPaused, nextDue } from '../../../subscriptions/core/health';
import type { FlowResponse } from '../response';
import { breakerState, countFailure, withTrialStarted } from './circuit-breaker';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Responses that pause a subscription, because they show that its flow or URL must be fixed … */
export const REFUSALS_TO_PAUSE = 3;
/** … over at least this many milliseconds, because saving a flow switches it off for a moment. */
export const REFUSALS_SPAN = 10 * MINUTE;

/** Probe times in milliseconds after a pause began: 15 min, 1 h and 6 h, then daily for 14 days. */
export const PROBE_TIMES: readonly number[] = [
  15 * MINUTE,
  HOUR,
  6 * HOUR,
  ...Array.from({ length: 14 }, (_, day) => (day + 1) * DAY),
];

/**
 * Age in milliseconds above which deliveries stay held when the pause ends. A subscription's `maxAge` replaces it.
 */
export const MAX_HELD_AGE = 3 * DAY;

/** Milliseconds until the sweep publishes an announcement that a worker did not. By then the worker has ended. */
export const ANNOUNCEMENT_GRACE = 2 * MINUTE;

/**
 * After a response that shows that the flow or its URL must be fixed. Undefined: no change.
 * @param pace divides the waits.
 */
export function afterRefusal(
  health: Health | undefined,
  response: FlowResponse,
  now: number,
  pace = 1,
): Health | undefined {
  const { count, since } = health?.refusals ?? { count: 0, since: now };
  const refusals = { count: Math.min(count + 1, REFUSALS_TO_PAUSE), since };
  const longEnough = now - since >= REFUSALS_SPAN / pace;
  if (refusals.count === REFUSALS_TO_PAUSE && longEnough) return paused(health, since, response, now, pace);
  return refusals.count === count ? undefined : { ...base(health), drain: health?.drain, refusals };
}

function paused(
  health: Health | undefined,
  first: number,
  { status, error, problem }: FlowResponse,
  now: number,
  pace: number,
): Health {
  const response = [status, error].filter((part) => part !== undefined).join(' ');
  const duration = durationText(Math.floor((now - first) / 1000));
  const reason =
    problem === undefined
      ? `the flow refused ${REFUSALS_TO_PAUSE} or more deliveries over ${duration}, the last with ${response}`
      : `${REFUSALS_TO_PAUSE} or more deliveries failed over ${duration}, the last because ${problem}`;
  const before = base(health);
  const detail = { reason, httpStatus: status, error, since: new Date(now).toISOString() };
  return {
    ...before,
    state: 'paused',
    reason,
    since: now,
    nextProbe: nextProbe(now, now, pace),
    announcements: [
      ...before.announcements,
      { detailType: HealthEvent.FLOW_SUBSCRIPTION_PAUSED, at: now, due: now + ANNOUNCEMENT_GRACE, detail },
    ],
  };
}

/**
 * After an operator paused the subscription. It stays paused until an operator resumes it, even if a pause by refusals
 * came first. If it was active, the sweep announces the pause. Undefined: an operator has already paused it.
 */
export function pausedByOperator(health: Health | undefined, now: number): Health | undefined {
  if (health?.bySomebody) return undefined;
  const reason = 'an operator paused it';
  const before = base(health);
  const since = health?.state === 'paused' ? (health.since ?? now) : now;
  const detail = { reason, since: new Date(now).toISOString() };
  const announcement: Announcement = { detailType: HealthEvent.FLOW_SUBSCRIPTION_PAUSED, at: now, due: now, detail };
  return {
    ...before,
    state: 'paused',
    reason,
    since,
    bySomebody: true,
    endsAt: health?.endsAt,
    announcements: health?.state === 'paused' ? before.announcements : [...before.announcements, announcement],
  };
}

/**
 * After a flow unregistered. Its deliveries are held until `endsAt`, because Power Automate may unregister a flow that is
 * being edited before it registers the new version. Undefined: the subscription already ends.
 */
export function ending(health: Health | undefined, endsAt: number): Health | undefined {
  if (health?.endsAt !== undefined) return undefined;
  const { reason, since, bySomebody } = health ?? {};
  return { ...base(health), state: health?.state ?? 'active', reason, since, bySomebody, endsAt };
}

/** The next probe after `now` of a pause that began at `since`. `pace` divides the waits. */
export const nextProbe = (since: number, now: number, pace = 1): number | undefined =>
  PROBE_TIMES.map((after) => since + Math.round(after / pace)).find((at) => at > now);

/**
 * After a try that failed temporarily. Undefined: no change.
 * @param trial the try was the trial of an open breaker.
 */
export function afterFailure(
  health: Health | undefined,
  response: FlowResponse,
  trial: boolean,
  now: number,
  pace = 1,
): Health | undefined {
  const failures = countFailure(health?.failures, trial, now, response.retryAfter, pace);
  return failures && { ...base(health), drain: health?.drain, refusals: health?.refusals, failures };
}

/** After a worker claimed the trial of an open breaker. Undefined: no trial is available. */
export const withTrialClaimed = (health: Health | undefined, now: number): Health | undefined =>
  health?.failures && breakerState(health.failures, now) === 'trial'
    ? { ...health, version: health.version + 1, failures: withTrialStarted(health.failures, now) }
    : undefined;

/** After a success: clears the recorded failures and refusals. Undefined: no change. */
export const afterSuccess = (health: Health | undefined): Health | undefined =>
  health?.state === 'active' && (health.refusals || health.failures)
    ? { ...base(health), drain: health.drain }
    : undefined;

/**
 * After a paused subscription became active: its held deliveries drain. Undefined: it is not paused.
 * @param announcer `worker`: the caller publishes the change at once. `sweep`: the sweep publishes it.
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
  const { endsAt } = health;
  return {
    ...before,
    // The deliveries of a flow that unregistered stay held.
    ...(endsAt === undefined ? { drain: { emptyPasses: 0, due: now } } : { endsAt }),
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

/** The part of a definition that health depends on. */
interface KeptAlive {
  /** Milliseconds. */
  readonly keepAlive?: number;
}

/**
 * After a subscription was created or its flow or definition changed. It becomes active, unless an operator paused it,
 * and keeps the pending work of the sweep. Undefined: it is active and the sweep has no work for it.
 */
export function afterEdit(
  previous: { readonly definition: KeptAlive; readonly health?: Health } | undefined,
  next: KeptAlive,
  now: number,
): Health | undefined {
  const health = previous?.health;
  const changed = health?.bySomebody
    ? { ...health, version: health.version + 1, endsAt: undefined, retireAt: undefined }
    : (resumed(health && { ...health, endsAt: undefined }, 'the subscription was changed', 'sweep', now) ?? {
        ...base(health),
        drain: health?.endsAt === undefined ? health?.drain : { emptyPasses: 0, due: now },
      });
  const sameInterval = previous?.definition.keepAlive === next.keepAlive;
  const keepAlive = sameInterval ? health?.keepAlive : next.keepAlive && now + next.keepAlive;
  const edited = { ...changed, keepAlive };
  return nextDue(edited) === undefined && !isPaused({ health: edited }) ? undefined : edited;
}

/** An active state that keeps only the pending announcements and the next keep-alive. */
const base = (health: Health | undefined): Health => ({
  version: (health?.version ?? 0) + 1,
  state: 'active',
  keepAlive: health?.keepAlive,
  announcements: health?.announcements ?? [],
});
