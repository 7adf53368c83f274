import * as v from 'valibot';
import type { Status, TriggerId } from '../../../contract/events';
import { STATUS_FAILURE_ALIAS, STATUSES, TRIGGER_IDS } from '../../../contract/events';
import { dimensionsSchema } from '../../events/core/events';
import { THRESHOLD_OPERATORS } from '../../shared/core/position';
import { looksLikeCredential } from '../../shared/core/redact';
import { authEntry } from './entry/auth';
import { callsEntry } from './entry/delivery-options';
import { AT_MOST_ONE_FLOW, FLOW_KEYS, flowMistakes, needsFlow, ONE_FLOW } from './entry/flow';
import { levelMistakes, levels, ONE_LEVEL } from './entry/levels';
import { bare, type Issue, nearest, shown, text, write, writeOneOf, writeText } from './entry/messages';
import { link, nameEntry, ownersEntry } from './entry/name-owners-links';
import { BODY_FORMATS, type Filter, type SubscriptionDefinition, type Threshold } from './subscription';

/** Something wrong with an entry: what it is and what to write instead. Holds no flow URL. */
export interface EntryMistake {
  /** Keys from the entry down to what is wrong; empty for the entry itself. */
  readonly path: readonly string[];
  readonly message: string;
}

const common = <T extends TriggerId>(trigger: T, description: string) => ({
  name: nameEntry,
  trigger: v.pipe(v.literal(trigger), v.description(description)),
  instanceId: v.optional(
    v.pipe(text("an instance's id"), v.description('The instance of the customer data platform.')),
    'default',
  ),
  format: v.optional(
    v.pipe(
      v.picklist(BODY_FORMATS, writeOneOf(BODY_FORMATS)),
      v.description(
        'The body that the flow receives: flat, fields for the flow designer; cloudevents, the same in a CloudEvents 1.0 ' +
          'envelope; teams-card, a message for the webhook of Teams Workflows. Left out: flat.',
      ),
    ),
    'flat',
  ),
  owners: ownersEntry,
  link: link("A page about the subject, for the flow's message."),
  flowLink: link("The flow's own page in Power Automate, for whoever looks after the connector."),
  auth: authEntry,
  ...callsEntry,
});

const dataSource = v.optional(
  v.pipe(text("a data source's name"), v.description('Name of the data source. Left out: all data sources.')),
);

const STATUS_WORDS = [...STATUSES, STATUS_FAILURE_ALIAS] as const;
const statusMessage = (issue: Issue) => {
  const given = Array.isArray(issue.input) ? issue.input : [issue.input];
  const wrong = given.find((status) => !STATUS_WORDS.some((word) => word === status));
  return writeOneOf(STATUSES, { success: 'Successful', timeout: 'TimedOut', cancelled: 'Canceled' })({
    ...issue,
    input: wrong,
  });
};
const status = v.optional(
  v.pipe(
    v.union([v.picklist(STATUS_WORDS), v.array(v.picklist(STATUS_WORDS))], statusMessage),
    v.description('Only refreshes that ended so: one status or a list. Left out: all.'),
    v.transform((given): Status[] => {
      const words = Array.isArray(given) ? given : [given];
      return [...new Set(words.map((word) => (word === STATUS_FAILURE_ALIAS ? 'Failed' : word)))];
    }),
    v.minLength(1, 'is an empty list; leave it out to take every status'),
  ),
);

const KINDS = ['Scheduled', 'OnDemand'] as const;
const dimensions = v.optional(
  v.pipe(
    v.record(text("a dimension's name"), text("a member's name"), write('a map, such as Region: EMEA')),
    v.check(
      (members) => v.is(dimensionsSchema, members),
      'has more than 10 dimensions, or their names and members are too long together; write fewer or shorter ones',
    ),
    v.description(
      'The members to watch, dimension name to member. Left out: the measure itself and each of its members, one by one.',
    ),
  ),
);

/** One definition per trigger: gives the entry's type, its check and its JSON Schema. */
const ENTRY_SCHEMAS = {
  'data-source-refresh-failed': v.pipe(
    v.strictObject({
      ...common('data-source-refresh-failed', 'Fires when a data source refresh failed or timed out.'),
      ...FLOW_KEYS,
      dataSource,
      includeRetries: v.optional(
        v.pipe(
          v.boolean(write('true or false')),
          v.description('true: fires for failures that will be retried, too. Left out: only for final ones.'),
        ),
      ),
    }),
    v.metadata(ONE_FLOW),
    needsFlow(),
  ),
  'data-source-refresh-succeeded': v.pipe(
    v.strictObject({
      ...common('data-source-refresh-succeeded', 'Fires when a data source refresh succeeded.'),
      ...FLOW_KEYS,
      dataSource,
    }),
    v.metadata(ONE_FLOW),
    needsFlow(),
  ),
  'segment-threshold-crossed': v.pipe(
    v.strictObject({
      ...common('segment-threshold-crossed', "Fires when a segment's member count crosses a threshold."),
      ...FLOW_KEYS,
      segment: v.pipe(text("a segment's name"), v.description('Name of the segment.')),
      ...levels,
    }),
    v.metadata({ oneOf: ONE_LEVEL, ...AT_MOST_ONE_FLOW }),
    v.rawCheck(({ dataset, addIssue }) => {
      const mistakes = [...levelMistakes(dataset.value), ...flowMistakes(dataset.value, false)];
      for (const mistake of mistakes) addIssue(mistake);
    }),
  ),
  'measure-threshold-crossed': v.pipe(
    v.strictObject({
      ...common('measure-threshold-crossed', "Fires when a business measure's value crosses a threshold."),
      ...FLOW_KEYS,
      measure: v.pipe(text("a measure's name"), v.description('Name of the measure.')),
      dimensions,
      ...levels,
    }),
    v.metadata({ oneOf: ONE_LEVEL, ...AT_MOST_ONE_FLOW }),
    v.rawCheck(({ dataset, addIssue }) => {
      const mistakes = [...levelMistakes(dataset.value), ...flowMistakes(dataset.value, false)];
      for (const mistake of mistakes) addIssue(mistake);
    }),
  ),
  'full-refresh-completed': v.pipe(
    v.strictObject({
      ...common('full-refresh-completed', 'Fires when a full refresh came to an end.'),
      ...FLOW_KEYS,
      kind: v.optional(
        v.pipe(
          v.picklist(KINDS, writeOneOf(KINDS, { manual: 'OnDemand', automatic: 'Scheduled' })),
          v.description('Only scheduled refreshes, or only those that somebody started. Left out: both.'),
        ),
      ),
      status,
    }),
    v.metadata(ONE_FLOW),
    needsFlow(),
  ),
  'unification-refresh-completed': v.pipe(
    v.strictObject({
      ...common('unification-refresh-completed', 'Fires when unification (map, match, merge) came to an end.'),
      ...FLOW_KEYS,
      status,
    }),
    v.metadata(ONE_FLOW),
    needsFlow(),
  ),
} as const;

const subscriptionEntrySchema = v.variant('trigger', [
  ENTRY_SCHEMAS['data-source-refresh-failed'],
  ENTRY_SCHEMAS['data-source-refresh-succeeded'],
  ENTRY_SCHEMAS['segment-threshold-crossed'],
  ENTRY_SCHEMAS['measure-threshold-crossed'],
  ENTRY_SCHEMAS['full-refresh-completed'],
  ENTRY_SCHEMAS['unification-refresh-completed'],
]);

/** One entry, checked and normalized; its flow URL is not checked yet. */
export type SubscriptionEntry = v.InferOutput<typeof subscriptionEntrySchema>;

export const DEFAULT_SET = 'default';
const SET_HINT = 'a name of 1 to 32 letters, digits and -';
export const setSchema = v.pipe(
  v.string(writeText(SET_HINT)),
  v.regex(/^[A-Za-z0-9-]{1,32}$/, write(SET_HINT)),
  v.description("Name of this file's set of subscriptions: applying the file changes and removes only its own set's."),
);

/** The whole subscription file. */
export const subscriptionFileSchema = v.strictObject({
  set: v.optional(setSchema, DEFAULT_SET),
  subscriptions: v.pipe(v.array(subscriptionEntrySchema), v.description('The subscriptions: each starts one flow.')),
});

/** Checks one entry and tells every mistake in it. Never throws. */
export function checkEntry(value: unknown): { entry: SubscriptionEntry } | { mistakes: EntryMistake[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = value === null || value === undefined ? 'nothing' : shown(value);
    return { mistakes: [{ path: [], message: `is ${what}; write keys and values, such as name: vip-customers` }] };
  }
  const given = value as Record<string, unknown>;
  const schema = isTrigger(given.trigger) ? ENTRY_SCHEMAS[given.trigger] : undefined;
  if (!schema) {
    return {
      mistakes: [{ path: ['trigger'], message: `"trigger" ${triggerMessage(given.trigger)}` }, ...nameMistakes(given)],
    };
  }
  const known = Object.keys(schema.entries);
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  const meant = unknown.map((key) => meantBy(key, known));
  const checked = v.safeParse(schema, Object.fromEntries(known.map((key) => [key, given[key]])));
  const mistakes = unknown.map((key, at) => ({
    path: [key],
    message: unknownKeyMessage(key, given, meant[at] ?? [], known),
  }));
  for (const { path, message } of mistakesOf(checked.issues ?? [])) {
    // A key that is only spelled wrong is told once, not as an unknown and a missing one.
    const misspelled = path[0] !== undefined && given[path[0]] === undefined && meant.flat().includes(path[0]);
    if (!misspelled) mistakes.push({ path: [...path], message });
  }
  return mistakes.length === 0 && checked.success ? { entry: checked.output } : { mistakes };
}

/** The definition that an entry asks for. */
export function toDefinition(entry: SubscriptionEntry): SubscriptionDefinition {
  const threshold = thresholdOf(entry);
  return given({
    name: entry.name,
    trigger: entry.trigger,
    instanceId: entry.instanceId,
    filter: filterOf(entry),
    threshold,
    format: entry.format,
    owners: entry.owners,
    link: entry.link,
    flowLink: entry.flowLink,
    auth: entry.auth && given(entry.auth),
    maxAge: entry.maxAge,
    rateLimit: entry.rateLimit,
    keepAlive: entry.keepAlive,
  });
}

function filterOf(entry: SubscriptionEntry): Filter {
  switch (entry.trigger) {
    case 'data-source-refresh-failed':
      return given({ dataSource: entry.dataSource, includeRetries: entry.includeRetries });
    case 'data-source-refresh-succeeded':
      return given({ dataSource: entry.dataSource });
    case 'segment-threshold-crossed':
      return { segment: entry.segment };
    case 'measure-threshold-crossed': {
      const members = entry.dimensions && Object.keys(entry.dimensions).length > 0 ? entry.dimensions : undefined;
      return given({ measure: entry.measure, dimensions: members });
    }
    case 'full-refresh-completed':
      return given({ kind: entry.kind, status: entry.status });
    case 'unification-refresh-completed':
      return given({ status: entry.status });
  }
}

function thresholdOf(entry: SubscriptionEntry): Threshold | undefined {
  if (entry.trigger !== 'segment-threshold-crossed' && entry.trigger !== 'measure-threshold-crossed') return undefined;
  for (const operator of THRESHOLD_OPERATORS) {
    const value = entry[operator];
    const { recoverTo, fireIfAlreadyBeyond } = entry;
    if (value !== undefined) return given({ operator, value, recoverTo, fireIfAlreadyBeyond });
  }
  return undefined;
}

/** Without the keys that have no value: the definition is stored as it is. */
function given<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}

const isTrigger = (value: unknown): value is TriggerId => TRIGGER_IDS.some((id) => id === value);

function triggerMessage(value: unknown): string {
  if (value === undefined || value === null || value === '')
    return `is missing; write one of ${TRIGGER_IDS.join(', ')}`;
  const meant = nearest(value, TRIGGER_IDS);
  return meant ? `is ${shown(value)}; write ${meant}` : `is ${shown(value)}; write one of ${TRIGGER_IDS.join(', ')}`;
}

function nameMistakes(entry: Record<string, unknown>): EntryMistake[] {
  return mistakesOf(v.safeParse(v.object({ name: nameEntry }), { name: entry.name }).issues ?? []);
}

function mistakesOf(issues: readonly Issue[]): EntryMistake[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).map(({ key }) => String(key));
    const label = path.map((key) => (isShowableKey(key) ? key : '…')).join('.');
    return { path, message: `"${label}" ${issue.message}` };
  });
}

/** What people write for a key, brought to small letters. */
const MEANINGS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(['threshold', 'value', 'level', 'limit'].map((word) => [word, THRESHOLD_OPERATORS])),
  ...Object.fromEntries(['greaterthan', 'gt', 'over', 'morethan', 'risesabove'].map((word) => [word, ['above']])),
  ...Object.fromEntries(['lessthan', 'lt', 'under', 'fallsbelow'].map((word) => [word, ['below']])),
  ...Object.fromEntries(['greaterthanorequal', 'gte', 'ge', 'atleast', 'min'].map((word) => [word, ['atOrAbove']])),
  ...Object.fromEntries(['lessthanorequal', 'lte', 'le', 'atmost', 'max'].map((word) => [word, ['atOrBelow']])),
  ...Object.fromEntries(['url', 'flow', 'webhook', 'webhookurl', 'uri', 'httpurl'].map((word) => [word, ['flowUrl']])),
  ...Object.fromEntries(['owner', 'email', 'emails', 'mail', 'to', 'recipients'].map((word) => [word, ['owners']])),
  ...Object.fromEntries(['id', 'subscription', 'title'].map((word) => [word, ['name']])),
  ...Object.fromEntries(['hysteresis', 'recover', 'recovery', 'rearm'].map((word) => [word, ['recoverTo']])),
  ...Object.fromEntries(['retries', 'includeretry'].map((word) => [word, ['includeRetries']])),
  ...Object.fromEntries(['statuses', 'state', 'result'].map((word) => [word, ['status']])),
  ...Object.fromEntries(['secret', 'secretname', 'parameter', 'flowurlsecret'].map((word) => [word, ['flowUrlFrom']])),
  ...Object.fromEntries(['authentication', 'authorization', 'entra', 'oauth'].map((word) => [word, ['auth']])),
  instance: ['instanceId'],
  source: ['dataSource'],
};

/** The keys of this trigger that an unknown key probably means. */
function meantBy(key: string, known: readonly string[]): readonly string[] {
  const meanings = (MEANINGS[bare(key)] ?? []).filter((meaning) => known.includes(meaning));
  if (meanings.length > 0) return meanings;
  const near = nearest(key, known);
  return near ? [near] : [];
}

function unknownKeyMessage(
  key: string,
  entry: Record<string, unknown>,
  meant: readonly string[],
  known: readonly string[],
): string {
  const label = isShowableKey(key) ? `"${key}"` : 'a key';
  const [first, ...others] = meant;
  if (first && others.length > 0) {
    const value = typeof entry[key] === 'number' || typeof entry[key] === 'string' ? shown(entry[key]) : '10000';
    return `${label} is not known; write above: ${value}, or atOrAbove, below, atOrBelow`;
  }
  if (first) return `${label} is not known; write ${first}`;
  const trigger = Object.entries(ENTRY_SCHEMAS).find(([, schema]) => key in schema.entries);
  if (trigger) return `${label} does not belong to the trigger ${entry.trigger}; leave it out`;
  return `${label} is not known; this trigger takes ${known.join(', ')}`;
}

const isShowableKey = (key: string): boolean => /^[\p{L}\p{N} _.-]{1,40}$/u.test(key) && !looksLikeCredential(key);
