import { isDeepStrictEqual } from 'node:util';
import { afterEdit } from '../../delivery/core/health/health-transitions';
import { type Dimensions, type Metric, measureOf, metricKey } from '../../shared/core/metric';
import type { Clock } from '../../shared/core/ports';
import type { SubscriptionReader } from '../../subscriptions/core/ports';
import type { SecretReference } from '../../subscriptions/core/secret-reference';
import type {
  FlowUrlSource,
  SealedFlowUrl,
  Subscription,
  SubscriptionDefinition,
} from '../../subscriptions/core/subscription';
import type { ThresholdCheck } from '../../thresholds/core/observe';
import { type ThresholdItem, thresholdItems, watchedMetric } from '../../thresholds/core/threshold-item';

/** What changing subscriptions needs. */
export interface RegistryPorts {
  readonly subscriptions: SubscriptionReader & {
    /** False when it, or its health, was changed since `previous` was read, or made or deleted. */
    put(subscription: Subscription, previous: Subscription | undefined): Promise<boolean>;
    delete(subscription: Subscription): Promise<boolean>;
  };
  readonly thresholds: {
    /**
     * Adds an item. It is without effect until its subscription names its `thresholdId`.
     * @param due when the sweep shall look whether that has happened, epoch milliseconds; left out: never.
     */
    putThreshold(metricKey: string, item: ThresholdItem, due?: number): Promise<void>;
    /** The sweep shall look at an item when it is due, epoch milliseconds. */
    markThreshold(metricKey: string, sortKey: string, due: number): Promise<void>;
    /** The sweep need not look. False when the item is not there. */
    settle(metricKey: string, sortKey: string): Promise<boolean>;
    members(measureKey: string): Promise<Dimensions[]>;
  };
  /** Asks `evaluate` whether a threshold is crossed already. */
  readonly requestCheck: (check: ThresholdCheck) => Promise<void>;
  /** Fingerprint of a flow URL. */
  readonly fingerprint: (flowUrl: string) => string;
  readonly seal: (subscription: string, flowUrl: string) => Promise<SealedFlowUrl>;
  readonly newId: () => string;
  readonly clock: Clock;
}

/** After this the sweep looks what a registration has left behind: long after it, and every evaluation beside it, has ended. */
const LEFTOVER_MS = 60 * 60 * 1000;

/** A subscription as somebody asks for it. Without a flow URL and a reference to one, a threshold only puts its event on the bus. */
export interface WantedSubscription {
  readonly definition: SubscriptionDefinition;
  /** In clear. */
  readonly flowUrl?: string;
  /** Where the flow URL is kept, instead of the URL itself. */
  readonly flowUrlFrom?: SecretReference;
}

export type Change = 'added' | 'changed' | 'unchanged';

/** A subscription is another manager's, or was changed by somebody at the same time. */
export class SubscriptionConflictError extends Error {
  override readonly name = 'SubscriptionConflictError';
}

/** The subscription says something that cannot be. */
export class SubscriptionError extends Error {
  override readonly name = 'SubscriptionError';
}

/** What has to be done for a subscription. */
export interface RegistrationPlan {
  readonly change: Change;
  readonly existing?: Subscription;
}

/**
 * Who answers for a subscription, without which part of it does: `cdk:Shop` of `cdk:Shop#TellTheTeam1A2B3C4D`. The parts of
 * one manager may take a subscription over from each other.
 */
const managerOf = (managedBy: string): string => managedBy.split('#', 1)[0] as string;

/**
 * Compares a subscription with what is there; changes nothing.
 * @throws SubscriptionConflictError for another manager's subscription.
 * @throws SubscriptionError for dimensions that the measure has never been seen with.
 */
export async function planRegistration(
  wanted: WantedSubscription,
  managedBy: string,
  { subscriptions, thresholds, fingerprint }: Pick<RegistryPorts, 'subscriptions' | 'thresholds' | 'fingerprint'>,
): Promise<RegistrationPlan> {
  const { definition } = wanted;
  const { name } = definition;
  const existing = await subscriptions.read(name);
  if (existing && managerOf(existing.managedBy) !== managerOf(managedBy)) {
    throw new SubscriptionConflictError(
      `subscription "${name}" is managed by ${existing.managedBy}: change it there, or choose another name`,
    );
  }
  const isOurs = existing?.managedBy === managedBy;
  if (isOurs && same(existing.definition, definition) && sameFlow(existing.flow, wanted, fingerprint)) {
    return { change: 'unchanged', existing };
  }
  await checkDimensions(definition, thresholds);
  return { change: existing ? 'changed' : 'added', existing };
}

/** A reference is compared itself: what it leads to is nobody's business but `deliver`'s. */
function sameFlow(
  stored: FlowUrlSource | undefined,
  { flowUrl, flowUrlFrom }: WantedSubscription,
  fingerprint: RegistryPorts['fingerprint'],
): boolean {
  if (stored && 'from' in stored) return same(stored.from, flowUrlFrom);
  return flowUrlFrom === undefined && stored?.fingerprint === (flowUrl && fingerprint(flowUrl));
}

/** A misspelt dimension would wait for ever. A measure that has not been seen yet may have any. */
async function checkDimensions(
  definition: SubscriptionDefinition,
  thresholds: Pick<RegistryPorts['thresholds'], 'members'>,
): Promise<void> {
  const measure = definition.threshold && measureOf(watchedMetric(definition));
  if (!measure) return;
  const namesOf = (dimensions: Dimensions) => Object.keys(dimensions).toSorted().join(', ');
  const known = [...new Set((await thresholds.members(metricKey(measure))).map(namesOf))];
  const wanted = namesOf(definition.filter.dimensions ?? {});
  if (known.length === 0 || known.includes(wanted)) return;
  throw new SubscriptionError(
    `subscription "${definition.name}": measure "${measure.name}" has never come with the dimensions ${wanted}; it has come with ${known.join(' and with ')}: write those, each with its member`,
  );
}

/**
 * Makes a subscription be as it is wanted (protocol S): new threshold items first, then the subscription. The old items, and
 * what a crash leaves behind, have no effect, since their `thresholdId` is nobody's; the sweep removes them.
 * @throws what `planRegistration` throws, and SubscriptionConflictError when somebody changed the subscription meanwhile.
 */
export async function register(wanted: WantedSubscription, managedBy: string, ports: RegistryPorts): Promise<Change> {
  const { definition } = wanted;
  const { change, existing } = await planRegistration(wanted, managedBy, ports);
  if (change === 'unchanged') {
    // Asked once more, since the last run may have ended before it did.
    if (existing) await requestChecks(existing, ports);
    return change;
  }

  const takenOver = existing && existing.managedBy !== managedBy ? existing : undefined;
  const from = takenOver && { managedBy: takenOver.managedBy, definition: takenOver.definition, flow: takenOver.flow };
  const flow = await flowOf(wanted, ports);
  await replace(existing, { definition, flow, managedBy, takenFrom: from ?? existing?.takenFrom }, ports);
  return change;
}

/** What a change writes anew. */
type Contents = Pick<Subscription, 'definition' | 'flow' | 'managedBy' | 'takenFrom'>;

/** @throws SubscriptionConflictError when somebody changed the subscription meanwhile. */
async function replace(existing: Subscription | undefined, contents: Contents, ports: RegistryPorts): Promise<void> {
  const { definition } = contents;
  // A change that leaves the threshold alone keeps its items, and with them whether it is armed.
  const keepsThreshold = existing !== undefined && sameThreshold(existing.definition, definition);
  const thresholdId = definition.threshold && (keepsThreshold ? existing.thresholdId : ports.newId());
  const next: Subscription = {
    ...contents,
    uid: existing?.uid ?? ports.newId(),
    generation: (existing?.generation ?? 0) + 1,
    thresholdId,
  };
  if (!keepsThreshold) await announce(next, existing, ports);
  const written = await put(next, existing, ports, (previous) => afterEdit(previous, definition, ports.clock()));
  if (!written) throw changedMeanwhile(definition.name);
  if (!keepsThreshold) await eachThreshold(next, (key, item) => settle(key, item, ports));
  await requestChecks(next, ports);
}

const changedMeanwhile = (name: string): SubscriptionConflictError =>
  new SubscriptionConflictError(`subscription "${name}" was changed by somebody meanwhile: run it again`);

async function flowOf(
  { definition, flowUrl, flowUrlFrom }: WantedSubscription,
  { seal }: RegistryPorts,
): Promise<FlowUrlSource | undefined> {
  if (flowUrlFrom) return { from: flowUrlFrom };
  return flowUrl === undefined ? undefined : seal(definition.name, flowUrl);
}

/**
 * Writes a subscription over the one that was read.
 * @param healthOf its health, by what was there before it.
 */
async function put(
  next: Subscription,
  existing: Subscription | undefined,
  { subscriptions }: RegistryPorts,
  healthOf: (previous: Subscription | undefined) => Subscription['health'],
): Promise<boolean> {
  for (let previous = existing; ; ) {
    if (await subscriptions.put({ ...next, health: healthOf(previous) }, previous)) return true;
    // The deliveries of the old one change its health all the time: that is nobody's change of the subscription.
    const current = previous && (await subscriptions.read(next.definition.name));
    const onlyHealth =
      current?.uid === existing?.uid &&
      current?.generation === existing?.generation &&
      current?.managedBy === existing?.managedBy;
    if (!current || !onlyHealth || current.health?.version === previous?.health?.version) return false;
    previous = current;
  }
}

/**
 * Asks whether a new threshold is crossed already, on the metric that it watches and on each of the measure's members.
 * Members that come later look for it by themselves.
 */
async function requestChecks({ definition, thresholdId }: Subscription, ports: RegistryPorts): Promise<void> {
  if (!definition.threshold?.fireIfAlreadyBeyond || thresholdId === undefined) return;
  const metric = watchedMetric(definition);
  const members = isWhole(metric) ? await ports.thresholds.members(metricKey(metric)) : [];
  const metrics = [metric, ...members.map((dimensions) => ({ ...metric, dimensions }))];
  await Promise.all(
    metrics.map((one) => ports.requestCheck({ metric: one, subscription: definition.name, thresholdId })),
  );
}

/**
 * Removes a subscription; the sweep removes its threshold's items. Another manager's, or one that is not there, is left alone.
 *
 * One that was taken over from another part of the same manager is given back as it was instead: CloudFormation makes the
 * new resource before it deletes the old one, and when the deployment fails in between, it deletes the new one. When it is
 * the old one that is deleted, there is nothing to give back any more.
 * @returns whether it was removed.
 */
export async function unregister(name: string, managedBy: string, ports: RegistryPorts): Promise<boolean> {
  const existing = await ports.subscriptions.read(name);
  if (existing?.takenFrom?.managedBy === managedBy) await forget(existing, ports);
  if (existing?.managedBy !== managedBy) return false;
  if (existing.takenFrom) {
    await replace(existing, existing.takenFrom, ports);
    return false;
  }
  await announce(undefined, existing, ports);
  if (!(await ports.subscriptions.delete(existing))) throw changedMeanwhile(name);
  return true;
}

/** Nobody is there any more whom the subscription could be given back to. Nothing else of it changes. */
async function forget(existing: Subscription, ports: RegistryPorts): Promise<void> {
  const written = await put({ ...existing, takenFrom: undefined }, existing, ports, (previous) =>
    rewritten(previous?.health),
  );
  if (!written) throw changedMeanwhile(existing.definition.name);
}

/** The same health, written once more: whoever has read it before must read it again. */
const rewritten = (health: Subscription['health']): Subscription['health'] =>
  health && { ...health, version: health.version + 1 };

/**
 * Writes the new threshold's items, and marks the old one's for the sweep to remove. They are not removed at once: an
 * evaluation that has begun before the change must find the old one, to learn that it was replaced and look again. Else it
 * could miss both.
 */
async function announce(
  next: Subscription | undefined,
  old: Subscription | undefined,
  ports: RegistryPorts,
): Promise<void> {
  const { thresholds, clock } = ports;
  const due = clock() + LEFTOVER_MS;
  if (next) await eachThreshold(next, (key, item) => thresholds.putThreshold(key, item, due));
  if (old) await eachThreshold(old, (key, { sortKey }) => thresholds.markThreshold(key, sortKey, due));
}

/** Whoever slept for an hour between announcing and registering finds its items swept away: they are written again. */
async function settle(key: string, item: ThresholdItem, { thresholds }: RegistryPorts): Promise<void> {
  if (!(await thresholds.settle(key, item.sortKey))) await thresholds.putThreshold(key, item);
}

/** A measure without members is watched with all of them. */
const isWhole = (metric: Metric): boolean => metric.kind === 'measure' && !measureOf(metric);

async function eachThreshold(
  { definition, thresholdId }: Subscription,
  act: (metricKey: string, item: ThresholdItem) => Promise<void>,
): Promise<void> {
  if (!definition.threshold || thresholdId === undefined) return;
  const key = metricKey(watchedMetric(definition));
  for (const item of thresholdItems(definition.name, thresholdId, definition.threshold)) await act(key, item);
}

/** Equal as DynamoDB gives them back: what is undefined is not there. */
const same = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b));
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

const sameThreshold = (a: SubscriptionDefinition, b: SubscriptionDefinition): boolean =>
  same(a.threshold, b.threshold) && same(a.threshold && watchedMetric(a), b.threshold && watchedMetric(b));
