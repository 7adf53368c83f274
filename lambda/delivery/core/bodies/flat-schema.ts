import * as v from 'valibot';
import type { TriggerId } from '../../../../contract/events';
import { MAX_ERROR_LENGTH } from '../../../events/core/events';

// Power Automate refuses a body that does not fit the schema, null included (error TriggerInputSchemaMismatch). So a
// text or a map that is unknown is empty and always there; a number that is unknown is left out and not required.
const text = (title: string, description: string) => v.pipe(v.string(), v.title(title), v.description(description));
const number = (title: string, description: string) => v.pipe(v.number(), v.title(title), v.description(description));
const integer = (title: string, description: string) =>
  v.pipe(v.number(), v.integer(), v.title(title), v.description(description));
const flag = (title: string, description: string) => v.pipe(v.boolean(), v.title(title), v.description(description));
const map = (title: string, description: string) =>
  v.pipe(v.record(v.string(), v.string()), v.title(title), v.description(description));

const common = <T extends TriggerId>(trigger: T) => ({
  title: text('Title', 'One line that says what happened; can be sent as it is.'),
  summary: text('Summary', 'One paragraph that says what happened; can be sent as it is.'),
  owners: text(
    'Owners',
    "The subscription's owners: mail addresses joined by ; as the mail action takes them, or empty.",
  ),
  link: text('Link', "The subscription's link, or empty."),
  trigger: v.pipe(v.literal(trigger), v.title('Trigger'), v.description(`Always ${trigger}.`)),
  subscription: text('Subscription', 'Name of the subscription that started this flow.'),
  instanceId: text('Instance', 'The instance of the customer data platform.'),
  occurredAt: text('Occurred at', 'When it happened, ISO 8601 in UTC.'),
  delayedMinutes: integer('Delayed minutes', 'Minutes between the event and this delivery.'),
  isTest: flag('Is test', 'True when somebody tries the flow out; nothing happened then.'),
  eventId: text('Event id', 'Identity of what happened, the same for all subscriptions.'),
  deliveryId: text('Delivery id', 'Identity of this delivery; the same when it is sent again, so a flow can skip it.'),
});

const run = {
  runId: text('Run id', 'The refresh run.'),
  status: text('Status', 'How it ended: Successful, Failed, TimedOut, Skipped or Canceled.'),
  startedAt: text('Started at', 'ISO 8601 in UTC, or empty.'),
  endedAt: text('Ended at', 'ISO 8601 in UTC, or empty.'),
  durationSeconds: v.optional(integer('Duration in seconds', 'Left out when it is not known.')),
  runLink: text('Run link', "The run's page, or empty."),
};

const failure = {
  error: text('Error', `What went wrong, at most ${MAX_ERROR_LENGTH} characters, or empty.`),
  errorHtml: text('Error as HTML', 'The error for the body of a mail: escaped, with line breaks.'),
};

const dataSource = {
  dataSource: text('Data source', 'Name of the data source.'),
  ...run,
  attempt: v.optional(integer('Attempt', 'Number of the attempt. Left out when it is not known.')),
  recordCount: v.optional(integer('Record count', 'Records that were read. Left out when it is not known.')),
};

const crossing = {
  direction: text('Direction', 'above when the value rose over the threshold, below when it fell under it.'),
  threshold: number('Threshold', 'The level that was crossed.'),
  alreadyBeyond: flag(
    'Already beyond',
    'True when the value was beyond before the threshold was there: it did not cross.',
  ),
  previousValue: v.optional(number('Previous value', 'The value before. Left out when it was already beyond.')),
  value: number('Value', 'The value now.'),
  valueText: text('Value as text', 'The value now with thousands separators and its unit, such as 12,345 EUR.'),
  change: v.optional(number('Change', 'The value now less the value before. Left out when it was already beyond.')),
  recoverTo: v.optional(number('Recovery level', 'The threshold fires again only after the value was back here.')),
  observedAt: text('Observed at', 'When the value was measured, ISO 8601 in UTC.'),
  runId: text('Run id', 'The refresh run, or empty.'),
};

/** One definition per trigger: gives the type of its body and the published JSON Schema. */
export const FLAT_BODIES = {
  'data-source-refresh-failed': v.pipe(
    v.object({
      ...common('data-source-refresh-failed'),
      ...dataSource,
      willRetry: flag('Will be retried', 'True when the refresh will be tried again.'),
      ...failure,
    }),
    v.title('Data source refresh failed'),
    v.description('Body that a flow receives when a data source refresh failed.'),
  ),
  'data-source-refresh-succeeded': v.pipe(
    v.object({ ...common('data-source-refresh-succeeded'), ...dataSource }),
    v.title('Data source refresh succeeded'),
    v.description('Body that a flow receives when a data source refresh succeeded.'),
  ),
  'segment-threshold-crossed': v.pipe(
    v.object({
      ...common('segment-threshold-crossed'),
      segment: text('Segment', 'Name of the segment.'),
      ...crossing,
    }),
    v.title('Segment threshold crossed'),
    v.description("Body that a flow receives when a segment's member count crosses a threshold."),
  ),
  'measure-threshold-crossed': v.pipe(
    v.object({
      ...common('measure-threshold-crossed'),
      measure: text('Measure', 'Name of the measure.'),
      ...crossing,
      unit: text('Unit', "The value's unit, or empty."),
      dimensionsText: text('Dimensions as text', 'Such as Region: EMEA; Channel: Web, or empty.'),
      dimensions: map('Dimensions', 'Dimension name to member; empty for a measure without dimensions.'),
    }),
    v.title('Measure threshold crossed'),
    v.description("Body that a flow receives when a measure's value crosses a threshold."),
  ),
  'full-refresh-completed': v.pipe(
    v.object({
      ...common('full-refresh-completed'),
      ...run,
      kind: text('Kind', 'Scheduled or OnDemand.'),
      processesText: text('Processes as text', 'Such as Segments: Successful; Measures: Failed, or empty.'),
      processes: map('Processes', 'Process name to status; the unsuccessful first when there are too many.'),
      ...failure,
    }),
    v.title('Full refresh completed'),
    v.description('Body that a flow receives when a full refresh came to an end.'),
  ),
  'unification-refresh-completed': v.pipe(
    v.object({
      ...common('unification-refresh-completed'),
      ...run,
      stagesText: text('Stages as text', 'Such as map: Successful; match: Failed, or empty.'),
      stages: map('Stages', 'Stage name to status.'),
      ...failure,
    }),
    v.title('Unification refresh completed'),
    v.description('Body that a flow receives when unification came to an end.'),
  ),
} as const satisfies Record<TriggerId, unknown>;

type BodyOf<T extends TriggerId> = v.InferOutput<(typeof FLAT_BODIES)[T]>;

/** What a flow receives in the format `flat`. */
export type FlatBody = { [T in TriggerId]: BodyOf<T> }[TriggerId];
