import { count, idIn, instant, runOf, type SourceMapping, text, unknownState } from './service-event';

/** The only status that Amazon AppFlow documents (user guide, "Flow notifications"). All others are failures. */
const SUCCEEDED = 'Execution Successful';

/** Amazon AppFlow, "AppFlow End Flow Run Report". Counts are texts, and instants name their zone twice (`…Z[UTC]`). */
export const appFlow: SourceMapping = {
  namesOf: ({ detail }) => [detail['flow-name']],
  outcomeOf: (event) => {
    const { detail } = event;
    const state = text(detail.status);
    if (state === undefined) return unknownState('status', detail.status, [SUCCEEDED, 'any other text, for a failure']);
    return runOf(event, state === SUCCEEDED ? 'Successful' : 'Failed', {
      runId: idIn(detail, 'execution-id'),
      startedAt: instant(detail['start-time']),
      endedAt: instant(detail['end-time']),
      recordCount: count(detail['num-of-records-processed']),
      errors: [detail.error, state],
    });
  },
};
