import { DomainEvent } from './events';

/** Path prefix of the API, and `basePath` of the connector's definition. */
export const API_BASE_PATH = '/v1';

/** Optional actions of signed-in callers. Every API can also register flows and return lists. */
export const CONNECTOR_ACTIONS = ['read', 'test', 'replay', 'report-outcomes', 'report-events'] as const;
export type ConnectorActionId = (typeof CONNECTOR_ACTIONS)[number];

/** Routes of every API. The others belong to an action. */
const BASE_ROUTES = [
  'POST /triggers/{trigger}',
  'DELETE /registrations/{id}',
  'GET /me',
  'GET /data-sources',
  'GET /segments',
  'GET /measures',
  'GET /measure-members',
  'GET /flows',
] as const;

/** Routes that an API has only with an action. */
const ACTION_ROUTES = {
  read: [
    'GET /data-source',
    'GET /data-source-refreshes',
    'GET /segment',
    'GET /measure',
    'GET /status',
    'GET /flows/{flow}/deliveries',
  ],
  test: ['POST /flows/{flow}/test-events'],
  replay: ['POST /flows/{flow}/replays'],
  'report-outcomes': ['POST /outcomes', 'POST /outcomes/{link}'],
  'report-events': ['POST /refreshes', 'POST /member-counts', 'POST /measure-values'],
} as const satisfies Record<ConnectorActionId, readonly string[]>;

/** A route of the API, without `API_BASE_PATH`. Names of subjects are query parameters, because a name can contain a slash. */
export type ConnectorRoute = (typeof BASE_ROUTES)[number] | (typeof ACTION_ROUTES)[ConnectorActionId][number];

/** Routes of an API with these actions. The construct creates a route for each, and `connect` serves each. */
export const connectorRoutes = (actions: readonly ConnectorActionId[]): ConnectorRoute[] => [
  ...BASE_ROUTES,
  ...CONNECTOR_ACTIONS.filter((action) => actions.includes(action)).flatMap((action) => ACTION_ROUTES[action]),
];

/** Detail types of the events that callers can report. The policy of `connect` allows no others. */
export const REPORTED_EVENTS = [
  DomainEvent.DATA_SOURCE_REFRESHED,
  DomainEvent.SEGMENT_REFRESHED,
  DomainEvent.MEASURE_REFRESHED,
] as const;

/** Header with the API key of a caller. */
export const API_KEY_HEADER = 'x-api-key';

/** How callers of the API sign in: value of the variable `SIGN_IN`, as JSON. At least one way is set. */
export interface SignInSettings {
  /** Whether keys are accepted (`connector key create`). */
  readonly keys: boolean;
  readonly entra?: EntraSignInSettings;
}

/** The Microsoft Entra ID application that represents the API. */
export interface EntraSignInSettings {
  /** The tenant's id, a GUID in lower case. */
  readonly tenantId: string;
  /** The application's (client) id, a GUID in lower case. */
  readonly clientId: string;
  /** The application's identifier URI, such as `api://<client id>`. */
  readonly identifierUri: string;
  /** Scope that a user's token must have. */
  readonly scope: string;
  /** App roles of which a token must have one. Tokens of applications always need one. Empty: users need only the scope. */
  readonly roles: readonly string[];
}

/** Kinds of subjects in the catalog. */
export const SUBJECT_KINDS = ['data-source', 'segment', 'measure'] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** Version of the connector's definition. Incremented by each change of the exported files. */
export const DEFINITION_VERSION = '1.1.0';
