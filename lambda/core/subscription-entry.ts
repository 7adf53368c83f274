import * as v from 'valibot';
import { STATUS_FAILURE_ALIAS, STATUSES, TRIGGER_IDS } from '../../lib/private/contract';
import { authEntry } from './auth-entry';
import { MAX_OWNERS_LENGTH } from './body';
import { durationMs } from './duration';
import { decimalSchema, dimensionsSchema, MAX_LINK_LENGTH, MAX_NAME_LENGTH, show } from './events';
import { THRESHOLD_OPERATORS, type ThresholdOperator } from './position';
import type { SecretReference } from './secret-reference';
import {
  BODY_FORMATS,
  type Filter,
  type Status,
  type SubscriptionDefinition,
  type Threshold,
  type TriggerId,
} from './subscription';

/** Something wrong with an entry: what it is and what to write instead. Holds no flow URL. */
export interface EntryMistake {
  /** Keys from the entry down to what is wrong; empty for the entry itself. */
  readonly path: readonly string[];
  readonly message: string;
}

type Issue = v.BaseIssue<unknown>;

const FLOW_URL_PARTS = /:\/\/|sig=|%2F|\/(workflows|triggers|paths)\//i;

/** A value in a message; what may be a piece of a flow URL is not shown. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map of keys';
  if (typeof value === 'number') return String(value);
  return FLOW_URL_PARTS.test(String(value)) ? 'a URL' : show(value);
}

/** Message for a value of the wrong type or form. `hint` completes "write …". */
const write = (hint: string) => (issue: Issue) => {
  if (issue.input === undefined) return `is missing; write ${hint}`;
  if (issue.input === null || issue.input === '') return `is empty; write ${hint}`;
  return `is ${shown(issue.input)}; write ${hint}`;
};

/** Message where a text is expected: YAML reads 2024 and true as what they look like. */
const writeText = (hint: string) => (issue: Issue) =>
  typeof issue.input === 'number' || typeof issue.input === 'boolean'
    ? `is ${shown(issue.input)} without quotes, which is no text; write "${issue.input}" in quotes`
    : write(hint)(issue);

/** Message for one of a few words, with the one that was probably meant. */
const writeOneOf = (words: readonly string[], meanings: Readonly<Record<string, string>> = {}) => {
  const hint = words.length === 1 ? words[0] : `one of ${words.join(', ')}`;
  return (issue: Issue) => {
    const meant = meanings[bare(issue.input)] ?? nearest(issue.input, words);
    return write(meant ?? `${hint}`)(issue);
  };
};

const text = (hint: string) =>
  v.pipe(
    v.string(writeText(hint)),
    v.trim(),
    v.minLength(1, write(hint)),
    v.maxLength(MAX_NAME_LENGTH, `is longer than ${MAX_NAME_LENGTH} characters; write a shorter one`),
  );

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const nameEntry = v.pipe(
  v.string(writeText('a name of 1 to 64 letters, digits, - and _')),
  v.regex(NAME, (issue) => {
    const better = String(issue.input)
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^A-Za-z0-9_]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 64);
    const rule = '1 to 64 letters, digits, - and _';
    const url = FLOW_URL_PARTS.test(String(issue.input));
    return write(better && !url ? `${rule}, such as ${better}` : rule)(issue);
  }),
  v.description('Unique name: 1 to 64 letters, digits, - and _.'),
);

const LINK_HINT = 'a web address that starts with https://';
/** A page for people. It is stored and sent in clear, so a flow URL has no place here. */
const link = (description: string) =>
  v.optional(
    v.pipe(
      v.string(writeText(LINK_HINT)),
      v.trim(),
      v.check(isLink, write(LINK_HINT)),
      v.check(
        (address) => !/\/triggers\/.*[?&]sig=/i.test(address),
        "is a flow URL, which is a secret; write a page's address, and the flow URL under flowUrl",
      ),
      v.description(description),
      v.transform((address) => URL.parse(address)?.href ?? address),
    ),
  );

function isLink(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && /^https?:$/.test(url.protocol) && !/\s/.test(address) && url.href.length <= MAX_LINK_LENGTH;
}

const OWNERS_HINT = 'mail addresses, as a list or separated by ; such as kim@example.com; lee@example.com';
const ADDRESS = /^[^\s@<>"(),;:]+@[^\s@<>"(),;:]+\.[^\s@<>"(),;:]+$/;
const ownersEntry = v.optional(
  v.pipe(
    v.union([v.string(), v.array(v.string())], write(OWNERS_HINT)),
    v.description('Who answers for it: mail addresses, as a list or separated by ; or a comma.'),
    v.transform((owners) =>
      (Array.isArray(owners) ? owners : [owners])
        .flatMap((part) => part.split(/[;,]/))
        .map((owner) => owner.trim())
        .filter((owner, at, all) => owner !== '' && all.indexOf(owner) === at),
    ),
    v.check(
      (owners) => owners.every((owner) => ADDRESS.test(owner)),
      (issue) => {
        const wrong = (issue.input as string[]).find((owner) => !ADDRESS.test(owner));
        return `has ${shown(wrong)}, which is not a mail address; write ${OWNERS_HINT}`;
      },
    ),
    v.check(
      (owners) => owners.join(';').length <= MAX_OWNERS_LENGTH,
      `is longer than ${MAX_OWNERS_LENGTH} characters together; write the address of a group`,
    ),
  ),
  () => [],
);

/** A mistake for a raw check, which sees the keys even where another is wrong, so that all mistakes are told at once. */
interface RawMistake {
  readonly message: string;
  readonly path: [v.IssuePathItem];
}

const FLOW_URL_HINT = `the HTTP URL of the flow in quotes, or \${NAME} to take it from a variable`;
const flowUrlText = v.pipe(
  v.string(write(FLOW_URL_HINT)),
  v.description(
    "The HTTP URL of the flow's trigger. Who has it can start the flow: keep it out of the file by " +
      `\${NAME}, which takes it from the environment variable NAME. In quotes and on one line.`,
  ),
);

const DURATION_HINT = 'a duration such as 90m, 12h or 3d';
/** A duration, read as milliseconds. */
const duration = (least: string, most: string, description: string) => {
  const range = `${DURATION_HINT}, from ${least} to ${most}`;
  const isInRange = (ms: number) => ms >= (durationMs(least) as number) && ms <= (durationMs(most) as number);
  return v.pipe(
    v.string(write(range)),
    v.check((text) => isInRange(durationMs(text) ?? Number.NaN), write(range)),
    v.description(description),
    v.transform((text) => durationMs(text) as number),
  );
};

const RATE_HINT = 'how many calls in how long, such as { calls: 4500, per: 5m }';
const wholeCalls = 'a whole number of 1 or more';
const rateLimitEntry = v.strictObject(
  {
    calls: v.pipe(
      v.number(write(wholeCalls)),
      v.check((calls) => Number.isSafeInteger(calls) && calls >= 1, write(wholeCalls)),
      v.description('So many calls …'),
    ),
    per: duration('1s', '1d', '… in this time, such as 5m.'),
  },
  (issue) => (issue.expected === 'never' ? `is not known; write ${RATE_HINT}` : write(RATE_HINT)(issue)),
);

// Secrets Manager API reference, CreateSecret; Systems Manager API reference, PutParameter; both: ARNs. A URL fits none.
const SECRET = /^(arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:)?[\w/+=.@-]{1,512}$/;
const SECRET_HINT = 'the name or the ARN of a Secrets Manager secret, such as crm/flow-url';
const PARAMETER = /^(arn:[\w-]+:ssm:[\w-]+:\d{12}:parameter\/)?[\w/.-]{1,1011}$/;
const PARAMETER_HINT = 'the name or the ARN of a Systems Manager parameter, such as /crm/flow-url';
const FIELD_HINT = "a field's name of at most 100 characters, such as url";
const FROM_HINT = '{ secret: NAME }, { secret: NAME, field: FIELD } or { parameter: NAME }';

/** Where the flow URL is kept. One object rather than two that exclude each other, so that each mistake is told by its key. */
const flowUrlFrom = v.optional(
  v.pipe(
    v.strictObject(
      {
        secret: v.optional(
          v.pipe(
            v.string(writeText(SECRET_HINT)),
            v.regex(SECRET, write(SECRET_HINT)),
            v.description('Name or ARN of a Secrets Manager secret. The connector must be allowed to read it.'),
          ),
        ),
        field: v.optional(
          v.pipe(
            v.string(writeText(FIELD_HINT)),
            v.regex(/^[^\s"'{}?&%:][^"'{}?&%:\r\n]{0,99}$/, write(FIELD_HINT)),
            v.description("Field of the secret's JSON object. Left out: the secret's whole text."),
          ),
        ),
        parameter: v.optional(
          v.pipe(
            v.string(writeText(PARAMETER_HINT)),
            v.regex(PARAMETER, write(PARAMETER_HINT)),
            v.description('Name or ARN of a Systems Manager parameter, best a SecureString.'),
          ),
        ),
      },
      (issue) => {
        if (issue.expected === 'never') return `is not known; write ${FROM_HINT}`;
        return write(FROM_HINT)(issue);
      },
    ),
    v.description(
      'Where the flow URL is kept, in place of flowUrl: a secret or a parameter, which is read whenever the flow is called.',
    ),
    v.metadata({ oneOf: [{ required: ['secret'] }, { required: ['parameter'], not: { required: ['field'] } }] }),
    v.rawTransform(({ dataset, addIssue, NEVER }): SecretReference => {
      const { secret, field, parameter } = dataset.value;
      if (secret !== undefined && parameter === undefined) return field === undefined ? { secret } : { secret, field };
      if (parameter !== undefined && secret === undefined && field === undefined) return { parameter };
      addIssue({
        message:
          parameter === undefined
            ? `has neither a secret nor a parameter; write ${FROM_HINT}`
            : `has a parameter and more, where one thing leads to the URL; write ${FROM_HINT}`,
      });
      return NEVER;
    }),
  ),
);

/** The flow's URL, or where it is kept. */
const FLOW_KEYS = { flowUrl: v.optional(flowUrlText), flowUrlFrom };
/** For editors. */
const ONE_FLOW = { oneOf: [{ required: ['flowUrl'] }, { required: ['flowUrlFrom'] }] };
const AT_MOST_ONE_FLOW = { not: { required: ['flowUrl', 'flowUrlFrom'] } };

/** @param needed whether there must be one of the two. */
function flowMistakes(value: unknown, needed: boolean): RawMistake[] {
  if (typeof value !== 'object' || value === null) return [];
  const input = value as Record<string, unknown>;
  const mistake = (key: string, message: string): RawMistake => ({
    message,
    path: [{ type: 'object', origin: 'value', input, key, value: input[key] }],
  });
  const [url, from] = [input.flowUrl !== undefined, input.flowUrlFrom !== undefined];
  if (url && from) return [mistake('flowUrlFrom', 'cannot stand beside "flowUrl"; keep one of them')];
  if (needed && !url && !from) return [mistake('flowUrl', `is missing; write ${FLOW_URL_HINT}, or flowUrlFrom`)];
  return [];
}

const needsFlow = <T>() =>
  v.rawCheck<T>(({ dataset, addIssue }) => {
    for (const mistake of flowMistakes(dataset.value, true)) addIssue(mistake);
  });

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
  maxAge: v.optional(
    duration(
      '1m',
      '14d',
      'What is older is not sent any more, such as 4h; it stays listed for a replay. Left out: the schedule of retries ' +
        'ends after three days, and what was held during a pause is sent when it is not older than three days.',
    ),
  ),
  rateLimit: v.optional(
    v.pipe(
      rateLimitEntry,
      v.description(
        "How many calls the flow takes, such as { calls: 4500, per: 5m }, the limit of Power Automate's lower plans. " +
          'Left out: as many as there are.',
      ),
    ),
  ),
  keepAlive: v.optional(
    duration(
      '1d',
      '89d',
      'Sends a body with isTest: true so often, such as 60d: Power Automate switches flows off that have not run for ' +
        '90 days. Left out: never.',
    ),
  ),
});

const dataSource = v.optional(
  v.pipe(text("a data source's name"), v.description('Name of the data source. Left out: all data sources.')),
);

const decimalHint = 'a number, such as 10000 or 12.5';
const levelMessage = (issue: Issue) => {
  const grouped = /^([+-]?\d{1,3}(?:[,_' ]\d{3})+)(\.\d+)?$/.exec(String(issue.input));
  return write(grouped ? `it without separators, ${String(issue.input).replaceAll(/[,_' ]/g, '')}` : decimalHint)(
    issue,
  );
};
const level = (description: string) =>
  v.optional(
    v.pipe(
      v.union([v.number(), v.string()], levelMessage),
      v.check((value) => v.is(decimalSchema, value), levelMessage),
      v.description(description),
      v.transform(Number),
    ),
  );

const levels = {
  above: level('Fires when the value rises above this number.'),
  atOrAbove: level('Fires when the value reaches this number or rises above it.'),
  below: level('Fires when the value falls below this number.'),
  atOrBelow: level('Fires when the value falls to this number or below it.'),
  recoverTo: level('Once fired, fires again only after the value has come back to this number.'),
  fireIfAlreadyBeyond: v.optional(
    v.pipe(
      v.boolean(write('true or false')),
      v.description('true: fires once, too, where the value is beyond already. Left out: waits for it to cross.'),
    ),
  ),
};
const LEVEL_EXAMPLE = 'one of above, atOrAbove, below, atOrBelow, such as above: 10000';

/** For editors: exactly one level. */
const ONE_LEVEL = THRESHOLD_OPERATORS.map((operator) => ({ required: [operator] }));

type Levels = { readonly [K in ThresholdOperator | 'recoverTo']?: number | undefined };

/** How far the value must come back, by what fires. */
const RECOVERY: Readonly<Record<ThresholdOperator, readonly [(r: number, t: number) => boolean, string]>> = {
  above: [(r, t) => r <= t, 'at most'],
  atOrAbove: [(r, t) => r < t, 'less than'],
  below: [(r, t) => r >= t, 'at least'],
  atOrBelow: [(r, t) => r > t, 'more than'],
};

/** The mistakes of an entry's levels taken together, by key. */
function levelRules(given: Levels): (readonly [key: keyof Levels, message: string])[] {
  const operators = THRESHOLD_OPERATORS.filter((operator) => given[operator] !== undefined);
  const [operator, second] = operators;
  if (!operator) return [['above', `is missing; write ${LEVEL_EXAMPLE}`]];
  if (second) {
    return [[second, `cannot stand beside "${operator}"; keep one, and make a second subscription for the other`]];
  }
  const [level, recoverTo] = [given[operator], given.recoverTo];
  if (typeof level !== 'number' || typeof recoverTo !== 'number') return [];
  const [fits, words] = RECOVERY[operator];
  if (fits(recoverTo, level)) return [];
  return [['recoverTo', `is ${recoverTo}, on the wrong side of "${operator}"; write a number ${words} ${level}`]];
}

function levelMistakes(value: unknown): RawMistake[] {
  if (typeof value !== 'object' || value === null) return [];
  const input = value as Levels & Record<string, unknown>;
  return levelRules(input).map(([key, message]) => ({
    message,
    path: [{ type: 'object', origin: 'value', input, key, value: input[key] }],
  }));
}

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
export const ENTRY_SCHEMAS = {
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

export const subscriptionEntrySchema = v.variant('trigger', [
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
  // Where a flow URL is required, that it is missing has been said already.
  const mayHaveNoFlow = schema.entries.flowUrl.type === 'optional';
  if (mayHaveNoFlow && isSet(given.auth) && !isSet(given.flowUrl)) {
    mistakes.push({ path: ['auth'], message: '"auth" stands without "flowUrl"; write flowUrl, or leave auth out' });
  }
  return mistakes.length === 0 && checked.success ? { entry: checked.output } : { mistakes };
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

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

const isShowableKey = (key: string): boolean => /^[\p{L}\p{N} _.-]{1,40}$/u.test(key);

const bare = (value: unknown): string =>
  String(value)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');

/** The word that was probably meant: the same letters, a beginning or part of it, or a slip of the fingers. */
export function nearest<T extends string>(value: unknown, words: readonly T[]): T | undefined {
  const written = bare(value);
  if (written.length < 2 || written.length > 60) return undefined;
  const same = words.find((word) => bare(word) === written);
  if (same) return same;
  const containing = written.length >= 4 ? words.filter((word) => bare(word).includes(written)) : [];
  if (containing.length === 1) return containing[0];
  const [best] = words
    .map((word) => ({ word, distance: editDistance(bare(word), written) }))
    .filter(({ word, distance }) => distance <= Math.ceil(bare(word).length / 4))
    .sort((a, b) => a.distance - b.distance);
  return best?.word;
}

/** Letters to insert, remove or replace to come from one word to the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
