import * as v from 'valibot';
import { MAX_ERROR_LENGTH } from '../../../events/core/fields';
import { MAX_LAST_ERROR_LENGTH, REFRESH_RETENTION_DAYS } from '../refresh';
import { flag, integer, listOf, nextLink, number, text } from './response-field';

const instanceId = text('Instance', 'The instance of the customer data platform.');

/** @param errorLength maximum characters of the error. */
const refresh = (errorLength: number) => ({
  status: text(
    'Status',
    'Result of the refresh: Successful, Failed, TimedOut, Skipped or Canceled. Empty if no refresh is recorded.',
  ),
  startedAt: text('Started at', 'ISO 8601 in UTC. Can be empty.'),
  endedAt: text('Ended at', 'ISO 8601 in UTC. Can be empty.'),
  durationSeconds: v.optional(integer('Duration in seconds', 'Omitted if unknown.')),
  error: text('Error', `The error, up to ${errorLength} characters. Can be empty.`),
  willRetry: flag('Will be retried', 'True if the refresh will be retried.'),
  attempt: v.optional(integer('Attempt', 'Number of the attempt. Omitted if unknown.')),
  recordCount: v.optional(integer('Record count', 'Number of records read. Omitted if unknown.')),
  runId: text('Run id', 'The refresh run. Can be empty.'),
  runLink: text('Run link', "The run's page. Can be empty."),
});

const dataSource = (errorLength: number) => ({
  dataSource: text('Data source', 'Name of the data source.'),
  ...refresh(errorLength),
  lastSucceededAt: text('Last succeeded at', 'End of the last successful refresh, ISO 8601 in UTC. Can be empty.'),
  lastFailedAt: text(
    'Last failed at',
    'End of the last refresh that failed or timed out, ISO 8601 in UTC. Can be empty.',
  ),
});

const threshold = v.pipe(
  v.object({
    subscription: text('Subscription', 'Name of the subscription with the threshold.'),
    direction: text('Direction', 'When it fires: above, atOrAbove, below or atOrBelow the level.'),
    level: number('Level', 'The level of the threshold.'),
    recoverTo: v.optional(number('Recovery level', 'The value must return here before the threshold fires again.')),
    phase: text(
      'Phase',
      'armed: the next crossing fires. beyond: the value is past the level. recovering: the value is back, but not at the recovery level.',
    ),
    distance: v.optional(number('Distance', 'Signed change of the value after which the phase changes.')),
    next: text('Next', 'What the value must do next, such as: fires when it rises by more than 250.'),
  }),
  v.title('Threshold'),
);

/** @param value what the value is, such as "Number of members". */
const metric = (value: string) => ({
  instanceId,
  value: number('Value', `${value}.`),
  valueText: text('Value as text', 'The value with thousands separators and its unit, such as 12,345 EUR.'),
  observedAt: text('Observed at', 'When the value was measured, ISO 8601 in UTC.'),
  previousValue: v.optional(number('Previous value', 'Omitted if the value is the first one.')),
  change: v.optional(number('Change', 'The value minus the previous one. Omitted if the value is the first one.')),
  history: listOf(
    v.pipe(
      v.object({
        observedAt: text('Observed at', 'When the value was measured, ISO 8601 in UTC.'),
        value: number('Value', 'The value.'),
      }),
      v.title('Point'),
    ),
    'History',
    'The last values, oldest first, the current one included. Up to 30.',
  ),
  thresholds: listOf(threshold, 'Thresholds', 'The thresholds on the value, by level. Up to 100.'),
  hasMoreThresholds: flag('Has more thresholds', 'True if the value has more than 100 thresholds.'),
});

const startedAt = (title: string) => text(`${title} started at`, 'ISO 8601 in UTC. Can be empty.');
const endedAt = (title: string) => text(`${title} ended at`, 'ISO 8601 in UTC. Can be empty.');
const duration = (title: string) => v.optional(integer(`${title} duration in seconds`, 'Omitted if unknown.'));
const lastStatus = (title: string) =>
  text(`${title} status`, 'Successful, Failed, TimedOut, Skipped or Canceled. Empty if none is recorded.');
const lastError = (title: string) =>
  text(`${title} error`, `The error, up to ${MAX_LAST_ERROR_LENGTH} characters. Can be empty.`);
const runId = (title: string) => text(`${title} run id`, 'Can be empty.');
const runLink = (title: string) => text(`${title} run link`, "The run's page. Can be empty.");

/** Responses of the operations that read. */
export const READ_RESPONSES = {
  DataSource: v.object({ instanceId, ...dataSource(MAX_ERROR_LENGTH) }),
  Refreshes: v.object({
    value: listOf(
      v.pipe(v.object(refresh(MAX_ERROR_LENGTH)), v.title('Refresh')),
      'Refreshes',
      `The refreshes of this page, newest first. The last ${REFRESH_RETENTION_DAYS} days.`,
    ),
    ...nextLink,
  }),
  Segment: v.object({ segment: text('Segment', 'Name of the segment.'), ...metric('Number of members') }),
  Measure: v.object({
    measure: text('Measure', 'Name of the measure.'),
    dimensionsText: text('Dimensions as text', 'For example Region: EMEA; Channel: Web. Can be empty.'),
    dimensions: v.pipe(
      v.record(v.string(), v.string()),
      v.title('Dimensions'),
      v.description('Maps each dimension to its member. Empty for the measure itself.'),
    ),
    unit: text('Unit', "The value's unit. Can be empty."),
    ...metric('Value of the measure'),
  }),
  RefreshStatus: v.object({
    subject: text('Subject', 'The status in one line. Ready as the subject of an email.'),
    summary: text('Summary', 'The status in one paragraph. Ready to send.'),
    html: text('Status as HTML', 'The status report, ready as the body of an email.'),
    hasFailures: flag(
      'Has failures',
      'True if the last refresh of a data source, the full refresh or unification failed.',
    ),
    dataSourceCount: integer('Number of data sources', 'Number of data sources.'),
    succeededCount: integer('Number of successful data sources', 'Data sources whose last refresh succeeded.'),
    failedCount: integer('Number of failed data sources', 'Data sources whose last refresh failed or timed out.'),
    fullRefreshStatus: lastStatus('Full refresh'),
    fullRefreshStartedAt: startedAt('Full refresh'),
    fullRefreshEndedAt: endedAt('Full refresh'),
    fullRefreshDurationSeconds: duration('Full refresh'),
    fullRefreshError: lastError('Full refresh'),
    fullRefreshRunId: runId('Full refresh'),
    fullRefreshRunLink: runLink('Full refresh'),
    unificationStatus: lastStatus('Unification'),
    unificationStartedAt: startedAt('Unification'),
    unificationEndedAt: endedAt('Unification'),
    unificationDurationSeconds: duration('Unification'),
    unificationError: lastError('Unification'),
    unificationRunId: runId('Unification'),
    unificationRunLink: runLink('Unification'),
    dataSources: listOf(
      v.pipe(v.object(dataSource(MAX_LAST_ERROR_LENGTH)), v.title('Data source')),
      'Data sources',
      'The data sources with their last refreshes, failed ones first, then by name. Up to 500.',
    ),
    hasMoreDataSources: flag('Has more data sources', 'True if the instance has more than 500 data sources.'),
    instanceId,
    asOf: text('As of', 'When the status was read, ISO 8601 in UTC.'),
  }),
} as const;
