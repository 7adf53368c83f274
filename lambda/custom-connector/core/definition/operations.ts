import { type ConnectorActionId, connectorRoutes } from '../../../../contract/custom-connector';
import { TRIGGER_IDS, type TriggerId } from '../../../../contract/events';
import { FLOW_OPERATIONS } from './flow-operations';
import { INSTANCE, list, type Operation, PAGING, SIGN_IN_PROBLEMS } from './operation';
import { OperationId, TRIGGER_OPERATIONS } from './operation-ids';
import { OUTCOME_OPERATIONS } from './outcome-operations';
import { READ_OPERATIONS } from './read-operations';
import { REPORT_OPERATIONS } from './report-operations';
import { TRIGGER_DEFINITIONS } from './triggers';

const triggerOperation = (trigger: TriggerId): Operation => ({
  operationId: TRIGGER_OPERATIONS[trigger],
  route: 'POST /triggers/{trigger}',
  path: `/triggers/${trigger}`,
  method: 'post',
  summary: TRIGGER_DEFINITIONS[trigger].summary,
  description: TRIGGER_DEFINITIONS[trigger].description,
  visibility: 'important',
  parameters: [],
  success: { status: 201, description: 'The flow is registered.', response: 'Registration' },
  problems: [
    'invalid',
    ...SIGN_IN_PROBLEMS,
    'too-large',
    'unsupported-encoding',
    'too-many-flows',
    'managed-elsewhere',
    'changed-meanwhile',
  ],
  trigger,
});

/** Operations that every API has. */
const BASE_OPERATIONS: readonly Operation[] = [
  ...TRIGGER_IDS.map(triggerOperation),
  {
    operationId: OperationId.UNREGISTER,
    route: 'DELETE /registrations/{id}',
    path: '/registrations/{id}',
    method: 'delete',
    summary: 'Unregister a flow',
    description: 'Ends a registration. Power Automate calls it when the flow is switched off, deleted or changed.',
    visibility: 'internal',
    parameters: [
      {
        name: 'id',
        in: 'path',
        title: 'Registration',
        description: 'The last part of the address that the registration returned.',
        required: true,
      },
    ],
    success: { status: 200, description: 'The registration has ended, or did not exist.' },
    problems: [],
  },
  list({
    operationId: OperationId.LIST_DATA_SOURCES,
    route: 'GET /data-sources',
    summary: 'List data sources',
    description: 'Lists the data sources whose refreshes the connector has received.',
    parameters: [INSTANCE, ...PAGING],
    response: 'List',
  }),
  list({
    operationId: OperationId.LIST_SEGMENTS,
    route: 'GET /segments',
    summary: 'List segments',
    description: 'Lists the segments whose member counts the connector has received.',
    parameters: [INSTANCE, ...PAGING],
    response: 'List',
  }),
  list({
    operationId: OperationId.LIST_MEASURES,
    route: 'GET /measures',
    summary: 'List measures',
    description: 'Lists the business measures whose values the connector has received.',
    parameters: [INSTANCE, ...PAGING],
    response: 'List',
  }),
  list({
    operationId: OperationId.LIST_MEASURE_MEMBERS,
    route: 'GET /measure-members',
    summary: 'List the members of a measure',
    description: 'Lists the members of a business measure that have values, such as each region.',
    visibility: 'internal',
    parameters: [
      { name: 'measure', in: 'query', title: 'Measure', description: 'Name of the measure.', required: true },
      INSTANCE,
      ...PAGING,
    ],
    response: 'List',
  }),
  {
    operationId: OperationId.WHO_AM_I,
    route: 'GET /me',
    path: '/me',
    method: 'get',
    summary: 'Test the connection',
    description: 'Returns the caller that the connection signs in as.',
    visibility: 'internal',
    parameters: [],
    success: { status: 200, description: 'The caller.', response: 'Caller' },
    problems: SIGN_IN_PROBLEMS,
  },
];

/** All operations of the API. */
export const OPERATIONS: readonly Operation[] = [
  ...BASE_OPERATIONS,
  ...READ_OPERATIONS,
  ...FLOW_OPERATIONS,
  ...OUTCOME_OPERATIONS,
  ...REPORT_OPERATIONS,
];

/** Operations of an API with these actions. */
export function operationsOf(actions: readonly ConnectorActionId[]): Operation[] {
  const routes = connectorRoutes(actions);
  return OPERATIONS.filter(({ route }) => routes.includes(route));
}

/** Field of a trigger with the callback URL. Power Automate fills it in. */
export const CALLBACK_FIELD = 'callbackUrl';
