export {
  RefreshCollection,
  type RefreshCollectionOptions,
  type RefreshCollectionProps,
} from './collection/refresh-collection';
export { FlowDelivery, type FlowDeliveryOptions, type FlowDeliveryProps } from './delivery/flow-delivery';
export { TriggerRules, type TriggerRulesProps } from './events/trigger-rules';
export type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from './options';
export { PowerAutomateConnector, type PowerAutomateConnectorProps } from './power-automate-connector';
export { PowerAutomateConnectorStack, type PowerAutomateConnectorStackProps } from './power-automate-connector-stack';
export { SubscriptionRegistry, type SubscriptionRegistryProps } from './subscriptions/subscription-registry';
export {
  ThresholdEvaluation,
  type ThresholdEvaluationOptions,
  type ThresholdEvaluationProps,
} from './thresholds/threshold-evaluation';
