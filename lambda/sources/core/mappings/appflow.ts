import { count, errorOf, idIn, instant, runOf, type SourceMapping, text, unknownWord } from './service-event';

/** The one status that Amazon AppFlow documents (user guide, "Flow notifications"); any other is a run that failed. */
const SUCCEEDED = 'Execution Successful';

/** Amazon AppFlow, "AppFlow End Flow Run Report". Counts are texts, instants name their zone twice (`…Z[UTC]`). */
export const appFlow: SourceMapping = {
  namesOf: ({ detail }) => [detail['flow-name']],
  outcomeOf: ({ detail, time }) => {
    const said = text(detail.status);
    if (said === undefined) return unknownWord('status', detail.status, [SUCCEEDED, 'any other text, for a failure']);
    const status = said === SUCCEEDED ? 'Successful' : 'Failed';
    return runOf(status, {
      runId: idIn(detail, 'execution-id'),
      startedAt: instant(detail['start-time']),
      endedAt: instant(detail['end-time']) ?? time,
      recordCount: count(detail['num-of-records-processed']),
      error: errorOf(status, detail.error, said),
    });
  },
};
