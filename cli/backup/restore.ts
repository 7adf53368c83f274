import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { requestChecks, sameThreshold } from '../../lambda/registration/core/register';
import { sameJson } from '../../lambda/shared/core/same-json';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { HistoryItem, ThresholdTable } from '../../lambda/thresholds/adapters/threshold-table';
import type { MetricState } from '../../lambda/thresholds/core/metric-state';
import { inSlices } from '../shell/slices';
import type { Backup, BackupSubscription } from './backup-file';

export interface RestorePorts {
  readonly thresholds: Pick<ThresholdTable, 'readState' | 'commitState' | 'addMember' | 'putPastValue' | 'writeFlag'>;
  readonly registry: RegistryPorts;
  /** Called after each restored item. */
  readonly progress: () => void;
}

/** The subscriptions of a backup, compared with those of the connector that gets it. */
export interface RestorePlan {
  /** Subscriptions that the connector does not have, and whose manager can create them. */
  readonly missing: readonly BackupSubscription[];
  /** Names of subscriptions whose threshold is another one. It starts from the beginning. */
  readonly changed: readonly string[];
  /** Names of subscriptions that an operator had paused, and that are active now. */
  readonly paused: readonly string[];
  /** Ids of the connector's thresholds by the name of their subscription. Thresholds that start from the beginning are left out. */
  readonly thresholdIds: ReadonlyMap<string, string>;
}

/** Compares the subscriptions. A flow that registered itself registers again, so it is never missing. */
export function planRestore(
  backup: readonly BackupSubscription[],
  current: ReadonlyMap<string, Subscription>,
): RestorePlan {
  const found = backup.flatMap((one) => {
    const now = current.get(one.subscription.name);
    return now ? [{ one, now, isSame: sameThreshold(one.subscription, now.definition) }] : [];
  });
  const namesOf = (all: typeof found) => all.map(({ one }) => one.subscription.name);
  return {
    missing: backup.filter(
      ({ subscription, managedBy }) => !current.has(subscription.name) && managedBy !== REGISTERED,
    ),
    changed: namesOf(found.filter(({ isSame }) => !isSame)),
    paused: namesOf(found.filter(({ one, now }) => one.paused && now.health?.state !== 'paused')),
    thresholdIds: new Map(
      found.flatMap(({ now, isSame }) =>
        isSame && now.thresholdId !== undefined ? [[now.definition.name, now.thresholdId]] : [],
      ),
    ),
  };
}

/** Items that are written concurrently. */
const CONCURRENCY = 25;

/** The manager of flows that registered themselves. */
const REGISTERED = 'connector';

/** Numbers of metrics. `kept`: the connector had another value of the metric, which stays. */
export interface RestoreCounts {
  restored: number;
  unchanged: number;
  kept: number;
}

/**
 * Writes the histories of a backup. Safe to repeat after a crash at any point.
 *
 * The state of a metric comes last: until then, an observation is the metric's first one, and no threshold can fire without
 * its flag. Afterwards, thresholds that the backup does not have are checked: the states were empty when they were registered.
 */
export async function restore(
  { histories }: Pick<Backup, 'histories'>,
  { thresholdIds }: RestorePlan,
  subscriptions: Iterable<Subscription>,
  { thresholds, registry, progress }: RestorePorts,
): Promise<RestoreCounts> {
  const counts = { restored: 0, unchanged: 0, kept: 0 };
  const parts = histories.flatMap((item) => ('state' in item ? [] : [item]));
  await inSlices(parts, CONCURRENCY, (part) => restorePart(part, thresholdIds, thresholds), progress);
  const states = histories.flatMap((item) => ('state' in item ? [item] : []));
  const restoreOne = ({ metricKey, state }: (typeof states)[number]) => restoreState(metricKey, state, thresholds);
  await inSlices(states, CONCURRENCY, restoreOne, (_, result) => {
    counts[result]++;
    progress();
  });
  for (const one of subscriptions) await requestChecks(one, registry);
  return counts;
}

async function restorePart(
  item: Exclude<HistoryItem, { state: unknown }>,
  thresholdIds: RestorePlan['thresholdIds'],
  thresholds: RestorePorts['thresholds'],
): Promise<void> {
  const { metricKey } = item;
  if ('member' in item) return thresholds.addMember(metricKey, item.member);
  if ('past' in item) return thresholds.putPastValue(metricKey, item.past, item.expiresAt);
  const { subscription, armed, version } = item.flag;
  const thresholdId = thresholdIds.get(subscription);
  if (thresholdId !== undefined) await thresholds.writeFlag(metricKey, subscription, thresholdId, { armed }, version);
}

async function restoreState(
  key: string,
  { metric, last, recent, version, changes }: MetricState,
  thresholds: RestorePorts['thresholds'],
): Promise<keyof RestoreCounts> {
  for (;;) {
    const current = await thresholds.readState(key);
    if (current?.last) return sameJson(current.last, last) ? 'unchanged' : 'kept';
    const next: MetricState = {
      ...{ metric, last, recent, changes },
      // Later than the versions that wrote the flags, so that the next crossing can write them.
      version: Math.max(version, current?.version ?? 0) + 1,
      expected: current?.expected,
    };
    if (await thresholds.commitState(key, next, current?.version)) return 'restored';
  }
}
