import type { TriggerId } from '../../../contract/events';

/**
 * The key of what a delivery is about, in the words of the docs: independent of the ids that the code computes. A bus
 * event, the message of a delivery and the body that a flow receives have the same key if they are about the same fact.
 */
export function factKey(trigger: TriggerId, fields: Readonly<Record<string, unknown>>): string {
  const { dataSource, runId, status, attempt, observedAt, direction, threshold, alreadyBeyond } = fields;
  const { comparedWith, expectedBy, state, value } = fields;
  if (trigger === 'refresh-overdue') {
    const by = typeof expectedBy === 'number' ? expectedBy : Date.parse(String(expectedBy));
    return [trigger, by, state].join('|');
  }
  if (!trigger.endsWith('threshold-crossed')) {
    return [trigger, dataSource, runId, status === 'Failure' ? 'Failed' : status, attempt].join('|');
  }
  const at = typeof observedAt === 'number' ? new Date(observedAt).toISOString() : observedAt;
  return [trigger, subjectKey(fields), at, value, direction, threshold, alreadyBeyond ? 'already beyond' : '']
    .concat(comparedWith ? String(comparedWith) : [])
    .join('|');
}

/** The key of a metric: a segment, or a measure with its members. */
export function subjectKey({ segment, measure, dimensions }: Readonly<Record<string, unknown>>): string {
  const members = Object.entries((dimensions as Record<string, string> | undefined) ?? {}).toSorted();
  return `${segment ?? measure}${members.length > 0 ? JSON.stringify(members) : ''}`;
}

/** The trigger of an event on the bus. Undefined: none (docs/thresholds.md, docs/bodies.md). */
export function triggerOf(detailType: string, detail: Readonly<Record<string, unknown>>): TriggerId | undefined {
  switch (detailType) {
    case 'DataSourceRefreshed':
      if (detail.status === 'Successful') return 'data-source-refresh-succeeded';
      return ['Failed', 'Failure', 'TimedOut'].includes(String(detail.status))
        ? 'data-source-refresh-failed'
        : undefined;
    case 'FullRefreshed':
      return 'full-refresh-completed';
    case 'UnificationRefreshed':
      return 'unification-refresh-completed';
    case 'SegmentThresholdCrossed':
      return 'segment-threshold-crossed';
    case 'MeasureThresholdCrossed':
      return 'measure-threshold-crossed';
    case 'RefreshOverdue':
      return 'refresh-overdue';
    default:
      return undefined;
  }
}
