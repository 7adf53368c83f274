import { identityHash } from '../../shared/core/identity';
import { type Metric, metricKey } from '../../shared/core/metric';
import type { Hit } from './metric-state';

/**
 * The id of a crossing, the same each time that the crossing is found or published. The initial firing of a threshold
 * whose value is already beyond it is not a crossing, so its id has additional parts. So has the id of a
 * crossing in a series of changes.
 */
export function crossingId(
  metric: Metric,
  at: { readonly observedAt: number; readonly sequence: number },
  hit: Pick<Hit, 'kind' | 'cut' | 'subscription' | 'thresholdId' | 'series'>,
): string {
  const initial = hit.kind === 'initial' ? ['already beyond', hit.thresholdId] : [];
  const { comparedWith, unit } = hit.series ?? {};
  const series = comparedWith && unit ? [comparedWith, unit] : [];
  return identityHash(metricKey(metric), at.observedAt, at.sequence, hit.cut, hit.subscription, ...initial, ...series);
}
