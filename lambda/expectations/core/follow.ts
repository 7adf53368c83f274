import { type Metric, metricKey } from '../../shared/core/metric';
import type { Clock } from '../../shared/core/ports';
import { sameJson } from '../../shared/core/same-json';
import type { SubscriptionReader } from '../../subscriptions/core/ports';
import { withSubscription } from './expect';
import { type ExpectationStore, type MetricMarks, untilWon } from './ports';
import { isUnused, type Subject, subjectKey, type Tracked, withRefresh } from './tracked';

export interface FollowPorts {
  readonly expectations: ExpectationStore;
  readonly subscriptions: SubscriptionReader;
  readonly thresholds: MetricMarks;
  readonly clock: Clock;
  /** Returns a unique id. */
  readonly newId: () => string;
}

/** Subscriptions that can expect the same subject. They share one item, which every refresh writes. */
export const MAX_EXPECTATIONS = 50;

/**
 * Makes a subject's state follow a subscription that was made, changed or removed. Reads the state before the subscription,
 * and both again after a write: of two concurrent changes, the last one finds what the other wrote. Safe to repeat, and
 * repeated by each registration of an unchanged subscription. What a crash leaves behind is corrected when it is due, or an
 * hour after a subscription left, and sends no event.
 */
export async function followSubscription(subject: Subject, name: string, ports: FollowPorts): Promise<void> {
  const { expectations, subscriptions, clock } = ports;
  const key = subjectKey(subject);
  const followed = await untilWon<Tracked | 'unused'>(key, async () => {
    const stored = await expectations.read(key);
    const before = stored ?? { id: ports.newId(), subject, version: 0, expecting: [], unsent: [] };
    const next = withSubscription(before, name, await subscriptions.read(name), clock());
    if (!stored && isUnused(next)) return 'unused';
    if (stored && sameJson(next, stored)) return stored;
    await (stored && isUnused(next) ? expectations.remove(stored) : expectations.write(next, stored));
    // Reads both again: a change that was made before this write can have found nothing to correct.
    return undefined;
  });
  const isExpected = followed !== 'unused' && followed.expecting.some((one) => one.subscription === name);
  if (isExpected && !followed.marked) await markMetrics(subject, ports);
}

/**
 * Marks the metrics of a segment or measure, and records their last value as a refresh. After the state was written: an
 * evaluation that did not find it then loses its race. The measure before its members: a new member reads its measure's mark
 * after it is listed.
 */
async function markMetrics(subject: Subject, { expectations, thresholds, clock }: FollowPorts): Promise<void> {
  const { type, instanceId, name } = subject;
  if ((type !== 'segment' && type !== 'measure') || name === undefined) return;
  const metric: Metric = { kind: type, instanceId, name };
  const first = await thresholds.markExpected(metric);
  const members = type === 'measure' ? await thresholds.members(metricKey(metric)) : [];
  const others = await Promise.all(members.map((dimensions) => thresholds.markExpected({ ...metric, dimensions })));
  const observed = [first, ...others].filter((at) => at !== undefined);
  const key = subjectKey(subject);
  await untilWon(key, async () => {
    const stored = await expectations.read(key);
    if (!stored) return true;
    const endedAt = observed.length > 0 ? Math.max(...observed) : undefined;
    const refresh = endedAt !== undefined && { id: 'stored', endedAt, status: 'Successful' as const };
    const known = refresh ? withRefresh(stored, refresh, clock()) : stored;
    return (await expectations.write({ ...known, marked: true }, stored)) || undefined;
  });
}
