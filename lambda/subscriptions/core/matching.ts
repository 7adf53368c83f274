import type { TriggerEvent } from '../../events/core/trigger-event';
import type { Filter } from './subscription';

/** The data source that an event is about, which subscriptions are found by; undefined for the other refreshes. */
export const subjectOf = (event: TriggerEvent): string | undefined =>
  'dataSource' in event ? event.dataSource : undefined;

/** What an event is about, for people: the data source, segment, measure with its members, or the run. */
export function subjectText(event: TriggerEvent): string {
  if ('segment' in event) return event.segment;
  if ('measure' in event) {
    const members = Object.entries(event.dimensions ?? {}).map(([name, member]) => `${name}: ${member}`);
    return members.length > 0 ? `${event.measure} (${members.join(', ')})` : event.measure;
  }
  return subjectOf(event) ?? event.runId;
}

/** Whether a refresh event passes a subscription's filter. What the filter leaves out takes all. */
export function matches(filter: Filter, event: TriggerEvent): boolean {
  if (filter.dataSource !== undefined && filter.dataSource !== subjectOf(event)) return false;
  // A failure that is retried is not final: whoever wants the noise says so.
  if ('willRetry' in event && event.willRetry && !filter.includeRetries) return false;
  if (filter.kind !== undefined && !('kind' in event && event.kind === filter.kind)) return false;
  if (filter.status !== undefined && !('status' in event && filter.status.includes(event.status))) return false;
  return true;
}
