import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { useTables } from '../../support/servers/use-tables';
import { simulatedPlan } from '../plan';
import { Network, Worker } from '../world/network';
import { World } from '../world/world';
import { SimulatedDynamoDb } from './dynamodb';

const tables = useTables();
const plan = simulatedPlan();
/** Each run makes dozens of requests to the embedded DynamoDB. */
const RUNS = Math.min(2000, Number(process.env.PROPERTY_RUNS ?? 60));

/** Attributes and values of the random items. Their names say what they hold. */
const anyItem = fc.record(
  {
    aText: fc.constantFrom('', 'a', 'b', 'ä', '😀', 'a#1'),
    aNumber: fc.constantFrom(-1, 0, 1, 2.5),
    aSet: fc.constantFrom(new Set(['x']), new Set(['x', 'y'])),
    aMap: fc.record({ version: fc.constantFrom(1, 2) }),
  },
  { requiredKeys: [] },
);
const attribute = fc.constantFrom('aText', 'aNumber', 'aMap.version', 'notThere');
const literal = fc.constantFrom<unknown>('a', 'ä', 0, 1, 2.5);

/** A condition of the grammar that the adapters use. */
const term = fc.oneof(
  fc
    .tuple(fc.constantFrom('attribute_exists', 'attribute_not_exists'), attribute)
    .map(([name, of]) => `${name}(${of})`),
  fc
    .tuple(attribute, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), fc.constantFrom(':a', ':b'))
    .map((parts) => parts.join(' ')),
  // DynamoDB has no order of booleans.
  fc.tuple(attribute, fc.constantFrom('= :t', '<> :t')).map((parts) => parts.join(' ')),
  fc.constantFrom('begins_with(aText, :w)', 'contains(aSet, :w)', 'size(aSet) < :n', 'aText BETWEEN :w AND :z'),
);
const condition = fc
  .array(fc.array(term, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
  .map((any) => any.map((all) => all.join(' AND ')).join(' OR '));

const update = fc.constantFrom(
  'SET aText = :w REMOVE aNumber, notThere',
  'SET aNumber = if_not_exists(aNumber, :n), aText = :w',
  'SET aNumber = aNumber + :n',
  'SET aCopy = :n + :n REMOVE aMap',
  'ADD aSet :s',
  'DELETE aSet :s',
  'SET notThere = aText',
);

const write = fc.record({
  key: fc.constantFrom('1', '2'),
  kind: fc.constantFrom('put', 'update', 'update', 'delete'),
  item: anyItem,
  update,
  condition: fc.option(condition, { nil: undefined }),
  values: fc.record({ ':a': literal, ':b': literal }),
});

const FIXED = { ':t': true, ':w': 'a', ':z': 'b', ':n': 2, ':s': new Set(['x', 'z']) };

it('the simulated tables do what the embedded DynamoDB does', async () => {
  const world = new World('tables', {}, false);
  const input = plan.tables.map((table) => table.input).find(({ TableName }) => TableName.includes('Thresholds'));
  if (!input) throw new Error('the plan has no table of thresholds');
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 12 }), async (writes) => {
      const pk = crypto.randomUUID();
      const simulated = new SimulatedDynamoDb([input], world, new Network(world));
      const client = simulated.client(new Worker('test'));
      const here = async (command: object) => {
        const sent = client.send(command as never).then(
          (value: unknown) => ({ value }),
          (error: Error) => ({ error: error.name, why: error.message }),
        );
        world.wake(() => {});
        while (await world.step());
        return sent;
      };
      const there = (command: object) =>
        tables.client.send(command as never).then(
          (value: unknown) => ({ value }),
          (error: Error) => ({ error: error.name, why: error.message }),
        );
      const both = async (make: (TableName: string) => object) => {
        const [a, b] = [await here(make(input.TableName)), await there(make(tables.thresholds))];
        expect(outcomeOf(a), JSON.stringify([a, b])).toEqual(outcomeOf(b));
      };
      for (const { key, kind, item, update: change, condition: when, values } of writes) {
        const all = { ...FIXED, ...values };
        const used = [when, kind === 'update' ? change : ''].join(' ');
        const given = Object.fromEntries(Object.entries(all).filter(([name]) => used.includes(name)));
        const guard = {
          ConditionExpression: when,
          ...(Object.keys(given).length > 0 && { ExpressionAttributeValues: given }),
        };
        const Key = { pk, sk: key };
        if (kind === 'put')
          await both((TableName) => new PutCommand({ TableName, Item: { ...item, ...Key }, ...guard }));
        if (kind === 'delete') await both((TableName) => new DeleteCommand({ TableName, Key, ...guard }));
        if (kind === 'update') {
          const more = { UpdateExpression: change, ReturnValues: 'ALL_NEW' as const };
          await both((TableName) => new UpdateCommand({ TableName, Key, ...more, ...guard }));
        }
        await both((TableName) => new GetCommand({ TableName, Key, ConsistentRead: true }));
      }
      const range = { ':pk': pk, ':from': '1', ':to': '9' };
      const KeyConditionExpression = 'pk = :pk AND sk BETWEEN :from AND :to';
      const query = { KeyConditionExpression, ExpressionAttributeValues: range, ConsistentRead: true };
      await both((TableName) => new QueryCommand({ TableName, ...query }));
    }),
    { numRuns: RUNS },
  );
}, 600_000);

/** What a caller sees of an outcome. */
function outcomeOf(outcome: { readonly value: unknown } | { readonly error: string }): unknown {
  if ('error' in outcome) {
    return outcome.error === ConditionalCheckFailedException.name ? 'the condition does not hold' : outcome.error;
  }
  const { Item, Items, Attributes } = outcome.value as Record<string, unknown>;
  return { Item, Items, Attributes };
}
