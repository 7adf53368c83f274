import { STATUSES } from '../../../../contract/events';
import type { Field } from './field';
import { type Operation, write } from './operation';
import { OperationId } from './operation-ids';
import { instanceId, STATUS_TITLES } from './triggers';

const RUN_ID = {
  name: 'runId',
  title: 'Run id',
  type: 'string',
} as const;

/** Fields of a report of a refresh: those of the event `DataSourceRefreshed`. */
export const REFRESH_FIELDS: readonly Field[] = [
  {
    name: 'dataSource',
    title: 'Data source',
    description: 'The data source that was refreshed. You can type a new name.',
    type: 'string',
    required: true,
    dropdown: { operationId: OperationId.LIST_DATA_SOURCES, parameters: ['instanceId'] },
  },
  {
    ...RUN_ID,
    description:
      'Your id of the refresh. A second report with the same id and status starts no flow again, so a retry is safe.',
    required: true,
  },
  {
    name: 'status',
    title: 'Status',
    description: 'Result of the refresh.',
    type: 'string',
    required: true,
    choices: STATUSES.map((status) => ({ value: status, title: STATUS_TITLES[status] })),
  },
  {
    name: 'startedAt',
    title: 'Started at',
    description: 'Start of the refresh, such as 2026-11-02T06:00:00Z.',
    type: 'string',
    format: 'date-time',
  },
  {
    name: 'endedAt',
    title: 'Ended at',
    description: 'End of the refresh, such as 2026-11-02T06:10:00Z. Empty: now.',
    type: 'string',
    format: 'date-time',
  },
  { name: 'error', title: 'Error', description: 'Error message of a failed refresh, for people.', type: 'string' },
  { name: 'recordCount', title: 'Record count', description: 'Number of records read.', type: 'integer' },
  {
    name: 'willRetry',
    title: 'Will be retried',
    description: 'Whether the data source retries the refresh after this failure.',
    type: 'boolean',
    advanced: true,
    default: false,
  },
  {
    name: 'attempt',
    title: 'Attempt',
    description: 'Number of the attempt. Each attempt of a run is a refresh of its own.',
    type: 'integer',
    advanced: true,
  },
  {
    name: 'runLink',
    title: 'Run link',
    description: "The run's page, such as https://example.com/runs/1.",
    type: 'string',
    advanced: true,
  },
  instanceId,
];

/** @param what the value, such as "the member count". */
const observedFields = (what: string): readonly Field[] => [
  {
    name: 'observedAt',
    title: 'Observed at',
    description: `When ${what} was measured, such as 2026-11-02T06:00:00Z. A value that is not newer than the last one is dropped, so a retry with the same time is safe.`,
    type: 'string',
    format: 'date-time',
    required: true,
  },
  {
    name: 'sequence',
    title: 'Sequence',
    description: 'Order of values with the same time: 0, 1, 2 and so on. Empty: 0.',
    type: 'integer',
    advanced: true,
  },
  { ...RUN_ID, description: 'Id of the refresh that measured the value. Flows receive it.', advanced: true },
  instanceId,
];

/** Fields of a report of a segment: those of the event `SegmentRefreshed`. */
export const MEMBER_COUNT_FIELDS: readonly Field[] = [
  {
    name: 'segment',
    title: 'Segment',
    description: 'The segment that was counted. You can type a new name.',
    type: 'string',
    required: true,
    dropdown: { operationId: OperationId.LIST_SEGMENTS, parameters: ['instanceId'] },
  },
  {
    name: 'memberCount',
    title: 'Member count',
    description: 'Number of members of the segment.',
    type: 'integer',
    required: true,
  },
  ...observedFields('the member count'),
];

/** Fields of a report of a measure: those of the event `MeasureRefreshed`. */
export const MEASURE_VALUE_FIELDS: readonly Field[] = [
  {
    name: 'measure',
    title: 'Measure',
    description: 'The business measure that was computed. You can type a new name.',
    type: 'string',
    required: true,
    dropdown: { operationId: OperationId.LIST_MEASURES, parameters: ['instanceId'] },
  },
  {
    name: 'dimensions',
    title: 'Dimensions',
    description: 'The members that the value belongs to, such as {"Region":"EMEA"}. Empty: the whole measure.',
    type: 'string',
    dropdown: { operationId: OperationId.LIST_MEASURE_MEMBERS, parameters: ['measure', 'instanceId'] },
  },
  { name: 'value', title: 'Value', description: 'Value of the measure.', type: 'number', required: true },
  { name: 'unit', title: 'Unit', description: 'Unit of the value, such as EUR.', type: 'string' },
  ...observedFields('the value'),
];

const REPORTED = { status: 202, description: 'The report was accepted.' } as const;
const EVERYONE = 'Flows of everyone who waits for it start.';

/** Operations that report events. */
export const REPORT_OPERATIONS: readonly Operation[] = [
  write({
    operationId: OperationId.REPORT_REFRESH,
    route: 'POST /refreshes',
    summary: 'Report a data source refresh',
    description: `Reports that the refresh of a data source ended. ${EVERYONE}`,
    body: REFRESH_FIELDS,
    success: REPORTED,
    problems: [],
  }),
  write({
    operationId: OperationId.REPORT_MEMBER_COUNT,
    route: 'POST /member-counts',
    summary: 'Report the member count of a segment',
    description: `Reports how many members a segment has. ${EVERYONE}`,
    body: MEMBER_COUNT_FIELDS,
    success: REPORTED,
    problems: [],
  }),
  write({
    operationId: OperationId.REPORT_MEASURE_VALUE,
    route: 'POST /measure-values',
    summary: 'Report the value of a measure',
    description: `Reports the value of a business measure, or of one of its members. ${EVERYONE}`,
    body: MEASURE_VALUE_FIELDS,
    success: REPORTED,
    problems: [],
  }),
];
