import type { DefinedDetailType } from '../../lambda/events/core/events';

type Example = Readonly<Record<string, unknown>>;

const SUBSCRIPTION = { connector: 'Production-PowerAutomate', subscription: 'vip-over-10k' };
const CROSSED = {
  instanceId: 'default',
  connector: 'Production-PowerAutomate',
  crossingId: '3b34970d3c8c103542da5ee326a6c24f',
  uid: '0192f3a1b2c3',
  generation: 1,
  startsFlow: true,
  direction: 'above',
  observedAt: '2026-11-05T09:45:00.000Z',
  sequence: 0,
};

const ACCEPTED = {
  deliveryId: 'vip-over-10k_3b34970d3c8c103542da5ee326a6c24f',
  trigger: 'segment-threshold-crossed',
  subject: 'VIP customers',
  flowRunId: '08584512345678901234567890123CU12',
};

/** Examples of the details of all events, for the published schemas and AsyncAPI. */
export const EVENT_EXAMPLES: Readonly<Record<DefinedDetailType, readonly [Example, ...Example[]]>> = {
  DataSourceRefreshed: [
    { dataSource: 'Orders', status: 'Successful', runId: 'nightly-1' },
    {
      dataSource: 'Orders',
      status: 'Failed',
      runId: 'nightly-2',
      willRetry: true,
      attempt: 1,
      error: 'No space left',
      startedAt: '2026-11-05T05:00:00Z',
      endedAt: '2026-11-05T06:00:00Z',
      runLink: 'https://example.com/runs/nightly-2',
    },
  ],
  SegmentRefreshed: [{ segment: 'VIP customers', memberCount: 10120, observedAt: '2026-11-05T09:45:00Z' }],
  MeasureRefreshed: [
    { measure: 'Revenue yesterday', value: 250000, observedAt: '2026-11-05T06:00:00Z' },
    {
      measure: 'Revenue yesterday',
      value: '125000.50',
      unit: 'EUR',
      dimensions: { Region: 'EU' },
      observedAt: '2026-11-05T06:00:00+01:00',
      runId: 'nightly-2',
    },
  ],
  FullRefreshed: [
    { runId: 'full-1', status: 'Successful', kind: 'Scheduled' },
    {
      runId: 'full-2',
      status: 'Failed',
      kind: 'OnDemand',
      processes: { DataSources: 'Successful', Segments: 'Failed' },
      error: 'Segments: too many rules',
    },
  ],
  UnificationRefreshed: [
    { runId: 'unification-1', status: 'Successful' },
    {
      runId: 'unification-2',
      status: 'TimedOut',
      stages: { map: 'Successful', match: 'TimedOut' },
      startedAt: '2026-11-05T05:00:00Z',
      endedAt: '2026-11-05T08:00:00Z',
    },
  ],
  RefreshStageCompleted: [
    { runId: 'unification-3', status: 'Successful', stage: 'match' },
    {
      runId: 'full-3',
      status: 'Failed',
      process: 'Segments',
      expected: ['DataSources', 'Segments'],
      kind: 'Scheduled',
    },
  ],
  SegmentThresholdCrossed: [
    {
      ...CROSSED,
      subscription: 'vip-over-10k',
      segment: 'VIP customers',
      threshold: 10000,
      previousValue: 10000,
      value: 10120,
    },
  ],
  MeasureThresholdCrossed: [
    {
      ...CROSSED,
      subscription: 'revenue-eu',
      measure: 'Revenue yesterday',
      dimensions: { Region: 'EU' },
      unit: 'EUR',
      threshold: 125000,
      previousValue: 118000.25,
      value: 125000.5,
    },
  ],
  RefreshOverdue: [
    {
      connector: 'CustomerData',
      overdueId: '4f0a1d3c9be27b61d0f5c2a8e7194b36',
      subscription: 'orders-late',
      uid: '0b8f1f5e-3f1c-4d0e-9a66-5a1f3c7e9b20',
      startsFlow: true,
      instanceId: 'default',
      state: 'Overdue',
      subjectType: 'DataSource',
      dataSource: 'Orders',
      expectation: 'every 24 h, up to 1 h late',
      expectedBy: '2026-11-05T06:00:00.000Z',
      overdueSince: '2026-11-05T06:00:00.000Z',
      repeat: 0,
      decidedAt: '2026-11-05T07:00:31.000Z',
      lastSuccessAt: '2026-11-04T06:00:00.000Z',
      lastSuccessRunId: 'orders-2026-11-04',
      lastFailureAt: '2026-11-05T05:58:12.000Z',
      lastFailureStatus: 'Failed',
      lastFailureError: 'Access to the bucket was denied.',
      lastFailureRunId: 'orders-2026-11-05',
    },
  ],
  FlowSubscriptionPaused: [
    {
      ...SUBSCRIPTION,
      reason: 'The flow is switched off or deleted.',
      since: '2026-11-05T09:55:00.000Z',
      httpStatus: 404,
      error: 'The workflow was not found.',
    },
  ],
  FlowSubscriptionResumed: [
    {
      ...SUBSCRIPTION,
      reason: 'The flow accepts deliveries again.',
      since: '2026-11-05T12:00:00.000Z',
      pausedSince: '2026-11-05T09:55:00.000Z',
    },
  ],
  FlowDeliveryDead: [
    {
      ...SUBSCRIPTION,
      reason: 'The flow did not accept it in 12 attempts.',
      since: '2026-11-08T15:00:00.000Z',
      httpStatus: 500,
      error: 'Internal Server Error',
      deliveryId: 'vip-over-10k_3b34970d3c8c103542da5ee326a6c24f',
      trigger: 'segment-threshold-crossed',
      subject: 'VIP customers',
      attempts: 12,
    },
  ],
  DeliveryUnconfirmed: [
    {
      ...SUBSCRIPTION,
      reason: 'the flow accepted the delivery and did not report within 30 min that it finished',
      since: '2026-11-05T10:16:10.000Z',
      dueAt: '2026-11-05T10:15:20.000Z',
      ...ACCEPTED,
    },
  ],
  DeliveryFailedInFlow: [
    {
      ...SUBSCRIPTION,
      reason: 'the flow reported that it failed: The mailbox is full.',
      since: '2026-11-05T09:47:05.000Z',
      ...ACCEPTED,
    },
  ],
};
