import type { ConnectorRoute } from '../../../../contract/custom-connector';
import type { TriggerId } from '../../../../contract/events';
import type { ProblemCode } from '../http';
import type { Field } from './field';
import type { ResponseName } from './responses';

/** A parameter in the query or in the path. */
export interface Parameter extends Pick<Field, 'name' | 'title' | 'description' | 'required' | 'default' | 'dropdown'> {
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
  /** Fields of the body of an action. */
  readonly body?: readonly Field[];
  readonly success: {
    readonly status: 200 | 201 | 202;
    readonly description: string;
    readonly response?: ResponseName;
  };
  /** Problems of the function. API Gateway adds 429. */
  readonly problems: readonly ProblemCode[];
  /** The definition of the trigger, if the operation is one. */
  readonly trigger?: TriggerId;
  /** The response is a page with a link to the next one. */
  readonly pageable?: true;
}

/** Problems of every operation that a caller must be signed in to. */
export const SIGN_IN_PROBLEMS: readonly ProblemCode[] = ['unauthorized', 'forbidden', 'unavailable'];

/** Problems of every operation with a body. */
export const BODY_PROBLEMS: readonly ProblemCode[] = ['invalid', 'too-large', 'unsupported-encoding'];

export const INSTANCE: Parameter = {
  name: 'instanceId',
  in: 'query',
  title: 'Instance',
  description: 'The instance of the customer data platform, if it has several.',
  visibility: 'advanced',
  default: 'default',
};

export const SKIP_TOKEN: Parameter = {
  name: '$skipToken',
  in: 'query',
  title: 'Skip token',
  description: 'Position of the page, from the link to it.',
  visibility: 'internal',
};

/** Parameters of a list that callers can search. */
export const PAGING: readonly Parameter[] = [
  {
    name: 'search',
    in: 'query',
    title: 'Search',
    description: 'Only items whose name contains this text, in upper or lower case.',
  },
  SKIP_TOKEN,
];

type ReadDefinition = Omit<
  Operation,
  'path' | 'method' | 'parameters' | 'success' | 'problems' | 'body' | 'trigger'
> & {
  readonly route: Extract<ConnectorRoute, `GET ${string}`>;
  readonly parameters?: readonly Parameter[];
  readonly success: Operation['success'];
  readonly problems?: readonly ProblemCode[];
};

/** An operation that reads. */
export const read = ({ route, parameters = [], problems = [], ...rest }: ReadDefinition): Operation => ({
  ...rest,
  route,
  path: route.slice('GET '.length),
  method: 'get',
  parameters,
  problems: [...problems, ...SIGN_IN_PROBLEMS],
});

/** An operation that responds with a page of a list. */
export const list = ({
  response,
  ...rest
}: Omit<ReadDefinition, 'success' | 'problems' | 'pageable'> & { readonly response: ResponseName }): Operation =>
  read({
    ...rest,
    success: { status: 200, description: 'One page of the list.', response },
    problems: ['invalid'],
    pageable: true,
  });

type WriteDefinition = Omit<Operation, 'path' | 'method' | 'parameters' | 'trigger' | 'pageable'> & {
  readonly route: Extract<ConnectorRoute, `POST ${string}`>;
  readonly parameters?: readonly Parameter[];
};

/** An operation that changes or sends something. */
export const write = ({ route, parameters = [], problems, body, ...rest }: WriteDefinition): Operation => ({
  ...rest,
  route,
  path: route.slice('POST '.length),
  method: 'post',
  parameters,
  ...(body && { body }),
  problems: [...problems, ...(body ? BODY_PROBLEMS : []), ...SIGN_IN_PROBLEMS],
});
