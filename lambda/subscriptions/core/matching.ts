import type { Origin } from '../../events/core/origin';
import type { OverdueRefresh, TriggerEvent } from '../../events/core/trigger-event';
import type { Place } from '../../shared/core/place';
import type { Filter } from './subscription';

/** The event's data source, by which subscriptions are found. Undefined for events without one. */
export const subjectOf = (event: TriggerEvent): string | undefined =>
  'dataSource' in event ? event.dataSource : undefined;

/** The event's subject in words: the data source, segment, measure with its members, or run. */
export function subjectText(event: TriggerEvent): string {
  if (event.trigger === 'refresh-overdue') return overdueSubject(event);
  if ('segment' in event) return event.segment;
  if ('measure' in event) {
    const members = Object.entries(event.dimensions ?? {}).map(([name, member]) => `${name}: ${member}`);
    return members.length > 0 ? `${event.measure} (${members.join(', ')})` : event.measure;
  }
  return subjectOf(event) ?? event.runId;
}

/** The name of what is overdue. Runs have no name. */
export function overdueSubject({ subjectType, dataSource, segment, measure, kind }: OverdueRefresh): string {
  const run = subjectType === 'Unification' ? 'Unification' : 'Full refresh';
  const kinds = { Scheduled: ' (scheduled)', OnDemand: ' (on demand)' };
  return dataSource ?? segment ?? measure ?? `${run}${kind ? kinds[kind] : ''}`;
}

/**
 * Whether a refresh event matches a subscription's filter. An omitted field matches every value.
 * @param own account and Region of the connector: those of an event that names none.
 */
export function matches(filter: Filter, event: TriggerEvent, own?: Place): boolean {
  if (filter.dataSource !== undefined && filter.dataSource !== subjectOf(event)) return false;
  // A failure that will be retried is not final, so subscriptions must opt in.
  if ('willRetry' in event && event.willRetry && !filter.includeRetries) return false;
  if (filter.kind !== undefined && !('kind' in event && event.kind === filter.kind)) return false;
  if (filter.status !== undefined && !('status' in event && filter.status.includes(event.status))) return false;
  const { awsAccount = own?.account ?? '', awsRegion = own?.region ?? '' } = event as Origin;
  if (filter.awsAccount !== undefined && !filter.awsAccount.includes(awsAccount)) return false;
  if (filter.awsRegion !== undefined && !filter.awsRegion.includes(awsRegion)) return false;
  return true;
}
