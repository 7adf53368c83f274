import type { ConnectorActionId } from '../../../../contract/custom-connector';
import type { TriggerId } from '../../../../contract/events';
import { STATUSES } from '../../../../contract/events';
import type { ComparedWith } from '../../../shared/core/change';
import type { ThresholdOperator } from '../../../shared/core/position';
import type { CHANGE_KEYS } from '../../../subscriptions/core/entry/changes';
import type { Field } from './field';
import { OperationId } from './operation-ids';
import { overdueFields } from './overdue-fields';

/** A trigger as the flow designer shows it. */
export interface TriggerDefinition {
  /** Title of the trigger. */
  readonly summary: string;
  readonly description: string;
  readonly fields: readonly Field[];
}

export const instanceId: Field = {
  name: 'instanceId',
  title: 'Instance',
  description: 'The instance of the customer data platform, if it has several.',
  type: 'string',
  advanced: true,
  default: 'default',
};
const owners: Field = {
  name: 'owners',
  title: 'Owners',
  description:
    'Email addresses of the owners, separated by semicolons. The flow receives them, for example as recipients.',
  type: 'string',
  advanced: true,
};
const link: Field = {
  name: 'link',
  title: 'Link',
  description: 'A page about the subject, such as https://example.com/report. The flow receives it for its message.',
  type: 'string',
  advanced: true,
};
const flowLink: Field = {
  name: 'flowLink',
  title: 'Link to this flow',
  description: "This flow's page in Power Automate, for the operator of the connector.",
  type: 'string',
  advanced: true,
};
const finishWithin: Field = {
  name: 'finishWithin',
  title: 'Finish within',
  description:
    'Time in which this flow reports its outcome, such as 30m or 4h. If it does not, the operator of the connector is notified. Add the action Report the outcome as the last step. Empty: no report is awaited.',
  type: 'string',
  advanced: true,
  needs: 'report-outcomes',
};
const COMMON: readonly Field[] = [instanceId, owners, link, flowLink, finishWithin];

const dataSource: Field = {
  name: 'dataSource',
  title: 'Data source',
  description: 'The data source to watch. Empty: all data sources.',
  type: 'string',
  dropdown: { operationId: OperationId.LIST_DATA_SOURCES, parameters: ['instanceId'] },
};

const DIRECTION_TITLES: Readonly<Record<ThresholdOperator | (typeof CHANGE_KEYS)[number], string>> = {
  above: 'Rises above the level',
  atOrAbove: 'Reaches the level or rises above it',
  below: 'Falls below the level',
  atOrBelow: 'Falls to the level or below it',
  risesBy: 'Rises by this much, compared with an earlier value',
  fallsBy: 'Falls by this much, compared with an earlier value',
  changesBy: 'Rises or falls by this much, compared with an earlier value',
};

const COMPARED_WITH_TITLES: Readonly<Record<ComparedWith, string>> = {
  previous: 'The value before',
  sameTimeYesterday: 'The same time yesterday',
  sameTimeLastWeek: 'The same time last week',
};

/** @param value what has the level, such as "the member count". */
const levelFields = (value: string, example: string): readonly Field[] => [
  {
    name: 'direction',
    title: 'Direction',
    description: `When the flow runs: when ${value} rises above the level or falls below it, or when it changes by so much.`,
    type: 'string',
    required: true,
    default: 'above',
    choices: Object.entries(DIRECTION_TITLES).map(([operator, title]) => ({ value: operator, title })),
  },
  {
    name: 'level',
    title: 'Level',
    description: `The level that ${value} crosses, such as ${example}, or the size of the change, such as 20.`,
    type: 'number',
    required: true,
  },
  {
    name: 'comparedWith',
    title: 'Compared with',
    description: 'For a change: the earlier value. Empty for a level.',
    type: 'string',
    choices: Object.entries(COMPARED_WITH_TITLES).map(([name, title]) => ({ value: name, title })),
  },
  {
    name: 'changeUnit',
    title: 'Unit of the change',
    description: 'For a change: whether its size is a percentage of the earlier value or a difference.',
    type: 'string',
    advanced: true,
    default: 'percent',
    choices: [
      { value: 'percent', title: 'Percent of the earlier value' },
      { value: 'absolute', title: 'Difference' },
    ],
  },
  {
    name: 'minimumBase',
    title: 'Smallest earlier value',
    description:
      'For a change: ignores the change if the earlier value is smaller. Empty: no earlier value is too small.',
    type: 'number',
    advanced: true,
  },
  {
    name: 'recoverTo',
    title: 'Recovery level',
    description: `After the flow ran, it runs again only after ${value} has returned to this level. Empty: after it has crossed the level back.`,
    type: 'number',
    advanced: true,
  },
  {
    name: 'fireIfAlreadyBeyond',
    title: 'Run if already beyond',
    description: `Whether the flow also runs once if ${value} is already beyond the level when you save the flow.`,
    type: 'boolean',
    advanced: true,
    default: false,
  },
];

/** @param what the refresh, such as "the full refresh". */
const statusField = (what: string): Field => ({
  name: 'status',
  title: 'Results',
  description: `Results of ${what} that start the flow. Empty: all results.`,
  type: 'string',
  isList: true,
  choices: STATUSES.map((status) => ({ value: status, title: STATUS_TITLES[status] })),
});
/** Results as the flow designer shows them. */
export const STATUS_TITLES = {
  Successful: 'Successful',
  Failed: 'Failed',
  TimedOut: 'Timed out',
  Skipped: 'Skipped',
  Canceled: 'Canceled',
} as const satisfies Record<(typeof STATUSES)[number], string>;

/** The triggers. Fields are only added, and their names never change: flows store them. */
export const TRIGGER_DEFINITIONS: Readonly<Record<TriggerId, TriggerDefinition>> = {
  'data-source-refresh-failed': {
    summary: 'When a data source refresh fails',
    description: 'Runs the flow when the refresh of a data source fails or times out.',
    fields: [
      dataSource,
      {
        name: 'includeRetries',
        title: 'Include retries',
        description:
          'Whether the flow also runs for failures that will be retried. Otherwise it runs only for final failures.',
        type: 'boolean',
        advanced: true,
        default: false,
      },
      ...COMMON,
    ],
  },
  'data-source-refresh-succeeded': {
    summary: 'When a data source refresh succeeds',
    description: 'Runs the flow when the refresh of a data source succeeds.',
    fields: [dataSource, ...COMMON],
  },
  'segment-threshold-crossed': {
    summary: 'When a segment crosses a threshold',
    description: 'Runs the flow when the member count of a segment rises above a level or falls below it.',
    fields: [
      {
        name: 'segment',
        title: 'Segment',
        description: 'The segment to watch. You can type the name of a segment that has not been refreshed yet.',
        type: 'string',
        required: true,
        dropdown: { operationId: OperationId.LIST_SEGMENTS, parameters: ['instanceId'] },
      },
      ...levelFields('the member count', '10000'),
      ...COMMON,
    ],
  },
  'measure-threshold-crossed': {
    summary: 'When a business measure crosses a threshold',
    description: 'Runs the flow when the value of a business measure rises above a level or falls below it.',
    fields: [
      {
        name: 'measure',
        title: 'Measure',
        description: 'The measure to watch. You can type the name of a measure that has not been refreshed yet.',
        type: 'string',
        required: true,
        dropdown: { operationId: OperationId.LIST_MEASURES, parameters: ['instanceId'] },
      },
      ...levelFields('the value', '250000'),
      {
        name: 'dimensions',
        title: 'Dimensions',
        description:
          'The members to watch, such as {"Region":"EMEA"}. Empty: the measure itself and each of its members separately.',
        type: 'string',
        dropdown: { operationId: OperationId.LIST_MEASURE_MEMBERS, parameters: ['measure', 'instanceId'] },
      },
      ...COMMON,
    ],
  },
  'full-refresh-completed': {
    summary: 'When a full refresh completes',
    description: 'Runs the flow when a full refresh ends, whatever its result.',
    fields: [
      {
        name: 'kind',
        title: 'Kind',
        description: 'Whether only scheduled refreshes or only manual ones start the flow. Empty: both.',
        type: 'string',
        choices: [
          { value: 'Scheduled', title: 'Scheduled' },
          { value: 'OnDemand', title: 'On demand' },
        ],
      },
      statusField('the full refresh'),
      ...COMMON,
    ],
  },
  'unification-refresh-completed': {
    summary: 'When unification completes',
    description: 'Runs the flow when unification (map, match, merge) ends, whatever its result.',
    fields: [statusField('the unification'), ...COMMON],
  },
  'refresh-overdue': {
    summary: 'When a refresh is overdue',
    description: 'Runs the flow when an expected refresh does not come in time.',
    fields: [...overdueFields, ...COMMON],
  },
};

/** Fields of a trigger in an API with these actions. */
export const fieldsOf = (trigger: TriggerId, actions: readonly ConnectorActionId[]): Field[] =>
  TRIGGER_DEFINITIONS[trigger].fields.filter(({ needs }) => needs === undefined || actions.includes(needs));
