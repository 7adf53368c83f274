import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import {
  Measure,
  type MeasureOptions,
  PowerAutomateConnector,
  RedshiftDatabase,
  ScheduledMeasure,
  ScheduledSegment,
  Segment,
} from '../../../lib';
import { queuePermissions } from '../scheduled-functions';
import { connectorAndTeam, connectorStack, list, permissions, readable, referred, resources } from '../support';

const HOURLY = scheduler.ScheduleExpression.rate(Duration.hours(1));
const OPEN_ORDERS = new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Open', statistic: 'Maximum' });
const OPEN: MeasureOptions = {
  measure: 'Open orders',
  query: Measure.fromCloudWatchMetric({ metric: OPEN_ORDERS }),
  schedule: HOURLY,
};

/** Resources of a measure in the connector's stack. */
function templateOf(add: (connector: PowerAutomateConnector, stack: Stack) => void): Template {
  const { stack, connector } = connectorStack();
  add(connector, stack);
  return Template.fromStack(stack);
}

/** Message of each schedule, by readable logical ID. */
const inputs = (template: Template) =>
  Object.fromEntries(
    Object.entries(resources(template, 'AWS::Scheduler::Schedule')).map(([id, { Properties }]) => [
      id,
      JSON.parse(referred(Properties.Target.Input)),
    ]),
  );

/** Permissions of a stack's queries, as `action resource`. */
function asked(template: Template): string[] {
  return Object.entries(resources(template, 'AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith('AskQueries'))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((one) => `${action} ${referred(one)}`)),
    )
    .map((text) => text.replaceAll(/AWS::(Partition|Region|AccountId)/g, ''))
    .sort();
}

test('a measure creates a schedule that puts its query on the queue of measure', () => {
  const template = templateOf((connector) =>
    connector.addMeasure('Open', { ...OPEN, unit: 'orders', instanceId: 'emea', timeout: Duration.minutes(5) }),
  );
  const [schedule] = Object.values(template.findResources('AWS::Scheduler::Schedule'));
  expect(referred(schedule?.Properties)).toMatchObject({
    ScheduleExpression: 'rate(1 hour)',
    State: 'ENABLED',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: 'QueriesQueue',
      RoleArn: 'QueriesSchedulerRole',
      DeadLetterConfig: { Arn: 'QueriesSchedulesDeadLetterQueue' },
      RetryPolicy: { MaximumEventAgeInSeconds: 300, MaximumRetryAttempts: 185 },
    },
  });
  expect(inputs(template).OpenSchedule).toEqual({
    query: {
      service: 'cloudwatch',
      namespace: 'Shop',
      metricName: 'Open',
      dimensions: [],
      statistic: 'Maximum',
      periodSeconds: 300,
      periods: 3,
    },
    subject: { measure: 'Open orders', unit: 'orders' },
    instanceId: 'emea',
    timeoutSeconds: 300,
    schedule: '<aws.scheduler.schedule-arn>',
    scheduledAt: '<aws.scheduler.scheduled-time>',
  });
  const needs = schedule?.DependsOn.map(readable);
  expect(needs).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^AskQueries/),
      'QueriesMeasureRoleDefaultPolicy',
      'QueriesSchedulerRoleDefaultPolicy',
    ]),
  );
});

test('all measures and segments share one function, whose configuration does not contain them', () => {
  const template = templateOf((connector) => {
    connector.addMeasure('Open', OPEN);
    connector.addSegment('Vip', {
      segment: 'VIP customers',
      size: Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'vip' }),
      schedule: scheduler.ScheduleExpression.cron({ hour: '5', minute: '0' }),
      enabled: false,
    });
  });
  expect(Object.keys(inputs(template)).sort()).toEqual(['OpenSchedule', 'VipSchedule']);
  expect(inputs(template).VipSchedule.subject).toEqual({ segment: 'VIP customers' });
  expect(resources(template, 'AWS::Scheduler::Schedule').VipSchedule?.Properties.State).toBe('DISABLED');
  const functions = resources(template, 'AWS::Lambda::Function');
  expect(Object.keys(functions).filter((id) => id.startsWith('Queries'))).toEqual(['QueriesMeasureFunction']);
  const { Variables } = functions.QueriesMeasureFunction?.Properties.Environment ?? {};
  expect(Object.keys(Variables).sort()).toEqual(
    [
      Env.CONNECTOR_ID,
      Env.EVENT_BUS_NAME,
      Env.EVENT_SOURCE,
      Env.QUERIES_QUEUE_URL,
      Env.REJECTED_QUEUE_URL,
      'POWERTOOLS_LOG_LEVEL',
      'POWERTOOLS_METRICS_NAMESPACE',
      'POWERTOOLS_SERVICE_NAME',
    ].sort(),
  );
  expect(referred(Variables[Env.QUERIES_QUEUE_URL])).toBe('QueriesQueue');
  expect(referred(Variables[Env.REJECTED_QUEUE_URL])).toBe('QueriesDeadLetterQueue');
});

test('a connector without queries has none of these resources', () => {
  const ids = Object.keys(Template.fromStack(connectorStack().stack).toJSON().Resources);
  expect(ids.filter((id) => /Queries/.test(id))).toEqual([]);
});

describe('permissions', () => {
  test('of the scheduler: sending to the queue and its dead-letter queue, for schedules of this account', () => {
    const template = templateOf((connector) => connector.addMeasure('Open', OPEN));
    expect(permissions(template, 'QueriesSchedulerRole')).toEqual([
      'sqs:SendMessage QueriesQueue',
      'sqs:SendMessage QueriesSchedulesDeadLetterQueue',
    ]);
    const role = resources(template, 'AWS::IAM::Role').QueriesSchedulerRole?.Properties.AssumeRolePolicyDocument;
    expect(role.Statement).toMatchObject([
      {
        Principal: { Service: 'scheduler.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    expect(referred(role.Statement[0].Condition.StringEquals['aws:SourceArn'])).toMatch(/:schedule-group\/default$/);
  });

  test('of an Athena query: the workgroup, the listed tables, the buckets, and their keys through S3', () => {
    const template = templateOf((connector, stack) => {
      const key = new kms.Key(stack, 'Key');
      const lake = new s3.Bucket(stack, 'Lake', { encryptionKey: key });
      const results = new s3.Bucket(stack, 'Results', { encryptionKey: key });
      const athena = {
        sql: 'SELECT 1',
        database: 'shop',
        workGroup: 'bi',
        dataBuckets: [lake],
        resultsBucket: results,
        resultsPrefix: 'a/b',
      };
      const query = Measure.fromAthenaQuery({ ...athena, tables: ['orders'] });
      connector.addMeasure('A', { ...OPEN, query });
      // A repeated query adds no permissions, and another table adds one line.
      connector.addMeasure('B', { ...OPEN, query });
      connector.addMeasure('C', {
        ...OPEN,
        query: Measure.fromAthenaQuery({ ...athena, tables: ['orders', 'items'] }),
      });
    });
    expect(inputs(template).ASchedule.query).toEqual({
      service: 'athena',
      sql: 'SELECT 1',
      workGroup: 'bi',
      catalog: 'AwsDataCatalog',
      database: 'shop',
      output: 's3://Results/a/b/',
    });
    expect(asked(template)).toEqual(
      [
        ...['Start', 'Get'].map((verb) => `athena:${verb}QueryExecution arn::athena:::workgroup/bi`),
        'athena:GetQueryResults arn::athena:::workgroup/bi',
        ...['catalog', 'database/default', 'database/shop'].map((one) => `glue:GetDatabase arn::glue:::${one}`),
        ...['GetTable', 'GetPartition', 'GetPartitions', 'BatchGetPartition'].flatMap((action) =>
          ['catalog', 'database/shop', 'table/shop/items', 'table/shop/orders'].map(
            (one) => `glue:${action} arn::glue:::${one}`,
          ),
        ),
        's3:GetBucketLocation Lake',
        's3:ListBucket Lake',
        's3:GetObject Lake/*',
        'kms:Decrypt Key',
        's3:GetBucketLocation Results',
        's3:ListBucket Results',
        's3:ListBucketMultipartUploads Results',
        ...['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'].map(
          (action) => `${action} Results/a/b/*`,
        ),
        'kms:Decrypt Key',
        'kms:GenerateDataKey Key',
      ].sort(),
    );
    const statements = Object.entries(resources(template, 'AWS::IAM::Policy'))
      .filter(([id]) => id.startsWith('AskQueries'))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => list(Action).includes('kms:Decrypt'));
    expect(statements.map(({ Condition }) => referred(Condition))).toEqual(
      statements.map(() => ({ StringEquals: { 'kms:ViaService': 's3.AWS::Region.amazonaws.com' } })),
    );
    expect(statements.length).toBe(2);
  });

  test('of an Athena query whose workgroup stores the results: no write access', () => {
    const template = templateOf((connector, stack) => {
      const options = { sql: 'SELECT 1', database: 'shop', tables: ['t'], dataBuckets: [new s3.Bucket(stack, 'Lake')] };
      connector.addMeasure('A', { ...OPEN, query: Measure.fromAthenaQuery(options) });
    });
    expect(inputs(template).ASchedule.query).toMatchObject({ workGroup: 'primary' });
    expect(inputs(template).ASchedule.query).not.toHaveProperty('output');
    expect(asked(template).filter((one) => /Put|Upload/.test(one))).toEqual([]);
  });

  const OWN = ['redshift-data:DescribeStatement *', 'redshift-data:GetStatementResult *'];
  test.each<[string, (secret: secretsmanager.ISecret) => RedshiftDatabase, object, string[]]>([
    [
      'a workgroup',
      () => RedshiftDatabase.ofWorkgroup({ workgroupName: 'shop', workgroupId: 'id-1', database: 'dwh' }),
      { workgroup: 'shop', database: 'dwh' },
      [
        'redshift-data:ExecuteStatement arn::redshift-serverless:::workgroup/id-1',
        'redshift-serverless:GetCredentials arn::redshift-serverless:::workgroup/id-1',
      ],
    ],
    [
      'a workgroup, with a secret',
      (secret) => RedshiftDatabase.ofWorkgroup({ workgroupName: 'shop', workgroupId: 'id-1', database: 'dwh', secret }),
      { workgroup: 'shop', database: 'dwh', secret: 'Secret' },
      [
        'redshift-data:ExecuteStatement arn::redshift-serverless:::workgroup/id-1',
        'secretsmanager:GetSecretValue Secret',
      ],
    ],
    [
      'a cluster',
      () => RedshiftDatabase.ofCluster({ clusterIdentifier: 'c-1', database: 'dwh' }),
      { cluster: 'c-1', database: 'dwh' },
      [
        'redshift-data:ExecuteStatement arn::redshift:::cluster:c-1',
        'redshift:GetClusterCredentialsWithIAM arn::redshift:::dbname:c-1/dwh',
      ],
    ],
    [
      'a cluster, with a secret',
      (secret) => RedshiftDatabase.ofCluster({ clusterIdentifier: 'c-1', database: 'dwh', secret }),
      { cluster: 'c-1', database: 'dwh', secret: 'Secret' },
      ['redshift-data:ExecuteStatement arn::redshift:::cluster:c-1', 'secretsmanager:GetSecretValue Secret'],
    ],
  ])('of a Redshift query on %s', (_, database, query, allowed) => {
    const template = templateOf((connector, stack) => {
      const secret = new secretsmanager.Secret(stack, 'Secret');
      const measure = Measure.fromRedshiftQuery({ sql: 'SELECT 1', database: database(secret) });
      connector.addMeasure('A', { ...OPEN, query: measure });
    });
    expect(inputs(template).ASchedule.query).toEqual({ service: 'redshift-data', sql: 'SELECT 1', ...query });
    expect(asked(template)).toEqual([...allowed, ...OWN].sort());
    const own = Object.values(resources(template, 'AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .find(({ Action }) => list(Action).includes('redshift-data:GetStatementResult'));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: syntax of IAM policy variables
    const userId = '${aws:userid}';
    expect(own.Condition).toEqual({ StringEquals: { 'redshift-data:statement-owner-iam-userid': userId } });
  });

  test('of a metric and a segment of Customer Profiles: only these reads', () => {
    const template = templateOf((connector) => {
      connector.addMeasure('Open', OPEN);
      const size = Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'vip' });
      connector.addSegment('Vip', { segment: 'VIP', size, schedule: HOURLY });
    });
    expect(asked(template)).toEqual(
      [
        'cloudwatch:GetMetricData *',
        'profile:CreateSegmentEstimate arn::profile:::domains/shop',
        'profile:GetSegmentEstimate arn::profile:::domains/shop',
        'profile:GetSegmentDefinition arn::profile:::domains/shop',
        'profile:GetSegmentDefinition arn::profile:::domains/shop/segment-definitions/vip',
      ].sort(),
    );
  });

  test('of measure itself, without queries', () => {
    const template = templateOf((connector) => connector.addMeasure('Open', OPEN));
    expect(permissions(template, 'QueriesMeasureRole').filter((one) => !one.startsWith('cloudwatch:'))).toEqual([
      ...queuePermissions('QueriesMeasure', 'QueriesQueue', 'QueriesDeadLetterQueue'),
      'sqs:SendMessage QueriesQueue',
    ]);
  });
});

test('a measure in another stack has its schedule and permissions there', () => {
  const { platform, connector, team } = connectorAndTeam();
  const lake = new s3.Bucket(team, 'Lake', { encryptionKey: new kms.Key(team, 'Key') });
  const options = { sql: 'SELECT 1', database: 'shop', tables: ['t'], dataBuckets: [lake] };
  new ScheduledMeasure(team, 'M', { ...OPEN, connector, query: Measure.fromAthenaQuery(options) });
  new ScheduledSegment(team, 'S', {
    connector,
    segment: 'VIP',
    size: Segment.fromAthenaQuery(options),
    schedule: HOURLY,
  });

  // Synthesis fails if the stacks depend on each other in a cycle.
  const template = Template.fromStack(team);
  expect(team.dependencies).toEqual([platform]);
  expect(platform.dependencies).toEqual([]);
  template.resourceCountIs('AWS::Scheduler::Schedule', 2);
  expect(Object.keys(resources(template, 'AWS::IAM::Policy'))).toEqual([expect.stringMatching(/^AskQueries/)]);
  expect(permissions(Template.fromStack(platform), 'QueriesSchedulerRole')).toEqual(
    expect.arrayContaining(['kms:GenerateDataKey QueueKey', 'kms:Decrypt QueueKey']),
  );
});

test('failed queries are a metric', () => {
  const { connector } = connectorStack({ connectorId: 'emea' });
  const { metricStat } = connector.queries.metricFailedQueries().toMetricConfig();
  expect(metricStat).toMatchObject({
    namespace: 'PowerAutomateConnector',
    metricName: 'FailedQueries',
    dimensions: [{ name: 'connector', value: 'emea' }],
    statistic: 'Sum',
  });
  expect(connector.queries.metric('FailedQueries').metricName).toBe('FailedQueries');
});

describe('rejects at synthesis', () => {
  const athena = { sql: 'SELECT 1', database: 'shop', tables: [], dataBuckets: [] };
  const add = (change: Partial<MeasureOptions>) => () =>
    connectorStack().connector.addMeasure('M', { ...OPEN, ...change });
  const math = new cloudwatch.MathExpression({ expression: 'a * 2', usingMetrics: { a: OPEN_ORDERS } });
  const elsewhere = OPEN_ORDERS.with({ account: '999999999999', region: 'us-east-1' });

  test.each<[string, () => unknown, RegExp]>([
    ['no name', add({ measure: '' }), /^measure is '': write 1 to 200 characters/],
    ['a long name', add({ measure: 'x'.repeat(201) }), /^measure is 'x+'/],
    ['a unit with blanks', add({ unit: ' EUR' }), /^unit is ' EUR'/],
    ['an empty instance', add({ instanceId: '' }), /^instanceId is ''/],
    ['no dimension', add({ dimensions: [] }), /^dimensions has 0 names: write 1 to 10$/],
    ['a dimension twice', add({ dimensions: ['Region', 'region'] }), /^dimensions has 'region' twice/],
    [
      'a timeout that is too short',
      add({ timeout: Duration.seconds(59) }),
      /^timeout is 59 seconds: write whole seconds, from a minute/,
    ],
    ['a timeout that is too long', add({ timeout: Duration.hours(7) }), /^timeout is 7 hours/],
    ['no SQL', () => Measure.fromAthenaQuery({ ...athena, sql: ' ' }), /^sql is empty/],
    ['no database', () => Segment.fromAthenaQuery({ ...athena, database: '' }), /^database is empty/],
    [
      'a prefix without a bucket',
      () => Measure.fromAthenaQuery({ ...athena, resultsPrefix: 'a' }),
      /^resultsPrefix has no resultsBucket/,
    ],
    [
      'an invalid prefix',
      () => {
        const bucket = s3.Bucket.fromBucketName(new Stack(), 'B', 'results');
        return Measure.fromAthenaQuery({ ...athena, resultsBucket: bucket, resultsPrefix: '/a/' });
      },
      /^resultsPrefix is '\/a\/'/,
    ],
    [
      'a math expression',
      () => Measure.fromCloudWatchMetric({ metric: math }),
      /is a math expression: write a single metric/,
    ],
    ['no period', () => Measure.fromCloudWatchMetric({ metric: OPEN_ORDERS, periods: 0 }), /^periods is 0/],
    [
      'a metric of another account',
      () => {
        const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'us-east-1' } });
        const query = Measure.fromCloudWatchMetric({ metric: elsewhere });
        new PowerAutomateConnector(stack, 'C').addMeasure('M', { ...OPEN, query });
      },
      /^Shop Open is a metric of 999999999999 in us-east-1: write a metric of the stack's account and Region/,
    ],
    [
      'no segment',
      () => Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: '' }),
      /^segmentDefinitionName is empty/,
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
