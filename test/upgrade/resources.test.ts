import { describe, expect, it } from 'vitest';
import { replacements, resourcesOf } from '../support/versions/resources';

const TABLE = {
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  GlobalSecondaryIndexes: [{ IndexName: 'by-due', KeySchema: [{ AttributeName: 'due', KeyType: 'HASH' }] }],
  BillingMode: 'PAY_PER_REQUEST',
};
const table = (properties: object = {}) => ({
  Type: 'AWS::DynamoDB::GlobalTable',
  Properties: { ...TABLE, ...properties },
});
const queue = (properties: Record<string, unknown> = {}) => ({ Type: 'AWS::SQS::Queue', Properties: properties });
const of = (Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>, Outputs = {}) =>
  resourcesOf({ Resources, Outputs });
const output = (Value: unknown) => ({ EventBusName: { Value } });

const before = of({ Table: table(), Queue: queue() }, output({ Ref: 'Bus' }));

describe('an upgrade does not replace', () => {
  it.each([
    ['existing resources when a resource is new', { Other: queue() }],
    ['a table whose other properties change', { Table: table({ BillingMode: 'PROVISIONED' }) }],
    [
      'a table with a new index',
      {
        Table: table({
          AttributeDefinitions: [...TABLE.AttributeDefinitions, { AttributeName: 'open', AttributeType: 'S' }],
          GlobalSecondaryIndexes: [...TABLE.GlobalSecondaryIndexes, { IndexName: 'by-open', KeySchema: [] }],
        }),
      },
    ],
  ])('%s', (_, changed) => {
    expect(replacements(before, of({ Table: table(), Queue: queue(), ...changed }, output({ Ref: 'Bus' })))).toEqual(
      [],
    );
  });
});

describe('reports the loss when an upgrade changes', () => {
  it.each([
    ['a table, which is missing', { Table: undefined }, /GlobalTable Table is missing.*Lost: .*items stay in the old/],
    [
      'a key schema',
      { Table: table({ KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] }) },
      /Table: KeySchema was .*"pk".* and is .*"id"/,
    ],
    [
      "a key's type",
      { Table: table({ AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'N' }] }) },
      /Table: AttributeDefinitions changes pk/,
    ],
    ['an index', { Table: table({ GlobalSecondaryIndexes: [] }) }, /Table: GlobalSecondaryIndexes changes by-due/],
    ['a name', { Queue: queue({ QueueName: 'one' }) }, /Queue: QueueName was absent and is "one".*messages in the old/],
    ['a type', { Queue: { ...queue(), Type: 'AWS::SNS::Topic' } }, /Queue was AWS::SQS::Queue and is AWS::SNS::Topic/],
  ])('%s', (_, changed, message) => {
    const all = Object.entries({ Table: table(), Queue: queue(), ...changed }).filter(([, one]) => one !== undefined);
    const now = of(Object.fromEntries(all) as Parameters<typeof of>[0], output({ Ref: 'Bus' }));
    expect(replacements(before, now)).toEqual([expect.stringMatching(message)]);
  });

  it('an output', () => {
    const resources = { Table: table(), Queue: queue() };
    expect(replacements(before, of(resources))).toEqual([expect.stringMatching(/output EventBusName is missing/)]);
    expect(replacements(before, of(resources, output({ Ref: 'Other' })))).toEqual([
      expect.stringMatching(/output EventBusName was .*"Bus".* and is .*"Other"/),
    ]);
  });
});
