import { Metric as MetricName } from '../../../contract/metrics';
import { allSettledOrThrow } from '../../shared/core/batch';
import { identityHash } from '../../shared/core/identity';
import { type Health, isPaused } from '../../subscriptions/core/health';
import type { DueSubscriptions } from '../../subscriptions/core/ports';
import { sampleEvent } from '../../subscriptions/core/sample';
import type { Subscription } from '../../subscriptions/core/subscription';
import { announceDeath, type DeathNotice, type DeliverPorts, type DeliveryKey } from './deliver';
import { ANNOUNCEMENT_GRACE, MAX_HELD_AGE, nextProbe } from './health/health-transitions';
import { HealthChanges } from './health/health-writer';
import { announceHealth } from './health/record-outcome';
import { type HeldDelivery, type KeptDeliveries, resendHeld } from './replay';

/** What coming back to subscriptions and deliveries needs. */
export type ScheduledWorkPorts = Pick<
  DeliverPorts,
  'deliveries' | 'subscriptions' | 'events' | 'telemetry' | 'clock' | 'connectorId' | 'pace' | 'send'
> & {
  readonly kept: KeptDeliveries;
  readonly due: DueSubscriptions & {
    /** Dead deliveries of which the bus has had to be told since before `before` (epoch milliseconds). May lag behind. */
    unannounced(before: number): Promise<DeliveryKey[]>;
  };
};

/**
 * From one pass over the held deliveries to the next, milliseconds: longer than a function runs, so that a worker which
 * was about to hold one when the subscription became active has held it by then, and the list of them shows it.
 */
const PASS_INTERVAL = 70_000;
/** The drain ends when so many passes in a row have found nothing. */
const EMPTY_PASSES = 2;
/** Held deliveries sent in a pass; the next pass takes those behind them. */
const MAX_SENT = 1000;
/** Held deliveries sent for the same second: a flow that has just recovered is not run over. */
const SENT_PER_SECOND = 10;

/**
 * Comes back, every minute, to what deliveries and subscriptions have left: probes of paused subscriptions, held
 * deliveries of those that are active again, and news that the bus has not been told.
 * @throws AggregateError when some of it failed; the rest is done, and the next run comes back to those.
 */
export async function runScheduledWork(ports: ScheduledWorkPorts): Promise<void> {
  const { due, clock } = ports;
  const failures: unknown[] = [];
  const each = async <Key>(keys: readonly Key[], act: (key: Key, ports: ScheduledWorkPorts) => Promise<unknown>) => {
    for (const key of keys) await act(key, ports).catch((error) => failures.push(error));
  };
  await each(await due.dueSubscriptions(clock()), tendSubscription);
  await each(await due.unannounced(clock() - ANNOUNCEMENT_GRACE), tellOfDeath);
  await noteOldestPending(ports).catch((error) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} steps of the sweep failed`);
}

/** The queue's own age does not tell: it leaves out messages that are delayed, as all are that wait for another try. */
async function noteOldestPending({ kept, clock, telemetry }: ScheduledWorkPorts): Promise<void> {
  const since = await kept.oldestPending();
  telemetry.seconds(MetricName.OLDEST_PENDING_AGE, since === undefined ? 0 : Math.max(0, clock() - since) / 1000);
}

async function tendSubscription(name: string, ports: ScheduledWorkPorts): Promise<void> {
  const now = ports.clock();
  let subscription = await ports.subscriptions.read(name);
  if (subscription?.health?.announcements.some(({ due }) => due <= now)) {
    const changes = new HealthChanges(ports.subscriptions);
    subscription = await announceHealth(subscription, { ...ports, changes });
  }
  if (!subscription) return;
  const { nextProbe: probeAt = Infinity, drain, keepAlive = Infinity } = subscription.health ?? {};
  if (keepAlive <= now) await keepFlowAlive(subscription, keepAlive, ports);
  if (probeAt <= now) await probe(subscription, ports);
  if (drain && drain.due <= now) await drainPass(subscription, ports);
}

/** Whether a held delivery is young enough to be sent. */
const wantedAt =
  (now: number, { definition }: Subscription) =>
  ({ acceptedAt }: HeldDelivery): boolean =>
    acceptedAt >= now - (definition.maxAge ?? MAX_HELD_AGE);

/**
 * Tries the oldest held delivery that would be sent if the pause ended; the newest where all are older. Sent before it is
 * written that it was: a crash in between sends a second message for the same try, which is dropped.
 */
async function probe(subscription: Subscription, ports: ScheduledWorkPorts): Promise<void> {
  const now = ports.clock();
  const held = await ports.kept.held(subscription.definition.name);
  const candidate = held.find(wantedAt(now, subscription)) ?? held.at(-1);
  if (candidate) await resendHeld(candidate, { probe: true }, 0, ports);
  await new HealthChanges(ports.subscriptions).change(subscription, ({ health }) =>
    health && health.nextProbe === subscription.health?.nextProbe
      ? { ...health, version: health.version + 1, nextProbe: nextProbe(health.since ?? now, now, ports.pace) }
      : undefined,
  );
}

/**
 * Sends a test body, so that the flow runs now and then, unless the subscription is paused: then its probes do as much.
 * Its event's identity is the time when it was due: a crash before the next time is written sends it twice, which is once.
 */
async function keepFlowAlive(subscription: Subscription, due: number, ports: ScheduledWorkPorts): Promise<void> {
  const { definition, uid } = subscription;
  const now = ports.clock();
  if (!isPaused(subscription)) {
    const event = sampleEvent(definition, identityHash('keepAlive', uid, due), now);
    await ports.send({ subscription: definition.name, uid, event, acceptedAt: now, n: 0, isTest: true }, 0);
  }
  await new HealthChanges(ports.subscriptions).change(subscription, ({ health, definition: { keepAlive } }) =>
    health?.keepAlive === due
      ? { ...health, version: health.version + 1, keepAlive: keepAlive && now + keepAlive }
      : undefined,
  );
}

/** Sends held deliveries of a subscription that is active again, but for those that are too old. */
async function drainPass(subscription: Subscription, ports: ScheduledWorkPorts): Promise<void> {
  const now = ports.clock();
  const held = await ports.kept.held(subscription.definition.name);
  const wanted = held.filter(wantedAt(now, subscription)).slice(0, MAX_SENT);
  const sent = await allSettledOrThrow(
    wanted.map((key, n) => resendHeld(key, {}, Math.floor(n / SENT_PER_SECOND), ports)),
  );
  const found = sent.some(Boolean);
  const spread = Math.floor(wanted.length / SENT_PER_SECOND) * 1000;
  const interval = Math.round(PASS_INTERVAL / (ports.pace ?? 1));
  const next = ({ emptyPasses }: NonNullable<Health['drain']>): Health['drain'] => {
    const empty = found ? 0 : emptyPasses + 1;
    return empty < EMPTY_PASSES ? { emptyPasses: empty, due: now + interval + spread } : undefined;
  };
  await new HealthChanges(ports.subscriptions).change(subscription, ({ health }) =>
    health?.drain && !isPaused({ health }) && health.drain.due === subscription.health?.drain?.due
      ? { ...health, version: health.version + 1, drain: next(health.drain) }
      : undefined,
  );
}

async function tellOfDeath(key: DeliveryKey, ports: ScheduledWorkPorts): Promise<void> {
  const notice: DeathNotice | undefined = (await ports.kept.find(key))?.notice;
  if (notice) await announceDeath(key, notice, ports);
}
