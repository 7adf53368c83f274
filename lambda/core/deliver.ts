import { Metric as MetricName, TRIGGER_IDS } from '../../lib/private/contract';
import { classify, type FlowAnswer } from './answer';
import { type RejectPorts, reject, sideBySide } from './batch';
import { renderBody } from './body';
import type { Attempt, DeliveryMessage, DeliveryStatus } from './delivery';
import { deliveryId } from './identity';
import { LogMessage } from './log-messages';
import { subjectText } from './matching';
import type { Clock, QueueMessage, SubscriptionReader } from './ports';
import { hopSeconds, waitAfter } from './retry';
import type { SealedFlowUrl, Subscription } from './subscription';

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

/** `done`: finished, or a later try is on its way. `busy`: somebody else holds it. */
export type Claim = { readonly attempts: readonly Attempt[] } | 'done' | 'busy';

export interface DeliveryStore {
  /** Takes the row for try `message.n`, and makes it if there is none. */
  claim(message: DeliveryMessage, lease: Lease, now: number): Promise<Claim>;
  /** Ends the row, unless the lease has gone to another. */
  finish(
    key: DeliveryKey,
    lease: Lease,
    status: DeliveryStatus,
    attempts: readonly Attempt[],
    now: number,
  ): Promise<void>;
  /** Leaves the row pending for try `n`, unless the lease has gone to another. */
  reschedule(key: DeliveryKey, lease: Lease, n: number, attempts: readonly Attempt[], now: number): Promise<void>;
  /** Keeps what is needed to send a dead delivery again. */
  keepPayload(message: DeliveryMessage): Promise<void>;
}

/** What delivering needs. */
export interface DeliverPorts extends RejectPorts {
  readonly deliveries: DeliveryStore;
  readonly subscriptions: SubscriptionReader;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly newId: () => string;
  /** The flow URL in clear. Throws when it cannot be opened. */
  readonly open: (subscription: string, flow: SealedFlowUrl) => Promise<string>;
  /** Calls a flow. An answer, whatever it is, is a result; so is no answer. */
  readonly post: (url: string, request: FlowRequest) => Promise<FlowAnswer>;
  /** Sends a message to the deliveries queue. */
  readonly send: (message: DeliveryMessage, delaySeconds: number) => Promise<void>;
}

export interface FlowRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
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
): Promise<string[]> =>
  sideBySide(
    messages,
    ({ body }) => {
      const message = parse(body);
      if (!message) return reject(body, 'the message is not a delivery of this connector', ports);
      return deliver(message, deadline, ports);
    },
    ports.telemetry,
  );

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

/** Takes one delivery one step further (protocol D). Throws when the message must come again as it is. */
async function deliver(message: DeliveryMessage, deadline: number, ports: DeliverPorts): Promise<void> {
  const { deliveries, subscriptions, telemetry, clock, send } = ports;
  const { subscription: name, event, n } = message;
  const start = clock();
  if (message.notBefore !== undefined && message.notBefore > start) {
    return send(message, hopSeconds(message.notBefore, start));
  }

  const lease: Lease = { owner: ports.newId(), until: deadline + LEASE_GRACE_MS };
  const key: DeliveryKey = { subscription: name, eventId: event.eventId };
  const claim = await deliveries.claim(message, lease, start);
  if (claim === 'done') return;
  if (claim === 'busy') throw new Error(`delivery ${deliveryId(name, event.eventId)} is in another worker's hands`);

  const subscription = await subscriptions.read(name);
  if (subscription?.uid !== message.uid || !subscription.flow) {
    telemetry.count(MetricName.CANCELED_DELIVERIES);
    return deliveries.finish(key, lease, 'canceled', claim.attempts, clock());
  }

  const attempt = await tryOnce(message, subscription, subscription.flow, deadline, ports);
  const attempts = [...claim.attempts, attempt.record];
  const outcome = classify(attempt.answer);
  const { status, error, runId } = attempt.record;
  const facts = { subscription: name, trigger: event.trigger, subject: subjectText(event), eventId: event.eventId, n };
  if (outcome === 'delivered') {
    telemetry.count(MetricName.DELIVERED);
    telemetry.info(LogMessage.DELIVERED, { ...facts, status, runId });
    return deliveries.finish(key, lease, 'delivered', attempts, clock());
  }

  telemetry.count(MetricName.FAILED_ATTEMPTS);
  const wait = outcome === 'dead' ? undefined : waitAfter(n, clock(), ports.random(), attempt.answer.retryAfter);
  if (wait === undefined) {
    await deliveries.keepPayload(message);
    await deliveries.finish(key, lease, 'dead', attempts, clock());
    telemetry.count(MetricName.DEAD_DELIVERIES);
    telemetry.warn(LogMessage.DEAD, { ...facts, status, error });
    return;
  }
  telemetry.warn(LogMessage.ATTEMPT_FAILED, { ...facts, status, error, waitSeconds: Math.round(wait / 1000) });
  // The next try is on its way before the row speaks of it: a crash in between sends one message too many, never too few.
  const notBefore = clock() + wait;
  await send({ ...message, n: n + 1, notBefore }, hopSeconds(notBefore, clock()));
  await deliveries.reschedule(key, lease, n + 1, attempts, clock());
}

async function tryOnce(
  { event, acceptedAt }: DeliveryMessage,
  { definition }: Subscription,
  flow: SealedFlowUrl,
  deadline: number,
  { open, post, clock }: DeliverPorts,
): Promise<{ answer: FlowAnswer; record: Attempt }> {
  const url = await open(definition.name, flow);
  const at = clock();
  const id = deliveryId(definition.name, event.eventId);
  const delayedMinutes = Math.max(0, Math.floor((at - acceptedAt) / 60_000));
  const body = renderBody({ event, subscription: definition, deliveryId: id, isTest: false, delayedMinutes });
  const answer = await post(url, {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'x-ms-client-tracking-id': id,
    },
    body,
    timeoutMs: Math.max(1, Math.min(FLOW_TIMEOUT_MS, deadline - RECORDING_MS - at)),
  });
  const { status, error, runId } = answer;
  return { answer, record: { at, durationMs: clock() - at, status, error, runId } };
}
