import { DomainEvent } from '../../contract/events';

/** An example event for the form. */
export interface Example {
  readonly name: string;
  readonly detailType: string;
  readonly detail: object;
}

/**
 * Examples for the subscriptions of examples/retailer. They contain the current time, because the connector drops
 * duplicates.
 * @param now epoch milliseconds.
 */
export function examples(now: number): Example[] {
  const [observedAt, runId] = [new Date(now).toISOString(), `page-${new Date(now).toISOString()}`];
  const segment = (memberCount: number) => ({ segment: 'VIP customers', memberCount, observedAt });
  return [
    { name: 'VIP customers rise', detailType: DomainEvent.SEGMENT_REFRESHED, detail: segment(10_450) },
    { name: 'VIP customers fall', detailType: DomainEvent.SEGMENT_REFRESHED, detail: segment(9_600) },
    {
      name: 'Revenue yesterday',
      detailType: DomainEvent.MEASURE_REFRESHED,
      detail: { measure: 'Revenue yesterday', value: '262500.5', unit: 'EUR', observedAt },
    },
    {
      name: 'Data source refresh failed',
      detailType: DomainEvent.DATA_SOURCE_REFRESHED,
      detail: { dataSource: 'Orders', status: 'Failed', runId, error: 'No space left on the device.' },
    },
    {
      name: 'Data source refresh succeeded',
      detailType: DomainEvent.DATA_SOURCE_REFRESHED,
      detail: { dataSource: 'Orders', status: 'Successful', runId, recordCount: 17_062 },
    },
    {
      name: 'Full refresh failed',
      detailType: DomainEvent.FULL_REFRESHED,
      detail: { runId, status: 'Failed', kind: 'Scheduled', processes: { Segments: 'Successful', Measures: 'Failed' } },
    },
    {
      name: 'Unification succeeded',
      detailType: DomainEvent.UNIFICATION_REFRESHED,
      detail: { runId, status: 'Successful', stages: { map: 'Successful', match: 'Successful', merge: 'Successful' } },
    },
    {
      name: 'Refresh stage completed',
      detailType: DomainEvent.REFRESH_STAGE_COMPLETED,
      detail: { runId, stage: 'map', status: 'Successful', expected: ['map', 'match', 'merge'] },
    },
    {
      name: 'Invalid event',
      detailType: DomainEvent.SEGMENT_REFRESHED,
      detail: { segment: 'VIP customers', memberCount: 'many', observedAt },
    },
  ];
}

/** Suggestions of the form: all events of producers. */
export const DETAIL_TYPES: readonly string[] = Object.values(DomainEvent);
