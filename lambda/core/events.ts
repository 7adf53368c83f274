import * as v from 'valibot';
import {
  CrossingEvent,
  DomainEvent,
  HealthEvent,
  MAX_STAGES,
  STATUS_FAILURE_ALIAS,
  STATUSES,
  TRIGGER_IDS,
} from '../../lib/private/contract';
import { canonicalDimensions, keyPart } from './metric';

/** Longest name of a data source, segment, measure, instance or run; keeps every sort key under DynamoDB's 1,024 bytes. */
export const MAX_NAME_LENGTH = 200;
/** Longest link, as long as a browser takes. */
export const MAX_LINK_LENGTH = 2048;
/** Longest error text in a flow's body, characters. */
export const MAX_ERROR_LENGTH = 4000;

const expected = (what: string) => (issue: v.BaseIssue<unknown>) =>
  issue.input === undefined ? `is missing: write ${what}` : `is ${show(issue.input)}: write ${what}`;

/** A value in an error text: short, and never a whole document. */
export function show(value: unknown): string {
  const text = json(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** JSON.parse reads lists in lists of any depth, JSON.stringify does not write them. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'nested too deeply';
  }
}

export const nameSchema = v.pipe(
  v.string(expected('a text')),
  v.trim(),
  v.minLength(1, 'is empty: write a name'),
  v.maxLength(MAX_NAME_LENGTH, `is longer than ${MAX_NAME_LENGTH} characters: write a shorter name`),
  // Half of a surrogate pair is stored as something else: a key that holds one would never be found again.
  v.transform((name) => name.toWellFormed()),
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
const kindSchema = v.picklist(['Scheduled', 'OnDemand'], expected('"Scheduled" or "OnDemand"'));

/** Finite double, given as a number or as Customer Insights gives a measure: a decimal string. */
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const decimalHint = 'a finite number, or a decimal string such as "12.5"';
/** What a number attribute of DynamoDB holds (developer guide, "Data types"); other doubles could never be stored. */
const storableHint = 'a number that is 0, or from 1e-130 up to 1e126 in size';
const isStorable = (value: number) => value === 0 || (Math.abs(value) >= 1e-130 && Math.abs(value) < 1e126);
export const decimalSchema = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.trim(), v.regex(DECIMAL, expected(decimalHint)))], expected(decimalHint)),
  v.transform(Number),
  v.check(isStorable, (issue) => expected(Number.isFinite(issue.input) ? storableHint : decimalHint)(issue)),
);

/** What a run is made of: names, or only how many. */
const stagesHint = expected(`a list of 1 to ${MAX_STAGES} names, or how many: a whole number from 1 to ${MAX_STAGES}`);
const expectedStagesSchema = v.union(
  [
    v.pipe(
      v.array(nameSchema),
      v.minLength(1, stagesHint),
      v.maxLength(MAX_STAGES, stagesHint),
      v.transform((names) => [...new Set(names)]),
    ),
    v.pipe(v.number(), v.integer(stagesHint), v.minValue(1, stagesHint), v.maxValue(MAX_STAGES, stagesHint)),
  ],
  stagesHint,
);
/** Names to texts; at most 50, so that a flow's body stays under 20 KB. */
const statusesByName = v.pipe(
  v.record(nameSchema, statusSchema, expected('an object of names and statuses')),
  v.check((map) => Object.keys(map).length <= MAX_STAGES, `has more than ${MAX_STAGES} entries`),
);
export const dimensionsSchema = v.pipe(
  v.record(nameSchema, nameSchema, expected('an object of dimension names and members')),
  v.check((map) => Object.keys(map).length <= 10, 'has more than 10 dimensions'),
  v.check((map) => JSON.stringify(map).length <= 600, 'is longer than 600 characters'),
  // With two names of 200 characters before them, the metric's key stays under the 2,048 bytes of a partition key.
  v.check((map) => Buffer.byteLength(keyPart(canonicalDimensions(map))) <= 800, 'is longer than 800 bytes'),
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
  previousValue: v.optional(v.pipe(v.number(expected('a finite number')), v.finite(expected('a finite number')))),
  alreadyBeyond: v.optional(v.boolean(expected('true or false'))),
  value: v.pipe(v.number(expected('a finite number')), v.finite(expected('a finite number'))),
  recoverTo: v.optional(v.number(expected('a number'))),
};
const health = {
  connector: nameSchema,
  subscription: nameSchema,
  reason: v.string(expected('a text')),
  /** Of the change. */
  since: instantSchema,
};
/** What the flow answered last. */
const answered = { httpStatus: v.optional(countSchema), error: v.optional(errorSchema) };

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
    kind: kindSchema,
    processes: v.optional(statusesByName),
  }),
  [DomainEvent.UNIFICATION_REFRESHED]: v.object({
    instanceId: instanceIdSchema,
    ...run,
    stages: v.optional(statusesByName),
  }),
  [DomainEvent.REFRESH_STAGE_COMPLETED]: v.pipe(
    v.object({
      instanceId: instanceIdSchema,
      ...run,
      stage: v.optional(nameSchema),
      process: v.optional(nameSchema),
      expected: v.optional(expectedStagesSchema),
      kind: v.optional(kindSchema),
    }),
    v.check(
      ({ stage, process }) => (stage === undefined) !== (process === undefined),
      'write either "stage", for unification, or "process", for a full refresh',
    ),
  ),
  [CrossingEvent.SEGMENT_THRESHOLD_CROSSED]: v.object({ ...crossed, segment: nameSchema }),
  [CrossingEvent.MEASURE_THRESHOLD_CROSSED]: v.object({
    ...crossed,
    measure: nameSchema,
    dimensions: v.optional(dimensionsSchema),
    unit: v.optional(nameSchema),
  }),
  [HealthEvent.FLOW_SUBSCRIPTION_PAUSED]: v.object({ ...health, ...answered }),
  [HealthEvent.FLOW_SUBSCRIPTION_RESUMED]: v.object({ ...health, pausedSince: instantSchema }),
  [HealthEvent.FLOW_DELIVERY_DEAD]: v.object({
    ...health,
    ...answered,
    deliveryId: v.string(expected('a text')),
    trigger: v.picklist(TRIGGER_IDS, expected(`one of ${TRIGGER_IDS.join(', ')}`)),
    subject: v.string(expected('a text')),
    attempts: countSchema,
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
  const definition = Object.hasOwn(EVENT_DEFINITIONS, detailType)
    ? (EVENT_DEFINITIONS as Record<string, Definitions[DefinedDetailType]>)[detailType]
    : undefined;
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
