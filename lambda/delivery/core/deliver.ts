import { Metric as MetricName } from '../../../contract/metrics';
import type { Origin } from '../../events/core/origin';
import { inGroups, type Read } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import type { QueueMessage } from '../../shared/core/ports';
import { type Failures, isPaused } from '../../subscriptions/core/health';
import { subjectText } from '../../subscriptions/core/matching';
import type { Subscription } from '../../subscriptions/core/subscription';
import { attempt } from './attempt';
import { announceDeath, deathNotice } from './death';
import { type Attempt, type DeliveryMessage, newRound } from './delivery';
import { deliveryId } from './delivery-id';
import { readDelivery } from './delivery-message';
import { breakerState, recheckTime } from './health/circuit-breaker';
import { HealthWriter } from './health/health-writer';
import {
  claimTrial,
  type HealthWorkPorts,
  publishAnnouncements,
  recordFailure,
  recordRefusal,
  recordSuccess,
} from './health/record-outcome';
import type { Outcome } from './outcomes/outcome';
import type { DeliverPorts, DeliveryKey, Lease } from './ports';
import { BOOKING_LIFETIME_MS, cadenceOf } from './rate-limit';
import { classify, type FlowResponse } from './response';
import { hopSeconds, MAX_ROUND_MS, waitAfter } from './retry';

type WorkPorts = DeliverPorts & HealthWorkPorts;

/** A lease outlives its invocation by this much, so that the next worker never overlaps a POST of the previous one. */
const LEASE_GRACE_MS = 5_000;

/**
 * Processes a batch: different deliveries concurrently, duplicates in order. A duplicate would otherwise meet the lease of the
 * first one and wait in the queue.
 * @param deadline when this invocation ends, epoch milliseconds.
 * @returns the ids of the messages to retry.
 */
export function deliverBatch(messages: readonly QueueMessage[], deadline: number, ports: DeliverPorts) {
  const work: WorkPorts = { ...ports, writer: new HealthWriter(ports.subscriptions) };
  const read = (body: string): Read<DeliveryMessage> => {
    const message = readDelivery(body);
    if (!message) return { reason: 'the message is not a delivery of this connector' };
    return { key: deliveryId(message.subscription, message.event.eventId), task: message };
  };
  return inGroups(messages, { read, process: (message) => deliver(message, deadline, work) }, ports);
}

interface Work {
  readonly message: DeliveryMessage;
  readonly key: DeliveryKey;
  readonly lease: Lease;
  readonly attempts: readonly Attempt[];
  readonly logFields: Readonly<Record<string, unknown>>;
}

/** Takes one delivery one step further (protocol D). Throws if the message must be retried unchanged. */
async function deliver(message: DeliveryMessage, deadline: number, ports: WorkPorts): Promise<void> {
  const { deliveries, subscriptions, telemetry, clock } = ports;
  const { subscription: name, event, n, firstTry = 0 } = message;
  const start = clock();
  const key: DeliveryKey = { subscription: name, eventId: event.eventId };
  const link = ports.newOutcomeLink?.(key);
  const lease: Lease = { owner: ports.newId(), until: deadline + LEASE_GRACE_MS, unsentLink: link?.hash };
  // Concurrent, so that the reads of a batch share one request. Every health write checks for newer changes.
  const [claim, subscription] = await Promise.all([deliveries.claim(message, lease, start), subscriptions.read(name)]);
  if (claim === 'done') return;
  if (claim === 'delivered') return message.probe ? endPause(message, ports) : undefined;
  if (claim === 'busy')
    throw new Error(`another worker holds the lease of delivery ${deliveryId(name, event.eventId)}`);
  if (claim === 'held') return sendUnlessPaused(message, ports);

  // A replay overtook the announcement of the death. The outcome of this try would overwrite the notice.
  if (claim.notice) await announceDeath(key, claim.notice, ports);

  const subject = subjectText(event);
  const { awsAccount, awsRegion } = event as Origin;
  const logFields = {
    ...{ subscription: name, trigger: event.trigger, subject, eventId: event.eventId, n },
    ...{ awsAccount, awsRegion },
  };
  const work: Work = { message, key, lease, attempts: claim.attempts, logFields };
  if (message.notBefore !== undefined && message.notBefore > start) {
    return requeue(work, { firstTry: firstTry + 1 }, ports);
  }
  if (subscription?.uid !== message.uid || !subscription.flow) {
    telemetry.count(MetricName.CANCELED_DELIVERIES);
    await deliveries.finish(key, lease, 'canceled', work.attempts, clock());
    return;
  }
  const isEnding = subscription.health?.endsAt !== undefined;
  if (isEnding || (isPaused(subscription) && !message.probe)) return hold(work, ports);
  if (!message.probe && isTooOld(message, subscription, start)) return giveUp(work, `it is ${TOO_OLD}`, ports);
  const admission = message.probe ? 'now' : await admit(message, subscription, ports);
  if (typeof admission === 'object') return postpone(work, admission, ports);

  const asksForReport = link !== undefined && subscription.definition.finishWithin !== undefined;
  const flow = { source: subscription.flow, outcomeUrl: asksForReport ? link.url : undefined };
  const { response, record } = await attempt(message, subscription, flow, deadline, ports);
  const sent: Lease = asksForReport ? { ...lease, unsentLink: undefined } : lease;
  const tried: Work = { ...work, lease: sent, attempts: [...work.attempts, record] };
  const outcome = classify(response);
  if (record.status !== undefined) telemetry.milliseconds(MetricName.FLOW_DURATION, record.durationMs);
  if (outcome === 'delivered') {
    const { status, runId } = record;
    telemetry.count(MetricName.DELIVERED);
    telemetry.milliseconds(MetricName.DELIVERY_LATENCY, clock() - message.acceptedAt);
    telemetry.info(LogMessage.DELIVERED, { ...logFields, status, runId });
    const awaited = asksForReport ? awaitedOutcome(message, subscription, ports) : undefined;
    await deliveries.finish(key, sent, 'delivered', tried.attempts, clock(), { awaited });
    return recordSuccess(subscription, ports);
  }

  telemetry.count(MetricName.FAILED_ATTEMPTS);
  if (outcome === 'dead') {
    await giveUp(tried, 'the flow rejected the body', ports);
    // A rejection shows that the flow is up.
    return admission === 'as a trial' ? recordSuccess(subscription, ports) : undefined;
  }
  // A failed probe leaves the pause as it is.
  if (isPaused(subscription)) return hold(tried, ports);
  const pause = outcome === 'pause' ? await recordRefusal(subscription, response, ports) : undefined;
  if (pause) {
    await hold(tried, ports);
    if (pause.changed) await publishAnnouncements(pause.paused, ports);
    return;
  }
  // Recorded before the next try is sent: if recording fails, the message is retried and the failure recorded then.
  if (outcome === 'retry') await recordFailure(subscription, response, admission === 'as a trial', ports);
  await scheduleRetry(tried, subscription, response, ports);
}

/** The report that an accepted delivery awaits. Undefined: none. The run of a test is not awaited. */
function awaitedOutcome(
  { isTest, event }: DeliveryMessage,
  { definition: { finishWithin } }: Subscription,
  { clock, pace = 1 }: WorkPorts,
): Outcome | undefined {
  if (isTest || finishWithin === undefined) return undefined;
  return { state: 'awaited', by: clock() + Math.round(finishWithin / pace), subject: subjectText(event) };
}

/** A delivery that must wait before its try. */
interface Postponed {
  /** Epoch milliseconds. */
  readonly until: number;
  /** A call is booked for that time. */
  readonly booked?: boolean;
}

/** Asks the subscription's circuit breaker and rate limit whether a try can start. */
async function admit(
  { booked }: DeliveryMessage,
  subscription: Subscription,
  ports: WorkPorts,
): Promise<'now' | 'as a trial' | Postponed> {
  const { clock, random, calls } = ports;
  const { definition, health } = subscription;
  const now = clock();
  const breaker = breakerState(health?.failures, now);
  const recheck = (): Postponed => ({ until: recheckTime(health?.failures as Failures, now, random(), ports.pace) });
  if (breaker === 'open') return recheck();
  const isBooked = booked !== undefined && now < booked + BOOKING_LIFETIME_MS;
  if (definition.rateLimit && !isBooked) {
    const until = await calls.book(definition.name, cadenceOf(definition.rateLimit), now);
    if (until > now) return { until, booked: true };
  }
  if (breaker === 'closed') return 'now';
  return (await claimTrial(subscription, ports)) ? 'as a trial' : recheck();
}

/** Requeues a delivery without a try. Gives it up if its round has lasted too long. */
async function postpone(work: Work, { until, booked }: Postponed, ports: DeliverPorts): Promise<void> {
  const { roundSince, acceptedAt, firstTry = 0 } = work.message;
  if (until > (roundSince ?? acceptedAt) + MAX_ROUND_MS / (ports.pace ?? 1)) {
    return giveUp(work, 'the flow accepted no delivery for days', ports);
  }
  ports.telemetry.count(MetricName.PUT_OFF_DELIVERIES);
  await requeue(work, { firstTry: firstTry + 1, notBefore: until, booked: booked ? until : undefined }, ports);
}

/**
 * Sends the message that continues this delivery. It has the next number, also if this try only waits: a duplicate of this
 * message then ends, instead of sending a copy of its own each time it waits.
 */
async function requeue(
  { message, key, lease, attempts }: Work,
  change: Partial<DeliveryMessage>,
  { deliveries, send, clock }: DeliverPorts,
): Promise<void> {
  // `replay` is cleared: if the row was finished meanwhile, a replay would deliver it twice.
  const next = { ...message, replay: undefined, ...change, n: message.n + 1 };
  // Sent before the row is updated: a crash in between leaves one message too many, never one too few.
  await send(next, hopSeconds(next.notBefore ?? 0, clock()));
  await deliveries.reschedule(key, lease, next.n, attempts, clock());
}

const TOO_OLD = "older than the subscription's maxAge";

/** Whether a delivery exceeds its subscription's maxAge at `at`, epoch milliseconds. */
function isTooOld({ acceptedAt, anyAge }: DeliveryMessage, { definition }: Subscription, at: number): boolean {
  return !anyAge && definition.maxAge !== undefined && at > acceptedAt + definition.maxAge;
}

/** Ends the pause if the worker whose probe succeeded stopped before it did. */
async function endPause({ subscription, uid }: DeliveryMessage, ports: WorkPorts): Promise<void> {
  const current = await ports.subscriptions.read(subscription);
  if (current?.uid === uid && isPaused(current)) await recordSuccess(current, ports);
}

/** Sends the next try, or gives the delivery up after the last one. */
async function scheduleRetry(
  work: Work,
  subscription: Subscription,
  { retryAfter, status, error, problem }: FlowResponse,
  ports: DeliverPorts,
): Promise<void> {
  const { telemetry, clock } = ports;
  const { message, logFields } = work;
  const { n, firstTry = 0 } = message;
  const wait = waitAfter(n - firstTry, clock(), ports.random(), retryAfter, ports.pace);
  if (wait === undefined) {
    const because = problem === undefined ? '' : `, the last one because ${problem}`;
    return giveUp(work, `every try failed${because}`, ports);
  }
  const notBefore = clock() + wait;
  if (isTooOld(message, subscription, notBefore)) return giveUp(work, `at its next try it would be ${TOO_OLD}`, ports);
  const waitSeconds = Math.ceil(wait / 1000);
  telemetry.warn(LogMessage.ATTEMPT_FAILED, { ...logFields, status, error, problem, waitSeconds });
  await requeue(work, { notBefore, booked: undefined, probe: undefined }, ports);
}

async function giveUp(work: Work, reason: string, ports: DeliverPorts): Promise<void> {
  const { deliveries, telemetry, clock } = ports;
  const { message, key, lease, attempts, logFields } = work;
  const { status, error } = attempts.at(-1) ?? {};
  await deliveries.keepPayload(message, clock());
  const notice = deathNotice(message, attempts, reason, clock());
  if (!(await deliveries.finish(key, lease, 'dead', attempts, clock(), { notice }))) return;
  telemetry.count(MetricName.DEAD_DELIVERIES);
  telemetry.warn(LogMessage.DEAD, { ...logFields, status, error });
  await announceDeath(key, notice, ports);
}

async function hold({ message, lease, attempts, logFields }: Work, ports: DeliverPorts): Promise<void> {
  const { deliveries, telemetry, clock } = ports;
  await deliveries.keepPayload(message, clock());
  if (!(await deliveries.hold(message, lease, attempts, clock()))) return;
  telemetry.count(MetricName.HELD_DELIVERIES);
  telemetry.info(LogMessage.HELD, logFields);
  await sendUnlessPaused(message, ports);
}

/** Resends a held delivery whose subscription resumed, because the drain can run before the row is marked as held. */
async function sendUnlessPaused(message: DeliveryMessage, { subscriptions, send, clock }: DeliverPorts): Promise<void> {
  const current = await subscriptions.read(message.subscription);
  if (!current || !isPaused(current)) await send(newRound(message, message.n, clock()), 0);
}
