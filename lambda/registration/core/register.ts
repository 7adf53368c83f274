import { afterEdit } from '../../delivery/core/health/health-transitions';
import { type Dimensions, type Metric, measureOf, metricKey } from '../../shared/core/metric';
import { sameJson } from '../../shared/core/same-json';
import type { SecretReference } from '../../subscriptions/core/secret-reference';
import type {
  FlowUrlSource,
  Registration,
  Subscription,
  SubscriptionDefinition,
} from '../../subscriptions/core/subscription';
import { type ThresholdItem, thresholdItems, watchedMetric } from '../../thresholds/core/threshold-item';
import { checkSeries, needsCheck, putSeries } from './changes';
import { SubscriptionError } from './errors';
import { checkExpectations, followExpectations, markSubject } from './expectations';
import type { RegistryPorts } from './ports';

/** When the sweep checks for leftovers: long after the registration and all concurrent evaluations have ended. */
const LEFTOVER_MS = 60 * 60 * 1000;
/** When the sweep checks a replaced item: later than its own registration's mark, so that the two marks differ. */
const REPLACED_MS = LEFTOVER_MS + 1;

/** A subscription to register. Without a flow URL and a reference, a threshold only sends its event. */
export interface DesiredSubscription {
  readonly definition: SubscriptionDefinition;
  /** Plain text. */
  readonly flowUrl?: string;
  /** Secret that contains the flow URL. */
  readonly flowUrlFrom?: SecretReference;
  /** Set for a flow that registers itself. Always written, because each registration has a new id. */
  readonly registration?: Registration;
}

export type Change = 'added' | 'changed' | 'unchanged';

/** Another manager owns the subscription, or it changed during the registration. */
export class SubscriptionConflictError extends Error {
  override readonly name = 'SubscriptionConflictError';

  constructor(
    message: string,
    readonly conflict: 'managed elsewhere' | 'changed meanwhile',
  ) {
    super(message);
  }
}

export interface RegistrationPlan {
  readonly change: Change;
  readonly existing?: Subscription;
}

/**
 * The manager of a subscription without the part: `cdk:Shop` of `cdk:Shop#TellTheTeam1A2B3C4D`. Parts of one manager can
 * take over each other's subscriptions.
 */
const managerOf = (managedBy: string): string => managedBy.split('#', 1)[0] as string;

/**
 * Compares a subscription with the stored one. Changes nothing.
 * @throws SubscriptionConflictError if another manager owns the subscription.
 * @throws SubscriptionError for dimensions that the measure does not have, and for too many kinds of changes of a metric or
 * expectations of a subject.
 */
export async function planRegistration(
  wanted: DesiredSubscription,
  managedBy: string,
  ports: Pick<RegistryPorts, 'subscriptions' | 'thresholds' | 'expectations' | 'fingerprint'>,
): Promise<RegistrationPlan> {
  const { subscriptions, thresholds, expectations, fingerprint } = ports;
  const { definition } = wanted;
  const { name } = definition;
  const existing = await subscriptions.read(name);
  if (existing && managerOf(existing.managedBy) !== managerOf(managedBy)) {
    const change = existing.registration ? `end its registration with connector end ${name}` : 'change it there';
    throw new SubscriptionConflictError(
      `subscription "${name}" is managed by ${existing.managedBy}: ${change}, or choose another name`,
      'managed elsewhere',
    );
  }
  const isOurs = existing?.managedBy === managedBy;
  const isNew = wanted.registration !== undefined;
  if (!isNew && isOurs && sameJson(existing.definition, definition) && sameFlow(existing.flow, wanted, fingerprint)) {
    return { change: 'unchanged', existing };
  }
  await checkDimensions(definition, thresholds);
  await checkSeries(definition, thresholds);
  await checkExpectations(definition, expectations);
  return { change: existing ? 'changed' : 'added', existing };
}

/** Compares references themselves: only `deliver` reads the referenced secrets. */
function sameFlow(
  stored: FlowUrlSource | undefined,
  { flowUrl, flowUrlFrom }: DesiredSubscription,
  fingerprint: RegistryPorts['fingerprint'],
): boolean {
  if (stored && 'from' in stored) return sameJson(stored.from, flowUrlFrom);
  return flowUrlFrom === undefined && stored?.fingerprint === (flowUrl && fingerprint(flowUrl));
}

/** A threshold with a misspelled dimension would never fire. A measure without values can have any dimensions. */
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
    `subscription "${definition.name}": measure "${measure.name}" does not have the dimensions ${wanted}; it has ${known.join(' and ')}: write those, each with its member`,
  );
}

/**
 * Adds or changes a subscription (protocol S):
 *
 *        announce                       put                        settle
 *   --------+----------------------------+---------------------------+---------> time
 *     new items written            subscription names           new items no
 *     and due, old items due       the new items                longer due
 *           |<- crash: the sweep ------->|<- crash: the sweep ------>|
 *               removes the new items        keeps the new items
 *               and keeps the old ones       and removes the old ones
 *
 * Items whose `thresholdId` the subscription does not name have no effect.
 * @throws like `planRegistration`; SubscriptionConflictError if the subscription changed during the registration.
 */
export async function register(wanted: DesiredSubscription, managedBy: string, ports: RegistryPorts): Promise<Change> {
  const { definition } = wanted;
  const { change, existing } = await planRegistration(wanted, managedBy, ports);
  if (change === 'unchanged') {
    // Requested again, because the last registration can have failed before its request.
    if (existing) await requestChecks(existing, ports);
    await followExpectations(existing, undefined, ports);
    return change;
  }

  const takenOver = existing && existing.managedBy !== managedBy ? existing : undefined;
  const from = takenOver && { managedBy: takenOver.managedBy, definition: takenOver.definition, flow: takenOver.flow };
  const flow = await flowOf(wanted, ports);
  const { registration } = wanted;
  await replace(existing, { definition, flow, managedBy, takenFrom: from ?? existing?.takenFrom, registration }, ports);
  return change;
}

/** The contents that a change replaces. */
type Contents = Pick<Subscription, 'definition' | 'flow' | 'managedBy' | 'takenFrom' | 'registration'>;

/** @throws SubscriptionConflictError if the subscription changed during the registration. */
async function replace(existing: Subscription | undefined, contents: Contents, ports: RegistryPorts): Promise<void> {
  const { definition } = contents;
  // A change that keeps the threshold keeps its items, and so its armed state.
  const keepsThreshold = existing !== undefined && sameThreshold(existing.definition, definition);
  const thresholdId = definition.threshold && (keepsThreshold ? existing.thresholdId : ports.newId());
  const next: Subscription = {
    ...contents,
    uid: existing?.uid ?? ports.newId(),
    generation: (existing?.generation ?? 0) + 1,
    thresholdId,
  };
  const due = ports.clock() + LEFTOVER_MS;
  if (!keepsThreshold) {
    await eachThreshold(next, (key, item) => ports.thresholds.putThreshold(key, item, due));
    await putSeries(next, ports.thresholds);
  }
  const write = () => put(next, existing, ports, (previous) => afterEdit(previous, definition, ports.clock()));
  const written = await whileMarked(existing, definition, write, ports);
  if (!written) throw concurrentChange(definition.name);
  if (!keepsThreshold) {
    await eachThreshold(next, (key, item) => settle(key, item, due, ports));
    await putSeries(next, ports.thresholds);
  }
  await followExpectations(next, existing, ports);
  await requestChecks(next, ports);
}

const concurrentChange = (name: string): SubscriptionConflictError =>
  new SubscriptionConflictError(
    `subscription "${name}" was changed by another run at the same time: run it again`,
    'changed meanwhile',
  );

async function flowOf(
  { definition, flowUrl, flowUrlFrom }: DesiredSubscription,
  { seal }: RegistryPorts,
): Promise<FlowUrlSource | undefined> {
  if (flowUrlFrom) return { from: flowUrlFrom };
  return flowUrl === undefined ? undefined : seal(definition.name, flowUrl);
}

/**
 * Replaces the subscription that was read. Returns false if anything but its health changed since then.
 * @param healthOf the new health, from the previous subscription.
 */
async function put(
  next: Subscription,
  existing: Subscription | undefined,
  { subscriptions }: RegistryPorts,
  healthOf: (previous: Subscription | undefined) => Subscription['health'],
): Promise<boolean> {
  for (let previous = existing; ; ) {
    if (await subscriptions.put({ ...next, health: healthOf(previous) }, previous)) return true;
    const current = previous && (await subscriptions.read(next.definition.name));
    if (!current) return false;
    const notRecreated = current.uid === existing?.uid;
    const notEdited = current.generation === existing?.generation;
    const sameManager = current.managedBy === existing?.managedBy;
    const healthChanged = current.health?.version !== previous?.health?.version;
    // Deliveries change the health at any time, so a change of the health alone is retried.
    if (![notRecreated, notEdited, sameManager, healthChanged].every(Boolean)) return false;
    previous = current;
  }
}

/**
 * Requests checks of a new threshold that needs them, on its metric and on each member of its measure. For new members, `evaluate`
 * finds the threshold itself.
 */
export async function requestChecks({ definition, thresholdId }: Subscription, ports: RegistryPorts): Promise<void> {
  if (thresholdId === undefined || !needsCheck(definition.threshold)) return;
  const metric = watchedMetric(definition);
  const members = isWhole(metric) ? await ports.thresholds.members(metricKey(metric)) : [];
  const metrics = [metric, ...members.map((dimensions) => ({ ...metric, dimensions }))];
  await Promise.all(
    metrics.map((one) => ports.requestCheck({ metric: one, subscription: definition.name, thresholdId })),
  );
}

/**
 * Removes a subscription; the sweep removes its threshold's items. Does nothing if the subscription does not exist or has
 * another manager.
 *
 * A subscription that was taken over from another part of the same manager is restored instead. CloudFormation creates
 * the new resource before it deletes the old one, and deletes the new one if the deployment fails in between. Deleting
 * the old resource removes the data for this.
 * @returns whether the subscription was removed.
 */
export async function unregister(name: string, managedBy: string, ports: RegistryPorts): Promise<boolean> {
  const existing = await ports.subscriptions.read(name);
  if (existing?.takenFrom?.managedBy === managedBy) await forget(existing, ports);
  if (existing?.managedBy !== managedBy) return false;
  if (existing.takenFrom) {
    await replace(existing, existing.takenFrom, ports);
    return false;
  }
  const removed = await whileMarked(existing, undefined, () => ports.subscriptions.delete(existing), ports);
  if (!removed) throw concurrentChange(name);
  await followExpectations(undefined, existing, ports);
  return true;
}

/**
 * Removes a subscription as it was read. The sweep removes its threshold's items.
 * @returns false if the subscription or its health changed since it was read.
 */
export async function removeAsRead(
  existing: Subscription,
  ports: Pick<RegistryPorts, 'subscriptions' | 'thresholds' | 'expectations' | 'clock' | 'newId'>,
): Promise<boolean> {
  const removed = await whileMarked(existing, undefined, () => ports.subscriptions.deleteAsRead(existing), ports);
  if (removed) await followExpectations(undefined, existing, ports);
  return removed;
}

/** Removes the data for restoring the subscription. Changes nothing else. */
async function forget(existing: Subscription, ports: RegistryPorts): Promise<void> {
  const written = await put({ ...existing, takenFrom: undefined }, existing, ports, (previous) =>
    rewritten(previous?.health),
  );
  if (!written) throw concurrentChange(existing.definition.name);
}

/** The same health with a new version, so that concurrent writers read it again. */
const rewritten = (health: Subscription['health']): Subscription['health'] =>
  health && { ...health, version: health.version + 1 };

/**
 * Marks what the change leaves behind, and writes the subscription: the items of the old threshold for the sweep, and the
 * subject that it expected. The old items stay for now: an evaluation that started before the change must find them to detect
 * the replacement and retry. Otherwise it could miss both thresholds.
 *
 * Marks them again if so much time has passed that the sweep can have removed the marks before the write, also after a
 * failure: the write can have taken effect.
 */
async function whileMarked<T>(
  old: Subscription | undefined,
  next: SubscriptionDefinition | undefined,
  write: () => Promise<T>,
  { thresholds, expectations, clock }: Pick<RegistryPorts, 'thresholds' | 'expectations' | 'clock'>,
): Promise<T> {
  if (!old) return write();
  const began = clock();
  const mark = async () => {
    await markSubject(old.definition, next, clock() + LEFTOVER_MS, expectations);
    if (next && sameThreshold(old.definition, next)) return;
    await eachThreshold(old, (key, { sortKey }) => thresholds.markThreshold(key, sortKey, clock() + REPLACED_MS));
  };
  await mark();
  try {
    return await write();
  } finally {
    if (clock() >= began + LEFTOVER_MS / 2) await mark();
  }
}

/**
 * Removes the mark of a new item, unless another registration has marked it again. Writes the item again if the sweep removed
 * it, which happens when the registration took longer than an hour. It stays due, because it can be replaced by then.
 */
async function settle(key: string, item: ThresholdItem, due: number, ports: RegistryPorts): Promise<void> {
  const { thresholds, clock } = ports;
  if (await thresholds.settle(key, item.sortKey, due)) return;
  await thresholds.restoreThreshold(key, item, clock() + LEFTOVER_MS);
}

/** Whether a threshold on the metric applies to all members of the measure. */
const isWhole = (metric: Metric): boolean => metric.kind === 'measure' && !measureOf(metric);

async function eachThreshold(
  { definition, thresholdId }: Subscription,
  act: (metricKey: string, item: ThresholdItem) => Promise<void>,
): Promise<void> {
  if (!definition.threshold || thresholdId === undefined) return;
  const key = metricKey(watchedMetric(definition));
  for (const item of thresholdItems(definition.name, thresholdId, definition.threshold)) await act(key, item);
}

/** Whether two definitions have the same threshold on the same metric, or none. */
export const sameThreshold = (a: SubscriptionDefinition, b: SubscriptionDefinition): boolean =>
  sameJson(a.threshold, b.threshold) && sameJson(a.threshold && watchedMetric(a), b.threshold && watchedMetric(b));
