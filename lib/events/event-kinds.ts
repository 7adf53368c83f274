import {
  COLLECTED_BY_FIELD,
  CrossingEvent,
  DomainEvent,
  FAILED_STATUSES,
  HealthEvent,
  OverdueEvent,
  STATUS_FAILURE_ALIAS,
  STATUSES,
  SUCCEEDED_STATUS,
} from '../../contract/events';

/** Final statuses that producers can report. */
export const KNOWN_STATUSES: string[] = [...STATUSES, STATUS_FAILURE_ALIAS];

/** Event pattern of one kind of event. */
export interface EventKind {
  readonly detailType: string[];
  /** Fields that distinguish the kind from others with the same detail type. A caller's pattern can replace them. */
  readonly detail?: Detail;
  /** Fields that distinguish the connector's events from those of other connectors. */
  readonly own?: Detail;
}

export interface Detail {
  readonly [field: string]: unknown[];
}

export const dataSourceRefreshFailed: EventKind = {
  detailType: [DomainEvent.DATA_SOURCE_REFRESHED],
  detail: { status: [...FAILED_STATUSES] },
};

/** Failures that the producer will not retry: the trigger's default. */
export const dataSourceRefreshFailedFinally: EventKind = {
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

/** Events that producers put, and events that this connector collected from stages. */
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

export const refreshOverdue = (connectorId: string): EventKind =>
  ofConnector(connectorId, OverdueEvent.REFRESH_OVERDUE);

export const subscriptionPaused = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.FLOW_SUBSCRIPTION_PAUSED);

export const subscriptionResumed = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.FLOW_SUBSCRIPTION_RESUMED);

export const deliveryDead = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.FLOW_DELIVERY_DEAD);

export const deliveryUnconfirmed = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.DELIVERY_UNCONFIRMED);

export const deliveryFailedInFlow = (connectorId: string): EventKind =>
  ofConnector(connectorId, HealthEvent.DELIVERY_FAILED_IN_FLOW);

const ofConnector = (connectorId: string, ...detailType: string[]): EventKind => ({
  detailType,
  own: { connector: [connectorId] },
});
