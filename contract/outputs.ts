/** Names of the stack outputs that the CLI and the local run use to find a connector. Lists are comma separated. */
export const Output = {
  EVENT_BUS_NAME: 'EventBusName',
  EVENT_SOURCE: 'EventSource',
  SUBSCRIPTIONS_TABLE_NAME: 'SubscriptionsTableName',
  THRESHOLDS_TABLE_NAME: 'ThresholdsTableName',
  DELIVERIES_TABLE_NAME: 'DeliveriesTableName',
  /** KMS key that encrypts flow URLs. */
  FLOW_URL_KEY_ARN: 'FlowUrlKeyArn',
  /** Subject of the application's federated credential. Only with federation. */
  DELIVER_ROLE_ARN: 'DeliverRoleArn',
  OBSERVATIONS_QUEUE_URL: 'ObservationsQueueUrl',
  DELIVERIES_QUEUE_URL: 'DeliveriesQueueUrl',
  /** URLs of all queues that functions process. */
  WORK_QUEUE_URLS: 'WorkQueueUrls',
  /** URLs of the dead-letter queues. */
  DEAD_LETTER_QUEUE_URLS: 'DeadLetterQueueUrls',
  /** Log groups of the functions that log the outcomes of events. */
  LOG_GROUP_NAMES: 'LogGroupNames',
  /** URL of the custom connector's API, without a path. Only with `addConnectorApi`. */
  CONNECTOR_API_URL: 'ConnectorApiUrl',
  /** How callers of the API sign in: JSON of `SignInSettings`. Only with `addConnectorApi`. */
  CONNECTOR_API_SIGN_IN: 'ConnectorApiSignIn',
  /** Actions of the API (`CONNECTOR_ACTIONS`). Only with `addConnectorApi`. */
  CONNECTOR_API_ACTIONS: 'ConnectorApiActions',
} as const;
