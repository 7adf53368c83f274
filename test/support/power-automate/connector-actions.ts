const problem = { description: 'A problem.', schema: { $ref: '#/definitions/Problem' } };
const measureParameter = {
  ...{ name: 'measure', in: 'path', required: true, type: 'string', 'x-ms-summary': 'Measure' },
  ...{ description: 'The measure to read.', 'x-ms-url-encoding': 'single' },
  'x-ms-dynamic-list': {
    ...{ operationId: 'ListMeasures', itemsPath: 'value', itemValuePath: 'name', itemTitlePath: 'title' },
  },
};

/** Actions of a connector: inputs in the path, the query and the body, and outputs of each kind. */
export const ACTION_PATHS = {
  '/measures/{measure}': {
    get: {
      ...{ operationId: 'GetMeasure', summary: 'Get a measure', description: 'Reads the value of a measure.' },
      parameters: [
        {
          ...measureParameter,
          'x-ms-dynamic-list': {
            ...measureParameter['x-ms-dynamic-list'],
            parameters: { view: { parameterReference: 'view' } },
          },
        },
        {
          name: 'view',
          in: 'query',
          type: 'string',
          default: 'full',
          'x-ms-visibility': 'advanced',
          'x-ms-summary': 'View',
        },
        { name: 'limit', in: 'query', type: 'integer', 'x-ms-summary': 'Limit' },
        { name: 'format', in: 'query', type: 'string', default: 'json', 'x-ms-visibility': 'internal' },
      ],
      responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/Measure' } }, 404: problem },
    },
  },
  '/measures/{measure}/notes': {
    post: {
      ...{ operationId: 'AddNote', summary: 'Add a note' },
      parameters: [
        measureParameter,
        {
          ...{ name: 'body', in: 'body', required: true },
          schema: {
            type: 'object',
            required: ['text', 'kind'],
            properties: {
              text: { type: 'string', 'x-ms-summary': 'Text' },
              kind: { type: 'string', default: 'info', enum: ['info', 'warning'], 'x-ms-visibility': 'internal' },
              at: { type: 'string', format: 'date-time', 'x-ms-summary': 'Time' },
              tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, 'x-ms-summary': 'Tags' },
              rank: { type: 'integer', 'x-ms-summary': 'Rank', 'x-ms-visibility': 'advanced' },
            },
          },
        },
      ],
      responses: { 202: { description: 'Accepted' }, default: problem },
    },
  },
  '/status': {
    get: {
      ...{ operationId: 'GetStatus', summary: 'Get the status report', description: 'The report as a mail.' },
      responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/Status' } } },
    },
  },
  '/outcomes': {
    post: {
      ...{
        operationId: 'ReportOutcome',
        summary: 'Report the outcome',
        description: 'Says whether the flow finished.',
      },
      parameters: [
        {
          ...{ name: 'body', in: 'body', required: true },
          schema: {
            type: 'object',
            required: ['deliveryId', 'outcome'],
            properties: {
              deliveryId: { type: 'string', 'x-ms-summary': 'Delivery' },
              outcome: {
                ...{ type: 'string', enum: ['succeeded', 'failed'], 'x-ms-summary': 'Outcome' },
                'x-ms-enum-values': [
                  { value: 'succeeded', displayName: 'Succeeded' },
                  { value: 'failed', displayName: 'Failed' },
                ],
              },
              message: { type: 'string', 'x-ms-summary': 'Message' },
            },
          },
        },
      ],
      responses: { 202: { description: 'Accepted' }, default: problem },
    },
  },
};

export const ACTION_DEFINITIONS = {
  Problem: {
    type: 'object',
    required: ['code', 'message'],
    properties: { code: { type: 'string' }, message: { type: 'string' } },
  },
  List: {
    type: 'object',
    required: ['value'],
    properties: {
      value: {
        ...{ type: 'array', 'x-ms-summary': 'Items' },
        items: {
          type: 'object',
          required: ['name', 'title'],
          properties: {
            name: { type: 'string', 'x-ms-summary': 'Name' },
            title: { type: 'string', 'x-ms-summary': 'Title' },
          },
        },
      },
      '@odata.nextLink': { type: 'string', 'x-ms-summary': 'Next page' },
    },
  },
  Measure: {
    type: 'object',
    required: ['name', 'value'],
    properties: {
      name: { type: 'string', 'x-ms-summary': 'Name' },
      value: { type: 'number', format: 'double', 'x-ms-summary': 'Value' },
      trend: { type: 'string', enum: ['up', 'down'], 'x-ms-summary': 'Trend' },
      observedAt: { type: 'string', format: 'date-time', 'x-ms-summary': 'Observed at' },
      owner: { type: 'object', properties: { mail: { type: 'string', 'x-ms-summary': 'Mail of the owner' } } },
      history: {
        ...{ type: 'array', 'x-ms-summary': 'History' },
        items: {
          type: 'object',
          required: ['value'],
          properties: {
            at: { type: 'string', 'x-ms-summary': 'Time' },
            value: { type: 'number', 'x-ms-summary': 'Earlier value' },
          },
        },
      },
      members: { type: 'array', items: { type: 'string' }, 'x-ms-summary': 'Members' },
    },
  },
  Status: {
    type: 'object',
    required: ['html'],
    properties: {
      title: { type: 'string', 'x-ms-summary': 'Title' },
      html: { type: 'string', 'x-ms-summary': 'Report' },
    },
  },
};
