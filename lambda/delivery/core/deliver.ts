import { HealthEvent, TRIGGER_IDS } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import { concurrently, type RejectPorts, reject } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import type { QueueMessage } from '../../shared/core/ports';
import type { Failures } from '../../subscriptions/core/health';
import { isPaused } from '../../subscriptions/core/health';
import { subjectText } from '../../subscriptions/core/matching';
import type { EntraAuth, FlowUrlSource, Subscription } from '../../subscriptions/core/subscription';
import { renderBody } from './bodies/body';
import { type Attempt, anotherTry, type DeliveryMessage, type DeliveryStatus } from './delivery';
import { deliveryId } from './delivery-id';
import { afterOpen, breakerState } from './health/circuit-breaker';
import { HealthChanges } from './health/health-writer';
import {
  announceHealth,
  type HealthPorts,
  type HealthWorkPorts,
  noteFailure,
  noteRefusal,
  noteSuccess,
  takeTrial,
} from './health/record-outcome';
import { BOOKING_LIFETIME, cadenceOf, type RateLimiter } from './rate-limit';
import { classify, type FlowResponse } from './response';
import { hopSeconds, LONGEST_ROUND, waitAfter } from './retry';

/** Names a row of the Deliveries table. */
export interface DeliveryKey {
  readonly subscription: string;
  readonly eventId: string;
}

/** A worker's right to a row until its invocation must have ended. */
export interface Lease {
  /** Unique to the worker and message. */
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/**
 * `done`: finished, or a later try is on its way. `delivered`: by this very try. `busy`: somebody else has it. `held`: this very try was held, since its subscription is paused.
 */
export type Claim =
  | {
      readonly attempts: readonly Attempt[];
      /** Of a death before, which the bus has not been told of. */
      readonly notice?: DeathNotice;
    }
  | 'done'
  | 'delivered'
  | 'busy'
  | 'held';

/** What the bus is told of a dead delivery, but for what every such event has. */
export type DeathNotice = Readonly<Record<string, unknown>>;

export interface DeliveryStore {
  /** Takes the row for try `message.n`, and makes it if there is none. */
  claim(message: DeliveryMessage, lease: Lease, now: number): Promise<Claim>;
  /**
   * Ends the row, unless the lease has gone to another.
   * @param notice what the bus has to be told; kept until `clearNotice`.
   * @returns whether the row has ended by this.
   */
  finish(
    key: DeliveryKey,
    lease: Lease,
    status: DeliveryStatus,
    attempts: readonly Attempt[],
    now: number,
    notice?: DeathNotice,
  ): Promise<boolean>;
  /**
   * Holds the row until its subscription is active again, unless the lease has gone to another. The payload has been kept.
   * @returns whether the row is held.
   */
  hold(message: DeliveryMessage, lease: Lease, attempts: readonly Attempt[], now: number): Promise<boolean>;
  /** Removes a notice that was published from its row, whether or not a replay has claimed it since. Another notice stays. */
  clearNotice(key: DeliveryKey, published: DeathNotice): Promise<void>;
  /** Leaves the row pending for try `n`, unless the lease has gone to another. */
  reschedule(key: DeliveryKey, lease: Lease, n: number, attempts: readonly Attempt[], now: number): Promise<void>;
  /** Keeps what is needed to send a held or dead delivery again. */
  keepPayload(message: DeliveryMessage, now: number): Promise<void>;
}

/** What delivering needs. */
export interface DeliverPorts extends RejectPorts, HealthPorts {
  readonly deliveries: DeliveryStore;
  readonly calls: RateLimiter;
  /** 0 to 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** Gives the flow URL in clear. Why there is none is a result, too: never throws. */
  readonly open: (subscription: string, flow: FlowUrlSource) => Promise<OpenedFlow>;
  /** Calls a flow. An answer, whatever it is, is a result; so is no answer. */
  readonly post: (url: string, request: FlowRequest) => Promise<FlowResponse>;
  /** Sends a message to the deliveries queue. */
  readonly send: (message: DeliveryMessage, delaySeconds: number) => Promise<void>;
}

/** What delivering a batch needs. */
type WorkPorts = DeliverPorts & HealthWorkPorts;

/** A flow's URL, ready to be called, or why there is none. */
export type OpenedFlow =
  | {
      readonly url: string;
      /** To be told that the flow refuses the URL: it may have been replaced since it was read. */
      readonly doubt?: () => void;
    }
  | { readonly refusal: FlowResponse };

export interface FlowRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** As whom the flow is called; left out: its URL is signed. */
  readonly auth?: EntraAuth;
}

/** How long a flow may take to answer (Standard Webhooks names 15 to 30 s). */
export const FLOW_TIMEOUT_MS = 15_000;

/** A lease outlives its invocation by this much, so that the next worker never meets a POST of the last one. */
const LEASE_GRACE_MS = 5_000;

/** Left of an invocation for writing down what came of a POST. */
const RECORDING_MS = 5_000;

/**
 * Takes a batch of deliveries side by side.
 * @param deadline when this invocation ends, epoch milliseconds.
 * @returns the ids of the messages that must come again.
 */
export const deliverBatch = (
  messages: readonly QueueMessage[],
  deadline: number,
  ports: DeliverPorts,
): Promise<string[]> => {
  const work: WorkPorts = { ...ports, changes: new HealthChanges(ports.subscriptions) };
  return concurrently(
    messages,
    ({ body }) => {
      const message = parse(body);
      if (!message) return reject(body, 'the message is not a delivery of this connector', ports);
      return deliver(message, deadline, work);
    },
    ports,
  );
};

/** The queue's only writers are `dispatch` and `deliver`: this tells their messages from a stranger's. */
function parse(body: string): DeliveryMessage | undefined {
  try {
    const message = JSON.parse(body);
    const texts = [message?.subscription, message?.uid, message?.event?.eventId];
    const known = texts.every((text) => typeof text === 'string' && text !== '');
    const trigger = TRIGGER_IDS.includes(message?.event?.trigger);
    return known && trigger && Number.isInteger(message.n) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** A claimed delivery. */
interface Work {
  readonly message: DeliveryMessage;
  readonly key: DeliveryKey;
  readonly lease: Lease;
  readonly attempts: readonly Attempt[];
  /** For the log. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Takes one delivery one step further (protocol D). Throws when the message must come again as it is. */
async function deliver(message: DeliveryMessage, deadline: number, ports: WorkPorts): Promise<void> {
  const { deliveries, subscriptions, telemetry, clock, send } = ports;
  const { subscription: name, event, n } = message;
  const start = clock();
  if (message.notBefore !== undefined && message.notBefore > start) {
    return send(message, hopSeconds(message.notBefore, start));
  }

  const lease: Lease = { owner: ports.newId(), until: deadline + LEASE_GRACE_MS };
  const key: DeliveryKey = { subscription: name, eventId: event.eventId };
  // Side by side, so that the reads of a batch are one request: what was changed meanwhile, whoever writes it down looks at.
  const [claim, subscription] = await Promise.all([deliveries.claim(message, lease, start), subscriptions.read(name)]);
  if (claim === 'done') return;
  if (claim === 'delivered') return message.probe ? endPause(message, ports) : undefined;
  if (claim === 'busy') throw new Error(`delivery ${deliveryId(name, event.eventId)} is in another worker's hands`);
  if (claim === 'held') return sendUnlessPaused(message, ports);

  // A replay was faster than the news of the death: what this try ends in would write over it.
  if (claim.notice) await announceDeath(key, claim.notice, ports);

  const facts = { subscription: name, trigger: event.trigger, subject: subjectText(event), eventId: event.eventId, n };
  const work: Work = { message, key, lease, attempts: claim.attempts, facts };
  if (subscription?.uid !== message.uid || !subscription.flow) {
    telemetry.count(MetricName.CANCELED_DELIVERIES);
    await deliveries.finish(key, lease, 'canceled', work.attempts, clock());
    return;
  }
  if (isPaused(subscription) && !message.probe) return hold(work, ports);
  if (!message.probe && isTooOld(message, subscription, start)) return giveUp(work, TOO_OLD, ports);
  const go = message.probe ? 'now' : await mayTry(message, subscription, ports);
  if (typeof go === 'object') return putOff(work, go, ports);

  const attempt = await tryOnce(message, subscription, subscription.flow, deadline, ports);
  const tried: Work = { ...work, attempts: [...work.attempts, attempt.record] };
  const outcome = classify(attempt.answer);
  if (attempt.record.status !== undefined) telemetry.milliseconds(MetricName.FLOW_DURATION, attempt.record.durationMs);
  if (outcome === 'delivered') {
    const { status, runId } = attempt.record;
    telemetry.count(MetricName.DELIVERED);
    telemetry.milliseconds(MetricName.DELIVERY_LATENCY, clock() - message.acceptedAt);
    telemetry.info(LogMessage.DELIVERED, { ...facts, status, runId });
    await deliveries.finish(key, lease, 'delivered', tried.attempts, clock());
    return noteSuccess(subscription, ports);
  }

  telemetry.count(MetricName.FAILED_ATTEMPTS);
  if (outcome === 'dead') {
    await giveUp(tried, 'the flow does not want this body', ports);
    // Whatever it wants, it is there.
    return go === 'as a trial' ? noteSuccess(subscription, ports) : undefined;
  }
  // A probe that fails ends no pause.
  if (isPaused(subscription)) return hold(tried, ports);
  const pause = outcome === 'pause' ? await noteRefusal(subscription, attempt.answer, ports) : undefined;
  if (pause) {
    await hold(tried, ports);
    if (pause.changed) await announceHealth(pause.paused, ports);
    return;
  }
  // Noted before the next try is sent: where this fails, the message comes again, and with it a failure to note.
  if (outcome === 'retry') await noteFailure(subscription, attempt.answer, go === 'as a trial', ports);
  await tryLater(tried, subscription, attempt.answer, ports);
}

/** A delivery that may not be tried yet. */
interface NotYet {
  /** Epoch milliseconds. */
  readonly until: number;
  /** A call is booked for then. */
  readonly booked?: boolean;
}

/** Whether the subscription's breaker and rate limit let a try through. */
async function mayTry(
  { booked }: DeliveryMessage,
  subscription: Subscription,
  ports: WorkPorts,
): Promise<'now' | 'as a trial' | NotYet> {
  const { clock, random, calls } = ports;
  const { definition, health } = subscription;
  const now = clock();
  const breaker = breakerState(health?.failures, now);
  const whenClosed = (): NotYet => ({ until: afterOpen(health?.failures as Failures, now, random(), ports.pace) });
  if (breaker === 'open') return whenClosed();
  const isBooked = booked !== undefined && now < booked + BOOKING_LIFETIME;
  if (definition.rateLimit && !isBooked) {
    const until = await calls.book(definition.name, cadenceOf(definition.rateLimit), now);
    if (until > now) return { until, booked: true };
  }
  if (breaker === 'closed') return 'now';
  return (await takeTrial(subscription, ports)) ? 'as a trial' : whenClosed();
}

/** Leaves a delivery for later without a try, unless flows have been tried for it long enough. */
async function putOff(work: Work, { until, booked }: NotYet, ports: DeliverPorts): Promise<void> {
  const { deliveries, telemetry, clock, send } = ports;
  const { message, key, lease, attempts } = work;
  if (until > (message.roundSince ?? message.acceptedAt) + LONGEST_ROUND / (ports.pace ?? 1)) {
    return giveUp(work, 'the flow has taken nothing for days', ports);
  }
  telemetry.count(MetricName.PUT_OFF_DELIVERIES);
  const next = { ...message, notBefore: until, booked: booked ? until : undefined, replay: undefined };
  await send(next, hopSeconds(until, clock()));
  await deliveries.reschedule(key, lease, message.n, attempts, clock());
}

const TOO_OLD = "it is older than the subscription's maxAge";

/** Whether a delivery is not wanted any more at `at`, epoch milliseconds. */
function isTooOld({ acceptedAt, anyAge }: DeliveryMessage, { definition }: Subscription, at: number): boolean {
  return !anyAge && definition.maxAge !== undefined && at > acceptedAt + definition.maxAge;
}

/** The worker whose probe the flow took may have stopped before it could end the pause. */
async function endPause({ subscription, uid }: DeliveryMessage, ports: WorkPorts): Promise<void> {
  const now = await ports.subscriptions.read(subscription);
  if (now?.uid === uid && isPaused(now)) await noteSuccess(now, ports);
}

/** Sends a delivery on its way to a later try, or gives it up after the last. */
async function tryLater(
  work: Work,
  subscription: Subscription,
  answer: FlowResponse,
  ports: DeliverPorts,
): Promise<void> {
  const { deliveries, telemetry, clock, send } = ports;
  const { message, key, lease, attempts, facts } = work;
  const { n, firstTry = 0 } = message;
  const wait = waitAfter(n - firstTry, clock(), ports.random(), answer.retryAfter, ports.pace);
  const { status, error, problem } = answer;
  if (wait === undefined) {
    const because = problem === undefined ? '' : `, the last time because ${problem}`;
    return giveUp(work, `the flow has not taken it, however often it was tried${because}`, ports);
  }
  const notBefore = clock() + wait;
  if (isTooOld(message, subscription, notBefore)) return giveUp(work, `at its next try ${TOO_OLD}`, ports);
  telemetry.warn(LogMessage.ATTEMPT_FAILED, { ...facts, status, error, problem, waitSeconds: Math.ceil(wait / 1000) });
  // The next try is on its way before the row speaks of it: a crash in between sends one message too many, never too few.
  // Not a replay any more: had the row been finished meanwhile, this try would deliver it twice.
  const next = { ...message, n: n + 1, notBefore, booked: undefined, probe: undefined, replay: undefined };
  await send(next, hopSeconds(notBefore, clock()));
  await deliveries.reschedule(key, lease, n + 1, attempts, clock());
}

async function giveUp(work: Work, reason: string, ports: DeliverPorts): Promise<void> {
  const { deliveries, telemetry, clock } = ports;
  const { message, key, lease, attempts, facts } = work;
  const { status, error } = attempts.at(-1) ?? {};
  const { subscription, event } = message;
  await deliveries.keepPayload(message, clock());
  const notice: DeathNotice = {
    reason,
    httpStatus: status,
    error,
    since: new Date(clock()).toISOString(),
    deliveryId: deliveryId(subscription, event.eventId),
    trigger: event.trigger,
    subject: subjectText(event),
    attempts: attempts.length,
  };
  if (!(await deliveries.finish(key, lease, 'dead', attempts, clock(), notice))) return;
  telemetry.count(MetricName.DEAD_DELIVERIES);
  telemetry.warn(LogMessage.DEAD, { ...facts, status, error });
  await announceDeath(key, notice, ports);
}

/** Tells the bus of a dead delivery. What fails here the sweep does. */
export async function announceDeath(
  key: DeliveryKey,
  notice: DeathNotice,
  { deliveries, events, connectorId }: Pick<DeliverPorts, 'deliveries' | 'events' | 'connectorId'>,
): Promise<void> {
  const detail = { connector: connectorId, subscription: key.subscription, ...notice };
  await events.publish(HealthEvent.FLOW_DELIVERY_DEAD, detail);
  await deliveries.clearNotice(key, notice);
}

/** Holds a delivery of a paused subscription, with its payload. */
async function hold({ message, lease, attempts, facts }: Work, ports: DeliverPorts): Promise<void> {
  const { deliveries, telemetry, clock } = ports;
  await deliveries.keepPayload(message, clock());
  if (!(await deliveries.hold(message, lease, attempts, clock()))) return;
  telemetry.count(MetricName.HELD_DELIVERIES);
  telemetry.info(LogMessage.HELD, facts);
  await sendUnlessPaused(message, ports);
}

/** Whoever made the subscription active may have looked for held deliveries before this one was: then nobody else sends it. */
async function sendUnlessPaused(message: DeliveryMessage, { subscriptions, send, clock }: DeliverPorts): Promise<void> {
  const current = await subscriptions.read(message.subscription);
  if (!current || !isPaused(current)) await send(anotherTry(message, message.n, clock()), 0);
}

async function tryOnce(
  { event, acceptedAt, isTest = false }: DeliveryMessage,
  { definition }: Subscription,
  flow: FlowUrlSource,
  deadline: number,
  { open, post, clock }: DeliverPorts,
): Promise<{ answer: FlowResponse; record: Attempt }> {
  const openedAt = clock();
  const opened = await open(definition.name, flow);
  const at = clock();
  if ('refusal' in opened) {
    const { refusal: answer } = opened;
    return { answer, record: { at: openedAt, durationMs: at - openedAt, error: answer.error } };
  }
  const id = deliveryId(definition.name, event.eventId);
  const delayedMinutes = Math.max(0, Math.floor((at - acceptedAt) / 60_000));
  const body = renderBody({ event, subscription: definition, deliveryId: id, isTest, delayedMinutes });
  const answer = await post(opened.url, {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'x-ms-client-tracking-id': id,
    },
    body,
    auth: definition.auth,
    timeoutMs: Math.max(1, Math.min(FLOW_TIMEOUT_MS, deadline - RECORDING_MS - at)),
  });
  if (classify(answer) === 'pause') opened.doubt?.();
  const { status, error, runId } = answer;
  return { answer, record: { at, durationMs: clock() - at, status, error, runId } };
}
