import { type RecordPorts, recordRefresh } from '../../expectations/core/record';
import { identityHash } from '../../shared/core/identity';
import { type Metric, metricKey, type Observation } from '../../shared/core/metric';
import type { MetricState } from './metric-state';
import type { ThresholdStore } from './ports';

/**
 * Records the refresh of a segment or measure that a subscription expects, before the value is committed: a crash in between
 * repeats both. A member's first value looks up whether its measure is expected.
 * @param newMemberOf the measure, for the first value of a member.
 * @returns the mark of the next state.
 */
export async function recordExpected(
  { metric, observedAt, sequence, runId }: Observation,
  state: MetricState | undefined,
  newMemberOf: Metric | undefined,
  ports: RecordPorts & { readonly thresholds: Pick<ThresholdStore, 'isExpected'> },
): Promise<true | undefined> {
  const marked = state?.expected ?? (newMemberOf && (await ports.thresholds.isExpected(metricKey(newMemberOf))));
  if (!marked) return undefined;
  const { kind, instanceId, name } = metric;
  const id = identityHash(metricKey(metric), observedAt, sequence);
  const refresh = { id, endedAt: observedAt, status: 'Successful', runId } as const;
  return (await recordRefresh({ type: kind, instanceId, name }, refresh, ports)) || undefined;
}
