/** Where the runbook is, when nobody says it: its path in the package's repository. */
export const DEFAULT_RUNBOOK = 'docs/runbook.md';

/** Entries of the runbook: the anchors of its headings. Each alarm and each message of the connector's health links one. */
export const RunbookEntry = {
  OLDEST_PENDING: 'oldest-pending-delivery',
  DEAD_DELIVERIES: 'dead-deliveries',
  PAUSED_SUBSCRIPTIONS: 'paused-subscriptions',
  RESUMED_SUBSCRIPTIONS: 'resumed-subscriptions',
  QUEUE_AGE: 'queue-age',
  DEAD_LETTERS: 'dead-letters',
  FUNCTION_ERRORS: 'function-errors',
  THROTTLES: 'throttles',
  FAILED_INVOCATIONS: 'failed-invocations',
  FAILED_RECONCILIATIONS: 'failed-reconciliations',
} as const;

export type RunbookEntryName = (typeof RunbookEntry)[keyof typeof RunbookEntry];

export const runbookLink = (entry: RunbookEntryName, runbook = DEFAULT_RUNBOOK): string => `${runbook}#${entry}`;
