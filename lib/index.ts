export {
  RefreshCollection,
  type RefreshCollectionOptions,
  type RefreshCollectionProps,
} from './collection/refresh-collection';
export { FlowDelivery, type FlowDeliveryOptions, type FlowDeliveryProps } from './delivery/flow-delivery';
export { type EventArchiveOptions, TriggerRules, type TriggerRulesProps } from './events/trigger-rules';
export { AlarmActions, type AlarmActionsBySeverity, AlarmSeverity } from './operations/alarm-actions';
export {
  type AlarmGroupOverride,
  type AlarmOverride,
  type AlarmOverrides,
  ConnectorAlarms,
  type ConnectorAlarmsProps,
} from './operations/connector-alarms';
export { ConnectorDashboard, type ConnectorDashboardProps } from './operations/connector-dashboard';
export { HealthNotifications, type HealthNotificationsProps } from './operations/health-notifications';
export { Notifications } from './operations/notifications';
export type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from './options';
export { PowerAutomateConnector, type PowerAutomateConnectorProps } from './power-automate-connector';
export { PowerAutomateConnectorStack, type PowerAutomateConnectorStackProps } from './power-automate-connector-stack';
export { SubscriptionRegistry, type SubscriptionRegistryProps } from './subscriptions/subscription-registry';
export {
  ThresholdEvaluation,
  type ThresholdEvaluationOptions,
  type ThresholdEvaluationProps,
} from './thresholds/threshold-evaluation';
