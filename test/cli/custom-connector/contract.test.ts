import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectorDefinition } from '../../../cli/custom-connector/definition';
import { CONNECTOR_ACTIONS } from '../../../contract/custom-connector';

// biome-ignore lint/suspicious/noExplicitAny: a definition has any form.
type Json = any;

/** One line for each name that flows store: operations, their parameters, fields and choices, and triggers' outputs. */
function contractOf(definition: Json): string[] {
  const lines: string[] = [];
  for (const [path, item] of Object.entries<Json>(definition.paths)) {
    for (const [method, operation] of Object.entries<Json>(item)) {
      if (operation.operationId === undefined) continue;
      const { operationId, parameters = [] } = operation;
      lines.push(`${operationId}: ${method.toUpperCase()} ${path}`);
      for (const parameter of parameters) {
        if (parameter.in !== 'body') {
          lines.push(
            `${operationId} takes ${parameter.name}: ${parameter.type}${parameter.required ? ', required' : ''}`,
          );
        }
        const { properties = {}, required = [] } = parameter.schema ?? {};
        for (const [name, field] of Object.entries<Json>(properties)) {
          const type = field.items ? `${field.type} of ${field.items.type}` : field.type;
          lines.push(`${operationId} takes ${name}: ${type}${required.includes(name) ? ', required' : ''}`);
          const choices: string[] = (field.items ?? field).enum ?? [];
          lines.push(...choices.map((choice) => `${operationId} takes ${name} = ${choice}`));
        }
      }
      const output = item['x-ms-notification-content']?.schema.$ref.split('/').at(-1);
      for (const [name, { type }] of Object.entries<Json>(definition.definitions[output]?.properties ?? {})) {
        lines.push(`${operationId} gives ${name}: ${type}`);
      }
    }
  }
  return lines.toSorted();
}

test('the names that flows store are the committed ones', () => {
  const committed = readFileSync(join(__dirname, 'contract.txt'), 'utf8').trimEnd().split('\n');
  const lines = contractOf(
    connectorDefinition({ host: 'api.example.com', schemes: ['https'], version: '1.0.0', actions: CONNECTOR_ACTIONS }),
  );
  const [removed, added] = [
    committed.filter((line) => !lines.includes(line)),
    lines.filter((line) => !committed.includes(line)),
  ];
  expect(removed, 'flows store these names: restore them, and add the new ones beside them').toEqual([]);
  expect(added, 'add these lines to contract.txt: from then on they never change').toEqual([]);
});
