import { App, RemovalPolicies, RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from '../../../lib';
import {
  list,
  permissions,
  type Resource,
  readable,
  referred,
  resources,
  suitableTable,
  TABLE_PROPS,
  type TableProp,
} from '../support';

const HANDLERS = ['ThresholdsEvaluate', 'ThresholdsSweep', 'CollectionCollect', 'DeliveryDispatch', 'DeliveryDeliver'];

/** A connector, and resources that are created for it. */
function connectorWith(make: (stack: Stack) => PowerAutomateConnectorProps, stackProps?: StackProps) {
  const stack = new Stack(new App(), 'Stack', stackProps);
  const connector = new PowerAutomateConnector(stack, 'Connector', make(stack));
  return { stack, connector, template: Template.fromStack(stack) };
}

const functions = (template: Template) => Object.values(resources(template, 'AWS::Lambda::Function'));
const statements = (policy: Resource | undefined, of = 'PolicyDocument') => policy?.Properties[of].Statement ?? [];

describe('tables', () => {
  const VARIABLES: Record<TableProp, [string, string[]]> = {
    subscriptionsTable: [Env.SUBSCRIPTIONS_TABLE_NAME, HANDLERS.filter((id) => id !== 'CollectionCollect')],
    thresholdsTable: [Env.THRESHOLDS_TABLE_NAME, ['ThresholdsEvaluate', 'ThresholdsSweep']],
    runsTable: [Env.RUNS_TABLE_NAME, ['CollectionCollect']],
    deliveriesTable: [Env.DELIVERIES_TABLE_NAME, ['DeliveryDeliver']],
  };

  const OURS: Record<TableProp, string> = {
    subscriptionsTable: 'SubscriptionsTable',
    thresholdsTable: 'ThresholdsTable',
    runsTable: 'CollectionTable',
    deliveriesTable: 'DeliveryTable',
  };

  test.each(TABLE_PROPS)('%s: functions use the existing table, and no new one is created', (prop) => {
    const plain = connectorWith(() => ({})).template;
    const { template } = connectorWith((stack) => ({ [prop]: suitableTable(stack, prop) }));
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 4);
    const given = `Given${prop}`;
    const [variable, users] = VARIABLES[prop];
    for (const id of HANDLERS) {
      const { Variables } = resources(template, 'AWS::Lambda::Function')[`${id}Function`]?.Properties.Environment ?? {};
      expect(referred(Variables)[variable]).toBe(users.includes(id) ? given : undefined);
      // The same permissions as on a table that the connector creates.
      const onGiven = permissions(plain, `${id}Role`).map((one) => one.replace(OURS[prop], given));
      expect(permissions(template, `${id}Role`)).toEqual(onGiven.sort());
    }
  });

  test('deletion protection and removal policy apply only to new tables', () => {
    const { template } = connectorWith((stack) => ({
      thresholdsTable: suitableTable(stack, 'thresholdsTable'),
      deletionProtection: true,
      removalPolicy: RemovalPolicy.DESTROY,
    }));
    expect(resources(template, 'AWS::DynamoDB::GlobalTable').GiventhresholdsTable).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: { Replicas: [expect.not.objectContaining({ DeletionProtectionEnabled: true })] },
    });
  });

  test('a table with a customer managed key: readers can decrypt, writers can also encrypt', () => {
    const { template } = connectorWith(
      (stack) => ({
        subscriptionsTable: suitableTable(stack, 'subscriptionsTable', (suitable) => ({
          ...suitable,
          encryption: dynamodb.TableEncryptionV2.customerManagedKey(new kms.Key(stack, 'TableKey')),
        })),
        // CDK adds a table's key only if the Region is known.
      }),
      { env: { account: '111122223333', region: 'eu-west-1' } },
    );
    const onKey = (id: string) => [
      ...new Set(permissions(template, `${id}Role`).filter((one) => one.endsWith(' TableKey'))),
    ];
    expect(onKey('ThresholdsSweep')).toEqual(['kms:Decrypt TableKey']);
    // They write the items of expected subjects.
    for (const writer of ['DeliveryDispatch', 'ThresholdsEvaluate', 'DeliveryDeliver']) {
      expect(onKey(writer)).toEqual(
        ['Decrypt', 'Encrypt', 'GenerateDataKey*', 'ReEncrypt*'].map((action) => `kms:${action} TableKey`),
      );
    }
    expect(onKey('CollectionCollect')).toEqual([]);
  });

  test('an imported table is not checked', () => {
    const { template } = connectorWith((stack) => ({
      runsTable: dynamodb.Table.fromTableName(stack, 'Given', 'runs'),
    }));
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ [Env.RUNS_TABLE_NAME]: 'runs' }) },
    });
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 3);
  });

  test('a table of the older construct class is accepted', () => {
    const table = (stack: Stack) => {
      const one = new dynamodb.Table(stack, 'Given', {
        partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
        timeToLiveAttribute: 'expiresAt',
      });
      // Also after the connector was created.
      return one;
    };
    const stack = new Stack(new App(), 'Stack');
    const runsTable = table(stack);
    new PowerAutomateConnector(stack, 'Connector', { runsTable });
    expect(() => Template.fromStack(stack)).toThrow(/runsTable has no index by-due/);

    const other = new Stack(new App(), 'Stack');
    const indexed = table(other);
    new PowerAutomateConnector(other, 'Connector', { runsTable: indexed });
    indexed.addGlobalSecondaryIndex({
      indexName: 'by-due',
      partitionKey: { name: 'dueKind', type: dynamodb.AttributeType.STRING },
      sortKey: { name: 'due', type: dynamodb.AttributeType.NUMBER },
    });
    Template.fromStack(other).resourceCountIs('AWS::DynamoDB::Table', 1);
  });

  const string = (name: string) => ({ name, type: dynamodb.AttributeType.STRING });
  test.each<[TableProp, string, Partial<dynamodb.TablePropsV2>, string, string]>([
    ['subscriptionsTable', 'another key', { partitionKey: string('name') }, 'name (S)', 'pk (S)'],
    ['deliveriesTable', 'no sort key', { sortKey: undefined }, 'pk (S)', 'pk (S), sk (S)'],
    ['runsTable', 'a sort key', { sortKey: string('sk') }, 'pk (S), sk (S)', 'pk (S)'],
  ])('rejects %s with %s', (prop, _, change, found, key) => {
    expect(() =>
      connectorWith((stack) => ({ [prop]: suitableTable(stack, prop, (table) => ({ ...table, ...change })) })),
    ).toThrow(`${prop} has the key ${found}: create a table with the key ${key}`);
  });

  test.each<[TableProp, string, (table: dynamodb.TablePropsV2) => dynamodb.TablePropsV2, string]>([
    [
      'thresholdsTable',
      'no index',
      (table) => ({ ...table, globalSecondaryIndexes: undefined }),
      'thresholdsTable has no index by-due: add a global secondary index by-due with the key dueKind (S), due (N)',
    ],
    [
      'deliveriesTable',
      'an index of strings',
      (table) => ({
        ...table,
        globalSecondaryIndexes: [{ indexName: 'by-open', partitionKey: string('open'), sortKey: string('openSince') }],
      }),
      'deliveriesTable has the index by-open with the key open (S), openSince (S): add a global secondary index by-open with the key open (S), openSince (N)',
    ],
    [
      'subscriptionsTable',
      'an index that would show flow URLs to dispatch',
      (table) => ({
        ...table,
        globalSecondaryIndexes: table.globalSecondaryIndexes?.map((index) => ({
          ...index,
          projectionType: dynamodb.ProjectionType.ALL,
          nonKeyAttributes: undefined,
        })),
      }),
      'subscriptionsTable projects ALL to its index by-trigger: project only the attributes filter, uid',
    ],
    [
      'subscriptionsTable',
      'an index that leaves out the filter',
      (table) => ({
        ...table,
        globalSecondaryIndexes: table.globalSecondaryIndexes?.map((index) =>
          index.nonKeyAttributes ? { ...index, nonKeyAttributes: ['uid'] } : index,
        ),
      }),
      'subscriptionsTable projects INCLUDE to its index by-trigger: project only the attributes filter, uid',
    ],
    [
      'runsTable',
      'no time to live',
      (table) => ({ ...table, timeToLiveAttribute: undefined }),
      'runsTable has no time to live, so its items never expire: set its TTL attribute to expiresAt',
    ],
    [
      'deliveriesTable',
      'another time to live',
      (table) => ({ ...table, timeToLiveAttribute: 'ttl' }),
      'deliveriesTable has no time to live, so its items never expire: set its TTL attribute to expiresAt',
    ],
  ])('rejects %s with %s', (prop, _, change, problem) => {
    expect(() => connectorWith((stack) => ({ [prop]: suitableTable(stack, prop, change) }))).toThrow(problem);
  });
});

describe('logGroup', () => {
  const { template } = connectorWith((stack) => ({
    logGroup: new logs.LogGroup(stack, 'Given', { retention: logs.RetentionDays.ONE_YEAR }),
  }));

  test('is used by all functions, which can write to it', () => {
    template.resourceCountIs('AWS::Logs::LogGroup', 1);
    for (const { Properties } of functions(template)) {
      expect(referred(Properties.LoggingConfig)).toMatchObject({ LogFormat: 'JSON', LogGroup: 'Given' });
    }
    for (const id of HANDLERS) {
      expect(permissions(template, `${id}Role`)).toEqual(
        expect.arrayContaining(['logs:CreateLogStream Given', 'logs:PutLogEvents Given']),
      );
    }
  });

  test('cannot be combined with a retention', () => {
    expect(() =>
      connectorWith((stack) => ({
        logGroup: new logs.LogGroup(stack, 'Given'),
        logRetention: logs.RetentionDays.ONE_DAY,
      })),
    ).toThrow(/logRetention cannot be combined with logGroup/);
  });
});

describe('vpc', () => {
  const NETWORK_INTERFACES = [
    'AssignPrivateIpAddresses',
    'CreateNetworkInterface',
    'DeleteNetworkInterface',
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'UnassignPrivateIpAddresses',
  ].map((action) => `ec2:${action} *`);

  test('all functions run in its private subnets, each with a security group without inbound rules', () => {
    const { template, connector } = connectorWith((stack) => ({ vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) }));
    expect(functions(template)).toHaveLength(HANDLERS.length);
    for (const { Properties } of functions(template)) {
      expect(referred(Properties.VpcConfig.SubnetIds)).toEqual(['VpcPrivateSubnet1Subnet', 'VpcPrivateSubnet2Subnet']);
    }
    const groups = resources(template, 'AWS::EC2::SecurityGroup');
    expect(Object.keys(groups).sort()).toEqual(HANDLERS.map((id) => `${id}FunctionSecurityGroup`).sort());
    for (const { Properties } of Object.values(groups)) {
      expect(Properties.SecurityGroupIngress).toBeUndefined();
      expect(Properties.SecurityGroupEgress).toMatchObject([{ CidrIp: '0.0.0.0/0', IpProtocol: '-1' }]);
    }
    expect(connector.delivery.deliver.connections.securityGroups).toHaveLength(1);
  });

  test('only with a VPC, roles can create network interfaces', () => {
    const { template } = connectorWith((stack) => ({ vpc: new ec2.Vpc(stack, 'Vpc') }));
    const outside = connectorWith(() => ({})).template;
    for (const id of HANDLERS) {
      expect(permissions(template, `${id}Role`).filter((one) => one.startsWith('ec2:'))).toEqual(NETWORK_INTERFACES);
      expect(permissions(outside, `${id}Role`).filter((one) => one.startsWith('ec2:'))).toEqual([]);
    }
    template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
    expect(functions(outside).filter(({ Properties }) => 'VpcConfig' in Properties)).toEqual([]);
  });

  test('vpcSubnets, securityGroups: every function uses exactly these', () => {
    const { template } = connectorWith((stack) => ({
      vpc: new ec2.Vpc(stack, 'Vpc', {
        maxAzs: 1,
        subnetConfiguration: [
          { name: 'Data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
          { name: 'Connector', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
          { name: 'Public', subnetType: ec2.SubnetType.PUBLIC },
        ],
      }),
      vpcSubnets: { subnetGroupName: 'Data' },
      securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0')],
    }));
    template.resourceCountIs('AWS::EC2::SecurityGroup', 0);
    for (const { Properties } of functions(template)) {
      expect(referred(Properties.VpcConfig)).toEqual({
        SubnetIds: ['VpcDataSubnet1Subnet'],
        SecurityGroupIds: ['sg-0123456789abcdef0'],
      });
    }
  });

  test.each(['vpcSubnets', 'securityGroups'])('rejects %s without it', (prop) => {
    const value = prop === 'vpcSubnets' ? { subnetGroupName: 'Data' } : [];
    const given = (stack: Stack) =>
      prop === 'vpcSubnets' ? value : [ec2.SecurityGroup.fromSecurityGroupId(stack, 'G', 'sg-0123456789abcdef0')];
    expect(() => connectorWith((stack) => ({ [prop]: given(stack) }))).toThrow(new RegExp(`${prop}.*VPC`));
  });
});

describe('deadLetterQueue', () => {
  const eventBridges = (template: Template, queue: string) =>
    Object.values(resources(template, 'AWS::SQS::QueuePolicy'))
      .filter(({ Properties }) => referred(Properties.Queues).includes(queue))
      .flatMap((policy) => statements(policy))
      .filter(({ Principal }) => Principal.Service === 'events.amazonaws.com');

  test('receives events that EventBridge cannot deliver, with one policy statement for all rules', () => {
    const { template, connector } = connectorWith((stack) => ({ deadLetterQueue: new sqs.Queue(stack, 'Given') }));
    expect(connector.rules.deadLetterQueue.node.path).toBe('Stack/Given');
    expect(resources(template, 'AWS::SQS::Queue')).not.toHaveProperty('EventsDeadLetterQueue');
    const rules = Object.entries(resources(template, 'AWS::Events::Rule')).filter(([id]) => id.startsWith('Events'));
    expect(rules).toHaveLength(11);
    for (const [, { Properties }] of rules) {
      expect(referred(Properties.Targets[0].DeadLetterConfig)).toEqual({ Arn: 'Given' });
    }
    const [statement, ...more] = eventBridges(template, 'Given');
    expect(more).toEqual([]);
    expect(list(referred(statement.Condition.ArnLike['aws:SourceArn'])).sort()).toEqual(rules.map(([id]) => id).sort());
  });

  test('an imported queue gets a warning with the permissions that its policy needs', () => {
    const { stack } = connectorWith((scope) => ({
      deadLetterQueue: sqs.Queue.fromQueueArn(scope, 'Given', 'arn:aws:sqs:eu-west-1:111122223333:given'),
    }));
    Annotations.fromStack(stack).hasWarning(
      '/Stack/Connector/Events',
      Match.stringLikeRegexp('Given is imported, .* allow events.amazonaws.com to send to it'),
    );
  });

  test('with a customer managed key: EventBridge can encrypt', () => {
    const { template } = connectorWith((stack) => ({
      deadLetterQueue: new sqs.Queue(stack, 'Given', { encryptionMasterKey: new kms.Key(stack, 'GivenKey') }),
    }));
    expect(statements(resources(template, 'AWS::KMS::Key').GivenKey, 'KeyPolicy')).toContainEqual({
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
  });
});

describe('queueEncryptionKey', () => {
  const { template } = connectorWith((stack) => ({ queueEncryptionKey: new kms.Key(stack, 'QueueKey') }));

  test('encrypts every queue', () => {
    const queues = Object.values(resources(template, 'AWS::SQS::Queue'));
    expect(queues).toHaveLength(12);
    for (const { Properties } of queues) {
      expect(referred(Properties.KmsMasterKeyId)).toBe('QueueKey');
      expect(Properties.SqsManagedSseEnabled).toBeUndefined();
    }
  });

  test('EventBridge can use it, with one policy statement', () => {
    const ofEventBridge = statements(resources(template, 'AWS::KMS::Key').QueueKey, 'KeyPolicy').filter(
      ({ Principal }: { Principal: { Service?: string } }) => Principal.Service === 'events.amazonaws.com',
    );
    expect(ofEventBridge).toMatchObject([{ Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: '*' }]);
  });

  test('senders can encrypt, receivers can decrypt, and sweep, which does neither, cannot use it', () => {
    const onKey = (id: string) => permissions(template, `${id}Role`).filter((one) => one.endsWith(' QueueKey'));
    for (const id of HANDLERS.filter((one) => one !== 'ThresholdsSweep')) {
      expect([...new Set(onKey(id))]).toEqual(['kms:Decrypt QueueKey', 'kms:GenerateDataKey QueueKey']);
    }
    expect(onKey('ThresholdsSweep')).toEqual([]);
  });
});

describe('aspects', () => {
  test('a tag is applied to every taggable resource', () => {
    const stack = new Stack(new App(), 'Stack');
    const connector = new PowerAutomateConnector(stack, 'Connector');
    Tags.of(connector).add('team', 'data');
    const template = Template.fromStack(stack).toJSON();
    const TAGGED = [
      'AWS::SQS::Queue',
      'AWS::Lambda::Function',
      'AWS::IAM::Role',
      'AWS::KMS::Key',
      'AWS::Logs::LogGroup',
      'AWS::Events::EventBus',
      'AWS::Events::Rule',
    ];
    for (const [id, { Type, Properties }] of Object.entries(template.Resources as Record<string, Resource>)) {
      const tags = Type === 'AWS::DynamoDB::GlobalTable' ? Properties.Replicas[0].Tags : Properties?.Tags;
      if (TAGGED.includes(Type) || Type === 'AWS::DynamoDB::GlobalTable') {
        expect(tags, readable(id)).toContainEqual({ Key: 'team', Value: 'data' });
      }
    }
  });

  test('a removal policy is applied to every resource with data', () => {
    const stack = new Stack(new App(), 'Stack');
    RemovalPolicies.of(new PowerAutomateConnector(stack, 'Connector')).destroy();
    const template = Template.fromStack(stack);
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key', 'AWS::Logs::LogGroup', 'AWS::SQS::Queue']) {
      template.allResources(type, { DeletionPolicy: 'Delete' });
    }
  });
});
