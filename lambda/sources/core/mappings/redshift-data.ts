import { count, idIn, stateChanges } from './service-event';

/**
 * Amazon Redshift Data API, "Redshift Data Statement Status Change" (states: API reference, DescribeStatement). The
 * service sends it only for statements that were executed with `WithEvent`.
 */
export const redshiftData = stateChanges({
  nameField: 'statementName',
  stateField: 'state',
  ended: { FINISHED: 'Successful', FAILED: 'Failed', ABORTED: 'Canceled' },
  inProgress: ['SUBMITTED', 'PICKED', 'STARTED'],
  run: ({ detail }, status) => ({
    runId: idIn(detail, 'statementId'),
    recordCount: status === 'Successful' ? count(detail.rows) : undefined,
    errors: [detail.error, detail.message],
  }),
});
