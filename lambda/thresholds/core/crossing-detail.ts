import { CrossingEvent } from '../../../contract/events';
import { valueAfterChange } from '../../shared/core/change';
import type { Metric } from '../../shared/core/metric';
import { directionOf } from '../../shared/core/position';
import { crossingId } from './crossing-id';
import type { Hit, Intent } from './metric-state';

/** The event of a crossing, from the intent alone. */

export const crossingDetailType = (metric: Metric) =>
  metric.kind === 'segment' ? CrossingEvent.SEGMENT_THRESHOLD_CROSSED : CrossingEvent.MEASURE_THRESHOLD_CROSSED;

export function crossingDetail(metric: Metric, intent: Intent, hit: Hit, connector: string): Record<string, unknown> {
  const { previousValue, value, observedAt, sequence, unit, runId, awsAccount, awsRegion } = intent;
  const { kind, subscription, uid, generation, startsFlow, operator, threshold, recoverTo } = hit;
  return {
    connector,
    crossingId: crossingId(metric, intent, hit),
    subscription,
    uid,
    generation,
    startsFlow,
    instanceId: metric.instanceId,
    [metric.kind]: metric.name,
    dimensions: metric.dimensions,
    direction: directionOf(operator),
    threshold,
    recoverTo,
    alreadyBeyond: kind === 'initial' ? true : undefined,
    previousValue,
    value,
    unit,
    observedAt: new Date(observedAt).toISOString(),
    sequence,
    runId,
    awsAccount,
    awsRegion,
    ...changeDetail(hit),
  };
}

/** The fields of a threshold on changes. Its `threshold` is the value at which the base has changed enough. */
function changeDetail({ series, base, threshold: by }: Hit): Record<string, unknown> {
  if (!series || !base) return {};
  const { comparedWith, unit } = series;
  return {
    threshold: valueAfterChange(unit, base.value, by),
    comparedWith,
    baseValue: base.value,
    baseObservedAt: new Date(base.observedAt).toISOString(),
    changeBy: Math.abs(by),
    changeUnit: unit,
  };
}
