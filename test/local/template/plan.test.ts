// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how Fn::Sub names its variables
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { planTemplate } from '../../../local/template/plan';
import { loadTemplate } from '../../../local/template/template';
import { functionResource, role, temporaryAssembly } from '../temporary-assembly';

const removals: (() => void)[] = [];
afterEach(() => {
  for (const remove of removals.splice(0)) remove();
});

function plan(resources: Record<string, unknown>, rest: object = {}) {
  const assembly = temporaryAssembly(resources, { code: '' }, rest);
  removals.push(assembly.remove);
  return planTemplate(loadTemplate(assembly.templateFile), (name) => `http://127.0.0.1:1/000000000000/${name}`);
}

const queue = { Type: 'AWS::SQS::Queue' };

describe('planTemplate', () => {
  it('resolves references, outputs, conditions and pseudo parameters', () => {
    const { outputs, functions, physicalIds } = plan(
      {
        Queue: { Type: 'AWS::SQS::Queue', DeletionPolicy: 'Retain', Properties: { VisibilityTimeout: '60' } },
        Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'orders' } },
        Role: role,
        Gone: { Type: 'AWS::SQS::Queue', Condition: 'Never' },
        Function: functionResource('code', { Timeout: 7 }, { URL: { Ref: 'Queue' }, N: 1 }),
        CDKMetadata: { Type: 'AWS::CDK::Metadata', Properties: { Analytics: 'v2' } },
      },
      {
        Parameters: {
          BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/x/version' },
          Stage: { Type: 'String', Default: 'dev' },
        },
        Conditions: { Never: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] } },
        Rules: { CheckBootstrapVersion: {} },
        Outputs: {
          BusArn: { Value: { 'Fn::GetAtt': ['Bus', 'Arn'] } },
          Where: {
            Value: { 'Fn::Sub': '${AWS::StackName} ${AWS::Region} ${AWS::AccountId} ${AWS::Partition} ${Stage}' },
          },
        },
      },
    );
    expect(outputs).toEqual({
      BusArn: 'arn:aws:events:us-east-1:000000000000:event-bus/orders',
      Where: 'Shop us-east-1 000000000000 aws dev',
    });
    expect(functions).toMatchObject([
      {
        logicalId: 'Function',
        name: 'Shop-Function',
        timeoutSeconds: 7,
        environment: { URL: 'http://127.0.0.1:1/000000000000/Shop-Queue', N: '1' },
      },
    ]);
    expect(physicalIds.has('Gone')).toBe(false);
  });

  it.each<readonly [string, Record<string, unknown>, object, string]>([
    [
      'a type',
      { Stream: { Type: 'AWS::Kinesis::Stream' } },
      {},
      'Stream: the local run does not implement the resource type AWS::Kinesis::Stream',
    ],
    [
      'a property',
      { Q: { ...queue, Properties: { FifoQueue: true } } },
      {},
      'Q.FifoQueue: the local run does not implement the property FifoQueue',
    ],
    [
      'a nested property',
      {
        Q: queue,
        R: {
          Type: 'AWS::Events::Rule',
          Properties: { EventPattern: { source: ['x'] }, Targets: [{ Arn: 'x', EcsParameters: {} }] },
        },
      },
      {},
      'R.Targets[0].EcsParameters: the local run does not implement the property EcsParameters',
    ],
    ...(
      [
        [
          { InputPathsMap: { a: '$.a[0]' }, InputTemplate: '<a>' },
          'implements only paths such as $.detail.status, not $.a[0]',
        ],
        [{ InputPathsMap: { a: '$.a' }, InputTemplate: '<b>' }, 'does not implement the variable <b>'],
        [{ InputTemplate: '{"a":<aws.events.rule-arn>}' }, 'does not implement the variable <aws.events.rule-arn>'],
        [{ InputTemplate: '{"a":<aws.events.event.json>' }, 'the input template does not produce JSON'],
      ] as const
    ).map(([InputTransformer, message]): [string, Record<string, object>, object, string] => [
      `an input template such as ${JSON.stringify(InputTransformer)}`,
      {
        Q: queue,
        R: {
          Type: 'AWS::Events::Rule',
          Properties: { EventPattern: { source: ['x'] }, Targets: [{ Arn: 'x', InputTransformer }] },
        },
      },
      {},
      message,
    ]),
    [
      'an intrinsic',
      { Q: { ...queue, Properties: { QueueName: { 'Fn::ImportValue': 'x' } } } },
      {},
      'Q.QueueName: the local run does not implement the intrinsic function Fn::ImportValue',
    ],
    [
      'an attribute',
      { Q: queue },
      { Outputs: { X: { Value: { 'Fn::GetAtt': ['Q', 'Nothing'] } } } },
      'Outputs.X: the local run does not implement the attribute Nothing of Q (AWS::SQS::Queue)',
    ],
    [
      'a parameter without a default',
      { Q: { ...queue, Properties: { QueueName: { Ref: 'P' } } } },
      { Parameters: { P: { Type: 'String' } } },
      'Q.QueueName: the local run does not implement the parameter P',
    ],
    [
      'an unknown reference',
      { Q: { ...queue, Properties: { QueueName: { Ref: 'P' } } } },
      {},
      'Q.QueueName: P is neither a resource nor a parameter',
    ],
    ['a section', { Q: queue }, { Transform: 'x' }, 'the local run does not implement the section Transform'],
    ['a rule of the template', { Q: queue }, { Rules: { Mine: {} } }, 'Rules.Mine: the local run does not implement'],
    [
      'a resource attribute',
      { Q: { ...queue, UpdatePolicy: {} } },
      {},
      'Q: the local run does not implement the resource attribute UpdatePolicy',
    ],
    [
      'two replicas',
      { T: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { Replicas: [{ Region: 'a' }, { Region: 'b' }] } } },
      {},
      'T.Replicas: the local run has one region, the table has 2 replicas',
    ],
    [
      'streams',
      { T: { Type: 'AWS::DynamoDB::Table', Properties: { StreamSpecification: {} } } },
      {},
      'T.StreamSpecification: the local run does not implement',
    ],
    [
      'a runtime',
      { Role: role, F: functionResource('code', { Runtime: 'python3.13' }) },
      {},
      'F.Runtime: the local run does not implement the runtime python3.13',
    ],
    ['a missing asset', { Role: role, F: functionResource('other') }, {}, 'is not a folder: build the handlers'],
    [
      'a rule with a cron expression',
      { R: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'cron(0 0 * * ? *)' } } },
      {},
      'R.ScheduleExpression: schedule "cron(0 0 * * ? *)" is not implemented',
    ],
    [
      'an invalid pattern',
      { R: { Type: 'AWS::Events::Rule', Properties: { EventPattern: { a: [{ like: 'x' }] } } } },
      {},
      'R.EventPattern: event pattern at a: unknown operator "like"',
    ],
    [
      'a target outside the template',
      {
        R: {
          Type: 'AWS::Events::Rule',
          Properties: { EventPattern: { a: ['x'] }, Targets: [{ Arn: 'arn:aws:kinesis:x', Id: 'T' }] },
        },
      },
      {},
      'R.Targets[0]: the local run implements only queues and functions',
    ],
    [
      'a bus outside the template',
      { R: { Type: 'AWS::Events::Rule', Properties: { EventBusName: 'x', EventPattern: { a: ['x'] } } } },
      {},
      'R.EventBusName: x is not an event bus of the template',
    ],
    [
      'an asymmetric key',
      { K: { Type: 'AWS::KMS::Key', Properties: { KeySpec: 'RSA_2048' } } },
      {},
      'K.KeySpec: the local run does not implement RSA_2048',
    ],
    [
      'a secret with replicas',
      { S: { Type: 'AWS::SecretsManager::Secret', Properties: { ReplicaRegions: [{ Region: 'eu-west-1' }] } } },
      {},
      'S.ReplicaRegions: the local run does not implement the property ReplicaRegions',
    ],
    [
      'a secret with two values',
      { S: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: 'a', GenerateSecretString: {} } } },
      {},
      'S: has both SecretString and GenerateSecretString',
    ],
    [
      'a generated key without a template',
      { S: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString: { GenerateStringKey: 'a' } } } },
      {},
      'S.GenerateSecretString: has only one of GenerateStringKey and SecretStringTemplate: add the other',
    ],
    [
      'a password that is too short for its character types',
      {
        S: {
          Type: 'AWS::SecretsManager::Secret',
          Properties: { GenerateSecretString: { PasswordLength: 2, RequireEachIncludedType: true } },
        },
      },
      {},
      'S.GenerateSecretString: excludes all characters, or has a PasswordLength below the number of types',
    ],
    [
      'a SecureString, as CloudFormation does',
      { P: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'SecureString', Value: 'a' } } },
      {},
      'P.Type: must be String or StringList, not "SecureString"',
    ],
    [
      'a visibility timeout below the function timeout',
      {
        Role: role,
        Q: { ...queue, Properties: { VisibilityTimeout: 5 } },
        F: functionResource('code', { Timeout: 6 }),
        M: {
          Type: 'AWS::Lambda::EventSourceMapping',
          Properties: { EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] }, FunctionName: { Ref: 'F' } },
        },
      },
      {},
      'M: the visibility timeout of Q (5 s) is less than the function',
    ],
    [
      'a value out of range',
      { Q: { ...queue, Properties: { DelaySeconds: 901 } } },
      {},
      'Q.DelaySeconds: must be 0 to 900, not 901',
    ],
  ])('rejects %s by name', (_name, resources, rest, message) => {
    expect(() => plan(resources, rest)).toThrow(message);
  });

  it('generates passwords according to the options of the secret', () => {
    const generated = (GenerateSecretString: object) =>
      plan({ S: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString } } }).secrets[0]?.text;
    expect(generated({})).toMatch(/^[!-~]{32}$/);
    expect(generated({ ExcludePunctuation: true, PasswordLength: '50' })).toMatch(/^[A-Za-z0-9]{50}$/);
    const digits = { ExcludePunctuation: true, ExcludeUppercase: true, ExcludeLowercase: true, ExcludeCharacters: '0' };
    expect(generated({ ...digits, PasswordLength: 500 })).toMatch(/^[1-9]{500}$/);
    expect(generated({ ...digits, IncludeSpace: true, PasswordLength: 2 })).toMatch(/^([1-9] | [1-9])$/);
    const two = { PasswordLength: 2, RequireEachIncludedType: false };
    expect(generated(two)).toMatch(/^[!-~]{2}$/);
    expect(generated({})).not.toBe(generated({}));
  });

  it("finds a function's code in the asset manifest if the template has no metadata", () => {
    const assembly = temporaryAssembly({ Role: role, F: { ...functionResource('code'), Metadata: {} } }, { code: '' });
    removals.push(assembly.remove);
    const manifest = { files: { x: { source: { path: 'asset.code' }, destinations: { d: { objectKey: 'key' } } } } };
    writeFileSync(join(assembly.directory, 'Shop.assets.json'), JSON.stringify(manifest));
    const { functions } = planTemplate(loadTemplate(assembly.templateFile), (name) => name);
    expect(functions[0]?.directory).toBe(join(assembly.directory, 'asset.code'));
  });

  it('rejects code that is not an asset', () => {
    expect(() => plan({ Role: role, F: { ...functionResource('code'), Metadata: {} } })).toThrow(
      'F.Code: is not an asset of the cloud assembly',
    );
  });

  it('shortens the names of long logical ids', () => {
    const { queues } = plan({ [`Queue${'x'.repeat(200)}`]: queue, [`Queue${'x'.repeat(201)}`]: queue });
    expect(queues.map(({ name }) => name.length)).toEqual([80, 80]);
    expect(queues[0]?.name).not.toBe(queues[1]?.name);
  });
});

describe('schedules of EventBridge Scheduler', () => {
  const schedule = (properties: object) => ({
    Queue: queue,
    Schedule: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        FlexibleTimeWindow: { Mode: 'OFF' },
        ScheduleExpression: 'rate(2 hours)',
        Target: { Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, RoleArn: 'arn:role', Input: '{}' },
        ...properties,
      },
    },
  });

  it('run at their rate, or on demand for calendar times', () => {
    expect(plan(schedule({})).schedules).toEqual([
      {
        logicalId: 'Schedule',
        arn: 'arn:aws:scheduler:us-east-1:000000000000:schedule/default/Shop-Schedule',
        enabled: true,
        everyMs: 7_200_000,
        queueArn: 'arn:aws:sqs:us-east-1:000000000000:Shop-Queue',
        input: '{}',
      },
    ]);
    const calendar = { ScheduleExpression: 'cron(0 5 * * ? *)', State: 'DISABLED' };
    expect(plan(schedule(calendar)).schedules).toMatchObject([{ enabled: false, everyMs: undefined }]);
  });

  it.each([
    [{ ScheduleExpression: 'rate(0 hours)' }, /Schedule\.ScheduleExpression/],
    [
      { Target: { Arn: 'arn:other', RoleArn: 'arn:role', Input: '{}' } },
      /Schedule\.Target\.Arn: arn:other is not a queue/,
    ],
    [{ Target: { Arn: 'a', RoleArn: 'r', EcsParameters: {} } }, /does not implement the property EcsParameters/],
  ])('are rejected: %j', (properties, message) => {
    expect(() => plan(schedule(properties))).toThrow(message);
  });
});
