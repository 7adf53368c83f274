import { isDeepStrictEqual } from 'node:util';
import { metricKey } from './metric';
import type { SubscriptionReader } from './ports';
import type { SealedFlowUrl, Subscription, SubscriptionDefinition } from './subscription';
import { type ThresholdItem, thresholdItems, watchedMetric } from './threshold-item';

/** What changing subscriptions needs. */
export interface RegistryPorts {
  readonly subscriptions: SubscriptionReader & {
    put(subscription: Subscription, previous: Subscription | undefined): Promise<boolean>;
    delete(subscription: Subscription): Promise<boolean>;
  };
  readonly thresholds: {
    putThreshold(metricKey: string, item: ThresholdItem): Promise<void>;
    deleteThreshold(metricKey: string, sortKey: string): Promise<void>;
  };
  /** Fingerprint of a flow URL. */
  readonly fingerprint: (flowUrl: string) => string;
  readonly seal: (subscription: string, flowUrl: string) => Promise<SealedFlowUrl>;
  readonly newId: () => string;
}

/** A subscription as somebody asks for it. */
export interface WantedSubscription {
  readonly definition: SubscriptionDefinition;
  /** In clear; left out: a threshold that only puts its event on the bus. */
  readonly flowUrl?: string;
}

export type Change = 'added' | 'changed' | 'unchanged';

/** A subscription is another manager's, or was changed by somebody at the same time. */
export class SubscriptionConflictError extends Error {
  override readonly name = 'SubscriptionConflictError';
}

/** What has to be done for a subscription. Throws `SubscriptionConflictError` for another manager's. */
export function planOf(
  wanted: WantedSubscription,
  managedBy: string,
  existing: Subscription | undefined,
  fingerprint: RegistryPorts['fingerprint'],
): Change {
  if (!existing) return 'added';
  const { name } = wanted.definition;
  if (existing.managedBy !== managedBy) {
    throw new SubscriptionConflictError(
      `subscription "${name}" is managed by ${existing.managedBy}: change it there, or choose another name`,
    );
  }
  const sameFlow = existing.flow?.fingerprint === (wanted.flowUrl && fingerprint(wanted.flowUrl));
  return sameFlow && same(existing.definition, wanted.definition) ? 'unchanged' : 'changed';
}

/**
 * Makes a subscription be as it is wanted (protocol S): new threshold items first, then the subscription, then the old
 * items go. What a crash leaves behind has no effect, since its `thresholdId` is nobody's.
 * @throws SubscriptionConflictError for another manager's subscription, or when somebody changed it meanwhile.
 */
export async function register(wanted: WantedSubscription, managedBy: string, ports: RegistryPorts): Promise<Change> {
  const { definition, flowUrl } = wanted;
  const existing = await ports.subscriptions.read(definition.name);
  const change = planOf(wanted, managedBy, existing, ports.fingerprint);
  if (change === 'unchanged') return change;

  // A change that leaves the threshold alone keeps its items, and with them whether it is armed.
  const keepsThreshold = existing !== undefined && sameThreshold(existing.definition, definition);
  const thresholdId = definition.threshold && (keepsThreshold ? existing.thresholdId : ports.newId());
  const next: Subscription = {
    definition,
    uid: existing?.uid ?? ports.newId(),
    generation: (existing?.generation ?? 0) + 1,
    thresholdId,
    managedBy,
    flow: flowUrl === undefined ? undefined : await ports.seal(definition.name, flowUrl),
  };
  if (!keepsThreshold) {
    await eachThreshold(next, (key, item) => ports.thresholds.putThreshold(key, item));
  }
  if (!(await ports.subscriptions.put(next, existing))) {
    throw new SubscriptionConflictError(
      `subscription "${definition.name}" was changed by somebody meanwhile: run it again`,
    );
  }
  if (existing && !keepsThreshold) {
    await eachThreshold(existing, (key, item) => ports.thresholds.deleteThreshold(key, item.sortKey));
  }
  return change;
}

/**
 * Removes a subscription: itself first, then its threshold items. Another manager's, or one that is not there, is left alone.
 * @returns whether it was removed.
 */
export async function unregister(name: string, managedBy: string, ports: RegistryPorts): Promise<boolean> {
  const existing = await ports.subscriptions.read(name);
  if (existing?.managedBy !== managedBy) return false;
  if (!(await ports.subscriptions.delete(existing))) {
    throw new SubscriptionConflictError(`subscription "${name}" was changed by somebody meanwhile: run it again`);
  }
  await eachThreshold(existing, (key, item) => ports.thresholds.deleteThreshold(key, item.sortKey));
  return true;
}

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
