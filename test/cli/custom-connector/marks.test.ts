import { describe, expect, it } from 'vitest';
import { connectorDefinition } from '../../../cli/custom-connector/definition';
import { countMarks, definitionFaults, MARKS, type Mark, triggerMarks } from '../../../cli/custom-connector/marks';
import { CONNECTOR_ACTIONS } from '../../../contract/custom-connector';
import { TRIGGER_IDS } from '../../../contract/events';
import { TRIGGER_OPERATIONS } from '../../../lambda/custom-connector/core/definition/operation-ids';

// biome-ignore lint/suspicious/noExplicitAny: each test changes another place of the document.
type Document = any;
const generated = (): Document =>
  structuredClone(
    connectorDefinition({ host: 'api.example.com', schemes: ['https'], version: '1.0.0', actions: CONNECTOR_ACTIONS }),
  );
const SEGMENT = TRIGGER_OPERATIONS['segment-threshold-crossed'];
const post = (document: Document) => document.paths['/triggers/segment-threshold-crossed'].post;
const segment = (document: Document) => post(document).parameters[0].schema.properties.segment;
const WITHOUT_DROPDOWN = (['full-refresh-completed', 'unification-refresh-completed'] as const).map(
  (id) => TRIGGER_OPERATIONS[id],
);

describe('the marks of the generated definition', () => {
  const marks = triggerMarks(generated());

  it('are counted for each trigger', () => {
    expect(marks.map(({ operationId }) => operationId)).toEqual(TRIGGER_IDS.map((id) => TRIGGER_OPERATIONS[id]));
  });

  it('are all there that apply', () => {
    expect(countMarks(marks, false)).toBe(0);
    for (const { operationId, marks: of } of marks) {
      expect(MARKS.filter((mark) => of[mark] === undefined)).toEqual(
        WITHOUT_DROPDOWN.includes(operationId)
          ? ['dynamic values', 'dynamic list', 'trigger metadata']
          : ['trigger metadata'],
      );
    }
    expect(countMarks(marks, true) + countMarks(marks, undefined)).toBe(TRIGGER_IDS.length * MARKS.length);
  });
});

it.each<[Mark, (document: Document) => unknown, number]>([
  ['hint', (d) => delete post(d)['x-ms-trigger-hint'], 1],
  ['dynamic values', (d) => delete segment(d)['x-ms-dynamic-values'], 1],
  ['dynamic list', (d) => delete segment(d)['x-ms-dynamic-list'], 1],
  ['location', (d) => delete post(d).responses[201].headers, 1],
  ['delete', (d) => delete d.paths['/registrations/{id}'], TRIGGER_IDS.length],
  ['test connection', (d) => delete d['x-ms-capabilities'], TRIGGER_IDS.length],
  ['test connection', (d) => delete d.paths['/me'], TRIGGER_IDS.length],
  ['connector metadata', (d) => delete d['x-ms-connector-metadata'], TRIGGER_IDS.length],
  ['connector metadata', (d) => (d['x-ms-connector-metadata'] = []), TRIGGER_IDS.length],
])('a definition without the mark %s has a fault for each trigger', (mark, plant, count) => {
  const document = generated();
  plant(document);
  const missing = triggerMarks(document).filter(({ marks }) => marks[mark] === false);
  expect(missing).toHaveLength(count);
  expect(countMarks(triggerMarks(document), false)).toBe(count);
  expect(missing.some(({ operationId }) => operationId === SEGMENT)).toBe(true);
  expect(definitionFaults(document)).toEqual(
    expect.arrayContaining(
      missing.map(({ operationId }) => `${operationId} lacks the mark "${mark}": add it to the definition.`),
    ),
  );
});

it('the faults include those of the lint', () => {
  const document = generated();
  expect(definitionFaults(document)).toEqual([]);
  post(document)['x-foo'] = 1;
  expect(definitionFaults(document)).toEqual([expect.stringMatching(/x-foo: The extension x-foo is unknown/)]);
});
