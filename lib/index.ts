export {
  RefreshCollection,
  type RefreshCollectionOptions,
  type RefreshCollectionProps,
} from './collection/refresh-collection';
export type { ConnectorExportOptions, IPowerAutomateConnector } from './connector/exports';
export type { ManageSubscriptionsOptions } from './connector/managed-prefixes';
export { PowerAutomateConnector, type PowerAutomateConnectorProps } from './connector/power-automate-connector';
export {
  PowerAutomateConnectorStack,
  type PowerAutomateConnectorStackProps,
} from './connector/power-automate-connector-stack';
export { ConnectorAction } from './custom-connector/connector-action';
export { ConnectorApi, type ConnectorApiProps } from './custom-connector/connector-api';
export type { ApiThrottle, ConnectorApiOptions } from './custom-connector/connector-api-options';
export { ConnectorSignIn, type EntraSignInOptions } from './custom-connector/connector-sign-in';
export {
  SubjectCatalog,
  type SubjectCatalogOptions,
  type SubjectCatalogProps,
} from './custom-connector/subject-catalog';
export { FlowDelivery, type FlowDeliveryOptions, type FlowDeliveryProps } from './delivery/flow-delivery';
export { type EventArchiveOptions, TriggerRules, type TriggerRulesProps } from './events/trigger-rules';
export { HealthNotifications, type HealthNotificationsProps } from './notifications/health-notifications';
export { Notifications } from './notifications/notifications';
export { AlarmActions, type AlarmActionsBySeverity, AlarmSeverity } from './operations/alarm-actions';
export type { AlarmGroupOverride, AlarmOverride, AlarmOverrides } from './operations/alarm-overrides';
export { ConnectorAlarms, type ConnectorAlarmsProps } from './operations/connector-alarms';
export { ConnectorDashboard, type ConnectorDashboardProps } from './operations/connector-dashboard';
export {
  ForwardedSource,
  type ForwardedSourceOptions,
  type ForwardedSourceProps,
  type ISourceForwarder,
} from './producers/forwarded-source';
export { type OrganizationProducerOptions, Producer } from './producers/producer';
export { ProducerForwarding, type ProducerForwardingProps } from './producers/producer-forwarding';
export { SourceForwarding, type SourceForwardingProps } from './producers/source-forwarding';
export { Measure } from './queries/measure';
export {
  type AthenaQueryOptions,
  type CloudWatchMetricOptions,
  type CustomerProfilesSegmentOptions,
  type RedshiftClusterOptions,
  RedshiftDatabase,
  type RedshiftDatabaseOptions,
  type RedshiftQueryOptions,
  type RedshiftWorkgroupOptions,
} from './queries/query-source';
export { ScheduledQueries, type ScheduledQueriesProps } from './queries/scheduled-queries';
export {
  type IQueryingConnector,
  type MeasureOptions,
  type QueryScheduleOptions,
  ScheduledMeasure,
  type ScheduledMeasureProps,
  ScheduledSegment,
  type ScheduledSegmentProps,
  type SegmentOptions,
} from './queries/scheduled-query';
export { Segment } from './queries/segment';
export type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from './shared/options';
export type { AcceptedSourceOptions } from './sources/accepted-source';
export {
  ConnectorSource,
  type ConnectorSourceOptions,
  type ConnectorSourceProps,
  type ISourceConnector,
} from './sources/connector-source';
export { Source } from './sources/source';
export { SourceNormalization, type SourceNormalizationProps } from './sources/source-normalization';
export type {
  AlarmMeasureOptions,
  AlarmSegmentOptions,
  AppFlowSourceOptions,
  AthenaSourceOptions,
  DataBrewSourceOptions,
  DataSourceOptions,
  DataSyncSourceOptions,
  DmsServerlessSourceOptions,
  DmsSourceOptions,
  DmsTaskSourceOptions,
  EmrServerlessSourceOptions,
  GlueCrawlerSourceOptions,
  GlueJobSourceOptions,
  GlueZeroEtlSourceOptions,
  RedshiftDataSourceOptions,
  SourceOptions,
  StepFunctionsFullRefreshOptions,
  StepFunctionsSourceOptions,
  StepFunctionsUnificationOptions,
} from './sources/source-options';
export {
  type ReconciliationOptions,
  SourceReconciliation,
  type SourceReconciliationProps,
} from './sources/source-reconciliation';
export { BodyFormat } from './subscriptions/body-format';
export { ClientSecret, EntraCloud, type EntraOptions, FlowAuth } from './subscriptions/flow-auth';
export {
  FlowSubscription,
  type FlowSubscriptionOptions,
  type FlowSubscriptionProps,
  type IFlowConnector,
  type RateLimit,
} from './subscriptions/flow-subscription';
export { FlowUrl } from './subscriptions/flow-url';
export {
  type DailyExpectationOptions,
  RefreshExpectation,
  type RefreshExpectationOptions,
  RefreshSubject,
  Weekday,
} from './subscriptions/refresh-expectation';
export { RefreshKind } from './subscriptions/refresh-kind';
export {
  type ISubscriptionRegistration,
  SubscriptionRegistration,
  type SubscriptionRegistrationProps,
} from './subscriptions/subscription-registration';
export { SubscriptionRegistry, type SubscriptionRegistryProps } from './subscriptions/subscription-registry';
export { type ChangeOptions, ComparedWith, Threshold, type ThresholdOptions } from './subscriptions/threshold';
export {
  type DataSourceRefreshFailedOptions,
  type DataSourceRefreshSucceededOptions,
  type FullRefreshCompletedOptions,
  type MeasureThresholdOptions,
  type PlaceOptions,
  RefreshStatus,
  type SegmentThresholdOptions,
  Trigger,
  type UnificationRefreshCompletedOptions,
} from './subscriptions/trigger';
export {
  ThresholdEvaluation,
  type ThresholdEvaluationOptions,
  type ThresholdEvaluationProps,
} from './thresholds/threshold-evaluation';
export {
  type IPollingConnector,
  PolledUnification,
  type PolledUnificationProps,
  type UnificationOptions,
} from './unification/polled-unification';
export { Unification } from './unification/unification';
export { UnificationPolling, type UnificationPollingProps } from './unification/unification-polling';
