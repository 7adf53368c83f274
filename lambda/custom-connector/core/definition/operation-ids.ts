import type { TriggerId } from '../../../../contract/events';

/** `operationId` of each trigger. Power Automate stores it in the flows that use it, so it never changes. */
export const TRIGGER_OPERATIONS: Readonly<Record<TriggerId, string>> = {
  'data-source-refresh-failed': 'WhenDataSourceRefreshFails',
  'data-source-refresh-succeeded': 'WhenDataSourceRefreshSucceeds',
  'segment-threshold-crossed': 'WhenSegmentCrossesThreshold',
  'measure-threshold-crossed': 'WhenMeasureCrossesThreshold',
  'full-refresh-completed': 'WhenFullRefreshCompletes',
  'unification-refresh-completed': 'WhenUnificationCompletes',
};

/** `operationId`s of the other operations. Power Automate stores them in flows, so they never change. */
export const OperationId = {
  UNREGISTER: 'Unregister',
  WHO_AM_I: 'WhoAmI',
  LIST_DATA_SOURCES: 'ListDataSources',
  LIST_SEGMENTS: 'ListSegments',
  LIST_MEASURES: 'ListMeasures',
  LIST_MEASURE_MEMBERS: 'ListMeasureMembers',
  REPORT_OUTCOME: 'ReportOutcome',
  GET_DATA_SOURCE: 'GetDataSource',
  LIST_DATA_SOURCE_REFRESHES: 'ListDataSourceRefreshes',
  GET_SEGMENT: 'GetSegment',
  GET_MEASURE: 'GetMeasure',
  GET_STATUS: 'GetStatus',
  LIST_FLOWS: 'ListFlows',
  LIST_DELIVERIES: 'ListDeliveries',
  SEND_TEST_EVENT: 'SendTestEvent',
  REPLAY_DELIVERIES: 'ReplayDeliveries',
  REPORT_REFRESH: 'ReportRefresh',
  REPORT_MEMBER_COUNT: 'ReportMemberCount',
  REPORT_MEASURE_VALUE: 'ReportMeasureValue',
} as const;
