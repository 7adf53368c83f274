import { count, endOfRun, errorOf, idIn, NOTHING_YET, type SourceMapping, type StatusWords } from './service-event';

/** States of a statement (Amazon Redshift Data API reference, DescribeStatement). */
const WORDS: StatusWords = {
  FINISHED: 'Successful',
  FAILED: 'Failed',
  ABORTED: 'Canceled',
  SUBMITTED: NOTHING_YET,
  PICKED: NOTHING_YET,
  STARTED: NOTHING_YET,
};

/** Amazon Redshift Data API, "Redshift Data Statement Status Change": put for statements that were sent with `WithEvent` only. */
export const redshiftData: SourceMapping = {
  namesOf: ({ detail }) => [detail.statementName],
  outcomeOf: ({ detail, time }) =>
    endOfRun(WORDS, detail.state, 'state', (status) => ({
      runId: idIn(detail, 'statementId'),
      endedAt: time,
      recordCount: status === 'Successful' ? count(detail.rows) : undefined,
      error: errorOf(status, detail.error, detail.message),
    })),
};
