import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { DynamoDb } from '../../../../local/engines/dynamodb/engine';
import type { TableInput } from '../../../../local/engines/dynamodb/table';
import { callJson, type JsonResponse } from '../../../../local/engines/protocol/json-service';
import { startDynalite } from './dynalite';

/** Compares the embedded DynamoDB with dynalite, an independent implementation, over random requests. */

const RUNS = Number(process.env.PROPERTY_RUNS ?? 30);

const INPUT = {
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'kind', AttributeType: 'S' },
    { AttributeName: 'since', AttributeType: 'N' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byKind',
      KeySchema: [
        { AttributeName: 'kind', KeyType: 'HASH' },
        { AttributeName: 'since', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['text'] },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
} satisfies Omit<TableInput, 'TableName'> & { BillingMode: string };

let dynalite: Awaited<ReturnType<typeof startDynalite>>;
beforeAll(async () => {
  dynalite = await startDynalite();
});

const text = fc.constantFrom('a', 'ab', 'b', 'ä', 'z', 'A', '~', '10', '9');
const number = fc.constantFrom(
  '0',
  '1',
  '-1',
  '2',
  '10',
  '-10',
  '0.5',
  '1e2',
  '-0.25',
  '12345678901234567890.5',
  '3.0',
);
const leaf = fc.oneof(
  text.map((S) => ({ S })),
  number.map((N) => ({ N })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true }),
  fc.uniqueArray(text, { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
);
const value = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('x', 'y'), leaf, { maxKeys: 2 }).map((M) => ({ M })) },
  { weight: 1, arbitrary: fc.array(leaf, { maxLength: 3 }).map((L) => ({ L })) },
);
const attributes = fc.record(
  {
    kind: fc.oneof({ weight: 9, arbitrary: text.map((S) => ({ S })) }, { weight: 1, arbitrary: leaf }),
    since: fc.oneof({ weight: 9, arbitrary: number.map((N) => ({ N })) }, { weight: 1, arbitrary: leaf }),
    text: leaf,
    count: number.map((N) => ({ N })),
    tags: fc.uniqueArray(text, { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
    nested: value,
  },
  { requiredKeys: [] },
);
const key = fc.record({
  pk: fc.constantFrom({ S: 'p' }, { S: 'q' }),
  sk: text.map((S) => ({ S })),
});

const term = fc.constantFrom(
  'attribute_exists(pk)',
  'attribute_not_exists(pk)',
  'attribute_exists(nested.x)',
  '#text = :a',
  '#text <> :a',
  '#count < :n',
  '#count >= :n',
  '#count BETWEEN :n AND :m',
  'begins_with(#text, :a)',
  'contains(tags, :a)',
  'attribute_type(nested, :t)',
  'size(tags) > :n',
  '#text IN (:a, :c)',
  'NOT #text = :b',
  'nested.x = :a',
  'nested[0] = :a',
  'kind = :a',
);
const condition = fc
  .tuple(fc.array(term, { minLength: 1, maxLength: 3 }), fc.constantFrom(' AND ', ' OR '), fc.boolean())
  .map(([terms, joint, bracketed]) => (bracketed ? `NOT (${terms.join(joint)})` : terms.join(joint)));
const update = fc.constantFrom(
  'SET #text = :a',
  'SET #text = :a, #count = #count + :n',
  'SET #count = if_not_exists(#count, :n) - :m REMOVE tags',
  'SET kind = :a, since = :n',
  'REMOVE kind',
  'REMOVE nested.x, nested.y',
  'REMOVE nested[0]',
  'SET nested.x = :b',
  'SET nested[7] = :b',
  'SET nested = list_append(if_not_exists(nested, :l), :l)',
  'ADD #count :n',
  'ADD tags :s',
  'DELETE tags :s',
  'ADD #text :n',
  'SET #text = kind',
  'SET sk = :a',
  'SET #text = :a, #text = :b',
  'SET #text :a',
  'SET size = :a',
  '',
);
const sortCondition = fc.constantFrom(
  '',
  'sk = :a',
  'sk < :a',
  'sk <= :a',
  'sk > :a',
  'sk >= :a',
  'begins_with(sk, :a)',
  'sk BETWEEN :a AND :b',
  'sk <> :a',
);
const indexCondition = fc.constantFrom('', 'since = :n', 'since < :n', 'since >= :n', 'since BETWEEN :n AND :m');
const literals = fc.record({
  ':a': text.map((S) => ({ S })),
  ':b': leaf,
  // dynalite finds no false value by IN.
  ':c': leaf.filter((one) => !('BOOL' in one && !one.BOOL)),
  ':t': fc.constantFrom({ S: 'M' }, { S: 'L' }, { S: 'S' }, { S: 'x' }),
  ':n': number.map((N) => ({ N })),
  ':m': number.map((N) => ({ N })),
});
const projection = fc.option(fc.constantFrom('sk', '#text, nested.x', 'nested[1], nested[0]', 'pk, tags'), {
  nil: undefined,
});
const returned = fc.constantFrom('NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW');
const paging = fc.record({
  Limit: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  ScanIndexForward: fc.boolean(),
});

const NAMES = { '#text': 'text', '#count': 'count' };
const FIXED = { ':s': { SS: ['a', 'z'] }, ':l': { L: [{ S: 'new' }] }, ':p': { S: 'p' } };

/** A request whose placeholders are those that its expressions use. */
function request(expressions: Readonly<Record<string, string | undefined>>, values: object, more: object) {
  const used = Object.values(expressions).join(' ');
  const given = (all: object) => {
    const some = Object.entries(all).filter(([name]) => new RegExp(`${name}\\b`).test(used));
    return some.length > 0 ? Object.fromEntries(some) : undefined;
  };
  return {
    ...expressions,
    ExpressionAttributeNames: given(NAMES),
    ExpressionAttributeValues: given({ ...FIXED, ...values }),
    ...more,
  };
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(key, attributes, fc.option(condition, { nil: undefined }), literals, fc.constantFrom('NONE', 'ALL_OLD'))
      .map(([Key, item, ConditionExpression, values, ReturnValues]) => ({
        operation: 'PutItem',
        input: request({ ConditionExpression }, values, { Item: { ...item, ...Key }, ReturnValues }),
      })),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(key, update, fc.option(condition, { nil: undefined }), literals, returned)
      .map(([Key, UpdateExpression, ConditionExpression, values, ReturnValues]) => ({
        operation: 'UpdateItem',
        input: request({ UpdateExpression, ConditionExpression }, values, { Key, ReturnValues }),
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(key, fc.option(condition, { nil: undefined }), literals)
      .map(([Key, ConditionExpression, values]) => ({
        operation: 'DeleteItem',
        input: request({ ConditionExpression }, values, { Key, ReturnValues: 'ALL_OLD' }),
      })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(key, projection).map(([Key, ProjectionExpression]) => ({
      operation: 'GetItem',
      input: request({ ProjectionExpression }, {}, { Key, ConsistentRead: true }),
    })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(sortCondition, fc.option(term, { nil: undefined }), literals, projection, paging)
      .map(([sort, FilterExpression, values, ProjectionExpression, more]) => ({
        operation: 'Query',
        input: request(
          {
            KeyConditionExpression: ['pk = :p', sort].filter(Boolean).join(' AND '),
            FilterExpression,
            ProjectionExpression,
          },
          values,
          more,
        ),
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(indexCondition, fc.option(term, { nil: undefined }), literals, paging)
      .map(([sort, FilterExpression, values, more]) => ({
        operation: 'Query',
        input: request(
          { KeyConditionExpression: ['kind = :a', sort].filter(Boolean).join(' AND '), FilterExpression },
          values,
          { ...more, IndexName: 'byKind' },
        ),
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.option(term, { nil: undefined }), literals)
      .map(([FilterExpression, values]) => ({ operation: 'Scan', input: request({ FilterExpression }, values, {}) })),
  },
);

it('does what another implementation of DynamoDB does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
      const TableName = `table-${crypto.randomUUID()}`;
      const engine = new DynamoDb('000000000000', 'us-east-1');
      const here = (operation: string, body: object) =>
        callJson((name, input) => engine.call(name, input), operation, JSON.stringify(body));
      /** A response, or all pages of a query together: items with the same key in an index have no order, also across pages. */
      const answers = async (call: typeof here, operation: string, body: { readonly IndexName?: string }) => {
        const response = comparable(operation, await call(operation, body));
        if (body.IndexName === undefined) return response;
        let last = response;
        while (last.LastEvaluatedKey !== undefined) {
          last = comparable(operation, await call(operation, { ...body, ExclusiveStartKey: last.LastEvaluatedKey }));
          response.Items.push(...last.Items);
          response.Count += last.Count;
          response.ScannedCount += last.ScannedCount;
        }
        const { LastEvaluatedKey: _, ...all } = response;
        return { ...all, ...(all.Items && { Items: withoutTies(all.Items) }) };
      };
      const both = async (operation: string, body: object) => {
        const [ours, theirs] = [await answers(here, operation, body), await answers(dynalite, operation, body)];
        expect(
          ours,
          `${operation} ${JSON.stringify(body)}\n${JSON.stringify(ours)}\n${JSON.stringify(theirs)}`,
        ).toEqual(theirs);
        return ours;
      };
      await here('CreateTable', { ...INPUT, TableName });
      await dynalite('CreateTable', { ...INPUT, TableName });
      while (!(await dynalite('DescribeTable', { TableName })).body.includes('"TableStatus":"ACTIVE"'))
        await nextTurn();
      for (const { operation, input } of steps) {
        let ExclusiveStartKey: unknown;
        do {
          ({ LastEvaluatedKey: ExclusiveStartKey } = await both(operation, { ...input, TableName, ExclusiveStartKey }));
        } while (ExclusiveStartKey !== undefined);
      }
    }),
    { numRuns: RUNS },
  );
}, 600_000);

/** What a caller sees of a response, without the order that DynamoDB leaves open. */
// biome-ignore lint/suspicious/noExplicitAny: each operation has its own response
function comparable(operation: string, { status, body }: JsonResponse): any {
  const response = JSON.parse(body, (name, all) => (['SS', 'NS'].includes(name) ? all.toSorted() : all));
  if (status !== 200) return { status, type: String(response.__type).replace(/^.*#/, '') };
  // An update that returns no attribute.
  if (JSON.stringify(response.Attributes) === '{}') delete response.Attributes;
  if (operation !== 'Scan') return response;
  return { ...response, Items: response.Items.toSorted(byText) };
}

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** Items of an index in its order, and those with the same `since` in the order of their keys. */
function withoutTies(
  items: readonly { readonly since: { readonly N: string }; readonly pk: object; readonly sk: object }[],
) {
  const groups: (typeof items)[number][][] = [];
  for (const item of items) {
    const group = groups.at(-1);
    if (group?.[0]?.since.N === item.since.N) group.push(item);
    else groups.push([item]);
  }
  return groups.flatMap((group) => group.toSorted((a, b) => byText([a.pk, a.sk], [b.pk, b.sk])));
}
