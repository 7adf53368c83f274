import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { describe, expect, test } from 'vitest';
import { OPEN_INDEX } from '../../../contract/delivery';
import { Env } from '../../../contract/environment';
import { METRICS_NAMESPACE } from '../../../contract/metrics';
import {
  HANDLER_TIMEOUT_SECONDS,
  type HandlerName,
  PARTITION_KEY,
  SORT_KEY,
  TTL_ATTRIBUTE,
} from '../../../contract/shared';
import { TRIGGER_INDEX } from '../../../contract/subscriptions';
import { DUE_INDEX } from '../../../contract/thresholds';
import { PowerAutomateConnector, type PowerAutomateConnectorProps } from '../../../lib';
import {
  connectorStack,
  connectorTemplate,
  list,
  permissions,
  readable,
  referred,
  resources,
  secureString,
} from '../support';

const KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555';

const template = connectorTemplate();

/**
 * Functions of every connector. `register` is created with the first declared subscription, `measure` with the first query,
 * `normalize` with the first source, `poll` with the first unification; `connect`, `retire` and `record` with the API.
 */
type AddedHandler = 'register' | 'measure' | 'normalize' | 'poll' | 'reconcile' | 'connect' | 'retire' | 'record';
type EveryHandler = Exclude<HandlerName, AddedHandler>;
const HANDLERS: Record<EveryHandler, string> = {
  evaluate: 'ThresholdsEvaluate',
  sweep: 'ThresholdsSweep',
  collect: 'CollectionCollect',
  dispatch: 'DeliveryDispatch',
  deliver: 'DeliveryDeliver',
};
const handlers = Object.entries(HANDLERS) as [EveryHandler, string][];

describe('tables', () => {
  const tables = resources(template, 'AWS::DynamoDB::GlobalTable');
  const string = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' });
  const number = (AttributeName: string) => ({ AttributeName, AttributeType: 'N' });
  const key = (hash: string, range?: string) => [
    { AttributeName: hash, KeyType: 'HASH' },
    ...(range ? [{ AttributeName: range, KeyType: 'RANGE' }] : []),
  ];

  const KEYS_ONLY = { ProjectionType: 'KEYS_ONLY' };

  test.each([
    {
      id: 'SubscriptionsTable',
      primary: key(PARTITION_KEY),
      indexes: [
        {
          index: TRIGGER_INDEX,
          projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...TRIGGER_INDEX.attributes] },
        },
        { index: DUE_INDEX, projection: KEYS_ONLY },
      ],
      attributes: [
        string(PARTITION_KEY),
        string(TRIGGER_INDEX.partitionKey),
        string(TRIGGER_INDEX.sortKey),
        string(DUE_INDEX.partitionKey),
        number(DUE_INDEX.sortKey),
      ],
    },
    {
      id: 'ThresholdsTable',
      primary: key(PARTITION_KEY, SORT_KEY),
      indexes: [{ index: DUE_INDEX, projection: KEYS_ONLY }],
      attributes: [string(PARTITION_KEY), string(SORT_KEY), string(DUE_INDEX.partitionKey), number(DUE_INDEX.sortKey)],
    },
    {
      id: 'CollectionTable',
      primary: key(PARTITION_KEY),
      indexes: [{ index: DUE_INDEX, projection: KEYS_ONLY }],
      attributes: [string(PARTITION_KEY), string(DUE_INDEX.partitionKey), number(DUE_INDEX.sortKey)],
    },
    {
      id: 'DeliveryTable',
      primary: key(PARTITION_KEY, SORT_KEY),
      indexes: [{ index: OPEN_INDEX, projection: KEYS_ONLY }],
      attributes: [
        string(PARTITION_KEY),
        string(SORT_KEY),
        string(OPEN_INDEX.partitionKey),
        number(OPEN_INDEX.sortKey),
      ],
    },
  ])('$id has the keys and the indexes of the contract', ({ id, primary, indexes, attributes }) => {
    expect(tables[id]?.Properties).toMatchObject({
      KeySchema: primary,
      AttributeDefinitions: attributes,
      GlobalSecondaryIndexes: indexes.map(({ index, projection }) => ({
        IndexName: index.name,
        KeySchema: key(index.partitionKey, index.sortKey),
        Projection: projection,
      })),
    });
  });

  test('have on-demand billing and point-in-time recovery, are retained, and have no deletion protection', () => {
    expect(Object.keys(tables).sort()).toEqual([
      'CollectionTable',
      'DeliveryTable',
      'SubscriptionsTable',
      'ThresholdsTable',
    ]);
    for (const table of Object.values(tables)) {
      expect(table.Properties.BillingMode).toBe('PAY_PER_REQUEST');
      expect(table.Properties.Replicas).toHaveLength(1);
      expect(table.Properties.Replicas[0]).toMatchObject({
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: false,
      });
      expect(table).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  test('deliveries, collected runs and past values expire', () => {
    for (const id of ['DeliveryTable', 'CollectionTable', 'ThresholdsTable']) {
      expect(tables[id]?.Properties.TimeToLiveSpecification).toEqual({ AttributeName: TTL_ATTRIBUTE, Enabled: true });
    }
    expect(tables.SubscriptionsTable?.Properties.TimeToLiveSpecification).toBeUndefined();
  });
});

test('the key of the flow URLs is rotated and retained', () => {
  template.hasResource('AWS::KMS::Key', {
    Properties: { EnableKeyRotation: true },
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
  });
});

describe('queues', () => {
  const queues = resources(template, 'AWS::SQS::Queue');
  const workQueues: [string, EveryHandler, number][] = [
    ['ThresholdsObservations', 'evaluate', 10],
    ['CollectionStages', 'collect', 5],
    ['DeliveryTriggers', 'dispatch', 10],
    ['DeliveryDeliveries', 'deliver', 50],
  ];

  test.each(workQueues)('%s: the visibility timeout fits %s, and messages are retried for a day', (id, handler) => {
    const { VisibilityTimeout, RedrivePolicy } = queues[`${id}Queue`]?.Properties ?? {};
    expect(VisibilityTimeout).toBe(6 * HANDLER_TIMEOUT_SECONDS[handler]);
    expect(referred(RedrivePolicy.deadLetterTargetArn)).toBe(`${id}DeadLetterQueue`);
    expect(RedrivePolicy.maxReceiveCount * VisibilityTimeout).toBeGreaterThanOrEqual(24 * 60 * 60);
    // Amazon SQS, RedrivePolicy: 1 to 1,000.
    expect(RedrivePolicy.maxReceiveCount).toBeLessThanOrEqual(1000);
  });

  test.each(workQueues)('%s is processed by %s, with a maximum concurrency of %i', (id, handler, maximum) => {
    const mappings = Object.values(resources(template, 'AWS::Lambda::EventSourceMapping'));
    const [mapping, ...more] = mappings.filter(
      ({ Properties }) => referred(Properties.EventSourceArn) === `${id}Queue`,
    );
    expect(more).toEqual([]);
    expect(referred(mapping?.Properties)).toMatchObject({
      FunctionName: `${HANDLERS[handler]}Function`,
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: maximum },
    });
  });

  test('all are encrypted, keep messages for 14 days and require TLS', () => {
    expect(Object.keys(queues)).toHaveLength(12);
    for (const { Properties } of Object.values(queues)) {
      expect(Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 60 * 60 });
    }
    const tlsOnly = Object.values(resources(template, 'AWS::SQS::QueuePolicy'))
      .filter(({ Properties }) =>
        Properties.PolicyDocument.Statement.some(
          (statement: { Effect: string; Condition: unknown }) =>
            statement.Effect === 'Deny' &&
            JSON.stringify(statement.Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
        ),
      )
      .flatMap(({ Properties }) => referred(Properties.Queues));
    expect(tlsOnly.sort()).toEqual(Object.keys(queues).sort());
  });

  test('none has more than one policy statement for EventBridge', () => {
    const senders = Object.values(resources(template, 'AWS::SQS::QueuePolicy')).flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.filter(
        (statement: { Principal: { Service?: string } }) => statement.Principal.Service === 'events.amazonaws.com',
      ).map((statement: { Resource: unknown }) => referred(statement.Resource)),
    );
    expect(senders.sort()).toEqual([
      'CollectionOverdueDeadLetterQueue',
      'CollectionStagesQueue',
      'DeliveryTendDeadLetterQueue',
      'DeliveryTriggersQueue',
      'EventsDeadLetterQueue',
      'ThresholdsObservationsQueue',
      'ThresholdsSweepDeadLetterQueue',
    ]);
  });
});

describe('functions', () => {
  const functions = resources(template, 'AWS::Lambda::Function');
  const { connectorId } = connectorStack().connector;

  test.each([
    ['evaluate', 256],
    ['dispatch', 256],
    ['deliver', 192],
    ['sweep', 256],
    ['collect', 256],
  ] as const)('%s runs on Node.js 24, arm64, with %i MiB and the timeout of the contract', (handler, memory) => {
    expect(functions[`${HANDLERS[handler]}Function`]?.Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: memory,
      Timeout: HANDLER_TIMEOUT_SECONDS[handler],
    });
  });

  test('there are no other functions and no custom resources', () => {
    expect(Object.keys(functions).sort()).toEqual(
      Object.values(HANDLERS)
        .map((id) => `${id}Function`)
        .sort(),
    );
    const types = Object.values(template.toJSON().Resources).map((resource) => (resource as { Type: string }).Type);
    expect(types.filter((type) => /^Custom::|CustomResource/.test(type))).toEqual([]);
  });

  test.each(handlers)('%s logs JSON to its own log group, with a retention of one month', (_, id) => {
    expect(referred(functions[`${id}Function`]?.Properties.LoggingConfig)).toEqual({
      LogFormat: 'JSON',
      LogGroup: `${id}LogGroup`,
      SystemLogLevel: 'WARN',
    });
    expect(resources(template, 'AWS::Logs::LogGroup')[`${id}LogGroup`]).toMatchObject({
      Properties: { RetentionInDays: 30 },
      DeletionPolicy: 'Retain',
    });
  });

  const eventEnvironment = {
    [Env.CONNECTOR_ID]: connectorId,
    [Env.EVENT_BUS_NAME]: 'EventsBus',
    [Env.EVENT_SOURCE]: 'customer-insights',
  };
  const thresholdsEnvironment = {
    ...eventEnvironment,
    [Env.THRESHOLDS_TABLE_NAME]: 'ThresholdsTable',
    [Env.SUBSCRIPTIONS_TABLE_NAME]: 'SubscriptionsTable',
  };
  const deliveryEnvironment = {
    [Env.SUBSCRIPTIONS_TABLE_NAME]: 'SubscriptionsTable',
    [Env.DELIVERIES_QUEUE_URL]: 'DeliveryDeliveriesQueue',
    [Env.DELIVERY_RETENTION_DAYS]: '90',
  };
  test.each<[EveryHandler, Record<string, string>]>([
    ['evaluate', { ...thresholdsEnvironment, [Env.REJECTED_QUEUE_URL]: 'ThresholdsObservationsDeadLetterQueue' }],
    ['sweep', thresholdsEnvironment],
    [
      'collect',
      {
        ...eventEnvironment,
        [Env.RUNS_TABLE_NAME]: 'CollectionTable',
        [Env.REJECTED_QUEUE_URL]: 'CollectionStagesDeadLetterQueue',
        [Env.UNIFICATION_STAGES]: '["map","match","merge"]',
        [Env.FULL_REFRESH_PROCESSES]: '[]',
        [Env.RUN_TIMEOUT_SECONDS]: '86400',
      },
    ],
    [
      'dispatch',
      {
        ...deliveryEnvironment,
        [Env.CONNECTOR_ID]: connectorId,
        [Env.REJECTED_QUEUE_URL]: 'DeliveryTriggersDeadLetterQueue',
        [Env.TRIGGERS_QUEUE_URL]: 'DeliveryTriggersQueue',
      },
    ],
    [
      'deliver',
      {
        ...eventEnvironment,
        ...deliveryEnvironment,
        [Env.DELIVERIES_TABLE_NAME]: 'DeliveryTable',
        [Env.REJECTED_QUEUE_URL]: 'DeliveryDeliveriesDeadLetterQueue',
      },
    ],
  ])('%s has exactly the environment variables that it reads', (handler, environment) => {
    expect(referred(functions[`${HANDLERS[handler]}Function`]?.Properties.Environment.Variables)).toEqual({
      ...environment,
      POWERTOOLS_SERVICE_NAME: handler,
      POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
      POWERTOOLS_LOG_LEVEL: 'INFO',
    });
  });

  test.each([
    ['a flow on a loopback address is never allowed', Env.LOOPBACK_FLOWS],
    ['waits are never shortened', Env.PACE],
  ])('%s', (_, variable) => {
    expect(JSON.stringify(connectorTemplate({ extraFlowHosts: ['flows.example.com'] }))).not.toContain(variable);
  });

  test.each([
    ['ThresholdsSweepSchedule', 'sweep', 'ThresholdsSweepDeadLetterQueue'],
    ['CollectionOverdueSchedule', 'collect', 'CollectionOverdueDeadLetterQueue'],
    ['DeliveryTendSchedule', 'deliver', 'DeliveryTendDeadLetterQueue'],
  ] as const)('%s invokes %s every minute, with a rule on the default bus', (rule, handler, deadLetterQueue) => {
    const schedule = resources(template, 'AWS::Events::Rule')[rule]?.Properties;
    expect(schedule.EventBusName).toBeUndefined();
    expect(referred(schedule)).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      Targets: [
        {
          Arn: `${HANDLERS[handler]}Function`,
          DeadLetterConfig: { Arn: deadLetterQueue },
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 },
        },
      ],
    });
  });
});

describe('permissions', () => {
  const reading = (queue: string) =>
    ['ReceiveMessage', 'ChangeMessageVisibility', 'GetQueueUrl', 'DeleteMessage', 'GetQueueAttributes'].map(
      (action) => `sqs:${action} ${queue}`,
    );
  const logging = (id: string) => [`logs:CreateLogStream ${id}LogGroup`, `logs:PutLogEvents ${id}LogGroup`];
  const onTable = (table: string, ...actions: string[]) => actions.map((action) => `dynamodb:${action} ${table}`);

  test.each<[EveryHandler, string[]]>([
    [
      'evaluate',
      [
        ...reading('ThresholdsObservationsQueue'),
        ...onTable('ThresholdsTable', 'BatchGetItem', 'GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'),
        ...onTable('SubscriptionsTable', 'BatchGetItem', 'PutItem'),
        'events:PutEvents EventsBus',
        'sqs:SendMessage ThresholdsObservationsDeadLetterQueue',
      ],
    ],
    [
      'sweep',
      [
        ...onTable('ThresholdsTable', 'BatchGetItem', 'GetItem', 'Query', 'UpdateItem', 'DeleteItem'),
        ...onTable(`ThresholdsTable/index/${DUE_INDEX.name}`, 'Query'),
        ...onTable('SubscriptionsTable', 'BatchGetItem'),
        'events:PutEvents EventsBus',
      ],
    ],
    [
      'collect',
      [
        ...reading('CollectionStagesQueue'),
        ...onTable('CollectionTable', 'BatchGetItem', 'PutItem'),
        ...onTable(`CollectionTable/index/${DUE_INDEX.name}`, 'Query'),
        'events:PutEvents EventsBus',
        'sqs:SendMessage CollectionStagesDeadLetterQueue',
      ],
    ],
    [
      'dispatch',
      [
        ...reading('DeliveryTriggersQueue'),
        ...onTable(`SubscriptionsTable/index/${TRIGGER_INDEX.name}`, 'Query'),
        ...onTable('SubscriptionsTable', 'BatchGetItem', 'PutItem'),
        'sqs:SendMessage DeliveryDeliveriesQueue',
        'sqs:SendMessage DeliveryTriggersDeadLetterQueue',
        'sqs:SendMessage DeliveryTriggersQueue',
      ],
    ],
    [
      'deliver',
      [
        ...reading('DeliveryDeliveriesQueue'),
        ...onTable('DeliveryTable', 'PutItem', 'GetItem', 'UpdateItem'),
        ...onTable(`DeliveryTable/index/${OPEN_INDEX.name}`, 'Query'),
        ...onTable('SubscriptionsTable', 'BatchGetItem', 'UpdateItem', 'PutItem', 'DeleteItem'),
        ...onTable(`SubscriptionsTable/index/${DUE_INDEX.name}`, 'Query'),
        'events:PutEvents EventsBus',
        'sqs:SendMessage DeliveryDeliveriesQueue',
        'sqs:SendMessage DeliveryDeliveriesDeadLetterQueue',
        'kms:Decrypt SubscriptionsFlowUrlKey',
      ],
    ],
  ])('%s has exactly the permissions that it needs', (handler, allowed) => {
    expect(permissions(template, `${HANDLERS[handler]}Role`)).toEqual(
      [...allowed, ...logging(HANDLERS[handler])].sort(),
    );
  });

  describe('for secrets with flow URLs', () => {
    const secretsIn = (account: string, region: string) => {
      const app = new App();
      const env = { account, region };
      const theirs = new Stack(app, 'Theirs', { env });
      const key = new kms.Key(theirs, 'Key');
      const own = new secretsmanager.Secret(theirs, 'Own');
      const withKey = new secretsmanager.Secret(theirs, 'WithKey', { encryptionKey: key });
      const named = secretsmanager.Secret.fromSecretNameV2(theirs, 'Named', 'crm/flow-url');
      const parameter = secureString(theirs, 'Parameter', '/crm/flow-url', key);
      const plain = ssm.StringParameter.fromStringParameterName(theirs, 'Plain', 'plain');
      const ours = new Stack(app, 'Ours', { env });
      new PowerAutomateConnector(ours, 'Connector', {
        flowSecrets: [own, withKey, named],
        flowParameters: [parameter, plain],
      });
      return { ours: Template.fromStack(ours), theirs: Template.fromStack(theirs) };
    };

    test('are exact, belong only to deliver, and do not change the secrets’ policies', () => {
      const { ours, theirs } = secretsIn('123456789012', 'eu-central-1');
      const imported = (id: string) => ({ 'Fn::ImportValue': expect.stringContaining(id) });
      const statements = Object.entries(resources(ours, 'AWS::IAM::Policy')).flatMap(([id, { Properties }]) =>
        Properties.PolicyDocument.Statement.filter(({ Action }: { Action: unknown }) =>
          /secretsmanager|ssm|kms/.test(JSON.stringify(Action)),
        ).map((statement: object) => ({ id, ...statement })),
      );
      const id = 'DeliveryDeliverRoleDefaultPolicy';
      const Effect = 'Allow';
      const arn = (rest: string) => ({
        'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `${rest}`]],
      });
      const via = (service: string) => ({
        StringEquals: { 'kms:ViaService': `${service}.eu-central-1.amazonaws.com` },
      });
      expect(statements).toEqual([
        { id, Effect, Action: 'kms:Decrypt', Resource: { 'Fn::GetAtt': [expect.stringMatching(/FlowUrlKey/), 'Arn'] } },
        {
          id,
          Effect,
          Action: 'secretsmanager:GetSecretValue',
          Resource: [
            imported('Own'),
            imported('WithKey'),
            arn(':secretsmanager:eu-central-1:123456789012:secret:crm/flow-url-??????'),
          ],
        },
        {
          id,
          Effect,
          Action: 'ssm:GetParameter',
          Resource: [
            arn(':ssm:eu-central-1:123456789012:parameter/crm/flow-url'),
            arn(':ssm:eu-central-1:123456789012:parameter/plain'),
          ],
        },
        { id, Effect, Action: 'kms:Decrypt', Resource: imported('GetAttKey'), Condition: via('secretsmanager') },
        { id, Effect, Action: 'kms:Decrypt', Resource: imported('GetAttKey'), Condition: via('ssm') },
      ]);
      expect(JSON.stringify(theirs.toJSON())).not.toMatch(/Deliver|ResourcePolicy|ViaService.*ssm/);
    });
  });

  test('only with entraFederation, deliver can request tokens, and only for Entra ID', () => {
    const asking = (of: Template) =>
      Object.values(resources(of, 'AWS::IAM::Policy')).flatMap(({ Properties }) =>
        Properties.PolicyDocument.Statement.filter((statement: { Action: unknown }) =>
          JSON.stringify(statement.Action).includes('sts:'),
        ).map((statement: object) => ({ ...statement, roles: referred(Properties.Roles) })),
      );
    expect(asking(template)).toEqual([]);
    expect(asking(connectorTemplate({ entraFederation: true }))).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:GetWebIdentityToken',
        Resource: '*',
        Condition: {
          'ForAllValues:StringEquals': {
            'sts:IdentityTokenAudience': ['', 'USGov', 'China'].map((end) => `api://AzureADTokenExchange${end}`),
          },
          Null: { 'sts:IdentityTokenAudience': 'false' },
          StringEquals: { 'sts:SigningAlgorithm': 'RS256' },
          NumericLessThanEquals: { 'sts:DurationSeconds': 300 },
        },
        roles: ['DeliveryDeliverRole'],
      },
    ]);
  });

  test('the role for Entra ID can have a custom name', () => {
    const { stack, connector } = connectorStack({ entraFederation: true });
    (connector.delivery.deliverRole.node.defaultChild as iam.CfnRole).roleName = 'starts-flows';
    expect(resources(Template.fromStack(stack), 'AWS::IAM::Role').DeliveryDeliverRole?.Properties.RoleName).toBe(
      'starts-flows',
    );
    expect(referred(stack.resolve(connector.delivery.deliverRole.roleArn))).toBe('DeliveryDeliverRole');
  });

  test('no role has a managed policy', () => {
    template.resourceCountIs('AWS::IAM::Role', handlers.length);
    template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent(), Policies: Match.absent() });
  });

  test('a permissions boundary is applied to every role', () => {
    const { stack, connector } = connectorStack();
    const boundary = iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary');
    iam.PermissionsBoundary.of(connector).apply(boundary);
    Template.fromStack(stack).allResourcesProperties('AWS::IAM::Role', {
      PermissionsBoundary: stack.resolve(boundary.managedPolicyArn),
    });
  });

  test('grantPutEvents lets a producer put events on the bus', () => {
    const { stack, connector } = connectorStack();
    const producer = new iam.Role(stack, 'Producer', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') });
    connector.grantPutEvents(producer).assertSuccess();
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      Roles: [stack.resolve(producer.roleName)],
      PolicyDocument: {
        Statement: [
          { Effect: 'Allow', Action: 'events:PutEvents', Resource: stack.resolve(connector.eventBus.eventBusArn) },
        ],
      },
    });
  });
});

test('functions may write the items of expected subjects, but no subscriptions', () => {
  for (const id of ['DeliveryDispatch', 'ThresholdsEvaluate', 'DeliveryDeliver']) {
    const [policy] = Object.entries(resources(template, 'AWS::IAM::Policy')).filter(([name]) =>
      name.includes(`${id}Role`),
    );
    const statements = policy?.[1].Properties.PolicyDocument.Statement as {
      Action: string | string[];
      Resource: unknown;
      Condition?: unknown;
    }[];
    const writing = statements.filter(
      ({ Action, Resource }) =>
        [Action].flat().includes('dynamodb:PutItem') && JSON.stringify(Resource).includes('Subscriptions'),
    );
    expect(writing.map(({ Condition }) => Condition)).toEqual([
      { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['#expected#*'] } },
    ]);
  }
});

describe('props', () => {
  const variables = (of: Template, handler: EveryHandler) =>
    resources(of, 'AWS::Lambda::Function')[`${HANDLERS[handler]}Function`]?.Properties.Environment.Variables;

  test('eventBus: rules and functions use the existing bus', () => {
    const { stack } = connectorStack();
    const eventBus = events.EventBus.fromEventBusName(stack, 'Given', 'company');
    new PowerAutomateConnector(stack, 'Other', { eventBus });
    const own = Template.fromStack(stack);
    own.resourceCountIs('AWS::Events::EventBus', 1);
    own.resourcePropertiesCountIs('AWS::Events::Rule', { EventBusName: 'company' }, 11);
    own.resourcePropertiesCountIs(
      'AWS::Lambda::Function',
      { Environment: { Variables: Match.objectLike({ [Env.EVENT_BUS_NAME]: 'company' }) } },
      4,
    );
  });

  test('eventSource: rules match it, and the events of evaluate, sweep and collect have it', () => {
    const given = connectorTemplate({ eventSource: 'crm' });
    given.resourcePropertiesCountIs('AWS::Events::Rule', { EventPattern: Match.objectLike({ source: ['crm'] }) }, 11);
    expect(variables(given, 'evaluate')[Env.EVENT_SOURCE]).toBe('crm');
    expect(variables(given, 'sweep')[Env.EVENT_SOURCE]).toBe('crm');
    expect(variables(given, 'collect')[Env.EVENT_SOURCE]).toBe('crm');
  });

  test('connectorId: rules match only crossings, overdue refreshes and collected runs with this ID, and every function has it', () => {
    const given = connectorTemplate({ connectorId: 'emea' });
    given.resourcePropertiesCountIs(
      'AWS::Events::Rule',
      { EventPattern: Match.objectLike({ detail: { connector: ['emea'] } }) },
      3,
    );
    given.resourcePropertiesCountIs(
      'AWS::Events::Rule',
      { EventPattern: Match.objectLike({ detail: Match.objectLike({ collectedBy: [{ exists: false }, 'emea'] }) }) },
      2,
    );
    for (const [handler] of handlers) expect(variables(given, handler)[Env.CONNECTOR_ID]).toBe('emea');
  });

  test('connectorId defaults to a readable name that is unique among connectors and stacks', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const ids = [
      new PowerAutomateConnector(stack, 'One').connectorId,
      new PowerAutomateConnector(stack, 'Two').connectorId,
      new PowerAutomateConnector(new Stack(app, 'Other'), 'One').connectorId,
      new PowerAutomateConnector(new Stack(app, 'S'.repeat(100)), 'One').connectorId,
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^Stack-One-/);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9-]{1,64}$/);
  });

  test('encryptionKey: no other key is created, and deliver can decrypt with it', () => {
    const stack = new Stack(new App(), 'Stack');
    const key = kms.Key.fromKeyArn(stack, 'Given', KEY_ARN);
    const connector = new PowerAutomateConnector(stack, 'Connector', { encryptionKey: key });
    expect(connector.subscriptions.flowUrlKey).toBe(key);
    const given = Template.fromStack(stack);
    given.resourceCountIs('AWS::KMS::Key', 0);
    given.resourcePropertiesCountIs(
      'AWS::IAM::Policy',
      {
        PolicyDocument: {
          Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt', Resource: key.keyArn })]),
        },
      },
      1,
    );
  });

  test('removalPolicy: applies to tables, key and log groups', () => {
    const given = connectorTemplate({ removalPolicy: RemovalPolicy.DESTROY });
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key', 'AWS::Logs::LogGroup']) {
      given.allResources(type, { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
    }
    expect(JSON.stringify(given)).not.toContain('"Retain"');
  });

  test('deletionProtection: applies to every table', () => {
    connectorTemplate({ deletionProtection: true }).allResourcesProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [Match.objectLike({ DeletionProtectionEnabled: true })],
    });
  });

  test('logRetention: applies to every log group', () => {
    connectorTemplate({ logRetention: logs.RetentionDays.ONE_WEEK }).allResourcesProperties('AWS::Logs::LogGroup', {
      RetentionInDays: 7,
    });
  });

  test('deliveryRetention: whole days, the same in dispatch and deliver', () => {
    const given = connectorTemplate({ deliveryRetention: Duration.days(400) });
    for (const handler of ['dispatch', 'deliver'] as const) {
      expect(variables(given, handler)[Env.DELIVERY_RETENTION_DAYS]).toBe('400');
    }
    expect(() => connectorTemplate({ deliveryRetention: Duration.days(14) })).toThrow(
      'deliveryRetention is 14 days: write whole days, at least 15',
    );
    expect(() => connectorTemplate({ deliveryRetention: Duration.hours(400) })).toThrow('write whole days');
  });

  test('deliverMemorySize: only of deliver', () => {
    const sizes = resources(connectorTemplate({ deliverMemorySize: 512 }), 'AWS::Lambda::Function');
    expect(sizes[`${HANDLERS.deliver}Function`]?.Properties.MemorySize).toBe(512);
    expect(sizes[`${HANDLERS.dispatch}Function`]?.Properties.MemorySize).toBe(256);
  });

  test('deliveryBatchingWindow: only of deliver, and messages stay invisible for as long', () => {
    const given = connectorTemplate({ deliveryBatchingWindow: Duration.seconds(20) });
    const windows = Object.values(resources(given, 'AWS::Lambda::EventSourceMapping')).map(
      ({ Properties }) => Properties.MaximumBatchingWindowInSeconds,
    );
    expect(windows.filter((window) => window !== undefined)).toEqual([20]);
    given.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 6 * 60 + 20 });
    expect(() => connectorTemplate({ deliveryBatchingWindow: Duration.minutes(2) })).toThrow(
      'deliveryBatchingWindow is 2 minutes: write whole seconds, up to 1 minute',
    );
    expect(() => connectorTemplate({ deliveryBatchingWindow: Duration.millis(1500) })).toThrow('write whole seconds');
  });

  test('invocationLogs: Lambda logs successful invocations of every function', () => {
    const given = resources(connectorTemplate({ invocationLogs: true }), 'AWS::Lambda::Function');
    for (const { Properties } of Object.values(given)) expect(Properties.LoggingConfig.SystemLogLevel).toBe('INFO');
  });

  test('extraFlowHosts: passed only to deliver', () => {
    const given = connectorTemplate({ extraFlowHosts: ['flows.example.com', 'example.org'] });
    expect(variables(given, 'deliver')[Env.EXTRA_FLOW_HOSTS]).toBe('flows.example.com,example.org');
    given.resourcePropertiesCountIs(
      'AWS::Lambda::Function',
      { Environment: { Variables: Match.objectLike({ [Env.EXTRA_FLOW_HOSTS]: Match.anyValue() }) } },
      1,
    );
    expect(variables(connectorTemplate({ extraFlowHosts: [] }), 'deliver')).not.toHaveProperty(Env.EXTRA_FLOW_HOSTS);
  });

  test.each(['https://flows.example.com', '*.example.com', 'Example.com', 'example.com:443', 'a.com,b.com', 'com', ''])(
    'rejects the extra flow host %j',
    (host) => {
      expect(() => connectorTemplate({ extraFlowHosts: [host] })).toThrow(
        /extraFlowHosts has .*: write the end of a host/,
      );
    },
  );

  test.each(['', 'two words', '-first', 'x'.repeat(65)])('rejects the connector ID %j', (connectorId) => {
    expect(() => connectorTemplate({ connectorId })).toThrow(/connectorId is .*: write 1 to 64 letters/);
  });
});

describe('the template', () => {
  /** Without props, and with all existing resources. */
  const given = (stack: Stack): PowerAutomateConnectorProps => ({
    eventBus: events.EventBus.fromEventBusName(stack, 'Bus', 'company'),
    deadLetterQueue: sqs.Queue.fromQueueArn(stack, 'DeadLetters', 'arn:aws:sqs:eu-west-1:111122223333:given'),
    encryptionKey: kms.Key.fromKeyArn(stack, 'Key', KEY_ARN),
    queueEncryptionKey: kms.Key.fromKeyArn(
      stack,
      'QueueKey',
      'arn:aws:kms:eu-west-1:111122223333:key/66666666-7777-8888-9999-000000000000',
    ),
    logGroup: logs.LogGroup.fromLogGroupName(stack, 'Logs', 'given'),
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['eu-west-1a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
    }),
    subscriptionsTable: dynamodb.Table.fromTableName(stack, 'Subscriptions', 'subscriptions'),
    thresholdsTable: dynamodb.Table.fromTableName(stack, 'Thresholds', 'thresholds'),
    runsTable: dynamodb.Table.fromTableName(stack, 'Runs', 'runs'),
    deliveriesTable: dynamodb.Table.fromTableName(stack, 'Deliveries', 'deliveries'),
  });

  test.each([
    ['nothing', () => ({})],
    ['everything', given],
  ])('is the same without feature flags and with all recommended ones: %s', (_, props) => {
    // Feature flags can change how permissions are grouped into statements, and their order.
    const sorted = (value: unknown): unknown => {
      if (Array.isArray(value)) {
        return value.map(sorted).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
      }
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
          key,
          sorted(key === 'Statement' ? distinct(inner.flatMap(single)) : inner),
        ]),
      );
    };
    const distinct = (values: object[]) => [...new Map(values.map((one) => [JSON.stringify(one), one])).values()];
    const single = ({ Action, Resource, ...rest }: { Action: string | string[]; Resource: unknown }) =>
      list(Action).flatMap((action) => list(Resource).map((resource) => ({ ...rest, action, resource })));
    const [none, all] = [undefined, recommendedFlags].map((context) => {
      const stack = new Stack(new App({ context }), 'Stack');
      const connector = new PowerAutomateConnector(stack, 'Connector', props(stack));
      connector.onThresholdCrossed('Crossed');
      connector.metricDead().createAlarm(stack, 'Dead', { threshold: 1, evaluationPeriods: 1 });
      return sorted(Template.fromStack(stack).toJSON());
    });
    expect(all).toEqual(none);
  });

  test('can contain two connectors', () => {
    const { stack } = connectorStack();
    new PowerAutomateConnector(stack, 'Second');
    const both = Template.fromStack(stack);
    both.resourceCountIs('AWS::DynamoDB::GlobalTable', 8);
    both.resourceCountIs('AWS::Events::EventBus', 2);
    const names = Object.values(both.findResources('AWS::Events::EventBus')).map(({ Properties }) => Properties.Name);
    expect(new Set(names).size).toBe(2);
  });

  test('contains only resources below the connector', () => {
    expect(connectorStack().stack.node.children.map((child) => child.node.id)).toEqual(['Connector']);
  });

  test('sets no physical names except the bus name, which CDK always sets', () => {
    const names = Object.entries(template.toJSON().Resources as Record<string, { Properties?: object }>).flatMap(
      ([id, { Properties = {} }]) =>
        ['Name', 'TableName', 'QueueName', 'FunctionName', 'RoleName', 'LogGroupName', 'AliasName']
          .filter((name) => typeof (Properties as Record<string, unknown>)[name] === 'string')
          .map((name) => `${readable(id)}.${name}`),
    );
    expect(names).toEqual(['EventsBus.Name']);
  });

  test('contains no account, Region or URL', () => {
    const text = JSON.stringify(template);
    expect(text).not.toMatch(/https?:\/\//);
    expect(text).not.toMatch(/(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])/);
    expect(text).not.toMatch(/\b(us|eu|ap)-[a-z]+-\d\b/);
  });

  test('keeps the logical IDs of resources with data, because a new ID replaces the resource with an empty one', () => {
    const ids = [
      'AWS::DynamoDB::GlobalTable',
      'AWS::KMS::Key',
      'AWS::SQS::Queue',
      'AWS::Events::EventBus',
      'AWS::Logs::LogGroup',
    ].flatMap((type) => Object.keys(template.findResources(type)));
    expect(ids.sort()).toEqual([
      'ConnectorCollectionCollectLogGroup06613EC6',
      'ConnectorCollectionOverdueDeadLetterQueue6634D385',
      'ConnectorCollectionStagesDeadLetterQueue3B906D39',
      'ConnectorCollectionStagesQueue2CDED410',
      'ConnectorCollectionTable0974E59E',
      'ConnectorDeliveryDeliverLogGroup613CBB3A',
      'ConnectorDeliveryDeliveriesDeadLetterQueueB9EFD95C',
      'ConnectorDeliveryDeliveriesQueueDE4910F4',
      'ConnectorDeliveryDispatchLogGroupCDBC8C26',
      'ConnectorDeliveryTableBFC9E7F8',
      'ConnectorDeliveryTendDeadLetterQueueA403817C',
      'ConnectorDeliveryTriggersDeadLetterQueue00099820',
      'ConnectorDeliveryTriggersQueue09C2A2DB',
      'ConnectorEventsBusE510F2F3',
      'ConnectorEventsDeadLetterQueueFB836206',
      'ConnectorSubscriptionsFlowUrlKeyD778BC96',
      'ConnectorSubscriptionsTableC564FE17',
      'ConnectorThresholdsEvaluateLogGroup9E0F5900',
      'ConnectorThresholdsObservationsDeadLetterQueue5B89C9C2',
      'ConnectorThresholdsObservationsQueue170CEE10',
      'ConnectorThresholdsSweepDeadLetterQueue176B835B',
      'ConnectorThresholdsSweepLogGroupB44BA9F4',
      'ConnectorThresholdsTable8C452B0A',
    ]);
  });
});
