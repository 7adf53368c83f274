import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { busArnsOf, planTemplate } from '../../../local/template/plan';
import { loadTemplate } from '../../../local/template/template';
import { temporaryAssembly } from '../temporary-assembly';

const removals: (() => void)[] = [];
afterEach(() => {
  for (const remove of removals.splice(0)) remove();
});

const BUS = 'arn:aws:events:eu-west-1:999988887777:event-bus/customer-data';
const ROLE_ARN = 'arn:aws:iam::111122223333:role/Shop-Role';

/** Plans a stack in an account and Region. `BUS` is in another stack of the app. */
function plan(resources: Record<string, unknown>, environment = 'aws://111122223333/eu-central-1') {
  const { templateFile, directory, remove } = temporaryAssembly(
    resources,
    {},
    { Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } } },
  );
  removals.push(remove);
  const properties = { templateFile: 'Shop.template.json' };
  const artifacts = { Shop: { type: 'aws:cloudformation:stack', environment, properties } };
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify({ artifacts }));
  return planTemplate(
    loadTemplate(templateFile),
    (name) => name,
    undefined,
    (arn) => arn === BUS,
  );
}

const statement = (Sid: string) => ({ Sid, Effect: 'Allow', Action: 'events:PutEvents', Resource: BUS });
const policy = (...sids: string[]) => ({ PolicyDocument: { Statement: sids.map(statement) } });
const roleWith = (Properties: object = {}) => ({ Type: 'AWS::IAM::Role', Properties });
const RoleArn = { 'Fn::GetAtt': ['Role', 'Arn'] };
const ruleTo = (target: object, more: object = {}) => ({
  Type: 'AWS::Events::Rule',
  Properties: { EventPattern: { source: ['crm'] }, Targets: [{ Id: 'T', Arn: BUS, ...target }], ...more },
});

describe('the environment of a stack', () => {
  it.each([
    ['aws://111122223333/eu-central-1', '111122223333', 'eu-central-1'],
    ['aws://unknown-account/unknown-region', '000000000000', 'us-east-1'],
    ['aws://unknown-account/eu-west-1', '000000000000', 'eu-west-1'],
  ])('%s is its account and Region', (environment, account, region) => {
    const found = plan({ Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } } }, environment);
    expect(found.environment).toEqual({ account, region });
    const arns = ['default', 'orders'].map((name) => `arn:aws:events:${region}:${account}:event-bus/${name}`);
    expect(busArnsOf(found)).toEqual(arns);
  });
});

describe('a role that puts events on a bus', () => {
  const rule = ruleTo({ RoleArn });
  const sidsOf = (resources: Record<string, unknown>) =>
    plan({ Rule: rule, ...resources })
      .roles.get(ROLE_ARN)
      ?.map(({ Sid }) => Sid);

  it.each<[string, Record<string, unknown>, string[]]>([
    ['none', { Role: roleWith() }, []],
    ['its own', { Role: roleWith({ Policies: [policy('A', 'B'), policy('C')] }) }, ['A', 'B', 'C']],
    [
      'those that name it',
      {
        Role: roleWith(),
        Other: roleWith(),
        Named: { Type: 'AWS::IAM::Policy', Properties: { ...policy('A'), Roles: [{ Ref: 'Role' }, { Ref: 'Other' }] } },
        Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { ...policy('B'), Roles: [{ Ref: 'Role' }] } },
        Unrelated: { Type: 'AWS::IAM::Policy', Properties: { ...policy('C'), Roles: [{ Ref: 'Other' }] } },
        Unused: { Type: 'AWS::IAM::ManagedPolicy', Properties: policy('D') },
        Absent: {
          Type: 'AWS::IAM::Policy',
          Condition: 'Never',
          Properties: { ...policy('E'), Roles: [{ Ref: 'Role' }] },
        },
      },
      ['A', 'B'],
    ],
    [
      'managed policies that it names',
      {
        Role: roleWith({ ManagedPolicyArns: [{ Ref: 'Managed' }] }),
        Managed: { Type: 'AWS::IAM::ManagedPolicy', Properties: policy('A') },
      },
      ['A'],
    ],
    [
      'one statement that is not in a list',
      { Role: roleWith({ Policies: [{ PolicyDocument: { Statement: statement('A') } }] }) },
      ['A'],
    ],
  ])('has these policies: %s', (_, resources, sids) => {
    expect(sidsOf(resources)).toEqual(sids);
  });

  it.each<[string, object, string]>([
    [
      'a boundary',
      { PermissionsBoundary: 'arn:b' },
      'Role: the local run does not implement the property PermissionsBoundary',
    ],
    [
      'a managed policy of AWS',
      { ManagedPolicyArns: ['arn:p'] },
      'Role: the local run implements only policies of the template, not arn:p',
    ],
  ])('is refused with %s', (_, properties, message) => {
    expect(() => sidsOf({ Role: roleWith(properties) })).toThrow(message);
  });

  it('is only read for a bus', () => {
    const queue = { Type: 'AWS::SQS::Queue' };
    const Rule = ruleTo({ Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, RoleArn });
    expect(plan({ Queue: queue, Rule, Role: roleWith({ PermissionsBoundary: 'arn:b' }) }).roles.size).toBe(0);
  });
});

describe('a rule whose target is a bus', () => {
  it.each([
    ['outside the app', { Arn: `${BUS}-2`, RoleArn }, `Rule.Targets[0]: ${BUS}-2 is not an event bus of the app`],
    ['without a role', {}, 'Rule.Targets[0]: a target that is an event bus needs a RoleArn'],
    [
      'with a role outside the template',
      { RoleArn: 'arn:role' },
      'Rule.Targets[0].RoleArn: arn:role is not a role of the template',
    ],
    ['with another input', { RoleArn, Input: '{}' }, 'Rule.Targets[0]: EventBridge does not change the input'],
  ])('is refused %s', (_, target, message) => {
    expect(() => plan({ Rule: ruleTo(target), Role: roleWith() })).toThrow(message);
  });

  it('can be on a bus of another stack in the account and Region, and on no bus elsewhere', () => {
    const rule = { Rule: ruleTo({ RoleArn }, { EventBusName: 'customer-data' }), Role: roleWith() };
    expect(plan(rule, 'aws://999988887777/eu-west-1').rules).toMatchObject([{ busName: 'customer-data' }]);
    expect(() => plan(rule)).toThrow('Rule.EventBusName: customer-data is not an event bus of the template');
  });
});

describe('the policy of a bus', () => {
  const onBus = (StatementId: string, properties: object) => ({
    Type: 'AWS::Events::EventBusPolicy',
    Properties: { StatementId, EventBusName: { Ref: 'Bus' }, ...properties },
  });
  const bus = { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } };
  const ordersArn = 'arn:aws:events:eu-central-1:111122223333:event-bus/orders';

  it('has the statements of the bus and of its policies', () => {
    const { busPolicies } = plan({
      Bus: { ...bus, Properties: { ...bus.Properties, Policy: { Statement: [statement('A')] } } },
      B: onBus('B', { Statement: { ...statement('B'), Resource: { 'Fn::GetAtt': ['Bus', 'Arn'] } } }),
      C: onBus('C', { Statement: statement('C'), EventBusName: undefined }),
    });
    expect(busPolicies.get('orders')).toEqual([statement('A'), { ...statement('B'), Resource: ordersArn }]);
    expect(busPolicies.get('default')).toEqual([statement('C')]);
  });

  it('can have the form with a principal and a condition', () => {
    const organization = { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: 'o-a1b2c3d4e5' };
    const { busPolicies } = plan({
      Bus: bus,
      A: onBus('A', { Action: 'events:PutEvents', Principal: '111122223333' }),
      B: onBus('B', { Action: 'events:PutEvents', Principal: '*', Condition: organization }),
    });
    const common = { Effect: 'Allow', Action: 'events:PutEvents', Resource: ordersArn };
    expect(busPolicies.get('orders')).toEqual([
      { ...common, Principal: { AWS: '111122223333' } },
      { ...common, Principal: '*', Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } } },
    ]);
  });
});
