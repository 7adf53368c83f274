/** Detail types of the events that producers put on the bus. */
export const DomainEvent = {
  DATA_SOURCE_REFRESHED: 'DataSourceRefreshed',
  SEGMENT_REFRESHED: 'SegmentRefreshed',
  MEASURE_REFRESHED: 'MeasureRefreshed',
  FULL_REFRESHED: 'FullRefreshed',
  UNIFICATION_REFRESHED: 'UnificationRefreshed',
  /** One completed stage of a run. `collect` combines stages into the two events above. */
  REFRESH_STAGE_COMPLETED: 'RefreshStageCompleted',
} as const;

/**
 * Detail types of the events that `evaluate` puts on the bus. Their field `connector` keeps two connectors on one bus from
 * reacting to each other's events.
 */
export const CrossingEvent = {
  SEGMENT_THRESHOLD_CROSSED: 'SegmentThresholdCrossed',
  MEASURE_THRESHOLD_CROSSED: 'MeasureThresholdCrossed',
} as const;

/** Detail type of the events that report a refresh that did not come. Their field `connector` names this connector. */
export const OverdueEvent = { REFRESH_OVERDUE: 'RefreshOverdue' } as const;

/** Detail types of the events that report the connector's health. They are put on the bus only when a state changes. */
export const HealthEvent = {
  FLOW_SUBSCRIPTION_PAUSED: 'FlowSubscriptionPaused',
  FLOW_SUBSCRIPTION_RESUMED: 'FlowSubscriptionResumed',
  FLOW_DELIVERY_DEAD: 'FlowDeliveryDead',
  DELIVERY_UNCONFIRMED: 'DeliveryUnconfirmed',
  DELIVERY_FAILED_IN_FLOW: 'DeliveryFailedInFlow',
} as const;

/**
 * Field with the connector's ID in events that `collect` puts on the bus. A connector processes its own events and those of
 * producers, which do not have the field, but not those of other connectors on the bus.
 */
export const COLLECTED_BY_FIELD = 'collectedBy';

/** Maximum number of stages or processes of a run: as many as a flow's request body can contain. */
export const MAX_STAGES = 50;

/** Maximum length of the name of a stage or process, characters. */
export const MAX_STAGE_NAME_LENGTH = 200;

/** All detail types that the connector processes. Other events of its source are rejected. */
export const KNOWN_DETAIL_TYPES: readonly string[] = [
  ...Object.values(DomainEvent),
  ...Object.values(CrossingEvent),
  ...Object.values(OverdueEvent),
  ...Object.values(HealthEvent),
];

/** Final statuses of a refresh, as on the System page of Customer Insights. */
export const STATUSES = ['Successful', 'Failed', 'TimedOut', 'Skipped', 'Canceled'] as const;

/** Former name of `Failed` in Customer Insights. Accepted and converted to `Failed`. */
export const STATUS_FAILURE_ALIAS = 'Failure';

/** IDs of the triggers in subscriptions, in the CLI and in the flow's request body. */
export const TRIGGER_IDS = [
  'data-source-refresh-failed',
  'data-source-refresh-succeeded',
  'segment-threshold-crossed',
  'measure-threshold-crossed',
  'full-refresh-completed',
  'unification-refresh-completed',
  'refresh-overdue',
] as const;

/** Statuses of `DataSourceRefreshed` that mean a failed refresh. */
export const FAILED_STATUSES = ['Failed', STATUS_FAILURE_ALIAS, 'TimedOut'] as const;

/** Status of `DataSourceRefreshed` that means a successful refresh. */
export const SUCCEEDED_STATUS = 'Successful';

export type TriggerId = (typeof TRIGGER_IDS)[number];
export type Status = (typeof STATUSES)[number];
/** Causes of a full refresh. */
export type RefreshKind = 'Scheduled' | 'OnDemand';
