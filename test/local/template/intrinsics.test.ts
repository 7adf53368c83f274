// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how Fn::Sub names its variables
import { describe, expect, it } from 'vitest';
import { references, resolve, resolveCondition, type Scope } from '../../../local/template/intrinsics';
import { dependencyOrder } from '../../../local/template/order';

const scope: Scope = {
  ref: (name) => {
    const known: Record<string, unknown> = { Bus: 'bus-name', List: ['a', 'b'], 'AWS::NoValue': undefined };
    if (!(name in known)) throw new Error(`${name} is unknown`);
    return known[name];
  },
  attribute: (id, name) => `${id}/${name}`,
  condition: (name) => name === 'Yes',
};

describe('resolve', () => {
  it.each<readonly [unknown, unknown]>([
    [{ Ref: 'Bus' }, 'bus-name'],
    [{ 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue/Arn'],
    [{ 'Fn::GetAtt': 'Queue.Arn' }, 'Queue/Arn'],
    [{ 'Fn::Join': ['-', ['x', { Ref: 'Bus' }, 1]] }, 'x-bus-name-1'],
    [{ 'Fn::Join': ['', { Ref: 'List' }] }, 'ab'],
    [{ 'Fn::Sub': 'x ${Bus} ${Queue.Arn} ${!Kept}' }, 'x bus-name Queue/Arn ${Kept}'],
    [{ 'Fn::Sub': ['${Local}/${Bus}', { Local: { Ref: 'Bus' } }] }, 'bus-name/bus-name'],
    [{ 'Fn::Split': ['|', 'a|b'] }, ['a', 'b']],
    [{ 'Fn::Select': [1, { 'Fn::Split': ['|', 'a|b'] }] }, 'b'],
    [{ 'Fn::Select': ['0', { Ref: 'List' }] }, 'a'],
    [{ 'Fn::If': ['Yes', 1, 2] }, 1],
    [{ 'Fn::If': ['No', 1, { Ref: 'Bus' }] }, 'bus-name'],
    [{ a: { Ref: 'AWS::NoValue' }, b: [{ Ref: 'AWS::NoValue' }, 1] }, { b: [1] }],
    [
      { Ref: 'Bus', other: 1 },
      { Ref: 'Bus', other: 1 },
    ],
  ])('%j', (value, expected) => expect(resolve(value, scope, 'X')).toEqual(expected));

  it.each([
    [
      { a: [{ 'Fn::FindInMap': ['a', 'b', 'c'] }] },
      'X.a[0]: the local run does not implement the intrinsic function Fn::FindInMap',
    ],
    [{ a: { 'Fn::ImportValue': 'b' } }, 'X.a: the local run does not implement the intrinsic function Fn::ImportValue'],
    [{ a: { Ref: 'Missing' } }, 'X.a: Missing is unknown'],
    [{ a: { 'Fn::Sub': '${Missing}' } }, 'Missing is unknown'],
    [{ a: { 'Fn::Select': [2, ['x']] } }, 'a list of 1 has no element 2'],
    [{ a: { 'Fn::Join': 'x' } }, 'requires a list'],
  ])('rejects %j', (value, message) => expect(() => resolve(value, scope, 'X')).toThrow(message));
});

describe('resolveCondition', () => {
  it.each<readonly [unknown, boolean]>([
    [{ 'Fn::Equals': [{ Ref: 'Bus' }, 'bus-name'] }, true],
    [{ 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
    [{ 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] }, true],
    [{ 'Fn::Not': [{ Condition: 'No' }] }, true],
  ])('%j', (value, expected) => expect(resolveCondition(value, scope, 'C')).toBe(expected));

  it('rejects other conditions by name', () => {
    expect(() => resolveCondition({ 'Fn::Contains': [] }, scope, 'C')).toThrow(
      'C: the local run does not implement the condition {"Fn::Contains"',
    );
  });
});

describe('references', () => {
  it('finds names in every intrinsic', () => {
    expect([
      ...references({
        a: { Ref: 'A' },
        b: [{ 'Fn::Join': ['', [{ 'Fn::GetAtt': ['B', 'Arn'] }]] }],
        c: { 'Fn::Sub': ['${C.Arn} ${Own} ${!Not} ${AWS::Region}', { Own: { Ref: 'D' } }] },
      }),
    ]).toEqual(['A', 'B', 'C', 'AWS::Region', 'D']);
  });
});

describe('dependencyOrder', () => {
  const type = 'AWS::SQS::Queue';

  it('puts referenced resources first', () => {
    expect(
      dependencyOrder({
        A: { Type: type, Properties: { x: { 'Fn::GetAtt': ['B', 'Arn'] } } },
        B: { Type: type, DependsOn: ['C'] },
        C: { Type: type },
      }),
    ).toEqual(['C', 'B', 'A']);
  });

  it('names the resources of a cycle', () => {
    const resources = {
      A: { Type: type, Properties: { x: { Ref: 'B' } } },
      B: { Type: type, Properties: { x: { 'Fn::Sub': '${C}' } } },
      C: { Type: type, DependsOn: 'B' },
    };
    expect(() => dependencyOrder(resources)).toThrow('B: depends on itself: B → C → B');
  });

  it('names a missing dependency', () => {
    expect(() => dependencyOrder({ A: { Type: type, DependsOn: 'B' } })).toThrow('A: DependsOn names B');
  });
});
