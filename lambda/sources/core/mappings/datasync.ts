import { endOfRun, errorOf, instant, NOTHING_YET, type SourceMapping, type StatusWords } from './service-event';

/** States of a task's execution (AWS DataSync API reference, DescribeTaskExecution; user guide, "Monitoring events"). */
const WORDS: StatusWords = {
  SUCCESS: 'Successful',
  ERROR: 'Failed',
  CANCELLED: 'Canceled',
  QUEUED: NOTHING_YET,
  QUEUEING: NOTHING_YET,
  LAUNCHING: NOTHING_YET,
  PREPARING: NOTHING_YET,
  TRANSFERRING: NOTHING_YET,
  VERIFYING: NOTHING_YET,
  CANCELLING: NOTHING_YET,
};

const EXECUTION = '/execution/';

/** AWS DataSync, "DataSync Task Execution State Change". The execution is in `resources`, its counts are nowhere, its start is what `reconcile` finds. */
export const dataSync: SourceMapping = {
  namesOf: ({ resources }) => resources.map((arn) => arn.split(EXECUTION)[0]),
  outcomeOf: ({ detail, resources, time }) =>
    endOfRun(WORDS, detail.State, 'State', (status) => ({
      runId: resources.map((arn) => arn.split(EXECUTION)[1]).find(Boolean) ?? { missing: 'resources' },
      startedAt: instant(detail.startTime),
      endedAt: time,
      error: errorOf(status, detail.message),
    })),
};
