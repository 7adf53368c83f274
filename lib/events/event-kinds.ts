import {
  COLLECTED_BY_FIELD,
  CrossingEvent,
  DomainEvent,
  FAILED_STATUSES,
  HealthEvent,
  STATUS_FAILURE_ALIAS,
  STATUSES,
  SUCCEEDED_STATUS,
} from '../../contract/events';

/** Statuses of the end of a refresh, as producers may write them. */
export const KNOWN_STATUSES: string[] = [...STATUSES, STATUS_FAILURE_ALIAS];

/** What one kind of event looks like on the bus, in EventBridge's words. */
export interface EventKind {
  readonly detailType: string[];
  /** Fields that tell it from others of its type. */
  readonly detail?: Detail;
  /** Fields that tell a connector's own from another's. */
  readonly own?: Detail;
}

export interface Detail {
  readonly [field: string]: unknown[];
}

export const dataSourceRefreshFailed: EventKind = {
  detailType: [DomainEvent.DATA_SOURCE_REFRESHED],
  detail: { status: [...FAILED_STATUSES] },
};

/** Failures after which nobody tries again: what the trigger is, as long as a subscription does not ask for the others. */
export const dataSourceRefreshFailedForGood: EventKind = {
  detailType: dataSourceRefreshFailed.detailType,
  detail: { ...dataSourceRefreshFailed.detail, willRetry: [false, { exists: false }] },
};

export const dataSourceRefreshSucceeded: EventKind = {
  detailType: [DomainEvent.DATA_SOURCE_REFRESHED],
  detail: { status: [SUCCEEDED_STATUS] },
};

export const fullRefreshCompleted = (connectorId: string): EventKind =>
  completed(DomainEvent.FULL_REFRESHED, connectorId);

export const unificationRefreshCompleted = (connectorId: string): EventKind =>
  completed(DomainEvent.UNIFICATION_REFRESHED, connectorId);

/** As producers put them, or as this connector collected them. */
const completed = (detailType: string, connectorId: string): EventKind => ({
  detailType: [detailType],
  detail: { status: KNOWN_STATUSES },
  own: { [COLLECTED_BY_FIELD]: [{ exists: false }, connectorId] },
});

export const segmentThresholdCrossed = (connectorId: string): EventKind =>
  ofConnector(connectorId, CrossingEvent.SEGMENT_THRESHOLD_CROSSED);

export const measureThresholdCrossed = (connectorId: string): EventKind =>
  ofConnector(connectorId, CrossingEvent.MEASURE_THRESHOLD_CROSSED);

export const thresholdCrossed = (connectorId: string): EventKind =>
  ofConnector(connectorId, ...Object.values(CrossingEvent));

export const subscriptionPaused = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.FLOW_SUBSCRIPTION_PAUSED);

export const subscriptionResumed = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.FLOW_SUBSCRIPTION_RESUMED);

export const deliveryDead = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.FLOW_DELIVERY_DEAD);

const ofConnector = (connectorId: string, ...detailType: string[]): EventKind => ({
  detailType,
  own: { connector: [connectorId] },
});
