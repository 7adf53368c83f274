import { Metric as MetricName } from '../../../contract/metrics';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import type { EventPublisher } from '../../events/core/ports';
import type { ExpectationStore } from '../../expectations/core/ports';
import { allSettledOrThrow } from '../../shared/core/batch';
import { type Metric, measureOf, metricKey, type Observation } from '../../shared/core/metric';
import type { Clock, Telemetry } from '../../shared/core/ports';
import type { SubscriptionReader } from '../../subscriptions/core/ports';
import { isChange, type Subscription } from '../../subscriptions/core/subscription';
import { type HitItem, periodOf } from './changed-items';
import { crossingDetail, crossingDetailType } from './crossing-detail';
import { recordExpected } from './expected';
import { initialBeyond, itemsHit } from './hit-items';
import {
  type Hit,
  type Intent,
  type LastValue,
  type MetricState,
  nextState,
  orderOf,
  pastValues,
} from './metric-state';
import { PendingBatch } from './pending';
import type { ThresholdStore } from './ports';
import { type Flag, type ThresholdItem, thresholdItems } from './threshold-item';

export interface EvaluationPorts {
  readonly expectations: ExpectationStore;
  readonly thresholds: ThresholdStore;
  readonly subscriptions: SubscriptionReader;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Returns a unique id. */
  readonly newId: () => string;
  /** This connector's id, in every crossing event. */
  readonly connectorId: string;
  /** Shared by the tasks of a batch. Default: each task has its own. */
  readonly pending?: PendingBatch;
}

/** A request to check whether the value is already beyond a new threshold. */
export interface ThresholdCheck {
  readonly metric: Metric;
  readonly subscription: string;
  readonly thresholdId: string;
}

/** Observations further in the future are rejected: they would make all earlier ones late. */
export const MAX_AHEAD_MS = 60 * 60 * 1000;

/** Hits that the state's item holds; more are stored in parts. A hit takes less than 1 KB, an item holds 400 KB. */
export const HITS_PER_ITEM = 100;

/** The sweep waits until the worker of an intent has ended (`HANDLER_TIMEOUT_SECONDS.evaluate`). */
export const INTENT_GRACE_MS = 2 * HANDLER_TIMEOUT_SECONDS.evaluate * 1000;

/**
 * How long a value is stored after its last use: as long as a queue keeps a message, because the observations that are
 * compared with it can be late by that much.
 */
const PAST_VALUE_GRACE_MS = 14 * 24 * 60 * 60 * 1000;

/** Every lost race means that another worker made progress, so this many in a row are a fault. */
const MAX_ATTEMPTS = 100;

export type ObservationOutcome = 'committed' | 'late' | 'duplicate' | 'conflict' | 'future';

/**
 * Commits an observation and publishes its crossings (protocol E). Safe to repeat after a crash at any point: a pending
 * intent is published first.
 */
export function observe(observation: Observation, ports: EvaluationPorts): Promise<ObservationOutcome> {
  const { metric } = observation;
  const seen = new Set<string>();
  return onSettledState(metric, ports, async (key, state) => {
    if (observation.observedAt > ports.clock() + MAX_AHEAD_MS) return 'future';
    const order = orderOf(state, observation);
    if (order !== 'newer') return order;

    const measure = measureOf(metric);
    const isNewMember = !state?.last && measure !== undefined;
    // Before the first commit, so that new thresholds on the whole measure find this member.
    if (isNewMember) await ports.thresholds.addMember(metricKey(measure), metric.dimensions ?? {});
    const expected = await recordExpected(observation, state, isNewMember ? measure : undefined, ports);
    const { items, changes } = await itemsHit(key, state, observation, seen.size > 0, ports.thresholds);
    const hits = await activeHits(key, items, seen, ports);
    if (!hits) return undefined;
    const next = { ...nextState(state, observation, changes), expected };
    await storePastValues(key, state, observation, next, ports);
    const { unit, runId, awsAccount, awsRegion } = observation;
    const about = { previousValue: state?.last?.value, unit, runId, awsAccount, awsRegion };
    return (await commitAndPublish(key, state, next, about, hits, ports)) ? 'committed' : undefined;
  });
}

/**
 * Fires a new threshold once if the value is already beyond it (`fireIfAlreadyBeyond`). For a threshold on changes, makes
 * evaluations read the metric's series. Always writes the state: an evaluation that began before the threshold was stored
 * can have missed it, and then loses its race and retries.
 */
export async function checkThreshold(check: ThresholdCheck, ports: EvaluationPorts): Promise<void> {
  const { metric, subscription: name, thresholdId } = check;
  await onSettledState(metric, ports, async (key, state) => {
    const subscription = await ports.subscriptions.read(name);
    const threshold = subscription?.definition.threshold;
    if (!threshold || subscription.thresholdId !== thresholdId) return 'replaced';
    const before: MetricState = state ?? { metric, version: 0, recent: [] };
    const { last, version } = before;
    const isOnChanges = isChange(threshold);
    const items = last && !isOnChanges ? thresholdItems(name, thresholdId, threshold) : [];
    const beyond = last ? items.filter(initialBeyond(last.value)) : [];
    const hits = await activeHits(key, beyond, new Set(), ports);
    // The threshold was just replaced: its replacement has its own check.
    if (!hits) return 'replaced';
    // A metric without a value reads its series at its first one.
    const changes = before.changes ?? (last && isOnChanges ? { bases: {} } : undefined);
    const next = { ...before, version: version + 1, ...(changes && { changes }) };
    return (await commitAndPublish(key, state, next, {}, hits, ports)) ? 'checked' : undefined;
  });
}

/**
 * Publishes the metric's pending intent, then calls `act` with the settled state. If `act` returns undefined (it lost a
 * race), the whole step is retried.
 */
async function onSettledState<Outcome>(
  metric: Metric,
  ports: EvaluationPorts,
  act: (key: string, state: MetricState | undefined) => Promise<Outcome | undefined>,
): Promise<Outcome> {
  const key = metricKey(metric);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const state = await ports.thresholds.readState(key);
    if (state?.intent) {
      await publishIntent(key, state.metric, state.intent, ports);
      continue;
    }
    const outcome = await act(key, state);
    if (outcome !== undefined) return outcome;
  }
  throw new Error(`the state of metric ${key} changed during ${MAX_ATTEMPTS} attempts`);
}

/** Stores the values that the next state drops, before it does. Only their first writing counts. */
async function storePastValues(
  key: string,
  state: MetricState | undefined,
  observation: Observation,
  next: MetricState,
  { thresholds, clock }: EvaluationPorts,
): Promise<void> {
  const period = periodOf(next.changes);
  const expiresAt = Math.max(clock(), observation.observedAt) + period + PAST_VALUE_GRACE_MS;
  const dropped = pastValues(state, observation, next, period);
  await Promise.all(dropped.map((past) => thresholds.putPastValue(key, past, expiresAt)));
}

/**
 * The hits of the items that are current in their subscription and not disarmed on this metric. Undefined if an item was
 * replaced: the replacement may be too new to be found, and neither would fire. The retry finds it. `seen` contains known
 * replacements, so that a leftover causes one retry only.
 */
async function activeHits(
  key: string,
  items: readonly HitItem[],
  seen: Set<string>,
  { thresholds, subscriptions }: EvaluationPorts,
): Promise<Hit[] | undefined> {
  // Flags before subscriptions: if a flag is missing because its threshold was removed, the subscription shows it.
  const readFlag = ({ flagged, kind, subscription, thresholdId }: ThresholdItem) =>
    flagged && kind !== 'rearm' ? thresholds.readFlag(key, subscription, thresholdId) : undefined;
  const flags = await Promise.all(items.map(readFlag));
  const ready = items.filter((item, n) => fires(item, flags[n]));
  // One read for each subscription, so that an edit in between cannot make the old and the new threshold both fire.
  const names = [...new Set(ready.map((item) => item.subscription))];
  const read = await Promise.all(names.map((name) => subscriptions.read(name)));
  const byName = new Map(names.map((name, n) => [name, read[n]]));
  const replacements = ready.flatMap(({ subscription, thresholdId }) => {
    const current = byName.get(subscription)?.thresholdId;
    return current === undefined || current === thresholdId ? [] : [`${thresholdId} by ${current}`];
  });
  if (replacements.some((one) => !seen.has(one))) {
    for (const one of replacements) seen.add(one);
    return undefined;
  }
  return ready.flatMap((item) => {
    const subscription = byName.get(item.subscription);
    return subscription?.thresholdId === item.thresholdId ? [toHit(item, subscription)] : [];
  });
}

/** Whether the threshold's flag on the metric allows the item to fire. */
function fires({ kind, recoverTo }: ThresholdItem, flag: Flag | undefined): boolean {
  if (kind === 'initial') return flag === undefined;
  return kind === 'rearm' || recoverTo === undefined || flag?.armed !== false;
}

function toHit({ sortKey: _, ...item }: HitItem, { uid, generation, flow }: Subscription): Hit {
  return { ...item, uid, generation, startsFlow: flow !== undefined };
}

/** Fields of an intent that come from the observation. */
type About = Pick<Intent, 'previousValue' | 'unit' | 'runId' | 'awsAccount' | 'awsRegion'>;

/**
 * Writes the state, with an intent if there are hits, then publishes the intent. The sweep knows of the intent before it is
 * written. Returns false if the race was lost.
 */
async function commitAndPublish(
  key: string,
  state: MetricState | undefined,
  next: MetricState,
  about: About,
  hits: readonly Hit[],
  ports: EvaluationPorts,
): Promise<boolean> {
  const { thresholds, clock } = ports;
  if (hits.length === 0) return thresholds.commitState(key, { ...next, intent: undefined }, state?.version);
  const intent = await prepareIntent(key, next, about, hits, ports);
  const { pending = new PendingBatch(thresholds, clock, INTENT_GRACE_MS) } = ports;
  const settled = await pending.announce(key);
  const committed = await thresholds.commitState(key, { ...next, intent }, state?.version);
  if (committed) await publishIntent(key, next.metric, intent, ports);
  await settled();
  return committed;
}

async function prepareIntent(
  key: string,
  { version, last }: MetricState,
  about: About,
  hits: readonly Hit[],
  { thresholds, newId, clock }: EvaluationPorts,
): Promise<Intent> {
  const due = clock() + INTENT_GRACE_MS;
  const intent = { ...about, ...(last as LastValue), version, due };
  if (hits.length <= HITS_PER_ITEM) return { ...intent, hits };
  const id = newId();
  const count = Math.ceil(hits.length / HITS_PER_ITEM);
  for (let n = 0; n < count; n++) {
    await thresholds.putIntentPart(key, id, n, hits.slice(n * HITS_PER_ITEM, (n + 1) * HITS_PER_ITEM), due);
  }
  return { ...intent, hits: [], parts: { id, count } };
}

/**
 * Publishes a committed intent: sends all crossing events, writes the flags, then clears the intent. After a failure the
 * intent stays, and the next worker publishes it again with the same ids.
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
  const fires = hits.filter((hit) => hit.kind !== 'rearm');
  await allSettledOrThrow(
    fires.map((hit) => events.publish(crossingDetailType(metric), crossingDetail(metric, intent, hit, connectorId))),
  );
  if (fires.length > 0) telemetry.count(MetricName.CROSSINGS, fires.length);
  await allSettledOrThrow(
    hits
      .filter((hit) => hit.flagged)
      .map(({ subscription, thresholdId, kind }) =>
        thresholds.writeFlag(key, subscription, thresholdId, { armed: kind === 'rearm' }, intent.version),
      ),
  );
}
