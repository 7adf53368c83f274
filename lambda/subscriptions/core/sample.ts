import type { OverdueRefresh, TriggerEvent } from '../../events/core/trigger-event';
import { COMPARED_MS, valueAfterChange } from '../../shared/core/change';
import { directionOf, type ThresholdOperator } from '../../shared/core/position';
import { expectationText } from './expectation-text';
import { type ChangeThreshold, isChange, type LevelThreshold, type SubscriptionDefinition } from './subscription';

const DAY = 24 * 60 * 60 * 1000;

/** Values before and after a crossing of the level `t`. */
const CROSSING_VALUES: Readonly<Record<ThresholdOperator, (t: number) => readonly [before: number, after: number]>> = {
  above: (t) => [t, t + 1],
  atOrAbove: (t) => [t - 1, t],
  below: (t) => [t, t - 1],
  atOrBelow: (t) => [t + 1, t],
};

const SUBJECT_TYPES = { dataSource: 'DataSource', segment: 'Segment', measure: 'Measure' } as const;

function overdueSample(
  { filter, expectation }: SubscriptionDefinition,
  now: number,
): Omit<OverdueRefresh, 'trigger' | 'eventId' | 'instanceId' | 'occurredAt'> {
  const { dataSource, segment, measure, kind, unification } = filter;
  const { rhythm = { every: DAY }, grace = 0 } = expectation ?? {};
  const names = { dataSource, segment, measure };
  const key = (Object.keys(names) as (keyof typeof names)[]).find((one) => names[one] !== undefined);
  const isAny = !expectation && !key;
  const type = key ? SUBJECT_TYPES[key] : unification ? 'Unification' : isAny ? 'DataSource' : 'FullRefresh';
  return {
    state: 'Overdue',
    subjectType: type,
    ...(isAny ? { dataSource: 'Sample data source' } : key && { [key]: names[key] }),
    kind,
    expectation: expectationText({ rhythm, grace }),
    ...{ expectedBy: now - grace, overdueSince: now - grace, repeat: 0 },
    ...{ lastSuccessAt: now - grace - DAY, lastSuccessRunId: 'sample-success' },
    ...{ lastFailureAt: now - grace - DAY / 2, lastFailureStatus: 'Failed', lastFailureRunId: 'sample-failure' },
    error: 'A sample error, as a data source gives it.',
  };
}

/** A made-up event that matches a subscription. */
export function sampleEvent(definition: SubscriptionDefinition, eventId: string, now: number): TriggerEvent {
  const { trigger, instanceId, filter, threshold } = definition;
  const base = { eventId, instanceId, occurredAt: now };
  const run = { runId: `test-${eventId.slice(0, 8)}`, startedAt: now - 60_000, endedAt: now };
  const dataSource = filter.dataSource ?? 'Sample data source';
  const status = filter.status?.[0] ?? 'Successful';
  const crossing = {
    ...(threshold && isChange(threshold) ? changeFields(threshold, now) : levelFields(threshold)),
    observedAt: now,
  };
  switch (trigger) {
    case 'data-source-refresh-failed': {
      const error = 'A sample error, as a data source gives it.';
      return { ...base, ...run, trigger, dataSource, status: 'Failed', willRetry: false, attempt: 1, error };
    }
    case 'data-source-refresh-succeeded':
      return { ...base, ...run, trigger, dataSource, status: 'Successful', willRetry: false, recordCount: 1000 };
    case 'segment-threshold-crossed':
      return { ...base, ...crossing, trigger, segment: filter.segment ?? 'Sample segment' };
    case 'measure-threshold-crossed': {
      const { measure = 'Sample measure', dimensions } = filter;
      return { ...base, ...crossing, trigger, measure, dimensions };
    }
    case 'full-refresh-completed': {
      const processes = { DataSources: 'Successful', Segments: 'Successful', Measures: status } as const;
      return { ...base, ...run, trigger, status, kind: filter.kind ?? 'Scheduled', processes };
    }
    case 'refresh-overdue':
      return { ...base, ...overdueSample(definition, now), trigger };
    case 'unification-refresh-completed': {
      const stages = { map: 'Successful', match: 'Successful', merge: status } as const;
      return { ...base, ...run, trigger, status, stages };
    }
  }
}

function levelFields({ operator, value: level, recoverTo }: LevelThreshold = { operator: 'above', value: 100 }) {
  const [previousValue, value] = CROSSING_VALUES[operator](level);
  return { direction: directionOf(operator), threshold: level, previousValue, value, recoverTo };
}

/** The base is large enough to count, and for a count to fall from it. */
function changeFields({ change, by, unit, comparedWith, minimumBase = 0 }: ChangeThreshold, now: number) {
  const base = Math.max(1000, minimumBase, unit === 'absolute' ? by : 0);
  const value = valueAfterChange(unit, base, change === 'falls' ? -by : by);
  return {
    direction: change === 'falls' ? ('below' as const) : ('above' as const),
    threshold: value,
    previousValue: base,
    value,
    comparedWith,
    baseValue: base,
    baseObservedAt: now - (comparedWith === 'previous' ? COMPARED_MS.sameTimeYesterday : COMPARED_MS[comparedWith]),
    changeBy: by,
    changeUnit: unit,
  };
}
