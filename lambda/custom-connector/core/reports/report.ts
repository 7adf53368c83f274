import type { REPORTED_EVENTS } from '../../../../contract/custom-connector';
import { DomainEvent } from '../../../../contract/events';
import { EVENT_DEFINITIONS } from '../../../events/core/events';
import type { EventPublisher } from '../../../events/core/ports';
import type { Clock, Telemetry } from '../../../shared/core/ports';
import { MAX_AHEAD_MS } from '../../../thresholds/core/observe';
import { type RequestBody, readBody } from '../body';
import type { Field } from '../definition/field';
import { MEASURE_VALUE_FIELDS, MEMBER_COUNT_FIELDS, REFRESH_FIELDS } from '../definition/report-operations';
import { checkFields, givenFields, readDimensions, reasonOf } from '../given-fields';
import { type ApiRequest, type ApiResponse, type Caller, problem } from '../http';

/** Log messages of reports. Each comment lists the message's details. */
export const ReportMessage = {
  /** `by`, `detailType`, `instanceId`, `subject`, `runId` */
  REPORTED: 'a caller reported an event',
  /** `by`, `detailType`, `error` */
  NOT_PUBLISHED: 'the event bus did not accept the report of a caller',
} as const;

export interface ReportPorts {
  readonly events: EventPublisher;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** The event of a report. Its fields are those of the event, with `dimensions` as JSON. */
interface Report {
  readonly detailType: (typeof REPORTED_EVENTS)[number];
  readonly fields: readonly Field[];
  /** Field with the name of the subject. */
  readonly subject: string;
}

export const REPORTS = {
  refresh: { detailType: DomainEvent.DATA_SOURCE_REFRESHED, fields: REFRESH_FIELDS, subject: 'dataSource' },
  memberCount: { detailType: DomainEvent.SEGMENT_REFRESHED, fields: MEMBER_COUNT_FIELDS, subject: 'segment' },
  measureValue: { detailType: DomainEvent.MEASURE_REFRESHED, fields: MEASURE_VALUE_FIELDS, subject: 'measure' },
} as const satisfies Record<string, Report>;

/**
 * Puts an event on the bus for a caller. A repeated report is a duplicate of the same event: the connector detects it as it
 * does for producers, by the run of a refresh, and by the time and sequence of an observation.
 */
export async function reportEvent(
  { detailType, fields, subject }: Report,
  request: ApiRequest,
  caller: Caller,
  { events, clock, telemetry }: ReportPorts,
): Promise<ApiResponse> {
  const read = readBody(request);
  if ('problem' in read) return read.problem;
  const given = givenFields(read.body);
  const checked = checkFields(fields, EVENT_DEFINITIONS[detailType], given);
  if ('reason' in checked) return problem('invalid', checked.reason);
  // The function that evaluates the event would reject it, and the caller would not learn about it.
  if ('observedAt' in checked.value && checked.value.observedAt > clock() + MAX_AHEAD_MS) {
    const message = `"observedAt" is more than ${MAX_AHEAD_MS / 60_000} minutes in the future; write when the value was measured`;
    return problem('invalid', reasonOf(fields, [{ field: 'observedAt', message }]));
  }
  try {
    await events.publish(detailType, detailOf(given));
  } catch (error) {
    telemetry.warn(ReportMessage.NOT_PUBLISHED, { by: caller.id, detailType, error: String(error) });
    return problem('unavailable', 'The event bus does not accept the report now. Try again later: a retry is safe.');
  }
  const { instanceId, runId } = checked.value;
  telemetry.info(ReportMessage.REPORTED, { by: caller.id, detailType, instanceId, subject: given[subject], runId });
  return { status: 202 };
}

/** The fields as a producer writes them: checked, but not converted. */
const detailOf = ({ dimensions, ...rest }: RequestBody): RequestBody => ({
  ...rest,
  ...readDimensions(dimensions).entry,
});
