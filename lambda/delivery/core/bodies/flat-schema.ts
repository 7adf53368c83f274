import * as v from 'valibot';
import type { TriggerId } from '../../../../contract/events';
import { MAX_ERROR_LENGTH } from '../../../events/core/fields';

// Power Automate rejects a body that does not match the schema, null included (error TriggerInputSchemaMismatch). An
// unknown text or map is therefore empty. An unknown number is omitted, and its field is not required.
const text = (title: string, description: string) => v.pipe(v.string(), v.title(title), v.description(description));
const number = (title: string, description: string) => v.pipe(v.number(), v.title(title), v.description(description));
const integer = (title: string, description: string) =>
  v.pipe(v.number(), v.integer(), v.title(title), v.description(description));
const flag = (title: string, description: string) => v.pipe(v.boolean(), v.title(title), v.description(description));
const map = (title: string, description: string) =>
  v.pipe(v.record(v.string(), v.string()), v.title(title), v.description(description));

const common = <T extends TriggerId>(trigger: T) => ({
  title: text('Title', 'What happened, in one line. Ready to send.'),
  summary: text('Summary', 'What happened, in one paragraph. Ready to send.'),
  owners: text('Owners', "Email addresses of the subscription's owners, separated by ;. Can be empty."),
  link: text('Link', "The subscription's link. Can be empty."),
  trigger: v.pipe(v.literal(trigger), v.title('Trigger'), v.description(`Always ${trigger}.`)),
  subscription: text('Subscription', 'Name of the subscription that started this flow.'),
  instanceId: text('Instance', 'The instance of the customer data platform.'),
  occurredAt: text('Occurred at', 'When the event happened, ISO 8601 in UTC.'),
  delayedMinutes: integer('Delayed minutes', 'Minutes between the event and this delivery.'),
  isTest: flag('Is test', 'True for a test: no event happened.'),
  eventId: text('Event id', 'Identity of the event, the same for every subscription.'),
  deliveryId: text('Delivery id', 'Identity of this delivery, the same for every retry. Use it to skip duplicates.'),
  outcomeUrl: v.optional(
    text(
      'Outcome URL',
      'Address where the flow reports whether it finished. A credential. Omitted unless the subscription has finishWithin.',
    ),
  ),
});

const origin = {
  awsAccount: text('AWS account', "AWS account of the event. Empty for the connector's own account and Region."),
  awsRegion: text('AWS Region', "AWS Region of the event. Empty for the connector's own account and Region."),
};

const run = {
  ...origin,
  runId: text('Run id', 'The refresh run.'),
  status: text('Status', 'Result of the run: Successful, Failed, TimedOut, Skipped or Canceled.'),
  startedAt: text('Started at', 'ISO 8601 in UTC. Can be empty.'),
  endedAt: text('Ended at', 'ISO 8601 in UTC. Can be empty.'),
  durationSeconds: v.optional(integer('Duration in seconds', 'Omitted if unknown.')),
  runLink: text('Run link', "The run's page. Can be empty."),
};

const failure = {
  error: text('Error', `The error, up to ${MAX_ERROR_LENGTH} characters. Can be empty.`),
  errorHtml: text('Error as HTML', 'The error for an email body: escaped, with line breaks.'),
};

const dataSource = {
  dataSource: text('Data source', 'Name of the data source.'),
  ...run,
  attempt: v.optional(integer('Attempt', 'Number of the attempt. Omitted if unknown.')),
  recordCount: v.optional(integer('Record count', 'Number of records read. Omitted if unknown.')),
};

const crossing = {
  ...origin,
  direction: text('Direction', 'above if the value rose above the threshold, below if it fell below it.'),
  threshold: number('Threshold', 'The threshold that was crossed. For changes: the value that is changed enough.'),
  alreadyBeyond: flag('Already beyond', 'True if the value was beyond the threshold when the threshold was created.'),
  previousValue: v.optional(number('Previous value', 'The previous value. Omitted if alreadyBeyond is true.')),
  value: number('Value', 'The current value.'),
  valueText: text('Value as text', 'The current value with thousands separators and its unit, such as 12,345 EUR.'),
  change: v.optional(number('Change', 'The current value minus the previous one. Omitted if alreadyBeyond is true.')),
  recoverTo: v.optional(number('Recovery level', 'The value must return here before the threshold fires again.')),
  observedAt: text('Observed at', 'When the value was measured, ISO 8601 in UTC.'),
  comparedWith: text(
    'Compared with',
    'For a threshold on changes: previous, sameTimeYesterday or sameTimeLastWeek. Otherwise empty.',
  ),
  baseValue: v.optional(number('Earlier value', 'The value that the change refers to. Omitted for a level.')),
  baseObservedAt: text('Earlier value observed at', 'When it was measured, ISO 8601 in UTC. Empty for a level.'),
  baseChange: v.optional(
    number('Change since then', 'The current value minus the earlier value. Omitted for a level.'),
  ),
  baseChangePercent: v.optional(
    number('Change since then in percent', 'In percent of the earlier value. Omitted for a level, and if it was 0.'),
  ),
  runId: text('Run id', 'The refresh run. Can be empty.'),
};

/** One definition per trigger, for the type of its body and the published JSON Schema. */
export const FLAT_BODIES = {
  'data-source-refresh-failed': v.pipe(
    v.object({
      ...common('data-source-refresh-failed'),
      ...dataSource,
      willRetry: flag('Will be retried', 'True if the refresh will be retried.'),
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
      unit: text('Unit', "The value's unit. Can be empty."),
      dimensionsText: text('Dimensions as text', 'For example Region: EMEA; Channel: Web. Can be empty.'),
      dimensions: map('Dimensions', 'Maps each dimension to its member. Empty for a measure without dimensions.'),
    }),
    v.title('Measure threshold crossed'),
    v.description("Body that a flow receives when a measure's value crosses a threshold."),
  ),
  'full-refresh-completed': v.pipe(
    v.object({
      ...common('full-refresh-completed'),
      ...run,
      kind: text('Kind', 'Scheduled or OnDemand.'),
      processesText: text('Processes as text', 'For example Segments: Successful; Measures: Failed. Can be empty.'),
      processes: map('Processes', 'Maps each process to its status. If too many, unsuccessful ones are kept first.'),
      ...failure,
    }),
    v.title('Full refresh completed'),
    v.description('Body that a flow receives when a full refresh has ended.'),
  ),
  'unification-refresh-completed': v.pipe(
    v.object({
      ...common('unification-refresh-completed'),
      ...run,
      stagesText: text('Stages as text', 'For example map: Successful; match: Failed. Can be empty.'),
      stages: map('Stages', 'Maps each stage to its status.'),
      ...failure,
    }),
    v.title('Unification refresh completed'),
    v.description('Body that a flow receives when unification has ended.'),
  ),
  'refresh-overdue': v.pipe(
    v.object({
      ...common('refresh-overdue'),
      state: text('State', 'Overdue if the refresh did not come, Recovered if it came at last.'),
      subjectType: text('Subject type', 'DataSource, Segment, Measure, FullRefresh or Unification.'),
      subject: text('Subject', 'Name of what was to be refreshed.'),
      expectation: text('Expectation', 'When a refresh is expected, such as every 24 h.'),
      expectedBy: text('Expected by', 'When the refresh was expected, without the grace, ISO 8601 in UTC.'),
      overdueSince: text(
        'Overdue since',
        'First expected time that was missed since the last refresh, ISO 8601 in UTC.',
      ),
      repeat: integer('Repeat', 'Number of the repeat, if the subscription repeats. 0 for the first run.'),
      lastSuccessAt: text('Last success at', 'End of the last successful refresh, ISO 8601 in UTC. Empty if unknown.'),
      lastSuccessRunId: text('Last successful run', 'Its run. Can be empty.'),
      lastFailureAt: text('Last failure at', 'End of the last failed refresh, ISO 8601 in UTC. Empty if unknown.'),
      lastFailureStatus: text('Last failure', 'Failed or TimedOut. Empty if no failure is known.'),
      lastFailureRunId: text('Last failed run', 'Its run. Can be empty.'),
      ...failure,
    }),
    v.title('Refresh overdue'),
    v.description('Body that a flow receives when an expected refresh does not come, or comes at last.'),
  ),
} as const satisfies Record<TriggerId, unknown>;

type BodyOf<T extends TriggerId> = v.InferOutput<(typeof FLAT_BODIES)[T]>;

/** Body in the format `flat`. */
export type FlatBody = { [T in TriggerId]: BodyOf<T> }[TriggerId];
