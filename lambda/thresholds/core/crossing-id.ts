import { identityHash } from '../../shared/core/identity';
import { type Metric, metricKey } from '../../shared/core/metric';
import type { Hit } from './metric-state';

/**
 * The same crossing of the same subscription has the same id, however often it is found or published. A threshold that
 * fires because the value is beyond already crosses nothing, so its id is of another kind.
 */
export function crossingId(
  metric: Metric,
  at: { readonly observedAt: number; readonly sequence: number },
  hit: Pick<Hit, 'kind' | 'cut' | 'subscription' | 'thresholdId'>,
): string {
  const initial = hit.kind === 'initial' ? ['already beyond', hit.thresholdId] : [];
  return identityHash(metricKey(metric), at.observedAt, at.sequence, hit.cut, hit.subscription, ...initial);
}
