import Ajv, { type ValidateFunction } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyName, connectorDefinition } from '../../../cli/custom-connector/definition';
import { CONNECTOR_ACTIONS, type ConnectorActionId } from '../../../contract/custom-connector';
import { TRIGGER_IDS, type TriggerId } from '../../../contract/events';
import { OPERATIONS } from '../../../lambda/custom-connector/core/definition/operations';
import { renderBody } from '../../../lambda/delivery/core/bodies/body';
import { sampleEvent } from '../../../lambda/subscriptions/core/sample';
import type { SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';
import { anyInput } from '../../lambda/delivery/core/bodies/any-input';
import { EXAMPLES, exampleInput } from '../../lambda/delivery/core/bodies/examples';

const document = connectorDefinition({
  host: 'api.example.com',
  schemes: ['https'],
  version: '1.0.0',
  actions: CONNECTOR_ACTIONS,
});
const definitions = document.definitions as Record<string, object>;

const MINIMAL = { name: 'vip', instanceId: 'default', filter: {}, format: 'flat', owners: [] } as const;
const FULL: Partial<SubscriptionDefinition> = {
  filter: {
    dataSource: 'Orders',
    segment: 'VIP',
    measure: 'Revenue',
    dimensions: { Region: 'EMEA' },
    kind: 'OnDemand',
  },
  owners: ['data-owners@example.com'],
  link: 'https://example.com/segments/vip',
};

// Without additional properties: a flow can use only the declared fields.
const schemas = Object.fromEntries(
  TRIGGER_IDS.map((trigger) => {
    const schema = { ...definitions[bodyName(trigger)], additionalProperties: false };
    return [trigger, new Ajv({ strict: false, allErrors: true }).compile(schema)];
  }),
) as Record<TriggerId, ValidateFunction>;

function errorsOf(trigger: TriggerId, body: unknown): string[] {
  const fits = schemas[trigger];
  return fits(body) ? [] : (fits.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe.each(TRIGGER_IDS)('the schema of the flow body of %s', (trigger) => {
  const example = JSON.parse(renderBody(exampleInput(EXAMPLES[trigger], 'flat')));

  test('fits an event', () => {
    expect(errorsOf(trigger, example)).toEqual([]);
  });

  test.each<[string, Partial<SubscriptionDefinition>]>([
    ['no filter', {}],
    ['every optional setting', { ...FULL, threshold: { operator: 'below', value: 5.5, recoverTo: 7 } }],
  ])('fits a test event of a subscription with %s', (_, more) => {
    const subscription = { ...MINIMAL, trigger, ...more };
    const event = sampleEvent(subscription, 'e1', Date.parse('2026-11-05T09:45:00Z'));
    const input = { event, subscription, deliveryId: 'd1', isTest: true, delayedMinutes: 0 };
    expect(errorsOf(trigger, JSON.parse(renderBody(input)))).toEqual([]);
  });

  test('rejects a body without a field, with an unknown field and with a value of another type', () => {
    const { title: _, ...untitled } = example;
    expect(errorsOf(trigger, untitled)).toEqual([" must have required property 'title'"]);
    expect(errorsOf(trigger, { ...example, other: 1 })).toEqual([' must NOT have additional properties']);
    expect(errorsOf(trigger, { ...example, summary: null })).toEqual(['/summary must be string']);
  });
});

test('the body of any event fits the schema of its trigger', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const flat = { ...input, subscription: { ...input.subscription, format: 'flat' as const } };
      expect(errorsOf(input.event.trigger, JSON.parse(renderBody(flat)))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('each operation of the API is in the definition at its path and method', () => {
  const paths = document.paths as Record<string, Record<string, { operationId?: string }>>;
  const ids = OPERATIONS.map(({ path, method }) => paths[path]?.[method]?.operationId);
  expect(ids).toEqual(OPERATIONS.map(({ operationId }) => operationId));
});

test('the hint of a trigger names the action that sends a test event, if the API has it', () => {
  const hintOf = (actions: readonly ConnectorActionId[]) => {
    const { paths } = connectorDefinition({ host: 'api.example.com', schemes: ['https'], version: '1.0.0', actions });
    return JSON.parse(JSON.stringify(paths))['/triggers/full-refresh-completed'].post['x-ms-trigger-hint'];
  };
  const start = 'The flow runs at the next such change. To see it run now,';
  expect(hintOf(['test'])).toBe(`${start} run the action "Send a test event" in another flow.`);
  expect(hintOf([])).toBe(`${start} ask the operator for a test event.`);
});
