import {
  count,
  endOfRun,
  errorOf,
  idIn,
  instant,
  NOTHING_YET,
  type ServiceEvent,
  type SourceMapping,
  type StatusWords,
} from './service-event';

/** States of a job run (Amazon EMR Serverless user guide, "Job run states"). */
const WORDS: StatusWords = {
  SUCCESS: 'Successful',
  FAILED: 'Failed',
  CANCELLED: 'Canceled',
  SUBMITTED: NOTHING_YET,
  QUEUED: NOTHING_YET,
  PENDING: NOTHING_YET,
  SCHEDULED: NOTHING_YET,
  RUNNING: NOTHING_YET,
  CANCELLING: NOTHING_YET,
};

const RETRY = 'EMR Serverless Job Run Retry';

/**
 * Amazon EMR Serverless, "EMR Serverless Job Run State Change" and, where a job has a retry policy, "EMR Serverless Job Run
 * Retry": an attempt that failed, after which another one began.
 */
export const emrServerless: SourceMapping = {
  namesOf: ({ detail }) => [detail.applicationId],
  outcomeOf: (event) => (event.detailType === RETRY ? retriedAttempt(event) : stateChange(event)),
};

const stateChange = ({ detail, time }: ServiceEvent) =>
  endOfRun(WORDS, detail.state, 'state', (status) => ({
    runId: idIn(detail, 'jobRunId'),
    startedAt: instant(detail.createdAt),
    endedAt: instant(detail.updatedAt) ?? time,
    error: errorOf(status, detail.stateDetails),
  }));

const retriedAttempt = ({ detail, time }: ServiceEvent) =>
  endOfRun(WORDS, detail.previousAttemptState, 'previousAttemptState', (status) => ({
    runId: idIn(detail, 'jobRunId'),
    willRetry: true,
    attempt: count(detail.previousAttempt),
    startedAt: instant(detail.previousAttemptCreatedAt),
    endedAt: instant(detail.previousAttemptEndedAt) ?? time,
    error: errorOf(status, detail.stateDetails),
  }));
