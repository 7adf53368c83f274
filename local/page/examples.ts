import { DomainEvent } from '../../contract/events';

/** An event that somebody may put to see what happens. */
export interface Example {
  readonly name: string;
  readonly detailType: string;
  readonly detail: object;
}

/**
 * Examples about the retailer's subjects, of this moment: the same event again would be known, and change nothing.
 * @param now epoch milliseconds.
 */
export function examples(now: number): Example[] {
  const [observedAt, runId] = [new Date(now).toISOString(), `page-${new Date(now).toISOString()}`];
  const segment = (memberCount: number) => ({ segment: 'VIP customers', memberCount, observedAt });
  return [
    { name: 'VIP customers rise', detailType: DomainEvent.SEGMENT_REFRESHED, detail: segment(10_450) },
    { name: 'VIP customers fall', detailType: DomainEvent.SEGMENT_REFRESHED, detail: segment(9_600) },
    {
      name: 'A measure',
      detailType: DomainEvent.MEASURE_REFRESHED,
      detail: { measure: 'Revenue yesterday', value: '262500.5', unit: 'EUR', observedAt },
    },
    {
      name: 'A refresh that failed',
      detailType: DomainEvent.DATA_SOURCE_REFRESHED,
      detail: { dataSource: 'Orders', status: 'Failed', runId, error: 'No space left on the device.' },
    },
    {
      name: 'A refresh that succeeded',
      detailType: DomainEvent.DATA_SOURCE_REFRESHED,
      detail: { dataSource: 'Orders', status: 'Successful', runId, recordCount: 17_062 },
    },
    {
      name: 'A full refresh',
      detailType: DomainEvent.FULL_REFRESHED,
      detail: { runId, status: 'Failed', kind: 'Scheduled', processes: { Segments: 'Successful', Measures: 'Failed' } },
    },
    {
      name: 'A unification',
      detailType: DomainEvent.UNIFICATION_REFRESHED,
      detail: { runId, status: 'Successful', stages: { map: 'Successful', match: 'Successful', merge: 'Successful' } },
    },
    {
      name: 'A stage of a run',
      detailType: DomainEvent.REFRESH_STAGE_COMPLETED,
      detail: { runId, stage: 'map', status: 'Successful', expected: ['map', 'match', 'merge'] },
    },
    {
      name: 'One that is rejected',
      detailType: DomainEvent.SEGMENT_REFRESHED,
      detail: { segment: 'VIP customers', memberCount: 'many', observedAt },
    },
  ];
}

/** What the form offers: whatever producers put. */
export const DETAIL_TYPES: readonly string[] = Object.values(DomainEvent);
