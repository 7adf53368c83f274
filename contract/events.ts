/** What producers put on the bus. */
export const DomainEvent = {
  DATA_SOURCE_REFRESHED: 'DataSourceRefreshed',
  SEGMENT_REFRESHED: 'SegmentRefreshed',
  MEASURE_REFRESHED: 'MeasureRefreshed',
  FULL_REFRESHED: 'FullRefreshed',
  UNIFICATION_REFRESHED: 'UnificationRefreshed',
  /** One stage of a run: `collect` makes the two events above of them. */
  REFRESH_STAGE_COMPLETED: 'RefreshStageCompleted',
} as const;

/** What `evaluate` puts on the bus. Carries `connector`: two connectors on one bus do not answer each other. */
export const CrossingEvent = {
  SEGMENT_THRESHOLD_CROSSED: 'SegmentThresholdCrossed',
  MEASURE_THRESHOLD_CROSSED: 'MeasureThresholdCrossed',
} as const;

/** The connector's own health, put on the bus on transitions only. */
export const HealthEvent = {
  FLOW_SUBSCRIPTION_PAUSED: 'FlowSubscriptionPaused',
  FLOW_SUBSCRIPTION_RESUMED: 'FlowSubscriptionResumed',
  FLOW_DELIVERY_DEAD: 'FlowDeliveryDead',
} as const;

/**
 * Field of a refresh's event that `collect` put together: the connector's id. A connector takes its own and the
 * producers' events, which do not have it: two connectors on one bus do not answer each other.
 */
export const COLLECTED_BY_FIELD = 'collectedBy';

/** Stages or processes that one run can have: as many as a flow's body holds. */
export const MAX_STAGES = 50;

/** Longest name of a stage or a process, characters. */
export const MAX_STAGE_NAME_LENGTH = 200;

/** Every detail type that the connector knows; any other of its source is a misfit. */
export const KNOWN_DETAIL_TYPES: readonly string[] = [
  ...Object.values(DomainEvent),
  ...Object.values(CrossingEvent),
  ...Object.values(HealthEvent),
];

/** Terminal statuses of a refresh, in Customer Insights' words (its System page). */
export const STATUSES = ['Successful', 'Failed', 'TimedOut', 'Skipped', 'Canceled'] as const;

/** Customer Insights' older word for `Failed`; accepted, and read as `Failed`. */
export const STATUS_FAILURE_ALIAS = 'Failure';

/** The six triggers, by the id that subscriptions, the CLI and the flow's body use. */
export const TRIGGER_IDS = [
  'data-source-refresh-failed',
  'data-source-refresh-succeeded',
  'segment-threshold-crossed',
  'measure-threshold-crossed',
  'full-refresh-completed',
  'unification-refresh-completed',
] as const;

/** Statuses of `DataSourceRefreshed` that are a failed refresh. */
export const FAILED_STATUSES = ['Failed', STATUS_FAILURE_ALIAS, 'TimedOut'] as const;

/** Status of `DataSourceRefreshed` that is a succeeded refresh. */
export const SUCCEEDED_STATUS = 'Successful';

export type TriggerId = (typeof TRIGGER_IDS)[number];
export type Status = (typeof STATUSES)[number];
export type RefreshKind = 'Scheduled' | 'OnDemand';
