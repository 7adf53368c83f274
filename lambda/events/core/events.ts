import * as v from 'valibot';
import {
  CrossingEvent,
  DomainEvent,
  HealthEvent,
  MAX_STAGES,
  STATUS_FAILURE_ALIAS,
  STATUSES,
  TRIGGER_IDS,
} from '../../../contract/events';
import { canonicalDimensions, keyPart } from '../../shared/core/metric';
import { decimalHint, decimalSchema, wholeNumberHint, wholeNumberSchema } from '../../shared/core/numbers';
import { looksLikeCredential } from '../../shared/core/redact';
import { cut } from '../../shared/core/text';

/** Longest name of a data source, segment, measure, instance or run; keeps every sort key under DynamoDB's 1,024 bytes. */
export const MAX_NAME_LENGTH = 200;
/** Longest link, as long as a browser takes. */
export const MAX_LINK_LENGTH = 2048;
/** Longest error text in a flow's body, characters. */
export const MAX_ERROR_LENGTH = 4000;

const expected = (what: string) => (issue: v.BaseIssue<unknown>) =>
  issue.input === undefined ? `is missing: write ${what}` : `is ${show(issue.input)}: write ${what}`;

/** A value in an error text: short, never a whole document, and nothing that could be a credential. */
export function show(value: unknown): string {
  const text = json(value);
  return looksLikeCredential(text) ? 'a text that looks like a secret (not shown)' : cut(text, 80);
}

/** JSON.parse reads lists in lists of any depth, which JSON.stringify does not write, and 1e400 as Infinity, which it writes as null. */
function json(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'nested too deeply';
  }
}

export const HALF_PAIR = 'has half of a surrogate pair, which is no character';
/** A text of whole characters: UTF-8 has no halves of surrogate pairs, so one that is stored or sent becomes another text. */
const textOf = (what: string) =>
  v.pipe(
    v.string(expected(what)),
    v.check((text) => text.isWellFormed(), `${HALF_PAIR}: write ${what} of whole characters`),
  );
const textSchema = textOf('a text');

export const nameSchema = v.pipe(
  textSchema,
  v.trim(),
  v.minLength(1, 'is empty: write a name'),
  v.maxLength(MAX_NAME_LENGTH, `is longer than ${MAX_NAME_LENGTH} characters: write a shorter name`),
);

/** ISO 8601 instant with a time zone, read as epoch milliseconds. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;
const instantHint = 'an ISO 8601 instant with its time zone, such as 2026-11-02T06:00:00Z';
export const instantSchema = v.pipe(
  v.string(expected(instantHint)),
  v.regex(INSTANT, expected(instantHint)),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const instant = Date.parse(dataset.value);
    if (!Number.isNaN(instant)) return instant;
    // A day or an hour that there is not.
    addIssue({ message: `is ${show(dataset.value)}: write ${instantHint}` });
    return NEVER;
  }),
);

/** Customer Insights' words for the end of a refresh; its older `Failure` is read as `Failed`. */
export const statusSchema = v.pipe(
  v.picklist([...STATUSES, STATUS_FAILURE_ALIAS], expected(`one of ${STATUSES.join(', ')}`)),
  v.transform((status) => (status === STATUS_FAILURE_ALIAS ? 'Failed' : status)),
);

const linkSchema = v.pipe(
  textOf('a link that starts with https://'),
  v.maxLength(MAX_LINK_LENGTH, `is longer than ${MAX_LINK_LENGTH} characters`),
  v.regex(/^https?:\/\/\S+$/, expected('a link that starts with https://')),
);
const countSchema = wholeNumberSchema(expected, 0);
const kindSchema = v.picklist(['Scheduled', 'OnDemand'], expected('"Scheduled" or "OnDemand"'));

const valueSchema = v.pipe(
  decimalSchema(expected(decimalHint('a number or a decimal string such as "12.5"'))),
  v.transform(Number),
);

/** What a run is made of: names, or only how many. */
const stagesHint = expected(`a list of 1 to ${MAX_STAGES} names, or how many: ${wholeNumberHint(1, MAX_STAGES)}`);
const expectedStagesSchema = v.union(
  [
    v.pipe(
      v.array(nameSchema),
      v.minLength(1, stagesHint),
      v.maxLength(MAX_STAGES, stagesHint),
      v.transform((names) => [...new Set(names)]),
    ),
    wholeNumberSchema(() => stagesHint, 1, MAX_STAGES),
  ],
  stagesHint,
);
/** Names to texts; at most 50, so that a flow's body stays under 20 KB. */
const statusesByName = v.pipe(
  v.record(nameSchema, statusSchema, expected('an object of names and statuses')),
  v.maxEntries(MAX_STAGES, `has more than ${MAX_STAGES} entries`),
);
export const dimensionsSchema = v.pipe(
  v.record(nameSchema, nameSchema, expected('an object of dimension names and members')),
  v.maxEntries(10, 'has more than 10 dimensions'),
  v.check((map) => JSON.stringify(map).length <= 600, 'is longer than 600 characters'),
  // With two names of 200 characters before them, the metric's key stays under the 2,048 bytes of a partition key.
  v.check((map) => Buffer.byteLength(keyPart(canonicalDimensions(map))) <= 800, 'is longer than 800 bytes'),
);

/** A field, and what the published schemas say of it. */
const field = <const T extends v.GenericSchema>(schema: T, description: string) =>
  v.pipe(schema, v.description(description));
const optional = <const T extends v.GenericSchema>(schema: T, description: string) =>
  v.optional(field(schema, description));

const numberSchema = v.pipe(v.number(expected('a finite number')), v.finite(expected('a finite number')));
const flagSchema = v.boolean(expected('true or false'));

const instanceId = v.optional(
  field(nameSchema, 'The instance of the customer data platform, where there are several.'),
  'default',
);
const run = {
  runId: field(nameSchema, 'The run, by the id that its source gives it. The same run may be told of twice.'),
  status: field(statusSchema, 'How it ended. "Failure" is read as "Failed".'),
  startedAt: optional(instantSchema, 'When it began.'),
  endedAt: optional(instantSchema, "When it ended. Left out: the event's time."),
  error: optional(textSchema, 'What went wrong, as people should read it.'),
  runLink: optional(linkSchema, "The run's page, for people."),
};
const kind = field(kindSchema, 'Whether it was scheduled, or somebody started it.');
const observed = {
  instanceId,
  observedAt: field(instantSchema, 'When the value was measured. Older values than the last are dropped.'),
  runId: optional(nameSchema, 'The run that measured it.'),
  sequence: v.optional(field(countSchema, 'Orders values of the same instant.'), 0),
};
const segment = field(nameSchema, 'Name of the segment.');
const measured = {
  measure: field(nameSchema, 'Name of the measure.'),
  dimensions: optional(
    dimensionsSchema,
    'Names of dimensions and the member of each that the value is of. Left out: the whole measure.',
  ),
  unit: optional(nameSchema, "The value's unit, such as EUR."),
};
const connector = field(nameSchema, 'Id of the connector that says so.');
const crossed = {
  ...observed,
  connector,
  crossingId: field(nameSchema, 'Identity of the crossing: an event that comes again has the same.'),
  subscription: field(nameSchema, 'Name of the subscription whose threshold it is.'),
  uid: field(nameSchema, 'Id of the subscription, which a later one of the same name does not share.'),
  generation: field(countSchema, "Number of the threshold's change."),
  startsFlow: field(flagSchema, 'Whether the subscription has a flow; without, it only puts this event.'),
  direction: field(
    v.picklist(['above', 'below'], expected('"above" or "below"')),
    'Whether the value rose over the threshold or fell under it.',
  ),
  threshold: field(numberSchema, 'The level that was crossed.'),
  previousValue: optional(numberSchema, 'The value before. Left out when it was already beyond.'),
  alreadyBeyond: optional(flagSchema, 'Whether the value was beyond when the threshold was made: it did not cross.'),
  value: field(numberSchema, 'The value now.'),
  recoverTo: optional(numberSchema, 'The level that the value must come back to before the threshold fires again.'),
};
const health = {
  connector,
  subscription: field(nameSchema, 'Name of the subscription.'),
  reason: field(textSchema, 'Why, as people should read it.'),
  since: field(instantSchema, 'When it changed.'),
};
/** What the flow answered last. */
const answered = {
  httpStatus: optional(countSchema, 'Status that the flow answered last.'),
  error: optional(textSchema, 'What the flow answered last, or what kept it from answering.'),
};

/** One definition per event: gives its type and its check. Unknown fields are let through, so that producers can add theirs. */
export const EVENT_DEFINITIONS = {
  [DomainEvent.DATA_SOURCE_REFRESHED]: field(
    v.object({
      instanceId,
      dataSource: field(nameSchema, 'Name of the data source.'),
      ...run,
      willRetry: v.optional(field(flagSchema, 'Whether the refresh will be tried again after this failure.'), false),
      attempt: optional(countSchema, 'Number of the attempt.'),
      recordCount: optional(countSchema, 'Records that were read.'),
    }),
    'The refresh of a data source came to an end.',
  ),
  [DomainEvent.SEGMENT_REFRESHED]: field(
    v.object({ ...observed, segment, memberCount: field(countSchema, 'How many members it has now.') }),
    'A segment was computed anew.',
  ),
  [DomainEvent.MEASURE_REFRESHED]: field(
    v.object({
      ...observed,
      ...measured,
      value: field(valueSchema, 'The value: a number or a decimal string.'),
    }),
    'A business measure, or one member of it, was computed anew.',
  ),
  [DomainEvent.FULL_REFRESHED]: field(
    v.object({
      instanceId,
      ...run,
      kind,
      processes: optional(statusesByName, 'How each process of the refresh ended.'),
    }),
    'A full refresh came to an end.',
  ),
  [DomainEvent.UNIFICATION_REFRESHED]: field(
    v.object({
      instanceId,
      ...run,
      stages: optional(statusesByName, 'How each stage of the unification ended.'),
    }),
    'A unification came to an end.',
  ),
  [DomainEvent.REFRESH_STAGE_COMPLETED]: v.pipe(
    v.object({
      instanceId,
      ...run,
      stage: optional(nameSchema, 'Stage of a unification. Either this or "process".'),
      process: optional(nameSchema, 'Process of a full refresh. Either this or "stage".'),
      expected: optional(expectedStagesSchema, 'All that the run is made of: names, or how many.'),
      kind: v.optional(kind),
    }),
    v.check(
      ({ stage, process }) => (stage === undefined) !== (process === undefined),
      'write either "stage", for unification, or "process", for a full refresh',
    ),
    v.description('One step of a run came to an end; the connector makes one event of all its steps.'),
  ),
  [CrossingEvent.SEGMENT_THRESHOLD_CROSSED]: field(
    v.object({ ...crossed, segment }),
    "A segment's member count crossed a subscription's threshold.",
  ),
  [CrossingEvent.MEASURE_THRESHOLD_CROSSED]: field(
    v.object({ ...crossed, ...measured }),
    "A measure's value crossed a subscription's threshold.",
  ),
  [HealthEvent.FLOW_SUBSCRIPTION_PAUSED]: field(
    v.object({ ...health, ...answered }),
    'A subscription was paused, because its flow has to be mended.',
  ),
  [HealthEvent.FLOW_SUBSCRIPTION_RESUMED]: field(
    v.object({ ...health, pausedSince: field(instantSchema, 'When it was paused.') }),
    'A paused subscription is active again.',
  ),
  [HealthEvent.FLOW_DELIVERY_DEAD]: field(
    v.object({
      ...health,
      ...answered,
      deliveryId: field(textSchema, 'The delivery.'),
      trigger: field(
        v.picklist(TRIGGER_IDS, expected(`one of ${TRIGGER_IDS.join(', ')}`)),
        'The trigger that it was to tell of.',
      ),
      subject: field(textSchema, 'The data source, segment, measure or run that it was about.'),
      attempts: field(countSchema, 'How often the flow was tried.'),
    }),
    'A delivery was given up.',
  ),
} as const;

type Definitions = typeof EVENT_DEFINITIONS;
export type DefinedDetailType = keyof Definitions;
export type Detail<T extends DefinedDetailType> = v.InferOutput<Definitions[T]>;

/** An event of the bus whose detail has been checked and normalized. */
export type CheckedEvent = {
  [T in DefinedDetailType]: { readonly detailType: T; readonly time: number; readonly detail: Detail<T> };
}[DefinedDetailType];

/** A value, or the reason why there is none. */
export type Checked<T> = { readonly value: T } | { readonly reason: string };

/** The first mistakes of a check in one sentence. */
export function reasonOf(issues: readonly v.BaseIssue<unknown>[]): string {
  const sentences = issues.slice(0, 3).map((issue) => {
    const path = v.getDotPath(issue);
    // A key that is not there is the object's issue, with a message of valibot's own.
    const missing = issue.kind === 'schema' && issue.type === 'object' && issue.received === 'undefined';
    return path ? `"${path.toWellFormed()}" ${missing ? 'is missing' : issue.message}` : issue.message;
  });
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : '';
  return sentences.join('; ') + more;
}

const envelopeSchema = v.object({
  'detail-type': v.string(),
  time: v.pipe(v.string(), v.transform(Date.parse), v.number()),
  detail: v.record(v.string(), v.unknown()),
});

/** Reads an event as EventBridge puts it on a queue. Never throws: what does not fit comes back as a reason. */
export function checkEvent(body: string): Checked<CheckedEvent> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { reason: 'the message is not JSON' };
  }
  const envelope = v.safeParse(envelopeSchema, json);
  if (!envelope.success) return { reason: 'the message is not an EventBridge event' };
  const { 'detail-type': detailType, time, detail } = envelope.output;
  const checked = checkDetail(detailType, detail);
  if ('reason' in checked) return checked;
  return { value: { detailType, time, detail: checked.value } as CheckedEvent };
}

/**
 * Reads an event's detail. Never throws: what does not fit comes back as a reason.
 * @param known detail types that may come
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
