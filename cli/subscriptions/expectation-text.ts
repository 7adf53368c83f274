import { expectedSubject } from '../../lambda/expectations/core/expect';
import type { Expecting } from '../../lambda/expectations/core/expecting';
import { dueOf } from '../../lambda/expectations/core/expecting';
import { type Refresh, subjectKey, type Tracked } from '../../lambda/expectations/core/tracked';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { Connector } from '../connector/connector';
import { isoTime, timeText } from '../shell/time';

/** What the connector knows of the refreshes that a subscription expects. */
export interface ExpectationStatus {
  readonly success?: Refresh;
  readonly failure?: Refresh;
  /** Undefined if the registration was interrupted before the connector expects the refresh. */
  readonly expecting?: Expecting;
  /** Whether an event is decided and not on the bus yet. */
  readonly isUnsent: boolean;
}

/** Undefined for a subscription that expects no refresh. */
export async function readExpectation(
  { definition, uid }: Subscription,
  { registry }: Pick<Connector, 'registry'>,
): Promise<ExpectationStatus | undefined> {
  const subject = expectedSubject(definition);
  if (!subject) return undefined;
  const tracked: Tracked | undefined = await registry.expectations.read(subjectKey(subject));
  const isOwn = (one: { readonly subscription: string; readonly uid: string }) =>
    one.subscription === definition.name && one.uid === uid;
  return {
    success: tracked?.success,
    failure: tracked?.failure,
    expecting: tracked?.expecting.find(isOwn),
    isUnsent: tracked?.unsent.some(isOwn) ?? false,
  };
}

/** A refresh: `Failed 2026-11-05 06:00 (2 h ago), run nightly-5: Access denied`. */
export function refreshText({ endedAt, status, runId, error }: Refresh, now: number): string {
  return `${status} ${timeText(endedAt, now)}${runId ? `, run ${runId}` : ''}${error ? `: ${error}` : ''}`;
}

/** Labels and values of a status. */
export function expectationFields(
  { success, failure, expecting }: ExpectationStatus,
  now: number,
): [string, string | undefined | false][] {
  const due = expecting && dueOf(expecting);
  const { missed, next } = expecting ?? {};
  return [
    ['overdue since', missed && timeText(missed.since, now)],
    ['expected by', next !== undefined && timeText(next, now)],
    ['starts at', due !== undefined && `${timeText(due, now)} without a refresh`],
    ['last success', success ? refreshText(success, now) : 'none is known'],
    ['last failure', failure && refreshText(failure, now)],
  ];
}

/** A status as JSON. */
export const expectationJson = ({ success, failure, expecting, isUnsent }: ExpectationStatus): object => ({
  overdueSince: isoTime(expecting?.missed?.since),
  expectedBy: isoTime(expecting?.next),
  startsAt: isoTime(expecting && dueOf(expecting)),
  lastSuccess: success && { ...success, endedAt: isoTime(success.endedAt) },
  lastFailure: failure && { ...failure, endedAt: isoTime(failure.endedAt) },
  isUnsent,
});
