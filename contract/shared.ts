/** Default `source` of the connector's events. */
export const DEFAULT_EVENT_SOURCE = 'customer-insights';

/** Message attribute with the reason why a message was sent to a dead-letter queue. */
export const REJECTION_REASON_ATTRIBUTE = 'reason';

/** Name of the partition key in all tables. */
export const PARTITION_KEY = 'pk';

/** Name of the sort key in all tables that have one. */
export const SORT_KEY = 'sk';

/** Time-to-live attribute of tables whose items expire, epoch seconds. */
export const TTL_ATTRIBUTE = 'expiresAt';

/** Handler timeouts, seconds. The visibility timeout of a queue is six times its handler's timeout (AWS Lambda, SQS event sources). */
export const HANDLER_TIMEOUT_SECONDS = {
  evaluate: 60,
  dispatch: 60,
  deliver: 60,
  sweep: 60,
  collect: 60,
  register: 60,
  measure: 60,
  normalize: 60,
  poll: 60,
  // Reads up to 100 pages for each of 10 sources. A failed message is retried after 12 minutes, before the alarm on queue age.
  reconcile: 120,
  // API Gateway waits up to 30 seconds for a function.
  connect: 15,
  record: 60,
  retire: 60,
} as const;

/** Names of the handlers. Each handler is a bundle. */
export type HandlerName = keyof typeof HANDLER_TIMEOUT_SECONDS;
