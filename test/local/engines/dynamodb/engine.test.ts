import { describe, expect, it } from 'vitest';
import { DynamoDb } from '../../../../local/engines/dynamodb/engine';

function table(type: 'S' | 'N' = 'S') {
  const engine = new DynamoDb('000000000000', 'us-east-1');
  engine.createTable({
    TableName: 'Table',
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: type },
    ],
  });
  const call = (operation: string, request: object) =>
    JSON.parse(engine.call(operation, { TableName: 'Table', ...request }));
  return {
    call,
    put: (sk: string, more: object = {}) => call('PutItem', { Item: { pk: { S: 'p' }, sk: { [type]: sk }, ...more } }),
    query: (more: object = {}) =>
      call('Query', {
        KeyConditionExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': { S: 'p' } },
        ...more,
      }),
  };
}

const sortKeys = (items: { sk: Record<string, string> }[]) => items.map(({ sk }) => Object.values(sk)[0]);

describe('the order of sort keys', () => {
  it('is that of UTF-8 bytes', () => {
    const { put, query } = table();
    for (const key of ['\u{1f600}', '\uffee', 'z', 'a\u0000', 'a', 'a\u0001', 'ä']) put(key);
    expect(sortKeys(query().Items)).toEqual(['a', 'a\u0000', 'a\u0001', 'z', 'ä', '\uffee', '\u{1f600}']);
  });

  it('is that of the values of numbers, which are stored exactly', () => {
    const { put, query } = table('N');
    const numbers = [
      '-1e125',
      '-20',
      '-3.5',
      '-3',
      '-0.001',
      '0',
      '1e-130',
      '0.5',
      '2',
      '10',
      '12345678901234567890.5',
    ];
    for (const number of numbers.toReversed()) put(number);
    expect(sortKeys(query().Items).map(Number)).toEqual(numbers.map(Number));
    expect(sortKeys(query().Items).at(-1)).toBe('12345678901234567890.5');
  });
});

it('finds false in a list of values', () => {
  const { put, query } = table();
  put('no', { done: { BOOL: false } });
  put('yes', { done: { BOOL: true } });
  const ExpressionAttributeValues = { ':p': { S: 'p' }, ':text': { S: 'false' }, ':no': { BOOL: false } };
  const { Items } = query({ FilterExpression: 'done IN (:text, :no)', ExpressionAttributeValues });
  expect(sortKeys(Items)).toEqual(['no']);
});

it('ends a page with the item that reaches 1 MB, and continues after it', () => {
  const { put, query } = table();
  for (const key of ['1', '2', '3', '4', '5']) put(key, { data: { S: 'x'.repeat(300_000) } });
  const first = query();
  expect([sortKeys(first.Items), first.LastEvaluatedKey]).toEqual([
    ['1', '2', '3', '4'],
    { pk: { S: 'p' }, sk: { S: '4' } },
  ]);
  expect(sortKeys(query({ ExclusiveStartKey: first.LastEvaluatedKey }).Items)).toEqual(['5']);
});

it.each([
  ['an item of more than 400 KB', { data: { S: 'x'.repeat(410_000) } }, 'Item size has exceeded'],
  ['a number of more than 38 digits', { data: { N: '1'.repeat(39) } }, 'more than 38 significant digits'],
  ['a number out of range', { data: { N: '1e126' } }, 'Number overflow'],
  ['two types', { data: { S: 'a', N: '1' } }, 'more than one datatypes'],
  ['an empty set', { data: { SS: [] } }, 'may not be empty'],
  ['an empty key', { pk: { S: '' } }, 'empty string value. Key: pk'],
  ['a key of more than 1,024 bytes', { sk: { S: 'x'.repeat(1025) } }, 'size limit of 1024 bytes'],
])('refuses %s', (_, more, message) => {
  expect(() => table().put('1', more)).toThrow(message);
});

it('returns the item whose condition does not hold, if the request asks for it', () => {
  const { put, call } = table();
  put('1', { n: { N: '1' } });
  const ConditionExpression = 'attribute_not_exists(pk)';
  const write = { Item: { pk: { S: 'p' }, sk: { S: '1' } }, ConditionExpression };
  expect(() => call('PutItem', { ...write, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })).toThrow(
    expect.objectContaining({ members: { Item: { pk: { S: 'p' }, sk: { S: '1' }, n: { N: '1' } } } }),
  );
});

it('keeps names that objects have of their own', () => {
  const { put, call } = table();
  put('1', JSON.parse('{"__proto__":{"S":"a"},"constructor":{"M":{"__proto__":{"N":"1"}}}}'));
  const Key = { pk: { S: 'p' }, sk: { S: '1' } };
  call('UpdateItem', {
    Key,
    UpdateExpression: 'SET #p = :v REMOVE toString',
    ConditionExpression: 'attribute_not_exists(toString)',
    ExpressionAttributeNames: { '#p': '__proto__' },
    ExpressionAttributeValues: { ':v': { S: 'b' } },
  });
  expect(JSON.stringify(call('GetItem', { Key }).Item)).toBe(
    '{"pk":{"S":"p"},"sk":{"S":"1"},"__proto__":{"S":"b"},"constructor":{"M":{"__proto__":{"N":"1"}}}}',
  );
});

it('counts units as DynamoDB does', () => {
  const { put, call, query } = table();
  const units = (response: { ConsumedCapacity: { CapacityUnits: number } }) => response.ConsumedCapacity.CapacityUnits;
  put('1', { filler: { S: 'x'.repeat(5000) } });
  const Key = { pk: { S: 'p' }, sk: { S: '1' } };
  const total = { ReturnConsumedCapacity: 'TOTAL' };
  expect(units(call('GetItem', { Key, ...total }))).toBe(1);
  expect(units(call('GetItem', { Key, ConsistentRead: true, ...total }))).toBe(2);
  expect(units(query({ ConsistentRead: true, ...total }))).toBe(2);
  expect(units(call('UpdateItem', { Key, UpdateExpression: 'REMOVE filler', ...total }))).toBe(5);
  expect(units(call('DeleteItem', { Key, ...total }))).toBe(1);
});

it('deletes only with the batch that names an item, and writes nothing of an invalid batch', () => {
  const { call, query } = table();
  const put = (sk: string) => ({ PutRequest: { Item: { pk: { S: 'p' }, sk: { S: sk } } } });
  const batch = (writes: object[]) => call('BatchWriteItem', { RequestItems: { Table: writes } });
  batch([put('1'), put('2')]);
  expect(() => batch([put('3'), put('3')])).toThrow('duplicates');
  batch([{ DeleteRequest: { Key: { pk: { S: 'p' }, sk: { S: '1' } } } }, put('4')]);
  expect(sortKeys(query().Items)).toEqual(['2', '4']);
});
