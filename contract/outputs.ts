/** Names of the stack's outputs: how the CLI and the local run find a connector. */
export const Output = {
  EVENT_BUS_NAME: 'EventBusName',
  EVENT_SOURCE: 'EventSource',
  SUBSCRIPTIONS_TABLE_NAME: 'SubscriptionsTableName',
  THRESHOLDS_TABLE_NAME: 'ThresholdsTableName',
  DELIVERIES_TABLE_NAME: 'DeliveriesTableName',
  FLOW_URL_KEY_ARN: 'FlowUrlKeyArn',
  /** Only with federation: the subject of the application's federated credential. */
  DELIVER_ROLE_ARN: 'DeliverRoleArn',
  OBSERVATIONS_QUEUE_URL: 'ObservationsQueueUrl',
  DELIVERIES_QUEUE_URL: 'DeliveriesQueueUrl',
  /** All that functions read; separated by commas, as are the lists below. */
  WORK_QUEUE_URLS: 'WorkQueueUrls',
  DEAD_LETTER_QUEUE_URLS: 'DeadLetterQueueUrls',
  /** Of the functions that log what they did with an event. */
  LOG_GROUP_NAMES: 'LogGroupNames',
} as const;
