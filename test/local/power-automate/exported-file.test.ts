import { expect, it } from 'vitest';
import { connectorDefinition } from '../../../cli/custom-connector/definition';
import { CONNECTOR_ACTIONS, DEFINITION_VERSION } from '../../../contract/custom-connector';
import { TRIGGER_OPERATIONS } from '../../../lambda/custom-connector/core/definition/operation-ids';
import { CALLBACK_FIELD } from '../../../lambda/custom-connector/core/definition/operations';
import { readConnectorFile } from '../../../local/power-automate/connector-file';

const document = connectorDefinition({
  host: '127.0.0.1:4000',
  schemes: ['http'],
  version: DEFINITION_VERSION,
  actions: CONNECTOR_ACTIONS,
});
const file = readConnectorFile(JSON.parse(JSON.stringify(document)));

it('the designer reads the exported file', () => {
  expect(file).toMatchObject({ baseUrl: 'http://127.0.0.1:4000/v1', testConnection: { operation: { path: '/me' } } });
  expect(file.triggers.map(({ operationId }) => operationId).toSorted()).toEqual(
    Object.values(TRIGGER_OPERATIONS).toSorted(),
  );
  for (const { fields, outputs } of file.triggers) {
    expect(fields.filter(({ isCallback }) => isCallback).map(({ name }) => name)).toEqual([CALLBACK_FIELD]);
    expect(outputs.find(({ path }) => path.join() === 'title')?.title).toBe('Title');
  }
});

it('the members of a measure depend on the measure', () => {
  const measure = file.triggers.find(
    ({ operationId }) => operationId === TRIGGER_OPERATIONS['measure-threshold-crossed'],
  );
  const members = measure?.fields.find(({ name }) => name === 'dimensions')?.dropdown;
  expect(members?.arguments).toEqual({ measure: { field: 'measure' }, instanceId: { field: 'instanceId' } });
});
