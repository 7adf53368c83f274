import { OverdueEvent } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import type { EventPublisher } from '../../events/core/ports';
import { allSettledOrThrow } from '../../shared/core/batch';
import type { Clock, Telemetry } from '../../shared/core/ports';
import { sameJson } from '../../shared/core/same-json';
import { isPaused } from '../../subscriptions/core/health';
import type { SubscriptionReader } from '../../subscriptions/core/ports';
import { withSubscription } from './expect';
import { dueOf, type Firing } from './expecting';
import { overdueDetail } from './overdue-event';
import { type ExpectationStore, untilWon } from './ports';
import { isUnused, type Tracked, withTime } from './tracked';

export interface ProcessPorts {
  readonly expectations: ExpectationStore;
  readonly subscriptions: SubscriptionReader;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly connectorId: string;
}

/**
 * Decides what is due for a subject, and sends what is decided. A decision is written before its events are sent, so that a
 * crash repeats the same events with the same ids. The subscriptions are read before each decision: an entry that is no
 * longer theirs is corrected.
 */
export function processSubject(key: string, ports: ProcessPorts): Promise<boolean> {
  return untilWon(key, async () => {
    const tracked = await ports.expectations.read(key);
    if (!tracked) return true;
    if (tracked.unsent.length > 0) return (await send(tracked, ports)) ? again : undefined;
    const next = await decide(tracked, ports);
    if (isUnused(next)) return (await ports.expectations.remove(tracked)) || undefined;
    if (sameJson(next, tracked)) return true;
    await ports.expectations.write(next, tracked);
    return again;
  });
}

/** Reads the state again: what was decided is sent, and what is due after that is decided. */
const again = undefined;

async function decide(tracked: Tracked, { subscriptions, clock }: ProcessPorts): Promise<Tracked> {
  const now = clock();
  const isDue = (due: number | undefined) => due !== undefined && due <= now;
  const { checkAt, ...rest } = tracked;
  const isChecked = isDue(checkAt);
  const due = tracked.expecting.filter((one) => isChecked || isDue(dueOf(one)));
  const { current, read } = await followed(isChecked ? rest : tracked, due, { subscriptions, clock });
  const paused = new Set(read.flatMap((one) => (one && isPaused(one) ? [one.definition.name] : [])));
  return withTime(current, now, (name) => paused.has(name));
}

/** The state as the subscriptions of some entries are now, and these subscriptions. */
async function followed(
  tracked: Tracked,
  entries: readonly { readonly subscription: string }[],
  { subscriptions, clock }: Pick<ProcessPorts, 'subscriptions' | 'clock'>,
) {
  const names = [...new Set(entries.map(({ subscription }) => subscription))];
  const read = await Promise.all(names.map((name) => subscriptions.read(name)));
  const current = names.reduce((state, name, n) => withSubscription(state, name, read[n], clock()), tracked);
  return { current, read };
}

async function send(tracked: Tracked, ports: ProcessPorts): Promise<boolean> {
  const { events, expectations, telemetry, connectorId } = ports;
  // A refresh can meet an entry that a crash left behind: its subscription was removed, or expects something else now.
  const { current } = await followed(tracked, tracked.unsent, ports);
  const isExpected = ({ subscription, uid }: Firing) =>
    current.expecting.some((one) => one.subscription === subscription && one.uid === uid);
  const firings = tracked.unsent.filter(isExpected);
  await allSettledOrThrow(
    firings.map((firing) => events.publish(OverdueEvent.REFRESH_OVERDUE, overdueDetail(tracked, firing, connectorId))),
  );
  const missed = firings.filter(({ kind }) => kind === 'missed').length;
  if (missed > 0) telemetry.count(MetricName.OVERDUE_REFRESHES, missed);
  return expectations.write({ ...current, unsent: [] }, tracked);
}
