import {
  count,
  endOfRun,
  errorOf,
  instant,
  NOTHING_YET,
  type RunId,
  type ServiceEvent,
  type SourceMapping,
  type StatusWords,
  text,
} from './service-event';

/** Statuses of an execution (AWS Step Functions API reference, DescribeExecution). */
const WORDS: StatusWords = {
  SUCCEEDED: 'Successful',
  FAILED: 'Failed',
  TIMED_OUT: 'TimedOut',
  ABORTED: 'Canceled',
  RUNNING: NOTHING_YET,
  PENDING_REDRIVE: NOTHING_YET,
};

/**
 * AWS Step Functions, "Step Functions Execution Status Change": what DescribeExecution answers, instants as epoch
 * milliseconds. Input and output are left alone: they are the machine's own data.
 */
export const stepFunctions: SourceMapping = {
  namesOf: ({ detail }) => [detail.stateMachineArn],
  outcomeOf: ({ detail, time }) =>
    endOfRun(WORDS, detail.status, 'status', (status) => ({
      runId: runIdIn(detail),
      startedAt: instant(detail.startDate),
      endedAt: instant(detail.stopDate) ?? time,
      error: errorOf(status, [text(detail.error), text(detail.cause)].filter(Boolean).join(': ')),
    })),
};

/** The execution's name, unique in its machine. One that is redriven keeps it, and ends once more. */
function runIdIn(detail: ServiceEvent['detail']): RunId {
  const name = text(detail.name);
  if (name === undefined) return { missing: 'name' };
  const redrives = count(detail.redriveCount) ?? 0;
  return redrives > 0 ? `${name} redrive ${redrives}` : name;
}
