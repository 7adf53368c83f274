import { Metric as MetricName } from '../../../contract/metrics';
import type { ExpectationStore } from '../../expectations/core/ports';
import { processSubject } from '../../expectations/core/process';
import { subjectKeyOf } from '../../expectations/core/tracked';
import { allSettledOrThrow } from '../../shared/core/batch';
import { identityHash } from '../../shared/core/identity';
import { type Health, isPaused } from '../../subscriptions/core/health';
import type { DueSubscriptions } from '../../subscriptions/core/ports';
import { sampleEvent } from '../../subscriptions/core/sample';
import type { Subscription, SubscriptionDefinition } from '../../subscriptions/core/subscription';
import { announceDeath } from './death';
import { ANNOUNCEMENT_GRACE, MAX_HELD_AGE, nextProbe } from './health/health-transitions';
import { HealthWriter } from './health/health-writer';
import { publishAnnouncements } from './health/record-outcome';
import { settleOutcome } from './outcomes/outcome-announcement';
import type { DeliverPorts, DeliveryKey, DeliveryReader, HeldDelivery, OutcomeStore } from './ports';
import { resendHeld } from './replay';

export type ScheduledWorkPorts = Pick<
  DeliverPorts,
  'deliveries' | 'subscriptions' | 'events' | 'telemetry' | 'clock' | 'connectorId' | 'pace' | 'send'
> & {
  readonly kept: DeliveryReader;
  /** Reports the age of the oldest delivery also while none waits, as a sign of life. Default: false, to save the metric. */
  readonly alwaysMeasures?: boolean;
  readonly outcomes: OutcomeStore & {
    /** Accepted deliveries whose outcome is due at `now` (epoch milliseconds). Eventually consistent. */
    due(now: number): Promise<DeliveryKey[]>;
  };
  readonly expectations: ExpectationStore;
  readonly due: DueSubscriptions & {
    /** Dead deliveries not announced since `before` (epoch milliseconds). Eventually consistent. */
    unannounced(before: number): Promise<DeliveryKey[]>;
  };
};

/**
 * Milliseconds between two drain passes. Longer than a function runs: a worker that was about to hold a delivery when
 * the subscription resumed has held it by the next pass, and the index shows it.
 */
const PASS_INTERVAL = 70_000;
/** Consecutive empty passes that end a drain. */
const EMPTY_PASSES = 2;
/** Held deliveries that one pass sends. The next pass sends the rest. */
const MAX_SENT = 1000;
/** From the last probe to the removal of a registered subscription, milliseconds. The probe's own retries have ended by then. */
const RETIRE_AFTER = 60 * 60_000;
/** Held deliveries sent per second, so that they do not overload a flow that has just recovered. */
const SENT_PER_SECOND = 10;

/**
 * Continues unfinished work every minute: probes paused subscriptions, sends the held deliveries of resumed ones, publishes
 * announcements that workers did not, announces flows that failed or did not report in time, and reports overdue refreshes.
 * @throws AggregateError if a step failed. The other steps are done, and the next run repeats the failed ones.
 */
export async function runScheduledWork(ports: ScheduledWorkPorts): Promise<void> {
  const { due, outcomes, clock } = ports;
  const failures: unknown[] = [];
  const each = async <Key>(keys: readonly Key[], act: (key: Key, ports: ScheduledWorkPorts) => Promise<unknown>) => {
    for (const key of keys) await act(key, ports).catch((error) => failures.push(error));
  };
  await each(await due.dueSubscriptions(clock()), processDueItem);
  await each(await due.unannounced(clock() - ANNOUNCEMENT_GRACE), announceOverdueDeath);
  await each(await outcomes.due(clock()), settleOutcome);
  await reportOldestPending(ports).catch((error) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} steps of the sweep failed`);
}

/** The queue's own age metric ignores delayed messages, and every delivery that waits for a retry is delayed. */
async function reportOldestPending(ports: ScheduledWorkPorts): Promise<void> {
  const { kept, clock, telemetry, alwaysMeasures } = ports;
  const since = await kept.oldestPending();
  if (since === undefined && !alwaysMeasures) return;
  telemetry.seconds(MetricName.OLDEST_PENDING_AGE, since === undefined ? 0 : Math.max(0, clock() - since) / 1000);
}

async function processDueItem(key: string, ports: ScheduledWorkPorts): Promise<unknown> {
  const subject = subjectKeyOf(key);
  return subject === undefined ? processDueSubscription(key, ports) : processSubject(subject, ports);
}

async function processDueSubscription(name: string, ports: ScheduledWorkPorts): Promise<void> {
  const now = ports.clock();
  let subscription = await ports.subscriptions.read(name);
  if (subscription?.health?.announcements.some(({ due }) => due <= now)) {
    const writer = new HealthWriter(ports.subscriptions);
    subscription = await publishAnnouncements(subscription, { ...ports, writer });
  }
  if (!subscription) return;
  const { nextProbe: probeAt = Infinity, drain, keepAlive = Infinity } = subscription.health ?? {};
  if (keepAlive <= now) await keepFlowAlive(subscription, keepAlive, ports);
  if (probeAt <= now) await probe(subscription, ports);
  if (drain && drain.due <= now) await drainPass(subscription, ports);
}

/** Writes what `next` changes, unless it returns undefined. */
const updateHealth = (
  subscription: Subscription,
  { subscriptions }: ScheduledWorkPorts,
  next: (health: Health, definition: SubscriptionDefinition) => Partial<Health> | undefined,
) =>
  new HealthWriter(subscriptions).update(subscription, ({ health, definition }) => {
    if (!health) return undefined;
    const change = next(health, definition);
    return change && { ...health, version: health.version + 1, ...change };
  });

/** Whether a held delivery is young enough to be sent. */
const isYoungEnough =
  (now: number, { definition }: Subscription) =>
  ({ acceptedAt }: HeldDelivery): boolean =>
    acceptedAt >= now - (definition.maxAge ?? MAX_HELD_AGE);

/**
 * Tries the oldest held delivery that is young enough, or the newest if all are too old. The message is sent before the
 * next probe is recorded: a crash in between sends a second message for the same try, which `deliver` discards.
 */
async function probe(subscription: Subscription, ports: ScheduledWorkPorts): Promise<void> {
  const now = ports.clock();
  const held = await ports.kept.held(subscription.definition.name);
  const candidate = held.find(isYoungEnough(now, subscription)) ?? held.at(-1);
  if (candidate) await resendHeld(candidate, { probe: true }, 0, ports);
  await updateHealth(subscription, ports, (health) =>
    health.nextProbe === subscription.health?.nextProbe
      ? afterProbe(subscription, health.since ?? now, now, ports.pace)
      : undefined,
  );
}

/** The next probe. After the last one, a subscription that its flow registered is removed. */
function afterProbe(
  { registration }: Subscription,
  since: number,
  now: number,
  pace = 1,
): Pick<Health, 'nextProbe' | 'retireAt'> {
  const next = nextProbe(since, now, pace);
  if (next !== undefined || registration === undefined) return { nextProbe: next };
  return { nextProbe: undefined, retireAt: now + Math.round(RETIRE_AFTER / pace) };
}

/**
 * Sends a test body so that the flow runs regularly. Skipped while the subscription is paused, because its probes do
 * the same. The event's identity is the due time: after a crash the message is sent twice and delivered once.
 */
async function keepFlowAlive(subscription: Subscription, due: number, ports: ScheduledWorkPorts): Promise<void> {
  const { definition, uid } = subscription;
  const now = ports.clock();
  if (!isPaused(subscription)) {
    const event = sampleEvent(definition, identityHash('keepAlive', uid, due), now);
    await ports.send({ subscription: definition.name, uid, event, acceptedAt: now, n: 0, isTest: true }, 0);
  }
  await updateHealth(subscription, ports, (health, { keepAlive }) =>
    health.keepAlive === due ? { keepAlive: keepAlive && now + keepAlive } : undefined,
  );
}

/** Sends the held deliveries of a resumed subscription that are young enough. */
async function drainPass(subscription: Subscription, ports: ScheduledWorkPorts): Promise<void> {
  const now = ports.clock();
  const held = await ports.kept.held(subscription.definition.name);
  const toSend = held.filter(isYoungEnough(now, subscription)).slice(0, MAX_SENT);
  const sent = await allSettledOrThrow(
    toSend.map((key, n) => resendHeld(key, {}, Math.floor(n / SENT_PER_SECOND), ports)),
  );
  const found = sent.some(Boolean);
  const spread = Math.floor(toSend.length / SENT_PER_SECOND) * 1000;
  const due = now + Math.round(PASS_INTERVAL / (ports.pace ?? 1)) + spread;
  await updateHealth(subscription, ports, (health) => {
    if (!health.drain || isPaused({ health }) || health.drain.due !== subscription.health?.drain?.due) return undefined;
    const emptyPasses = found ? 0 : health.drain.emptyPasses + 1;
    return { drain: emptyPasses < EMPTY_PASSES ? { emptyPasses, due } : undefined };
  });
}

async function announceOverdueDeath(key: DeliveryKey, ports: ScheduledWorkPorts): Promise<void> {
  const notice = (await ports.kept.find(key))?.notice;
  if (notice) await announceDeath(key, notice, ports);
}
