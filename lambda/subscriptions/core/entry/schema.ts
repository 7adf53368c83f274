import * as v from 'valibot';
import { STATUS_FAILURE_ALIAS, STATUSES, type Status, type TriggerId } from '../../../../contract/events';
import { dimensionsSchema } from '../../../events/core/fields';
import { BODY_FORMATS } from '../subscription';
import { authEntry } from './auth';
import { changes } from './changes';
import { deliveryOptions } from './delivery-options';
import { expectationKeys } from './expectation';
import { AT_MOST_ONE_FLOW, FLOW_KEYS, flowMistakes, ONE_FLOW } from './flow';
import { levelMistakes, levels, ONE_CONDITION } from './levels';
import { checkEach, type Issue, mistakeAt, type RawMistake, text, write, writeOneOf, writeText } from './messages';
import { link, nameEntry, ownersEntry } from './name-owners-links';

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
        'Format of the body. flat: fields for the flow designer. cloudevents: the same fields in a CloudEvents 1.0 ' +
          'envelope. teams-card: a message for the webhook of Teams Workflows. Default: flat.',
      ),
    ),
    'flat',
  ),
  owners: ownersEntry,
  link: link("A page about the subject, to include in the flow's message."),
  flowLink: link("The flow's page in Power Automate, for the connector's operator."),
  auth: authEntry,
  ...deliveryOptions,
});

const dataSource = v.optional(
  v.pipe(text("a data source's name"), v.description('Name of the data source. Default: all data sources.')),
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
    v.description('Results that start the flow: one status or a list. Default: all.'),
    v.transform((given): Status[] => {
      const words = Array.isArray(given) ? given : [given];
      return [...new Set(words.map((word) => (word === STATUS_FAILURE_ALIAS ? 'Failed' : word)))];
    }),
    v.minLength(1, 'is an empty list; remove it to receive every status'),
  ),
);

/** One text or a list. */
const listOf = (pattern: RegExp, hint: string, description: string) => {
  const one = v.pipe(v.string(writeText(hint)), v.regex(pattern, write(hint)));
  return v.optional(
    v.pipe(
      v.union([one, v.array(one)], (issue: Issue) => writeText(hint)(issue)),
      v.description(description),
      v.transform((given): string[] => [...new Set([given].flat())]),
      v.minLength(1, 'is an empty list; remove it to receive the events of all'),
    ),
  );
};
const place = {
  awsAccount: listOf(
    /^\d{12}$/,
    'the 12 digits of an AWS account ID, in quotes',
    'Only events of these AWS accounts: one ID or a list, in quotes. Default: all accounts.',
  ),
  awsRegion: listOf(
    /^[a-z]{2,}(-[a-z]+)+-\d$/,
    'the code of an AWS Region, such as eu-central-1',
    'Only events of these AWS Regions: one code or a list. Default: all Regions.',
  ),
};

const KINDS = ['Scheduled', 'OnDemand'] as const;
const dimensions = v.optional(
  v.pipe(
    v.record(text("a dimension's name"), text("a member's name"), write('a map, such as Region: EMEA')),
    v.check(
      (members) => v.is(dimensionsSchema, members),
      'has more than 10 dimensions, or their names and members are too long in total; write fewer or shorter ones',
    ),
    v.description(
      'The members to watch, by dimension. Default: the measure itself and each of its members separately.',
    ),
  ),
);

const OVERDUE_SUBJECTS = ['dataSource', 'segment', 'measure', 'fullRefresh', 'unification'] as const;
const FULL_REFRESHES = ['scheduled', 'onDemand', 'any'] as const;
const SUBJECT_HINT = `one of ${OVERDUE_SUBJECTS.join(', ')}, such as dataSource: Orders`;

/** An expectation is of one subject. */
function overdueMistakes(input: Record<string, unknown>): RawMistake[] {
  const [first, second] = OVERDUE_SUBJECTS.filter((key) => input[key] !== undefined);
  const message = `cannot be combined with "${first}"; keep one, and create a second subscription for the other`;
  const subject = second
    ? [mistakeAt(input, second, message)]
    : first
      ? []
      : [mistakeAt(input, 'dataSource', `is missing; write ${SUBJECT_HINT}`)];
  return [...subject, ...flowMistakes(input, false)];
}

const refreshMistakes = (input: Record<string, unknown>) => flowMistakes(input, true);
const thresholdMistakes = (input: Record<string, unknown>) => [...levelMistakes(input), ...flowMistakes(input, false)];

/** One definition per trigger, for the entry's type, its check and its JSON Schema. */
export const ENTRY_SCHEMAS = {
  'data-source-refresh-failed': v.pipe(
    v.strictObject({
      ...common('data-source-refresh-failed', 'Fires when a data source refresh failed or timed out.'),
      ...FLOW_KEYS,
      dataSource,
      includeRetries: v.optional(
        v.pipe(
          v.boolean(write('true or false')),
          v.description('true: also fires for failures that will be retried. Default: only for final failures.'),
        ),
      ),
      ...place,
    }),
    v.metadata(ONE_FLOW),
    checkEach(refreshMistakes),
  ),
  'data-source-refresh-succeeded': v.pipe(
    v.strictObject({
      ...common('data-source-refresh-succeeded', 'Fires when a data source refresh succeeded.'),
      ...FLOW_KEYS,
      dataSource,
      ...place,
    }),
    v.metadata(ONE_FLOW),
    checkEach(refreshMistakes),
  ),
  'segment-threshold-crossed': v.pipe(
    v.strictObject({
      ...common('segment-threshold-crossed', "Fires when a segment's member count crosses a level, or changes enough."),
      ...FLOW_KEYS,
      segment: v.pipe(text("a segment's name"), v.description('Name of the segment.')),
      ...levels,
      ...changes,
    }),
    v.metadata({ oneOf: ONE_CONDITION, ...AT_MOST_ONE_FLOW }),
    checkEach(thresholdMistakes),
  ),
  'measure-threshold-crossed': v.pipe(
    v.strictObject({
      ...common(
        'measure-threshold-crossed',
        "Fires when a business measure's value crosses a level, or changes enough.",
      ),
      ...FLOW_KEYS,
      measure: v.pipe(text("a measure's name"), v.description('Name of the measure.')),
      dimensions,
      ...levels,
      ...changes,
    }),
    v.metadata({ oneOf: ONE_CONDITION, ...AT_MOST_ONE_FLOW }),
    checkEach(thresholdMistakes),
  ),
  'full-refresh-completed': v.pipe(
    v.strictObject({
      ...common('full-refresh-completed', 'Fires when a full refresh has ended.'),
      ...FLOW_KEYS,
      kind: v.optional(
        v.pipe(
          v.picklist(KINDS, writeOneOf(KINDS, { manual: 'OnDemand', automatic: 'Scheduled' })),
          v.description('Only scheduled refreshes, or only manual ones. Default: both.'),
        ),
      ),
      status,
      ...place,
    }),
    v.metadata(ONE_FLOW),
    checkEach(refreshMistakes),
  ),
  'refresh-overdue': v.pipe(
    v.strictObject({
      ...common('refresh-overdue', 'Fires when an expected refresh does not come.'),
      ...FLOW_KEYS,
      dataSource: v.optional(
        v.pipe(text("a data source's name"), v.description('Expects refreshes of this data source.')),
      ),
      segment: v.optional(v.pipe(text("a segment's name"), v.description('Expects refreshes of this segment.'))),
      measure: v.optional(
        v.pipe(text("a measure's name"), v.description('Expects refreshes of this measure, or of any of its members.')),
      ),
      fullRefresh: v.optional(
        v.pipe(
          v.picklist(FULL_REFRESHES, writeOneOf(FULL_REFRESHES, { manual: 'onDemand', true: 'any' })),
          v.description('Expects full refreshes: scheduled ones, manual ones (onDemand), or any.'),
        ),
      ),
      unification: v.optional(
        v.pipe(v.literal(true, write('true')), v.description('true: expects unification (map, match, merge).')),
      ),
      ...expectationKeys,
    }),
    v.metadata({ oneOf: OVERDUE_SUBJECTS.map((key) => ({ required: [key] })), ...AT_MOST_ONE_FLOW }),
    checkEach(overdueMistakes),
  ),
  'unification-refresh-completed': v.pipe(
    v.strictObject({
      ...common('unification-refresh-completed', 'Fires when unification (map, match, merge) has ended.'),
      ...FLOW_KEYS,
      status,
      ...place,
    }),
    v.metadata(ONE_FLOW),
    checkEach(refreshMistakes),
  ),
} as const;

const subscriptionEntrySchema = v.variant('trigger', [
  ENTRY_SCHEMAS['data-source-refresh-failed'],
  ENTRY_SCHEMAS['data-source-refresh-succeeded'],
  ENTRY_SCHEMAS['segment-threshold-crossed'],
  ENTRY_SCHEMAS['measure-threshold-crossed'],
  ENTRY_SCHEMAS['full-refresh-completed'],
  ENTRY_SCHEMAS['unification-refresh-completed'],
  ENTRY_SCHEMAS['refresh-overdue'],
]);

/** One entry, checked and normalized. Its flow URL is not checked yet. */
export type SubscriptionEntry = v.InferOutput<typeof subscriptionEntrySchema>;

export const DEFAULT_SET = 'default';
const SET_HINT = 'a name of 1 to 32 letters, digits and -';
export const setSchema = v.pipe(
  v.string(writeText(SET_HINT)),
  v.regex(/^[A-Za-z0-9-]{1,32}$/, write(SET_HINT)),
  v.description("Name of this file's set of subscriptions. Applying the file changes and removes only its own set."),
);

/** The whole subscription file. */
export const subscriptionFileSchema = v.strictObject({
  set: v.optional(setSchema, DEFAULT_SET),
  subscriptions: v.pipe(v.array(subscriptionEntrySchema), v.description('The subscriptions. Each starts one flow.')),
});
