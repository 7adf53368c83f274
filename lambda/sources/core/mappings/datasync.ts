import { endOfRun, instant, type SourceMapping } from './service-event';

const EXECUTION = '/execution/';

/**
 * AWS DataSync, "DataSync Task Execution State Change" (states: API reference, DescribeTaskExecution; user guide,
 * "Monitoring events"). `resources` has the execution. There are no counts, and only `reconcile` knows the start.
 */
export const dataSync: SourceMapping = {
  namesOf: ({ resources }) => resources.map((arn) => arn.split(EXECUTION)[0]),
  outcomeOf: (event) => endOfRun(STATES, event),
};

const STATES: Parameters<typeof endOfRun>[0] = {
  stateField: 'State',
  ended: { SUCCESS: 'Successful', ERROR: 'Failed', CANCELLED: 'Canceled' },
  inProgress: ['QUEUED', 'QUEUEING', 'LAUNCHING', 'PREPARING', 'TRANSFERRING', 'VERIFYING', 'CANCELLING'],
  run: ({ detail, resources }) => ({
    runId: resources.map((arn) => arn.split(EXECUTION)[1]).find(Boolean) ?? { missing: 'resources' },
    startedAt: instant(detail.startTime),
    errors: [detail.message],
  }),
};
