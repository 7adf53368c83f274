/** `operationId`s of the operations that are no triggers. Power Automate stores them in flows, so they never change. */
export const OperationId = {
  UNREGISTER: 'Unregister',
  WHO_AM_I: 'WhoAmI',
  LIST_DATA_SOURCES: 'ListDataSources',
  LIST_SEGMENTS: 'ListSegments',
  LIST_MEASURES: 'ListMeasures',
  LIST_MEASURE_MEMBERS: 'ListMeasureMembers',
} as const;
