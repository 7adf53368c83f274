import { ACTION_DEFINITIONS, ACTION_PATHS } from './connector-actions';

const list = (path: string, operationId: string, parameters: readonly object[] = []) => ({
  [path]: {
    get: {
      ...{ operationId, summary: operationId },
      parameters: [...parameters, { name: 'search', in: 'query', type: 'string', 'x-ms-summary': 'Search' }],
      'x-ms-pageable': { nextLinkName: '@odata.nextLink' },
      responses: {
        200: { description: 'OK', schema: { $ref: '#/definitions/List' } },
        default: { description: 'A problem.', schema: { $ref: '#/definitions/Problem' } },
      },
    },
  },
});

const callbackUrl = { type: 'string', 'x-ms-notification-url': true, 'x-ms-visibility': 'internal' };

/** A definition of a connector as Power Automate imports it, with every extension that the designer uses. */
export const connectorDocument = (host = 'api.example.com', scheme = 'https') => ({
  swagger: '2.0',
  info: { title: 'Customer data', version: '1.0.0' },
  ...{ host, basePath: '/v1', schemes: [scheme] },
  'x-ms-capabilities': { testConnection: { operationId: 'WhoAmI', parameters: {} } },
  paths: {
    '/triggers/measure': {
      'x-ms-notification-content': { schema: { $ref: '#/definitions/MeasureCrossed' } },
      post: {
        operationId: 'WhenMeasureCrosses',
        summary: 'When a measure crosses a threshold',
        description: 'Runs when the value rises above a level or falls below it.',
        'x-ms-trigger': 'single',
        'x-ms-trigger-hint': 'Put an event to see it work.',
        parameters: [{ $ref: '#/parameters/MeasureRequest' }],
        responses: { 201: { description: 'Registered' } },
      },
    },
    '/triggers/refresh': {
      'x-ms-notification-content': { schema: { type: 'object', properties: { title: { type: 'string' } } } },
      post: {
        operationId: 'WhenRefreshEnds',
        summary: 'When a refresh ends',
        'x-ms-trigger': 'single',
        parameters: [
          {
            ...{ name: 'body', in: 'body', required: true },
            schema: {
              type: 'object',
              required: ['callbackUrl'],
              properties: {
                status: {
                  ...{ type: 'array', 'x-ms-summary': 'Results' },
                  items: {
                    type: 'string',
                    enum: ['Successful', 'TimedOut'],
                    'x-ms-enum-values': [{ value: 'TimedOut', displayName: 'Timed out' }],
                  },
                },
                source: { type: 'string', default: 'flow', 'x-ms-visibility': 'internal' },
                callbackUrl,
              },
            },
          },
        ],
        responses: { 201: { description: 'Registered' } },
      },
    },
    '/registrations/{id}': {
      delete: {
        ...{ operationId: 'Unregister', 'x-ms-visibility': 'internal' },
        parameters: [{ name: 'id', in: 'path', required: true, type: 'string' }],
        responses: { 200: { description: 'Ended' } },
      },
    },
    ...list('/measures', 'ListMeasures', [{ name: 'view', in: 'query', type: 'string' }]),
    ...ACTION_PATHS,
    ...list('/members', 'ListMembers', [
      { name: 'measure', in: 'query', required: true, type: 'string', 'x-ms-summary': 'Measure name' },
      { name: 'view', in: 'query', required: true, type: 'string', default: 'full' },
      { name: 'limit', in: 'query', type: 'integer', default: 100 },
    ]),
    '/me': { get: { operationId: 'WhoAmI', 'x-ms-visibility': 'internal', responses: { 200: { description: 'OK' } } } },
  },
  parameters: {
    MeasureRequest: {
      ...{ name: 'body', in: 'body', required: true },
      schema: {
        type: 'object',
        required: ['measure', 'direction', 'level', 'callbackUrl'],
        properties: {
          measure: {
            ...{ type: 'string', description: 'The measure to watch.', 'x-ms-summary': 'Measure' },
            'x-ms-dynamic-values': {
              operationId: 'ListMeasures',
              'value-collection': 'value',
              'value-path': 'name',
              'value-title': 'title',
            },
          },
          direction: {
            ...{ type: 'string', default: 'above', enum: ['above', 'below'], 'x-ms-summary': 'Direction' },
            'x-ms-enum-values': [
              { value: 'above', displayName: 'Rises above the level' },
              { value: 'below', displayName: 'Falls below the level' },
            ],
          },
          level: { type: 'number', format: 'double', 'x-ms-summary': 'Level', 'x-ms-visibility': 'important' },
          members: {
            ...{ type: 'string', 'x-ms-summary': 'Members' },
            'x-ms-dynamic-values': {
              ...{ operationId: 'ListMembers', 'value-collection': 'other', 'value-path': 'other' },
              parameters: { measure: { parameter: 'measure' } },
            },
            'x-ms-dynamic-list': {
              ...{ operationId: 'ListMembers', itemsPath: 'value', itemValuePath: 'name', itemTitlePath: 'title' },
              parameters: { measure: { parameterReference: 'body/measure' }, search: { value: '' } },
            },
          },
          once: { type: 'boolean', default: false, 'x-ms-summary': 'Run once', 'x-ms-visibility': 'advanced' },
          callbackUrl,
        },
      },
    },
  },
  definitions: {
    ...ACTION_DEFINITIONS,
    MeasureCrossed: {
      type: 'object',
      properties: {
        title: { type: 'string', 'x-ms-summary': 'Title' },
        value: { type: 'number', 'x-ms-summary': 'Value', description: 'The new value.' },
        subject: { $ref: '#/definitions/Subject' },
        eventId: { type: 'string', 'x-ms-visibility': 'advanced' },
        deliveryId: { type: 'string', 'x-ms-summary': 'Delivery' },
      },
    },
    Subject: { type: 'object', properties: { name: { type: 'string', 'x-ms-summary': 'Name of the measure' } } },
  },
});
