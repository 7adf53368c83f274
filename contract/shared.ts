/** `source` of every event on the bus when the connector names no other. */
export const DEFAULT_EVENT_SOURCE = 'customer-insights';

/** Message attribute that says why a message stands in a dead-letter queue. */
export const REJECTION_REASON_ATTRIBUTE = 'reason';

/** Key attribute names, the same in all tables. */
export const PARTITION_KEY = 'pk';

export const SORT_KEY = 'sk';

/** Time-to-live attribute of tables whose items are forgotten, epoch seconds. */
export const TTL_ATTRIBUTE = 'expiresAt';

/** Handler timeouts in seconds. A queue's visibility timeout is six times its handler's (AWS Lambda, SQS event sources). */
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
  // It may read a hundred pages of each of ten sources. What fails comes again after 12 minutes, before the queue is called old.
  reconcile: 120,
} as const;

/** The handlers; each is a folder of `lambda/` and a bundle. */
export type HandlerName = keyof typeof HANDLER_TIMEOUT_SECONDS;
