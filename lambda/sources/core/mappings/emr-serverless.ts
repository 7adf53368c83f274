import { count, endOfRun, idIn, instant, type SourceMapping } from './service-event';

/** States of a job run (Amazon EMR Serverless user guide, "Job run states"). */
const STATES = {
  ended: { SUCCESS: 'Successful', FAILED: 'Failed', CANCELLED: 'Canceled' },
  inProgress: ['SUBMITTED', 'QUEUED', 'PENDING', 'SCHEDULED', 'RUNNING', 'CANCELLING'],
} as const;

const STATE_CHANGE: Parameters<typeof endOfRun>[0] = {
  ...STATES,
  stateField: 'state',
  run: ({ detail }) => ({
    runId: idIn(detail, 'jobRunId'),
    startedAt: instant(detail.createdAt),
    endedAt: instant(detail.updatedAt),
    errors: [detail.stateDetails],
  }),
};

const RETRIED_ATTEMPT: Parameters<typeof endOfRun>[0] = {
  ...STATES,
  stateField: 'previousAttemptState',
  run: ({ detail }) => ({
    runId: idIn(detail, 'jobRunId'),
    willRetry: true,
    attempt: count(detail.previousAttempt),
    startedAt: instant(detail.previousAttemptCreatedAt),
    endedAt: instant(detail.previousAttemptEndedAt),
    errors: [detail.stateDetails],
  }),
};

/**
 * Amazon EMR Serverless, "EMR Serverless Job Run State Change" and, for a job with a retry policy, "EMR Serverless Job
 * Run Retry": an attempt failed and another one started.
 */
export const emrServerless: SourceMapping = {
  namesOf: ({ detail }) => [detail.applicationId],
  outcomeOf: (event) =>
    endOfRun(event.detailType === 'EMR Serverless Job Run Retry' ? RETRIED_ATTEMPT : STATE_CHANGE, event),
};
