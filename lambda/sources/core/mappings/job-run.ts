import { idIn, instant, stateChanges } from './service-event';

/**
 * AWS Glue, "Glue Job State Change", and AWS Glue DataBrew, "DataBrew Job State Change" (states: API references,
 * JobRun). Neither has counts, the start of the run, or whether it is retried. `reconcile` knows the start.
 */
export const jobRun = stateChanges({
  nameField: 'jobName',
  stateField: 'state',
  ended: {
    SUCCEEDED: 'Successful',
    FAILED: 'Failed',
    ERROR: 'Failed',
    TIMEOUT: 'TimedOut',
    EXPIRED: 'TimedOut',
    STOPPED: 'Canceled',
  },
  inProgress: ['STARTING', 'WAITING', 'RUNNING', 'STOPPING'],
  run: ({ detail }) => ({
    runId: idIn(detail, 'jobRunId'),
    startedAt: instant(detail.startedOn),
    errors: [detail.message],
  }),
});
