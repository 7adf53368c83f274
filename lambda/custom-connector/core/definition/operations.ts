import type { ConnectorRoute } from '../../../../contract/custom-connector';
import { TRIGGER_IDS, type TriggerId } from '../../../../contract/events';
import type { ProblemCode } from '../http';
import type { Field } from './field';
import { OperationId, TRIGGER_OPERATIONS } from './operation-ids';
import type { ResponseName } from './responses';
import { TRIGGER_DEFINITIONS } from './triggers';

/** A parameter in the query or in the path. */
export interface Parameter extends Pick<Field, 'name' | 'title' | 'description' | 'required' | 'default'> {
  readonly in: 'query' | 'path';
  readonly visibility?: 'advanced' | 'internal';
}

/** An operation of the API, as the connector's definition describes it. */
export interface Operation {
  readonly operationId: string;
  readonly route: ConnectorRoute;
  /** The route with the trigger's id in place of `{trigger}`. */
  readonly path: string;
  readonly method: 'get' | 'post' | 'delete';
  readonly summary: string;
  readonly description: string;
  /** `internal`: hidden in the designer. */
  readonly visibility?: 'important' | 'internal';
  readonly parameters: readonly Parameter[];
  readonly success: { readonly status: 200 | 201; readonly description: string; readonly response?: ResponseName };
  /** Problems of the function. API Gateway adds 429. */
  readonly problems: readonly ProblemCode[];
  /** The definition of the trigger, if the operation is one. */
  readonly trigger?: TriggerId;
  /** The response is a page with a link to the next one. */
  readonly pageable?: true;
}

/** Problems of every operation that a caller must be signed in to. */
const SIGN_IN: readonly ProblemCode[] = ['unauthorized', 'forbidden', 'unavailable'];

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
    ...SIGN_IN,
    'too-large',
    'unsupported-encoding',
    'too-many-flows',
    'managed-elsewhere',
    'changed-meanwhile',
  ],
  trigger,
});

const instance: Parameter = {
  name: 'instanceId',
  in: 'query',
  title: 'Instance',
  description: 'The instance of the customer data platform, if it has several.',
  visibility: 'advanced',
  default: 'default',
};
const PAGING: readonly Parameter[] = [
  {
    name: 'search',
    in: 'query',
    title: 'Search',
    description: 'Only items whose name contains this text, in upper or lower case.',
  },
  {
    name: '$skipToken',
    in: 'query',
    title: 'Skip token',
    description: 'Position of the page, from the link to it.',
    visibility: 'internal',
  },
];

type ListDefinition = Pick<Operation, 'operationId' | 'summary' | 'description'> & {
  readonly route: Extract<ConnectorRoute, `GET ${string}`>;
  readonly visibility?: Operation['visibility'];
  readonly parameters?: readonly Parameter[];
};

const list = ({ route, parameters = [], ...rest }: ListDefinition): Operation => ({
  ...rest,
  route,
  path: route.slice('GET '.length),
  method: 'get',
  parameters: [...parameters, instance, ...PAGING],
  success: { status: 200, description: 'One page of the list.', response: 'List' },
  problems: ['invalid', ...SIGN_IN],
  pageable: true,
});

/** All operations of the API. */
export const OPERATIONS: readonly Operation[] = [
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
  }),
  list({
    operationId: OperationId.LIST_SEGMENTS,
    route: 'GET /segments',
    summary: 'List segments',
    description: 'Lists the segments whose member counts the connector has received.',
  }),
  list({
    operationId: OperationId.LIST_MEASURES,
    route: 'GET /measures',
    summary: 'List measures',
    description: 'Lists the business measures whose values the connector has received.',
  }),
  list({
    operationId: OperationId.LIST_MEASURE_MEMBERS,
    route: 'GET /measure-members',
    summary: 'List the members of a measure',
    description: 'Lists the members of a business measure that have values, such as each region.',
    visibility: 'internal',
    parameters: [
      { name: 'measure', in: 'query', title: 'Measure', description: 'Name of the measure.', required: true },
    ],
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
    problems: SIGN_IN,
  },
];

/** Field of a trigger with the callback URL. Power Automate fills it in. */
export const CALLBACK_FIELD = 'callbackUrl';
