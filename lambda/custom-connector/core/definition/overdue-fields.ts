import type { Field } from './field';
import { OperationId } from './operation-ids';

const RUNS = [
  { value: 'scheduledFullRefresh', title: 'The scheduled full refresh' },
  { value: 'fullRefresh', title: 'Any full refresh' },
  { value: 'unification', title: 'Unification' },
];

const parameters = ['instanceId'];

const DAYS = [
  { value: 'mon', title: 'Monday' },
  { value: 'tue', title: 'Tuesday' },
  { value: 'wed', title: 'Wednesday' },
  { value: 'thu', title: 'Thursday' },
  { value: 'fri', title: 'Friday' },
  { value: 'sat', title: 'Saturday' },
  { value: 'sun', title: 'Sunday' },
];

/** Fields of the trigger that expects refreshes. A flow names one subject, and sets either `every` or `by`. */
export const overdueFields: readonly Field[] = [
  {
    name: 'dataSource',
    title: 'Data source',
    description:
      'The data source whose refresh is expected. Choose a data source, a segment, a measure or a run: one of them.',
    type: 'string',
    dropdown: { operationId: OperationId.LIST_DATA_SOURCES, parameters },
  },
  {
    name: 'segment',
    title: 'Segment',
    description: 'The segment whose refresh is expected.',
    type: 'string',
    dropdown: { operationId: OperationId.LIST_SEGMENTS, parameters },
  },
  {
    name: 'measure',
    title: 'Measure',
    description: 'The measure whose refresh is expected. The refresh of any of its members counts.',
    type: 'string',
    dropdown: { operationId: OperationId.LIST_MEASURES, parameters },
  },
  {
    name: 'run',
    title: 'Run',
    description: 'The full refresh or the unification that is expected.',
    type: 'string',
    choices: RUNS,
  },
  {
    name: 'every',
    title: 'Expected every',
    description: 'Longest time between two refreshes, such as 24h or 30m. Empty if you enter a time of the day.',
    type: 'string',
  },
  {
    name: 'by',
    title: 'Expected by',
    description: 'Time of the day by which a refresh has ended, such as 07:00. Empty if you enter an interval.',
    type: 'string',
  },
  {
    name: 'days',
    title: 'Days',
    description: 'Days on which a refresh is expected by that time. Empty: every day.',
    type: 'string',
    isList: true,
    choices: DAYS,
  },
  {
    name: 'timeZone',
    title: 'Time zone',
    description: 'Time zone of the time of the day, such as Europe/Berlin. Empty: UTC.',
    type: 'string',
  },
  {
    name: 'grace',
    title: 'Grace',
    description: 'How late a refresh may be before the flow runs, such as 1h. Empty: not at all.',
    type: 'string',
  },
  {
    name: 'alsoWhenBack',
    title: 'Run when it is back',
    description: 'Whether the flow also runs when the refresh comes at last.',
    type: 'boolean',
    advanced: true,
    default: false,
  },
  {
    name: 'repeatEvery',
    title: 'Repeat every',
    description:
      'Interval at which the flow runs again while the refresh does not come, such as 12h. Empty: it runs once.',
    type: 'string',
    advanced: true,
  },
  {
    name: 'firstRefreshWithin',
    title: 'Time for the first refresh',
    description: 'Time for the first refresh after you save the flow, such as 3d. Empty: as for later refreshes.',
    type: 'string',
    advanced: true,
  },
  {
    name: 'anyOutcome',
    title: 'Any outcome',
    description: 'Whether a refresh that failed or timed out is enough, too.',
    type: 'boolean',
    advanced: true,
    default: false,
  },
];

const RHYTHM = ['every', 'by', 'days', 'timeZone', 'grace'];
const RUN_ENTRIES: Readonly<Record<string, object>> = {
  scheduledFullRefresh: { fullRefresh: 'scheduled' },
  fullRefresh: { fullRefresh: 'any' },
  unification: { unification: true },
};

/** The keys of a subscription's entry, from the fields of a request. The entry's own check finds invalid values. */
export function overdueEntry(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { run, ...rest } = given;
  const isRhythm = ([key]: [string, unknown]) => RHYTHM.includes(key);
  const expect = Object.fromEntries(Object.entries(rest).filter(isRhythm));
  const others = Object.fromEntries(Object.entries(rest).filter((entry) => !isRhythm(entry)));
  const about = run === undefined ? {} : (RUN_ENTRIES[String(run)] ?? { fullRefresh: run });
  return { ...others, ...about, expect };
}

/** The field that a key of an entry comes from. */
export function overdueField([key = '', inner = 'every']: readonly string[]): string {
  if (key === 'expect') return inner;
  return key === 'fullRefresh' || key === 'unification' ? 'run' : key;
}
