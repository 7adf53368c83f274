import * as v from 'valibot';
import { CrossingEvent, DomainEvent, STATUS_FAILURE_ALIAS, STATUSES } from '../../lib/private/contract';

/** Longest name of a data source, segment, measure, instance or run; keeps every key under DynamoDB's 1,024 bytes. */
export const MAX_NAME_LENGTH = 200;
/** Longest link, as long as a browser takes. */
export const MAX_LINK_LENGTH = 2048;
/** Longest error text in a flow's body, characters. */
export const MAX_ERROR_LENGTH = 4000;

const expected = (what: string) => (issue: v.BaseIssue<unknown>) =>
  issue.input === undefined ? `is missing: write ${what}` : `is ${show(issue.input)}: write ${what}`;

/** A value in an error text: short, and never a whole document. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export const nameSchema = v.pipe(
  v.string(expected('a text')),
  v.trim(),
  v.minLength(1, 'is empty: write a name'),
  v.maxLength(MAX_NAME_LENGTH, `is longer than ${MAX_NAME_LENGTH} characters: write a shorter name`),
);

/** ISO 8601 instant with a time zone, read as epoch milliseconds. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;
const instantHint = 'an ISO 8601 instant with its time zone, such as 2026-11-02T06:00:00Z';
export const instantSchema = v.pipe(
  v.string(expected(instantHint)),
  v.check(
    (text) => INSTANT.test(text) && !Number.isNaN(Date.parse(text)),
    (issue) => expected(instantHint)(issue),
  ),
  v.transform((text) => Date.parse(text)),
);

/** Customer Insights' words for the end of a refresh; its older `Failure` is read as `Failed`. */
export const statusSchema = v.pipe(
  v.picklist([...STATUSES, STATUS_FAILURE_ALIAS], expected(`one of ${STATUSES.join(', ')}`)),
  v.transform((status) => (status === STATUS_FAILURE_ALIAS ? 'Failed' : status)),
);

const instanceIdSchema = v.optional(nameSchema, 'default');
const linkSchema = v.pipe(
  v.string(expected('a link that starts with https://')),
  v.maxLength(MAX_LINK_LENGTH, `is longer than ${MAX_LINK_LENGTH} characters`),
  v.regex(/^https?:\/\/\S+$/, expected('a link that starts with https://')),
);
const countSchema = v.pipe(
  v.number(expected('a whole number of 0 or more')),
  v.safeInteger(expected('a whole number of 0 or more')),
  v.minValue(0, expected('a whole number of 0 or more')),
);
const errorSchema = v.string(expected('a text'));

/** Finite double, given as a number or as Customer Insights gives a measure: a decimal string. */
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const decimalHint = 'a finite number, or a decimal string such as "12.5"';
export const decimalSchema = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.regex(DECIMAL, expected(decimalHint)))], expected(decimalHint)),
  v.transform(Number),
  v.check((value: number) => Number.isFinite(value), expected(decimalHint)),
);

/** Names to texts; at most 50, so that a flow's body stays under 20 KB. */
const statusesByName = v.pipe(
  v.record(nameSchema, statusSchema, expected('an object of names and statuses')),
  v.check((map) => Object.keys(map).length <= 50, 'has more than 50 entries'),
);
export const dimensionsSchema = v.pipe(
  v.record(nameSchema, nameSchema, expected('an object of dimension names and members')),
  v.check((map) => Object.keys(map).length <= 10, 'has more than 10 dimensions'),
  v.check((map) => JSON.stringify(map).length <= 600, 'is longer than 600 characters'),
);

const run = {
  runId: nameSchema,
  status: statusSchema,
  startedAt: v.optional(instantSchema),
  endedAt: v.optional(instantSchema),
  error: v.optional(errorSchema),
  runLink: v.optional(linkSchema),
};
const observed = {
  instanceId: instanceIdSchema,
  observedAt: instantSchema,
  runId: v.optional(nameSchema),
  sequence: v.optional(countSchema, 0),
};
const crossed = {
  ...observed,
  connector: nameSchema,
  crossingId: nameSchema,
  subscription: nameSchema,
  uid: nameSchema,
  generation: countSchema,
  startsFlow: v.boolean(expected('true or false')),
  direction: v.picklist(['above', 'below'], expected('"above" or "below"')),
  threshold: v.pipe(v.number(expected('a finite number')), v.finite(expected('a finite number'))),
  previousValue: v.pipe(v.number(expected('a finite number')), v.finite(expected('a finite number'))),
  value: v.pipe(v.number(expected('a finite number')), v.finite(expected('a finite number'))),
  recoverTo: v.optional(v.number(expected('a number'))),
};

/** One definition per event: gives its type and its check. Unknown fields are let through, so that producers can add theirs. */
export const EVENT_DEFINITIONS = {
  [DomainEvent.DATA_SOURCE_REFRESHED]: v.object({
    instanceId: instanceIdSchema,
    dataSource: nameSchema,
    ...run,
    willRetry: v.optional(v.boolean(expected('true or false')), false),
    attempt: v.optional(countSchema),
    recordCount: v.optional(countSchema),
  }),
  [DomainEvent.SEGMENT_REFRESHED]: v.object({ ...observed, segment: nameSchema, memberCount: countSchema }),
  [DomainEvent.MEASURE_REFRESHED]: v.object({
    ...observed,
    measure: nameSchema,
    value: decimalSchema,
    dimensions: v.optional(dimensionsSchema),
    unit: v.optional(nameSchema),
  }),
  [DomainEvent.FULL_REFRESHED]: v.object({
    instanceId: instanceIdSchema,
    ...run,
    kind: v.picklist(['Scheduled', 'OnDemand'], expected('"Scheduled" or "OnDemand"')),
    processes: v.optional(statusesByName),
  }),
  [DomainEvent.UNIFICATION_REFRESHED]: v.object({
    instanceId: instanceIdSchema,
    ...run,
    stages: v.optional(statusesByName),
  }),
  [CrossingEvent.SEGMENT_THRESHOLD_CROSSED]: v.object({ ...crossed, segment: nameSchema }),
  [CrossingEvent.MEASURE_THRESHOLD_CROSSED]: v.object({
    ...crossed,
    measure: nameSchema,
    dimensions: v.optional(dimensionsSchema),
    unit: v.optional(nameSchema),
  }),
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
    return path ? `"${path}" ${missing ? 'is missing' : issue.message}` : issue.message;
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
  const definition = (EVENT_DEFINITIONS as Record<string, Definitions[DefinedDetailType]>)[detailType];
  if (!definition) return { reason: `unknown detail type ${show(detailType)}${suggest(detailType)}` };
  const checked = v.safeParse(definition, detail);
  if (!checked.success) return { reason: `${detailType}: ${reasonOf(checked.issues)}` };
  return { value: { detailType, time, detail: checked.output } as CheckedEvent };
}

function suggest(detailType: string): string {
  const known = Object.keys(EVENT_DEFINITIONS);
  const meant = known.find((name) => name.toLowerCase() === detailType.toLowerCase().replaceAll(/[\s_-]/g, ''));
  return meant ? `: write ${meant}` : `: the connector knows ${known.join(', ')}`;
}
