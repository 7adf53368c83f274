import { expect, test } from 'vitest';
import { connectorDefinition } from '../../../cli/custom-connector/definition';
import { lintDefinition } from '../../../cli/custom-connector/lint';

// biome-ignore lint/suspicious/noExplicitAny: each test changes another place of the document.
type Document = any;
const generated = (): Document =>
  structuredClone(connectorDefinition({ host: 'api.example.com', schemes: ['https'], version: '1.0.0' }));
const PATH = '/triggers/segment-threshold-crossed';
const post = (document: Document) => document.paths[PATH].post;
const body = (document: Document) => post(document).parameters[0].schema;

test('the generated definition has no fault', () => {
  expect(lintDefinition(generated())).toEqual([]);
});

const FAULTS: Record<string, (document: Document) => void> = {
  'notification content inside the operation': (d) => {
    post(d)['x-ms-notification-content'] = d.paths[PATH]['x-ms-notification-content'];
  },
  'a callback flag that is a text': (d) => (body(d).properties.callbackUrl['x-ms-notification-url'] = 'true'),
  'an unknown kind of trigger': (d) => (post(d)['x-ms-trigger'] = 'webhook'),
  'an unknown visibility': (d) => (post(d)['x-ms-visibility'] = 'hidden'),
  'an unknown extension of Microsoft': (d) => (post(d)['x-ms-hint'] = 'x'),
  'an operationId used twice': (d) => (d.paths['/me'].get.operationId = 'ListSegments'),
  'an undeclared path parameter': (d) => (d.paths['/registrations/{id}'].delete.parameters = []),
  'a broken reference': (d) => (d.paths[PATH]['x-ms-notification-content'].schema.$ref = '#/definitions/None'),
  'a keyword of OpenAPI 3': (d) => (post(d).requestBody = {}),
  'a dropdown that names no operation': (d) => (body(d).properties.segment['x-ms-dynamic-list'].operationId = 'None'),
  'a dropdown with a field that the answer lacks': (d) =>
    (body(d).properties.segment['x-ms-dynamic-values']['value-path'] = 'key'),
  'no notification content': (d) => delete d.paths[PATH]['x-ms-notification-content'],
  'no callback flag': (d) => delete body(d).properties.callbackUrl['x-ms-notification-url'],
  'a callback that is not required': (d) => body(d).required.pop(),
  'an unknown extension': (d) => (post(d)['x-foo'] = 1),
  'a connection test that names no operation': (d) => (d['x-ms-capabilities'].testConnection.operationId = 'None'),
  'no DELETE': (d) => delete d.paths['/registrations/{id}'],
  'no Location': (d) => delete post(d).responses[201].headers,
  'no summary': (d) => delete post(d).summary,
  'an undefined security scheme': (d) => (post(d).security = [{ key: [] }]),
};

test.each(Object.entries(FAULTS))('%s is found at its place', (_, plant) => {
  const document = generated();
  plant(document);
  expect(lintDefinition(document).map(({ at }) => at)).toMatchSnapshot();
  expect(lintDefinition(document)).not.toEqual([]);
});
