import { INSTANCE, list, type Operation, type Parameter, read, SKIP_TOKEN } from './operation';
import { OperationId } from './operation-ids';

/** @param title as in the triggers. @param what such as "data source". */
const subject = (name: string, title: string, what: string, operationId: string): Parameter => ({
  name,
  in: 'query',
  title,
  description: `Name of the ${what}.`,
  required: true,
  dropdown: { operationId, parameters: [INSTANCE.name] },
});
const DATA_SOURCE = subject('dataSource', 'Data source', 'data source', OperationId.LIST_DATA_SOURCES);
const SEGMENT = subject('segment', 'Segment', 'segment', OperationId.LIST_SEGMENTS);
const MEASURE = subject('measure', 'Measure', 'measure', OperationId.LIST_MEASURES);
const DIMENSIONS: Parameter = {
  name: 'dimensions',
  in: 'query',
  title: 'Dimensions',
  description: 'The members to read, such as {"Region":"EMEA"}. Empty: the measure itself.',
  dropdown: { operationId: OperationId.LIST_MEASURE_MEMBERS, parameters: [MEASURE.name, INSTANCE.name] },
};

/** Operations that read the subjects and the refreshes. */
export const READ_OPERATIONS: readonly Operation[] = [
  read({
    operationId: OperationId.GET_DATA_SOURCE,
    route: 'GET /data-source',
    summary: 'Get a data source',
    description: 'Returns the last refresh of a data source: its result, error and duration.',
    parameters: [DATA_SOURCE, INSTANCE],
    success: { status: 200, description: 'The data source.', response: 'DataSource' },
    problems: ['invalid', 'not-found'],
  }),
  list({
    operationId: OperationId.LIST_DATA_SOURCE_REFRESHES,
    route: 'GET /data-source-refreshes',
    summary: 'List the refreshes of a data source',
    description: 'Lists the refreshes of a data source, newest first.',
    parameters: [DATA_SOURCE, INSTANCE, SKIP_TOKEN],
    response: 'Refreshes',
  }),
  read({
    operationId: OperationId.GET_SEGMENT,
    route: 'GET /segment',
    summary: 'Get a segment',
    description: 'Returns the member count of a segment, its history, and the distance to each threshold.',
    parameters: [SEGMENT, INSTANCE],
    success: { status: 200, description: 'The segment.', response: 'Segment' },
    problems: ['invalid', 'not-found'],
  }),
  read({
    operationId: OperationId.GET_MEASURE,
    route: 'GET /measure',
    summary: 'Get a business measure',
    description: 'Returns the value of a business measure, its history, and the distance to each threshold.',
    parameters: [MEASURE, DIMENSIONS, INSTANCE],
    success: { status: 200, description: 'The measure.', response: 'Measure' },
    problems: ['invalid', 'not-found'],
  }),
  read({
    operationId: OperationId.GET_STATUS,
    route: 'GET /status',
    summary: 'Get the refresh status',
    description:
      'Returns the last refreshes of all data sources, the last full refresh and the last unification, also as HTML for an email.',
    parameters: [INSTANCE],
    success: { status: 200, description: 'The status.', response: 'RefreshStatus' },
    problems: ['invalid'],
  }),
];
