// Modules with `export *` export nothing but the public API.
export * from './collection/refresh-collection';
export * from './connector/power-automate-connector';
export * from './connector/power-automate-connector-stack';
export { FlowDelivery, type FlowDeliveryOptions, type FlowDeliveryProps } from './delivery/flow-delivery';
export * from './events/trigger-rules';
export * from './notifications/health-notifications';
export * from './notifications/notifications';
export * from './operations/alarm-actions';
export * from './operations/alarm-overrides';
export * from './operations/connector-alarms';
export * from './operations/connector-dashboard';
export * from './queries/measure';
export {
  type AthenaQueryOptions,
  type CloudWatchMetricOptions,
  type CustomerProfilesSegmentOptions,
  RedshiftDatabase,
  type RedshiftQueryOptions,
} from './queries/query-source';
export * from './queries/scheduled-queries';
export * from './queries/scheduled-query';
export * from './queries/segment';
export type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from './shared/options';
export * from './sources/connector-source';
export * from './sources/source';
export * from './sources/source-normalization';
export * from './sources/source-options';
export * from './sources/source-reconciliation';
export * from './subscriptions/body-format';
export * from './subscriptions/flow-auth';
export * from './subscriptions/flow-subscription';
export * from './subscriptions/flow-url';
export * from './subscriptions/subscription-registration';
export * from './subscriptions/subscription-registry';
export * from './subscriptions/threshold';
export * from './subscriptions/trigger';
export * from './thresholds/threshold-evaluation';
export * from './unification/polled-unification';
export * from './unification/unification';
export * from './unification/unification-polling';
