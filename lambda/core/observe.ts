import { CrossingEvent, HANDLER_TIMEOUT_SECONDS, Metric as MetricName } from '../../lib/private/contract';
import { crossingId } from './identity';
import { type Metric, metricKey, type Observation } from './metric';
import { type Hit, type Intent, type MetricState, nextState, orderOf } from './metric-state';
import type { Clock, EventPublisher, SubscriptionReader, Telemetry, ThresholdStore } from './ports';
import { type Direction, position } from './position';
import type { Subscription } from './subscription';
import { crossedRange, type ThresholdItem } from './threshold-item';

/** What evaluating observations needs. */
export interface EvaluationPorts {
  readonly thresholds: ThresholdStore;
  readonly subscriptions: SubscriptionReader;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** A new unique text at each call. */
  readonly newId: () => string;
  /** This connector's id, in every crossing event. */
  readonly connectorId: string;
}

/** Further ahead than this an observation is rejected: everything until then would be late. */
export const MAX_AHEAD_MS = 60 * 60 * 1000;

/** Hits that the state's own item carries; more go into parts. A hit is below 1 KB, an item holds 400 KB. */
export const HITS_PER_ITEM = 100;

/** The sweep leaves an intent alone for longer than its worker can run (`HANDLER_TIMEOUT_SECONDS.evaluate`). */
const INTENT_GRACE_MS = 2 * HANDLER_TIMEOUT_SECONDS.evaluate * 1000;

/** A race is lost only to a worker that got on, so this many in a row means that something else is wrong. */
const MAX_TRIES = 100;

export type ObservationOutcome = 'committed' | 'late' | 'duplicate' | 'conflict' | 'future';

/**
 * Takes one observation of a metric: commits it and publishes what it crossed (protocol E). Safe to repeat at any point:
 * what was committed is published first, whatever the message is.
 */
export async function observe(observation: Observation, ports: EvaluationPorts): Promise<ObservationOutcome> {
  const key = metricKey(observation.metric);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const state = await ports.thresholds.readState(key);
    if (state?.intent) {
      await publishIntent(key, state.metric, state.intent, ports);
      continue;
    }
    if (observation.observedAt > ports.clock() + MAX_AHEAD_MS) return 'future';
    const order = orderOf(state, observation);
    if (order !== 'newer') return order;

    const hits = state ? await crossedHits(key, state, observation, ports) : [];
    const next = nextState(state, observation);
    const intent =
      hits.length > 0 ? await prepareIntent(key, state as MetricState, next, observation, hits, ports) : undefined;
    if (!(await ports.thresholds.commitState(key, { ...next, intent }, state?.version))) continue;
    if (intent) await publishIntent(key, next.metric, intent, ports);
    return 'committed';
  }
  throw new Error(`the state of metric ${key} changed under ${MAX_TRIES} tries`);
}

/** What lies between the last value and this one, and is in force: one range query, whose cost is what was crossed. */
async function crossedHits(
  key: string,
  state: MetricState,
  observation: Observation,
  { thresholds, subscriptions }: EvaluationPorts,
): Promise<Hit[]> {
  const from = position(state.value);
  const to = position(observation.value);
  if (from === to) return [];
  const direction: Direction = from < to ? 'above' : 'below';
  const items = await thresholds.crossed(key, ...crossedRange(direction, from, to));
  const live = items.filter((item) => item.kind === 'rearm' || item.armed);
  // One read for each subscription: an edit in between must not let its old and its new threshold both fire.
  const names = [...new Set(live.map((item) => item.subscription))];
  const read = await Promise.all(names.map((name) => subscriptions.read(name)));
  const byName = new Map(names.map((name, n) => [name, read[n]]));
  const hits = live.map((item): Hit | undefined => {
    const subscription = byName.get(item.subscription);
    if (subscription?.thresholdId !== item.thresholdId) return undefined;
    return toHit(item, direction, subscription);
  });
  const inForce = hits.filter((hit) => hit !== undefined);
  return direction === 'above' ? inForce : inForce.reverse();
}

function toHit(item: ThresholdItem, direction: Direction, { uid, generation, flow }: Subscription): Hit {
  const { kind, operator, threshold, recoverTo, cut, subscription } = item;
  const flips = item.arms ?? (recoverTo === undefined ? undefined : item.sortKey);
  const startsFlow = flow !== undefined;
  return { kind, direction, operator, threshold, recoverTo, cut, subscription, uid, generation, startsFlow, flips };
}

async function prepareIntent(
  key: string,
  before: MetricState,
  after: MetricState,
  { unit, runId }: Observation,
  hits: readonly Hit[],
  { thresholds, newId, clock }: EvaluationPorts,
): Promise<Intent> {
  const { version, value, observedAt, sequence } = after;
  const due = clock() + INTENT_GRACE_MS;
  const intent = { version, previousValue: before.value, value, observedAt, sequence, unit, runId, due };
  if (hits.length <= HITS_PER_ITEM) return { ...intent, hits };
  const id = newId();
  const count = Math.ceil(hits.length / HITS_PER_ITEM);
  for (let n = 0; n < count; n++) {
    await thresholds.putIntentPart(key, id, n, hits.slice(n * HITS_PER_ITEM, (n + 1) * HITS_PER_ITEM));
  }
  return { ...intent, hits: [], parts: { id, count } };
}

/**
 * Publishes a committed intent: every crossing event, then the flips, then the intent is cleared. If anything fails the
 * intent stays, and whoever meets it next publishes it again under the same ids.
 */
export async function publishIntent(
  key: string,
  metric: Metric,
  intent: Intent,
  ports: EvaluationPorts,
): Promise<void> {
  await publishHits(key, metric, intent, intent.hits, ports);
  for (let n = 0; n < (intent.parts?.count ?? 0); n++) {
    const id = intent.parts?.id as string;
    const hits = await ports.thresholds.readIntentPart(key, id, n);
    if (!hits) continue;
    await publishHits(key, metric, intent, hits, ports);
    await ports.thresholds.deleteIntentPart(key, id, n);
  }
  await ports.thresholds.clearIntent(key, intent.version);
}

async function publishHits(
  key: string,
  metric: Metric,
  intent: Intent,
  hits: readonly Hit[],
  { events, thresholds, telemetry, connectorId }: EvaluationPorts,
): Promise<void> {
  const fires = hits.filter((hit) => hit.kind === 'fire');
  await allOrThrow(
    fires.map((hit) => events.publish(crossingDetailType(metric), crossingDetail(metric, intent, hit, connectorId))),
  );
  if (fires.length > 0) telemetry.count(MetricName.CROSSINGS, fires.length);
  await allOrThrow(
    hits
      .filter((hit) => hit.flips !== undefined)
      .map((hit) => thresholds.flip(key, hit.flips as string, hit.kind === 'rearm', intent.version)),
  );
}

/** Waits for all, also after a failure, so that nothing of this attempt is still running when the next begins. */
async function allOrThrow(promises: readonly Promise<void>[]): Promise<void> {
  const failure = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}

const crossingDetailType = (metric: Metric) =>
  metric.kind === 'segment' ? CrossingEvent.SEGMENT_THRESHOLD_CROSSED : CrossingEvent.MEASURE_THRESHOLD_CROSSED;

function crossingDetail(metric: Metric, intent: Intent, hit: Hit, connector: string): Record<string, unknown> {
  const { previousValue, value, observedAt, sequence, unit, runId } = intent;
  const { subscription, uid, generation, startsFlow, direction, threshold, recoverTo } = hit;
  return {
    connector,
    crossingId: crossingId(metric, intent, hit.cut, subscription),
    subscription,
    uid,
    generation,
    startsFlow,
    instanceId: metric.instanceId,
    [metric.kind]: metric.name,
    dimensions: metric.dimensions,
    direction,
    threshold,
    recoverTo,
    previousValue,
    value,
    unit,
    observedAt: new Date(observedAt).toISOString(),
    sequence,
    runId,
  };
}
