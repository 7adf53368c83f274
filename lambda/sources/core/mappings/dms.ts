import * as v from 'valibot';
import type { Status } from '../../../../contract/events';
import { statusSchema } from '../../../events/core/events';
import { errorOf, NOTHING_YET, runOf, type SourceMapping, text, unknownWord } from './service-event';

const FAILED = ['REPLICATION_TASK_FAILED', 'REPLICATION_FAILED', 'DMS-EVENT-0078'];
const STOPPED = ['REPLICATION_TASK_STOPPED', 'REPLICATION_STOPPED', 'DMS-EVENT-0079'];

/** Why a task stopped, where the message says it (AWS DMS API reference, ReplicationTask, `StopReason`). */
const STOP_REASONS: Readonly<Record<string, Status>> = {
  NORMAL: 'Successful',
  FULL_LOAD_ONLY_FINISHED: 'Successful',
  STOPPED_AFTER_FULL_LOAD: 'Successful',
  STOPPED_AFTER_CACHED_EVENTS: 'Successful',
  RECOVERABLE_ERROR: 'Failed',
  FATAL_ERROR: 'Failed',
};

/**
 * AWS DMS, "DMS Replication Task State Change" of tasks and "DMS Replication State Change" of serverless replications. A full
 * load that succeeded looks like a task that was stopped, so the source says what a stop without a reason is. There
 * is no id of a run: it is known by when the event was put.
 */
export const dms: SourceMapping = {
  namesOf: ({ resources }) => resources,
  outcomeOf: ({ detail, time }, source) => {
    const said = [text(detail.eventType), text(detail.eventId)].filter((one) => one !== undefined);
    if (said.length === 0)
      return unknownWord('eventType', undefined, [...FAILED, ...STOPPED, 'others, which end no run']);
    const message = text(detail.detailMessage);
    const end = said.some((one) => FAILED.includes(one))
      ? 'Failed'
      : said.some((one) => STOPPED.includes(one))
        ? (reasonIn(message) ?? statusOfStop(source.stopped))
        : NOTHING_YET;
    if (end === NOTHING_YET) return NOTHING_YET;
    return runOf(end, { runId: time, endedAt: time, error: errorOf(end, message) });
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
