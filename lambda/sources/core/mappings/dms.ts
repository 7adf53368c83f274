import * as v from 'valibot';
import type { Status } from '../../../../contract/events';
import { statusSchema } from '../../../events/core/fields';
import { NOTHING_YET, runOf, type SourceMapping, text, unknownState } from './service-event';

const FAILED = ['REPLICATION_TASK_FAILED', 'REPLICATION_FAILED', 'DMS-EVENT-0078'];
const STOPPED = ['REPLICATION_TASK_STOPPED', 'REPLICATION_STOPPED', 'DMS-EVENT-0079'];

/** Reasons for a stop that the message can name (AWS DMS API reference, ReplicationTask, `StopReason`). */
const STOP_REASONS: Readonly<Record<string, Status>> = {
  NORMAL: 'Successful',
  FULL_LOAD_ONLY_FINISHED: 'Successful',
  STOPPED_AFTER_FULL_LOAD: 'Successful',
  STOPPED_AFTER_CACHED_EVENTS: 'Successful',
  RECOVERABLE_ERROR: 'Failed',
  FATAL_ERROR: 'Failed',
};

/**
 * AWS DMS, "DMS Replication Task State Change" of tasks and "DMS Replication State Change" of serverless replications. A
 * successful full load looks like a stopped task, so the source configures the status of a stop without a reason. A run
 * has no id; the time of the event identifies it.
 */
export const dms: SourceMapping = {
  namesOf: ({ resources }) => resources,
  outcomeOf: (event, source) => {
    const { detail, time } = event;
    const types = [text(detail.eventType), text(detail.eventId)].filter((one) => one !== undefined);
    if (types.length === 0) {
      return unknownState('eventType', undefined, [...FAILED, ...STOPPED, 'others, which do not end a run']);
    }
    const end = (status: Status) => runOf(event, status, { runId: time, errors: [detail.detailMessage] });
    if (types.some((one) => FAILED.includes(one))) return end('Failed');
    if (!types.some((one) => STOPPED.includes(one))) return NOTHING_YET;
    return end(reasonIn(text(detail.detailMessage)) ?? statusOfStop(source.stopped));
  },
};

function reasonIn(message = ''): Status | undefined {
  const [, reason] = /\bStop Reason (\w+)/i.exec(message) ?? [];
  return reason !== undefined && Object.hasOwn(STOP_REASONS, reason) ? STOP_REASONS[reason] : undefined;
}

function statusOfStop(stopped: string | undefined): Status {
  const parsed = v.safeParse(statusSchema, stopped);
  return parsed.success ? parsed.output : 'Successful';
}
