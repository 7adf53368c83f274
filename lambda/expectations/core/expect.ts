import { sameJson } from '../../shared/core/same-json';
import type { Subscription, SubscriptionDefinition } from '../../subscriptions/core/subscription';
import { type Expecting, expectFrom } from './expecting';
import { lastThatCounts, type Subject, subjectKey, type Tracked } from './tracked';

/** The subject whose refreshes a subscription expects. Undefined for other triggers. */
export function expectedSubject({ instanceId, filter, expectation }: SubscriptionDefinition): Subject | undefined {
  if (!expectation) return undefined;
  const { dataSource, segment, measure, kind, unification } = filter;
  if (dataSource !== undefined) return { type: 'data-source', instanceId, name: dataSource };
  if (segment !== undefined) return { type: 'segment', instanceId, name: segment };
  if (measure !== undefined) return { type: 'measure', instanceId, name: measure };
  if (unification) return { type: 'unification', instanceId };
  return { type: 'full-refresh', instanceId, ...(kind !== undefined && { name: kind }) };
}

/**
 * The state after a subscription was made, changed or removed. Keeps the progress of an expectation that did not change.
 * @param subscription as it is stored now. Undefined: it was removed.
 */
export function withSubscription(
  tracked: Tracked,
  name: string,
  subscription: Subscription | undefined,
  now: number,
): Tracked {
  const entry = subscription && expectingOf(tracked, subscription, now);
  const isKnown = tracked.expecting.some((one) => one.subscription === name);
  const entries = isKnown
    ? tracked.expecting.map((one) => (one.subscription === name ? entry : one))
    : [...tracked.expecting, entry];
  return { ...tracked, expecting: entries.filter((one) => one !== undefined) };
}

function expectingOf(tracked: Tracked, { definition, uid, flow }: Subscription, now: number): Expecting | undefined {
  const { name, expectation } = definition;
  const subject = expectedSubject(definition);
  if (!expectation || !subject || subjectKey(subject) !== subjectKey(tracked.subject)) return undefined;
  const declared = { subscription: name, uid, expectation, startsFlow: flow !== undefined };
  const known = tracked.expecting.find((one) => one.subscription === name && one.uid === uid);
  if (known && sameJson(known.expectation, expectation)) return { ...known, ...declared };
  return expectFrom(declared, now, lastThatCounts(tracked, expectation.anyOutcome));
}
