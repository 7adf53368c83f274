import {
  endOfRun,
  errorOf,
  idIn,
  instant,
  NOTHING_YET,
  type ServiceEvent,
  type SourceMapping,
  type StatusWords,
} from './service-event';

/** States of a query (Amazon Athena API reference, QueryExecutionStatus). */
const WORDS: StatusWords = {
  SUCCEEDED: 'Successful',
  FAILED: 'Failed',
  CANCELLED: 'Canceled',
  QUEUED: NOTHING_YET,
  RUNNING: NOTHING_YET,
};

/** Amazon Athena, "Athena Query State Change". It has no counts and not when the query started, which `reconcile` finds. */
export const athena: SourceMapping = {
  namesOf: ({ detail }) => [detail.workgroupName],
  outcomeOf: ({ detail, time }) =>
    endOfRun(WORDS, detail.currentState, 'currentState', (status) => ({
      runId: idIn(detail, 'queryExecutionId'),
      startedAt: instant(detail.submissionDateTime),
      endedAt: time,
      error: errorOf(status, messageIn(detail.athenaError)),
    })),
};

const messageIn = (error: unknown): unknown =>
  typeof error === 'object' && error !== null ? (error as ServiceEvent['detail']).errorMessage : undefined;
