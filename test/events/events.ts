import type { ConnectorEvent } from '../../events';

/** One event of each type, with all fields. */
export const EVENTS: readonly ConnectorEvent[] = [
  {
    detailType: 'DataSourceRefreshed',
    detail: {
      instanceId: 'emea',
      dataSource: 'Orders',
      status: 'Failed',
      runId: 'nightly-1',
      startedAt: new Date('2026-11-02T05:00:00Z'),
      endedAt: '2026-11-02T06:00:00Z',
      error: 'No space left',
      runLink: 'https://example.com/runs/1',
      willRetry: true,
      attempt: 2,
      recordCount: 0,
    },
    time: new Date('2026-11-02T06:00:01Z'),
  },
  {
    detailType: 'SegmentRefreshed',
    detail: {
      segment: 'VIP customers',
      memberCount: 10_120,
      observedAt: new Date('2026-11-02T06:00:00Z'),
      sequence: 1,
    },
  },
  {
    detailType: 'MeasureRefreshed',
    detail: {
      measure: 'Revenue yesterday',
      value: '250000.00',
      unit: 'EUR',
      dimensions: { Region: 'EU' },
      observedAt: '2026-11-02T07:00:00+01:00',
      runId: 'nightly-1',
    },
    time: '2026-11-02T06:00:02Z',
  },
  {
    detailType: 'FullRefreshed',
    detail: { runId: 'full-1', status: 'Successful', kind: 'Scheduled', processes: { Segments: 'Successful' } },
  },
  {
    detailType: 'UnificationRefreshed',
    detail: { runId: 'full-1', status: 'TimedOut', stages: { match: 'TimedOut' } },
  },
  {
    detailType: 'RefreshStageCompleted',
    detail: { runId: 'full-2', status: 'Successful', stage: 'match', expected: ['map', 'match'] },
  },
];
