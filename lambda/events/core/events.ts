import * as v from 'valibot';
import { CrossingEvent, DomainEvent, HealthEvent, OverdueEvent, STATUSES, TRIGGER_IDS } from '../../../contract/events';
import { CHANGE_UNITS, COMPARED_WITH } from '../../shared/core/change';
import type { Place } from '../../shared/core/place';
import {
  countSchema,
  dimensionsSchema,
  expected,
  expectedStagesSchema,
  flagSchema,
  instantSchema,
  kindSchema,
  linkSchema,
  nameSchema,
  numberSchema,
  show,
  statusesByName,
  statusSchema,
  textSchema,
  valueSchema,
} from './fields';

/** A field with its description in the published schemas. */
const field = <const T extends v.GenericSchema>(schema: T, description: string) =>
  v.pipe(schema, v.description(description));
const optional = <const T extends v.GenericSchema>(schema: T, description: string) =>
  v.optional(field(schema, description));

/** The instance of events and subscriptions that name none. */
export const DEFAULT_INSTANCE = 'default';

const instanceId = v.optional(
  field(nameSchema, 'Instance of the customer data platform, if it has several.'),
  DEFAULT_INSTANCE,
);
const origin = {
  awsAccount: optional(
    nameSchema,
    'AWS account that it happened in. Set by the connector for sources in other accounts. Ignored in events of other accounts.',
  ),
  awsRegion: optional(nameSchema, 'AWS Region that it happened in, as awsAccount.'),
};
const run = {
  ...origin,
  runId: field(nameSchema, 'Id of the run in its source. Detects duplicate events.'),
  status: field(statusSchema, 'Final status of the run. "Failure" is read as "Failed".'),
  startedAt: optional(instantSchema, 'Start time.'),
  endedAt: optional(instantSchema, "End time. Default: the event's time."),
  error: optional(textSchema, 'Error message, for people.'),
  runLink: optional(linkSchema, "Link to the run's page."),
};
const kind = field(kindSchema, 'Whether the refresh was scheduled or started on demand.');
const observed = {
  ...origin,
  instanceId,
  observedAt: field(instantSchema, 'When the value was measured. Older values than the last are dropped.'),
  runId: optional(nameSchema, 'Id of the run that measured the value.'),
  sequence: v.optional(field(countSchema, 'Order of values with the same observedAt.'), 0),
};
const segment = field(nameSchema, 'Name of the segment.');
const measured = {
  measure: field(nameSchema, 'Name of the measure.'),
  dimensions: optional(
    dimensionsSchema,
    'Members that the value belongs to, by dimension name. Default: the whole measure.',
  ),
  unit: optional(nameSchema, 'Unit of the value, such as EUR.'),
};
const connector = field(nameSchema, 'Id of the connector that sends the event.');
const crossed = {
  ...observed,
  connector,
  crossingId: field(nameSchema, 'Id of the crossing. Duplicates have the same id.'),
  subscription: field(nameSchema, 'Name of the subscription whose threshold was crossed.'),
  uid: field(nameSchema, 'Unique id of the subscription. A later one with the same name has another id.'),
  generation: field(countSchema, 'Generation of the subscription. Every change increments it.'),
  startsFlow: field(flagSchema, 'False if the subscription has no flow.'),
  direction: field(
    v.picklist(['above', 'below'], expected('"above" or "below"')),
    'Whether the value rose above or fell below the threshold.',
  ),
  threshold: field(
    numberSchema,
    'Level that was crossed. For a threshold on changes: the value that is changed enough.',
  ),
  previousValue: optional(numberSchema, 'Previous value. Absent if the value was already beyond the threshold.'),
  alreadyBeyond: optional(flagSchema, 'True if the value was already beyond the threshold at its creation.'),
  value: field(numberSchema, 'Current value.'),
  recoverTo: optional(numberSchema, 'Level to return to before the threshold fires again.'),
  comparedWith: optional(
    v.picklist(COMPARED_WITH, expected(`one of ${COMPARED_WITH.join(', ')}`)),
    'For a threshold on changes: which earlier value the value was compared with.',
  ),
  baseValue: optional(numberSchema, 'For a threshold on changes: the earlier value.'),
  baseObservedAt: optional(instantSchema, 'For a threshold on changes: when the earlier value was measured.'),
  changeBy: optional(numberSchema, 'For a threshold on changes: the size of the change that fires.'),
  changeUnit: optional(
    v.picklist(CHANGE_UNITS, expected(`one of ${CHANGE_UNITS.join(', ')}`)),
    'For a threshold on changes: whether changeBy is a percentage of the earlier value or a difference.',
  ),
};
/** Subjects whose refreshes can be overdue. */
export const OVERDUE_SUBJECTS = ['DataSource', 'Segment', 'Measure', 'FullRefresh', 'Unification'] as const;
/** States of an expectation that send an event. */
export const OVERDUE_STATES = ['Overdue', 'Recovered'] as const;
const overdue = {
  instanceId,
  connector,
  overdueId: field(nameSchema, 'Id of the event. Duplicates have the same id.'),
  subscription: field(nameSchema, 'Name of the subscription that expects the refresh.'),
  uid: field(nameSchema, 'Unique id of the subscription. A later one with the same name has another id.'),
  startsFlow: field(flagSchema, 'False if the subscription has no flow.'),
  state: field(
    v.picklist(OVERDUE_STATES, expected(`one of ${OVERDUE_STATES.join(', ')}`)),
    'Overdue: the refresh did not come. Recovered: it came at last.',
  ),
  subjectType: field(
    v.picklist(OVERDUE_SUBJECTS, expected(`one of ${OVERDUE_SUBJECTS.join(', ')}`)),
    'What was to be refreshed.',
  ),
  dataSource: optional(nameSchema, 'Name of the data source.'),
  segment: optional(nameSchema, 'Name of the segment.'),
  measure: optional(nameSchema, 'Name of the measure.'),
  kind: v.optional(field(kindSchema, 'Kind of the full refresh. Absent: any kind.')),
  expectation: field(textSchema, 'When a refresh is expected, for people.'),
  expectedBy: field(instantSchema, 'When the refresh was expected, without the grace.'),
  overdueSince: field(instantSchema, 'First expected time that was missed since the last refresh.'),
  repeat: field(countSchema, 'Number of the repeat of the event. 0: it is the first.'),
  decidedAt: field(instantSchema, 'When the connector decided that the refresh is overdue, or is back.'),
  lastSuccessAt: optional(instantSchema, 'End of the last successful refresh. Absent: none is known.'),
  lastSuccessRunId: optional(nameSchema, 'Id of the run of the last successful refresh.'),
  lastFailureAt: optional(instantSchema, 'End of the last refresh that failed or timed out. Absent: none is known.'),
  lastFailureStatus: v.optional(field(v.picklist(STATUSES, expected(`one of ${STATUSES.join(', ')}`)), 'Its status.')),
  lastFailureError: optional(textSchema, 'Its error message, for people, shortened.'),
  lastFailureRunId: optional(nameSchema, 'Id of its run.'),
};
const health = {
  connector,
  subscription: field(nameSchema, 'Name of the subscription.'),
  reason: field(textSchema, 'Reason, for people.'),
  since: field(instantSchema, 'When the change happened.'),
};
/** The flow's last response. */
const lastResponse = {
  httpStatus: optional(countSchema, 'HTTP status of the last response of the flow.'),
  error: optional(textSchema, 'Last response of the flow, or the error that prevented a response.'),
};

/** An accepted delivery. */
const accepted = {
  deliveryId: field(textSchema, 'Id of the delivery.'),
  trigger: field(v.picklist(TRIGGER_IDS, expected(`one of ${TRIGGER_IDS.join(', ')}`)), 'Trigger of the delivery.'),
  subject: optional(textSchema, 'Data source, segment, measure or run of the event.'),
  flowRunId: optional(textSchema, 'Run of the flow that the delivery started.'),
};

/** The schema of each event: validates it and defines its type. Unknown fields are allowed for producers to use. */
export const EVENT_DEFINITIONS = {
  [DomainEvent.DATA_SOURCE_REFRESHED]: field(
    v.object({
      instanceId,
      dataSource: field(nameSchema, 'Name of the data source.'),
      ...run,
      willRetry: v.optional(field(flagSchema, 'Whether the source retries the refresh after this failure.'), false),
      attempt: optional(countSchema, 'Number of the attempt.'),
      recordCount: optional(countSchema, 'Number of records read.'),
    }),
    'A data source refresh ended.',
  ),
  [DomainEvent.SEGMENT_REFRESHED]: field(
    v.object({ ...observed, segment, memberCount: field(countSchema, 'Number of members of the segment.') }),
    'A segment was recomputed.',
  ),
  [DomainEvent.MEASURE_REFRESHED]: field(
    v.object({
      ...observed,
      ...measured,
      value: field(valueSchema, 'Value: a number or a decimal string.'),
    }),
    'A business measure, or one member of it, was recomputed.',
  ),
  [DomainEvent.FULL_REFRESHED]: field(
    v.object({
      instanceId,
      ...run,
      kind,
      processes: optional(statusesByName, 'Final status of each process.'),
    }),
    'A full refresh ended.',
  ),
  [DomainEvent.UNIFICATION_REFRESHED]: field(
    v.object({
      instanceId,
      ...run,
      stages: optional(statusesByName, 'Final status of each stage.'),
    }),
    'A unification ended.',
  ),
  [DomainEvent.REFRESH_STAGE_COMPLETED]: v.pipe(
    v.object({
      instanceId,
      ...run,
      stage: optional(nameSchema, 'Stage of a unification. Set either "stage" or "process".'),
      process: optional(nameSchema, 'Process of a full refresh. Set either "process" or "stage".'),
      expected: optional(expectedStagesSchema, 'Stages or processes of the run: their names or their number.'),
      kind: v.optional(kind),
    }),
    v.check(
      ({ stage, process }) => (stage === undefined) !== (process === undefined),
      'write either "stage", for unification, or "process", for a full refresh',
    ),
    v.description('A stage or process of a run ended. The connector combines them into one event.'),
  ),
  [CrossingEvent.SEGMENT_THRESHOLD_CROSSED]: field(
    v.object({ ...crossed, segment }),
    "A segment's member count crossed a subscription's threshold.",
  ),
  [CrossingEvent.MEASURE_THRESHOLD_CROSSED]: field(
    v.object({ ...crossed, ...measured }),
    "A measure's value crossed a subscription's threshold.",
  ),
  [OverdueEvent.REFRESH_OVERDUE]: field(
    v.object(overdue),
    'A refresh that a subscription expects did not come in time, or came at last.',
  ),
  [HealthEvent.FLOW_SUBSCRIPTION_PAUSED]: field(
    v.object({ ...health, ...lastResponse }),
    'A subscription was paused because its flow must be fixed.',
  ),
  [HealthEvent.FLOW_SUBSCRIPTION_RESUMED]: field(
    v.object({ ...health, pausedSince: field(instantSchema, 'When the subscription was paused.') }),
    'A paused subscription is active again.',
  ),
  [HealthEvent.FLOW_DELIVERY_DEAD]: field(
    v.object({
      ...health,
      ...lastResponse,
      deliveryId: accepted.deliveryId,
      trigger: accepted.trigger,
      subject: field(textSchema, 'Data source, segment, measure or run of the event.'),
      attempts: field(countSchema, 'Number of attempts.'),
    }),
    'A delivery is dead: the connector no longer retries it.',
  ),
  [HealthEvent.DELIVERY_UNCONFIRMED]: field(
    v.object({ ...health, ...accepted, dueAt: field(instantSchema, 'When the report was due.') }),
    'A flow accepted a delivery, and did not report in time that it finished.',
  ),
  [HealthEvent.DELIVERY_FAILED_IN_FLOW]: field(
    v.object({ ...health, ...accepted }),
    'A flow accepted a delivery, and reported that it failed.',
  ),
} as const;

type Definitions = typeof EVENT_DEFINITIONS;
export type DefinedDetailType = keyof Definitions;
export type Detail<T extends DefinedDetailType> = v.InferOutput<Definitions[T]>;

/** A validated and normalized event of the bus. */
export type CheckedEvent = {
  [T in DefinedDetailType]: {
    readonly detailType: T;
    readonly time: number;
    readonly detail: Detail<T>;
    /** Account and Region that put the event. Absent if the message does not name them. */
    readonly from?: Place;
  };
}[DefinedDetailType];

/** A valid value, or the reason why the value is invalid. */
export type Checked<T> = { readonly value: T } | { readonly reason: string };

/** The first three issues in one sentence. */
export function reasonOf(issues: readonly v.BaseIssue<unknown>[]): string {
  const sentences = issues.slice(0, 3).map(issueText);
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : '';
  return sentences.join('; ') + more;
}

/** An issue as a sentence that starts with the path of the value. */
export function issueText(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  // valibot reports a missing key as an issue of the object, with its own message.
  const missing = issue.kind === 'schema' && issue.type === 'object' && issue.received === 'undefined';
  // valibot's own messages quote a text in full.
  const message =
    typeof issue.input === 'string' ? issue.message.replace(issue.received, () => show(issue.input)) : issue.message;
  return path ? `${show(path.toWellFormed())} ${missing ? 'is missing' : message}` : message;
}

const envelopeSchema = v.object({
  'detail-type': v.string(),
  time: v.pipe(v.string(), v.transform(Date.parse), v.number()),
  account: v.optional(v.string()),
  region: v.optional(v.string()),
  detail: v.record(v.string(), v.unknown()),
});

/** Parses a queue message. Never throws. */
export function parseMessage(body: string): Checked<unknown> {
  try {
    return { value: JSON.parse(body) };
  } catch {
    return { reason: 'the message is not JSON' };
  }
}

/**
 * Parses and validates a queue message. Never throws.
 * @param problem start of the reason for a message that the schema rejects.
 */
export function readMessage<T extends v.GenericSchema>(
  body: string,
  schema: T,
  problem: string,
): Checked<v.InferOutput<T>> {
  const parsed = parseMessage(body);
  if ('reason' in parsed) return parsed;
  const { success, output, issues } = v.safeParse(schema, parsed.value);
  return success ? { value: output } : { reason: `${problem}: ${reasonOf(issues)}` };
}

/** Reads an event as EventBridge sends it to a queue. Never throws. */
export function checkEvent(body: string): Checked<CheckedEvent> {
  const parsed = parseMessage(body);
  if ('reason' in parsed) return parsed;
  const envelope = v.safeParse(envelopeSchema, parsed.value);
  if (!envelope.success) return { reason: 'the message is not an EventBridge event' };
  const { 'detail-type': detailType, time, account, region, detail } = envelope.output;
  const checked = checkDetail(detailType, detail);
  if ('reason' in checked) return checked;
  const from = account !== undefined && region !== undefined && { from: { account, region } };
  return { value: { detailType, time, detail: checked.value, ...from } as CheckedEvent };
}

/**
 * Validates an event's detail. Never throws.
 * @param known accepted detail types.
 */
export function checkDetail(
  detailType: string,
  detail: unknown,
  known: readonly string[] = Object.keys(EVENT_DEFINITIONS),
): Checked<unknown> {
  if (!known.includes(detailType)) {
    return { reason: `unknown detail type ${show(detailType)}${suggest(detailType, known)}` };
  }
  const checked = v.safeParse(EVENT_DEFINITIONS[detailType as DefinedDetailType], detail);
  return checked.success ? { value: checked.output } : { reason: `${detailType}: ${reasonOf(checked.issues)}` };
}

function suggest(detailType: string, known: readonly string[]): string {
  const meant = known.find((name) => name.toLowerCase() === detailType.toLowerCase().replaceAll(/[\s_-]/g, ''));
  return meant ? `: write ${meant}` : `: the connector knows ${known.join(', ')}`;
}
