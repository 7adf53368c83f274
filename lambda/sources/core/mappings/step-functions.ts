import { count, instant, type RunId, type ServiceEvent, stateChanges, text } from './service-event';

/**
 * AWS Step Functions, "Step Functions Execution Status Change": the response of DescribeExecution, with instants as epoch
 * milliseconds. Input and output are the state machine's own data and are not read.
 */
export const stepFunctions = stateChanges({
  nameField: 'stateMachineArn',
  stateField: 'status',
  ended: { SUCCEEDED: 'Successful', FAILED: 'Failed', TIMED_OUT: 'TimedOut', ABORTED: 'Canceled' },
  inProgress: ['RUNNING', 'PENDING_REDRIVE'],
  run: ({ detail }) => ({
    runId: runIdIn(detail),
    startedAt: instant(detail.startDate),
    endedAt: instant(detail.stopDate),
    errors: [[text(detail.error), text(detail.cause)].filter(Boolean).join(': ')],
  }),
});

/** The execution's name, unique in its state machine. A redriven execution keeps its name and ends again. */
function runIdIn(detail: ServiceEvent['detail']): RunId {
  const name = text(detail.name);
  if (name === undefined) return { missing: 'name' };
  const redrives = count(detail.redriveCount) ?? 0;
  return redrives > 0 ? `${name} redrive ${redrives}` : name;
}
