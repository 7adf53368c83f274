/** Default location of the runbook: its path in the package's repository. */
export const DEFAULT_RUNBOOK = 'docs/runbook.md';

/** Anchor of a runbook entry. Every alarm and every notification links to one. */
export type RunbookEntry =
  | 'oldest-pending-delivery'
  | 'dead-deliveries'
  | 'paused-subscriptions'
  | 'resumed-subscriptions'
  | 'unconfirmed-deliveries'
  | 'deliveries-failed-in-their-flow'
  | 'queue-age'
  | 'dead-letters'
  | 'function-errors'
  | 'throttles'
  | 'failed-invocations'
  | 'failed-reconciliations';

export const runbookLink = (entry: RunbookEntry, runbook = DEFAULT_RUNBOOK): string => `${runbook}#${entry}`;
