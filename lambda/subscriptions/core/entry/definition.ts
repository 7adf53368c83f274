import { THRESHOLD_OPERATORS } from '../../../shared/core/position';
import { CHANGE_DIRECTIONS, type Filter, type SubscriptionDefinition, type Threshold } from '../subscription';
import { toExpectation } from './expectation';
import type { SubscriptionEntry } from './schema';

export function toDefinition(entry: SubscriptionEntry): SubscriptionDefinition {
  const threshold = thresholdOf(entry);
  return given({
    name: entry.name,
    trigger: entry.trigger,
    instanceId: entry.instanceId,
    filter: filterOf(entry),
    threshold,
    expectation: entry.trigger === 'refresh-overdue' ? toExpectation(entry) : undefined,
    format: entry.format,
    owners: entry.owners,
    link: entry.link,
    flowLink: entry.flowLink,
    auth: entry.auth && given(entry.auth),
    maxAge: entry.maxAge,
    rateLimit: entry.rateLimit,
    keepAlive: entry.keepAlive,
    finishWithin: entry.finishWithin,
  });
}

function filterOf(entry: SubscriptionEntry): Filter {
  switch (entry.trigger) {
    case 'data-source-refresh-failed':
      return given({ dataSource: entry.dataSource, includeRetries: entry.includeRetries, ...placeOf(entry) });
    case 'data-source-refresh-succeeded':
      return given({ dataSource: entry.dataSource, ...placeOf(entry) });
    case 'segment-threshold-crossed':
      return { segment: entry.segment };
    case 'measure-threshold-crossed': {
      const members = entry.dimensions && Object.keys(entry.dimensions).length > 0 ? entry.dimensions : undefined;
      return given({ measure: entry.measure, dimensions: members });
    }
    case 'full-refresh-completed':
      return given({ kind: entry.kind, status: entry.status, ...placeOf(entry) });
    case 'unification-refresh-completed':
      return given({ status: entry.status, ...placeOf(entry) });
    case 'refresh-overdue': {
      const { dataSource, segment, measure, fullRefresh, unification } = entry;
      const kind = { scheduled: 'Scheduled', onDemand: 'OnDemand', any: undefined } as const;
      return given({ dataSource, segment, measure, kind: fullRefresh && kind[fullRefresh], unification });
    }
  }
}

const placeOf = ({ awsAccount, awsRegion }: Pick<Filter, 'awsAccount' | 'awsRegion'>) => ({ awsAccount, awsRegion });

function thresholdOf(entry: SubscriptionEntry): Threshold | undefined {
  if (entry.trigger !== 'segment-threshold-crossed' && entry.trigger !== 'measure-threshold-crossed') return undefined;
  const change = CHANGE_DIRECTIONS.find((one) => entry[`${one}By`] !== undefined);
  const changed = change && entry[`${change}By`];
  if (changed) {
    const { percent, absolute, comparedWith, minimumBase } = changed;
    const [by, unit] = percent === undefined ? [absolute, 'absolute' as const] : [percent, 'percent' as const];
    return given({ change, by: by as number, unit, comparedWith, minimumBase });
  }
  const operator = THRESHOLD_OPERATORS.find((one) => entry[one] !== undefined);
  const { recoverTo, fireIfAlreadyBeyond } = entry;
  return operator && given({ operator, value: entry[operator] as number, recoverTo, fireIfAlreadyBeyond });
}

/** Removes the keys without a value, because the definition is stored unchanged. */
function given<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
