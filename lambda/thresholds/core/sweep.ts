import { Metric as MetricName } from '../../../contract/metrics';
import { partIdOf } from './metric-state';
import { type EvaluationPorts, publishIntent } from './observe';
import type { DueIndex, DueKey, DueKind } from './ports';
import { flagSortKey, ownerOf } from './threshold-item';

type SweepPorts = EvaluationPorts & { readonly due: DueIndex };

/**
 * Comes back to what was left behind, such as by a message that ended in the dead-letter queue or by a registration that
 * was cut off. It repeats the protocol's own step for each, and invents nothing.
 * @returns how many intents it published.
 * @throws AggregateError when some of it failed; the rest is done, and the next sweep comes back to those.
 */
export async function sweep(ports: SweepPorts): Promise<number> {
  const failures: unknown[] = [];
  const each = async (kind: DueKind, act: (key: DueKey, ports: SweepPorts) => Promise<boolean>): Promise<number> => {
    let done = 0;
    for (const key of await ports.due.overdue(kind, ports.clock())) {
      try {
        if (await act(key, ports)) done++;
      } catch (error) {
        failures.push(error);
      }
    }
    return done;
  };
  const published = await each('intent', publishOverdue);
  if (published > 0) ports.telemetry.count(MetricName.SWEPT_INTENTS, published);
  // After the intents: a part that an intent names is published with it.
  await each('part', removeUnnamedPart);
  await each('threshold', settleThreshold);
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} steps of the sweep failed`);
  return published;
}

async function publishOverdue({ metricKey }: DueKey, ports: SweepPorts): Promise<boolean> {
  const state = await ports.thresholds.readState(metricKey);
  if (!state?.intent) return false;
  await publishIntent(metricKey, state.metric, state.intent, ports);
  return true;
}

/** A part whose commit lost its race, or was never made. */
async function removeUnnamedPart({ metricKey, sortKey }: DueKey, { thresholds, due }: SweepPorts): Promise<boolean> {
  const state = await thresholds.readState(metricKey);
  if (state?.intent?.parts?.id === partIdOf(sortKey)) return false;
  await due.remove(metricKey, sortKey);
  return true;
}

/** An item that its subscription names stays. Another one has no effect: it goes, and with it what it did on each metric. */
async function settleThreshold({ metricKey, sortKey }: DueKey, { subscriptions, due }: SweepPorts): Promise<boolean> {
  const { subscription, thresholdId } = ownerOf(sortKey);
  if ((await subscriptions.read(subscription))?.thresholdId === thresholdId) return due.settle(metricKey, sortKey);
  const flag = flagSortKey(subscription, thresholdId);
  for (const key of [metricKey, ...(await due.memberKeys(metricKey))]) await due.remove(key, flag);
  // Last: as long as it is there, the next sweep comes back.
  await due.remove(metricKey, sortKey);
  return true;
}
