import { endOfRun, errorOf, idIn, instant, NOTHING_YET, type SourceMapping, type StatusWords } from './service-event';

/** States of a job's run, as AWS Glue (API reference, JobRun) and AWS Glue DataBrew (API reference, JobRun) have them. */
const WORDS: StatusWords = {
  SUCCEEDED: 'Successful',
  FAILED: 'Failed',
  ERROR: 'Failed',
  TIMEOUT: 'TimedOut',
  EXPIRED: 'TimedOut',
  STOPPED: 'Canceled',
  STARTING: NOTHING_YET,
  WAITING: NOTHING_YET,
  RUNNING: NOTHING_YET,
  STOPPING: NOTHING_YET,
};

/**
 * AWS Glue, "Glue Job State Change", and AWS Glue DataBrew, "DataBrew Job State Change": neither has counts, when the run
 * started, nor whether it will be retried. A run that `reconcile` lists says when it started.
 */
export const jobRun: SourceMapping = {
  namesOf: ({ detail }) => [detail.jobName],
  outcomeOf: ({ detail, time }) =>
    endOfRun(WORDS, detail.state, 'state', (status) => ({
      runId: idIn(detail, 'jobRunId'),
      startedAt: instant(detail.startedOn),
      endedAt: time,
      error: errorOf(status, detail.message),
    })),
};
