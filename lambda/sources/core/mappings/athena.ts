import { idIn, instant, objectOf, stateChanges } from './service-event';

/**
 * Amazon Athena, "Athena Query State Change" (states: API reference, QueryExecutionStatus). It has no counts. Only
 * `reconcile` knows when the query started.
 */
export const athena = stateChanges({
  nameField: 'workgroupName',
  stateField: 'currentState',
  ended: { SUCCEEDED: 'Successful', FAILED: 'Failed', CANCELLED: 'Canceled' },
  inProgress: ['QUEUED', 'RUNNING'],
  run: ({ detail }) => ({
    runId: idIn(detail, 'queryExecutionId'),
    startedAt: instant(detail.submissionDateTime),
    errors: [objectOf(detail.athenaError).errorMessage],
  }),
});
