import Ajv from 'ajv';
import { expect, test } from 'vitest';
import { bodyName, connectorDefinition } from '../../../cli/custom-connector/definition';
import { TRIGGER_IDS } from '../../../contract/events';
import { OPERATIONS } from '../../../lambda/custom-connector/core/definition/operations';
import { renderBody } from '../../../lambda/delivery/core/bodies/body';
import { EXAMPLES, exampleInput } from '../../lambda/delivery/core/bodies/examples';

const document = connectorDefinition({ host: 'api.example.com', schemes: ['https'], version: '1.0.0' });
const definitions = document.definitions as Record<string, object>;

test.each(TRIGGER_IDS)('the flow body of %s fits its schema in the definition', (trigger) => {
  const fits = new Ajv({ strict: false }).compile(definitions[bodyName(trigger)] ?? false);
  const body = JSON.parse(renderBody(exampleInput(EXAMPLES[trigger], 'flat')));
  expect(fits(body), JSON.stringify(fits.errors)).toBe(true);
  expect(fits({ ...body, title: undefined, summary: 1 })).toBe(false);
});

test('each operation of the API is in the definition at its path and method', () => {
  const paths = document.paths as Record<string, Record<string, { operationId?: string }>>;
  const ids = OPERATIONS.map(({ path, method }) => paths[path]?.[method]?.operationId);
  expect(ids).toEqual(OPERATIONS.map(({ operationId }) => operationId));
});
