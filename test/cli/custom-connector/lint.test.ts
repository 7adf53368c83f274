import { expect, test } from 'vitest';
import { connectorDefinition } from '../../../cli/custom-connector/definition';
import { lintDefinition } from '../../../cli/custom-connector/lint';
import { CONNECTOR_ACTIONS } from '../../../contract/custom-connector';

// biome-ignore lint/suspicious/noExplicitAny: each test changes another place of the document.
type Document = any;
const generated = (): Document =>
  structuredClone(
    connectorDefinition({ host: 'api.example.com', schemes: ['https'], version: '1.0.0', actions: CONNECTOR_ACTIONS }),
  );
const PATH = '/triggers/segment-threshold-crossed';
const post = (document: Document) => document.paths[PATH].post;
const body = (document: Document) => post(document).parameters[0].schema;

test('the generated definition has no fault', () => {
  expect(lintDefinition(generated())).toEqual([]);
});

/** A change of the definition, and the JSON pointer where the lint reports it. */
type Fault = readonly [what: string, plant: (document: Document) => unknown, at: string];

const TRIGGER = '/paths/~1triggers~1segment-threshold-crossed';
const FIELDS = `${TRIGGER}/post/parameters/0/schema`;
const FAULTS: readonly Fault[] = [
  [
    'notification content inside the operation',
    (d) => (post(d)['x-ms-notification-content'] = d.paths[PATH]['x-ms-notification-content']),
    `${TRIGGER}/post/x-ms-notification-content`,
  ],
  [
    'a callback flag that is a text',
    (d) => (body(d).properties.callbackUrl['x-ms-notification-url'] = 'true'),
    `${FIELDS}/properties/callbackUrl/x-ms-notification-url`,
  ],
  ['an unknown kind of trigger', (d) => (post(d)['x-ms-trigger'] = 'webhook'), `${TRIGGER}/post/x-ms-trigger`],
  ['an unknown visibility', (d) => (post(d)['x-ms-visibility'] = 'hidden'), `${TRIGGER}/post/x-ms-visibility`],
  ['an unknown extension of Microsoft', (d) => (post(d)['x-ms-hint'] = 'x'), `${TRIGGER}/post/x-ms-hint`],
  [
    'an operationId used twice',
    (d) => (d.paths['/registrations/{id}'].delete.operationId = 'WhoAmI'),
    '/paths/~1me/get/operationId',
  ],
  [
    'an undeclared path parameter',
    (d) => (d.paths['/registrations/{id}'].delete.parameters = []),
    '/paths/~1registrations~1{id}/delete',
  ],
  [
    'a broken reference',
    (d) => (d.paths[PATH]['x-ms-notification-content'].schema.$ref = '#/definitions/None'),
    `${TRIGGER}/x-ms-notification-content/schema/$ref`,
  ],
  ['a keyword of OpenAPI 3', (d) => (post(d).requestBody = {}), `${TRIGGER}/post/requestBody`],
  [
    'a dropdown that names no operation',
    (d) => (body(d).properties.segment['x-ms-dynamic-list'].operationId = 'None'),
    `${FIELDS}/properties/segment/x-ms-dynamic-list`,
  ],
  [
    'a dropdown with a field that the response lacks',
    (d) => (body(d).properties.segment['x-ms-dynamic-values']['value-path'] = 'key'),
    `${FIELDS}/properties/segment/x-ms-dynamic-values`,
  ],
  [
    'a dropdown that takes a value from a field that the operation lacks',
    (d) => (body(d).properties.segment['x-ms-dynamic-values'].parameters.instanceId = { parameter: 'instance' }),
    `${FIELDS}/properties/segment/x-ms-dynamic-values/parameters/instanceId`,
  ],
  [
    'a dropdown that takes a value from a path that the body lacks',
    (d) => {
      const { parameters } = body(d).properties.segment['x-ms-dynamic-list'];
      parameters.instanceId = { parameterReference: 'body/instanceId/name' };
    },
    `${FIELDS}/properties/segment/x-ms-dynamic-list/parameters/instanceId`,
  ],
  [
    'a dropdown with a parameter that its operation lacks',
    (d) => (body(d).properties.segment['x-ms-dynamic-list'].parameters.name = { value: 'x' }),
    `${FIELDS}/properties/segment/x-ms-dynamic-list`,
  ],
  ['no notification content', (d) => delete d.paths[PATH]['x-ms-notification-content'], TRIGGER],
  ['no callback flag', (d) => delete body(d).properties.callbackUrl['x-ms-notification-url'], FIELDS],
  ['a callback that is not required', (d) => body(d).required.pop(), `${FIELDS}/required`],
  ['an unknown extension', (d) => (post(d)['x-foo'] = 1), `${TRIGGER}/post/x-foo`],
  [
    'a connection test that names no operation',
    (d) => (d['x-ms-capabilities'].testConnection.operationId = 'None'),
    '/x-ms-capabilities/testConnection/operationId',
  ],
  ['no DELETE', (d) => delete d.paths['/registrations/{id}'], '/paths'],
  ['no Location', (d) => delete post(d).responses[201].headers, `${TRIGGER}/post/responses/201`],
  ['no summary', (d) => delete post(d).summary, `${TRIGGER}/post`],
  ['an undefined security scheme', (d) => (post(d).security = [{ key: [] }]), `${TRIGGER}/post/security`],
];

test.each(FAULTS)('%s is found at its place', (_, plant, at) => {
  const document = generated();
  plant(document);
  expect(lintDefinition(document).map((fault) => fault.at)).toEqual([at]);
});

test('a dropdown can take values from a query parameter, a shared body and a constant', () => {
  const document = generated();
  const [given] = post(document).parameters;
  const { segment } = given.schema.properties;
  segment['x-ms-dynamic-values'].parameters = { instanceId: { parameter: 'instance' }, search: { value: '' } };
  segment['x-ms-dynamic-list'].parameters = { instanceId: { parameterReference: 'instance' } };
  post(document).parameters.push({ name: 'instance', in: 'query', type: 'string' });
  expect(lintDefinition(document)).toEqual([]);
  document.parameters = { Request: given };
  post(document).parameters[0] = { $ref: '#/parameters/Request' };
  expect(lintDefinition(document)).toEqual([]);
});
