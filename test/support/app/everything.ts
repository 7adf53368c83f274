import { type App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { RECONCILABLE_KINDS } from '../../../contract/sources';
import {
  ClientSecret,
  ConnectorAction,
  ConnectorAlarms,
  ConnectorDashboard,
  ConnectorSignIn,
  FlowAuth,
  FlowUrl,
  Measure,
  Notifications,
  PowerAutomateConnector,
  Producer,
  ProducerForwarding,
  RedshiftDatabase,
  Segment,
  Source,
  Threshold,
  Trigger,
  Unification,
} from '../../../lib';
import { ACCOUNT, REGION } from '../../../local/shared/environment';
import { suitableTable, type TableProp } from '../../lib/support';
import { addEverySource, everySource } from './sources';

/** An Entra ID application that does not exist. */
const APPLICATION = { tenantId: 'contoso.onmicrosoft.com', clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa' };
const secretArn = (name: string): string => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}`;
/** Secrets and parameters that subscriptions and queries name. The test that runs the stack provides their values. */
export const UserSecrets = {
  /** Fields: `declared`, `tenant`. */
  FLOW_URLS: secretArn('crm/flow-urls-AbCdEf'),
  CLIENT_SECRET: secretArn('crm/client-secret-AbCdEf'),
  FLOW_URL_PARAMETER: '/crm/flow-url',
  /** Listed in the connector's `flowSecrets`, so that files and the CLI can name it. */
  FILE_SECRET: secretArn('crm/file-flow-url-AbCdEf'),
  FILE_PARAMETER: '/crm/file-flow-url',
  WAREHOUSE_USER: secretArn('warehouse-user-AbCdEf'),
} as const;

/** Resources that queries and polls read. */
export const QueryTargets = {
  DATABASE: 'shop',
  DATA_BUCKET: 'shop-lake',
  RESULTS_BUCKET: 'shop-results',
  RESULTS_PREFIX: 'power-automate-connector',
  WORKGROUP: 'reports',
  WORKGROUP_ID: '11111111-2222-3333-4444-555555555555',
  CLUSTER: 'warehouse',
  WAREHOUSE_DATABASE: 'dwh',
  DOMAIN: 'shop',
  SEGMENT_DEFINITION: 'vip',
  WORKFLOW: 'customers',
} as const;

/** Ids of the keys of the user's resources: `SECRETS_KEY` encrypts all of `UserSecrets`, `DATA_KEY` both buckets. */
export const SECRETS_KEY = 'SecretsKey';
export const DATA_KEY = 'DataKey';

export interface EverythingOptions {
  /**
   * Whether the custom connector's API has an own domain, which the local run does not implement.
   * @default false
   */
  readonly ownDomain?: boolean;
}

/** Adds a stack with a connector that has every option, and returns the connector. */
export function everythingConnector(app: App, options: EverythingOptions = {}): PowerAutomateConnector {
  // Keys of replicas require a stack with a known Region.
  const stack = new Stack(app, 'Everything', { env: { account: ACCOUNT, region: REGION } });
  const key = (id: string) => new kms.Key(stack, id, { enableKeyRotation: true, removalPolicy: RemovalPolicy.RETAIN });
  // Must be the first key of the template: the local run encrypts flow URLs with the first one.
  const encryptionKey = key('FlowUrlKey');
  const [queueEncryptionKey, secretsKey, dataKey] = [key('QueueKey'), key(SECRETS_KEY), key(DATA_KEY)];
  const encryption = dynamodb.TableEncryptionV2.customerManagedKey(key('TableKey'));
  const table = (prop: TableProp) =>
    suitableTable(stack, prop, (suitable) => ({
      ...suitable,
      encryption,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
    }));
  const secret = (secretCompleteArn: string) =>
    secretsmanager.Secret.fromSecretAttributes(stack, secretCompleteArn, {
      secretCompleteArn,
      encryptionKey: secretsKey,
    });
  const parameter = (parameterName: string) =>
    ssm.StringParameter.fromSecureStringParameterAttributes(stack, parameterName, {
      parameterName,
      encryptionKey: secretsKey,
    });
  const vpc = vpcOf(stack);

  const connector = new PowerAutomateConnector(stack, 'Connector', {
    subscriptionsTable: table('subscriptionsTable'),
    thresholdsTable: table('thresholdsTable'),
    runsTable: table('runsTable'),
    deliveriesTable: table('deliveriesTable'),
    encryptionKey,
    queueEncryptionKey,
    flowSecrets: [secret(UserSecrets.FILE_SECRET)],
    flowParameters: [parameter(UserSecrets.FILE_PARAMETER)],
    entraFederation: true,
    vpc,
    tracing: lambda.Tracing.ACTIVE,
    archive: { retention: Duration.days(30) },
    schemaRegistry: true,
    notifications: Notifications.email('data-team@example.com'),
  });
  const alarms = new ConnectorAlarms(stack, 'Alarms', { connector });
  new ConnectorDashboard(stack, 'Dashboard', { connector, alarms });
  declareSubscriptions(connector, { secret, parameter });
  addEverySource(connector, {});
  const forwarded = Source.glueJob({ jobName: 'forwarded-job', dataSource: 'Forwarded orders' });
  connector.acceptSource('Forwarded', forwarded, { account: '111122223333', reconciled: true });
  connector.allowProducers(Producer.account('111122223333'));
  addQueries(connector, { secret, dataKey });
  connector.addUnification('Match', {
    jobs: Unification.fromEntityResolution(QueryTargets.WORKFLOW),
    whenStarted: true,
  });
  connector.addUnification('Identities', { jobs: Unification.fromCustomerProfiles(QueryTargets.DOMAIN) });
  addEverythingApi(connector, options);
  connector.addOutputs();
  return connector;
}

const vpcOf = (stack: Stack): ec2.IVpc =>
  ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['us-east-1a', 'us-east-1b'],
    privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
  });

/** Adds a stack in another Region that forwards a source of each kind, reconciled where possible. */
export function everythingForwarding(app: App): ProducerForwarding {
  const stack = new Stack(app, 'Forwarding', { env: { account: '111122223333', region: 'eu-central-1' } });
  const forwarding = new ProducerForwarding(stack, 'ToPowerAutomate', {
    connectorBusArn: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/customer-data`,
    queueEncryptionKey: new kms.Key(stack, 'QueueKey', { enableKeyRotation: true }),
    vpc: vpcOf(stack),
    tracing: lambda.Tracing.ACTIVE,
  });
  for (const [id, source] of Object.entries(everySource(stack, { account: '111122223333', region: 'eu-central-1' }))) {
    const isReconciled = RECONCILABLE_KINDS.some((kind) => kind === source._kind);
    forwarding.addSource(id, source, isReconciled ? { reconciliation: {} } : {});
  }
  return forwarding;
}

/** Adds the API of the custom connector with every option that can be combined. */
function addEverythingApi(connector: PowerAutomateConnector, { ownDomain = false }: EverythingOptions): void {
  const arn = `arn:aws:acm:${REGION}:${ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555`;
  connector.addConnectorApi('Api', {
    signIn: [
      ConnectorSignIn.entra({
        tenantId: '11111111-2222-3333-4444-555555555555',
        clientId: APPLICATION.clientId,
        scope: 'Flows.Use',
        roles: ['Flow.Author'],
      }),
      ConnectorSignIn.keys(),
    ],
    ...(ownDomain && {
      domainName: 'connector.example.com',
      certificate: acm.Certificate.fromCertificateArn(connector, 'ApiCertificate', arn),
    }),
    actions: [
      ConnectorAction.READ,
      ConnectorAction.TEST,
      ConnectorAction.REPLAY,
      ConnectorAction.REPORT_OUTCOMES,
      ConnectorAction.REPORT_EVENTS,
    ],
    callbackHosts: ['logic.azure.com'],
  });
}

/** References to the user's secrets and parameters by name. */
interface References {
  readonly secret: (arn: string) => secretsmanager.ISecret;
  readonly parameter: (name: string) => ssm.IParameter;
}

function declareSubscriptions(connector: PowerAutomateConnector, { secret, parameter }: References): void {
  const flowUrls = secret(UserSecrets.FLOW_URLS);
  const clientSecret = ClientSecret.fromSecret(secret(UserSecrets.CLIENT_SECRET));
  connector.addSubscription('declared', {
    trigger: Trigger.dataSourceRefreshFailed({ dataSource: 'declared' }),
    flowUrl: FlowUrl.fromSecret(flowUrls, 'declared'),
  });
  connector.addSubscription('declared-parameter', {
    trigger: Trigger.dataSourceRefreshFailed({ dataSource: 'declared-parameter' }),
    flowUrl: FlowUrl.fromParameter(parameter(UserSecrets.FLOW_URL_PARAMETER)),
  });
  connector.addSubscription('tenant', {
    trigger: Trigger.dataSourceRefreshFailed({ dataSource: 'tenant' }),
    flowUrl: FlowUrl.fromSecret(flowUrls, 'tenant'),
    auth: FlowAuth.entra({ ...APPLICATION, clientSecret }),
  });
  connector.addSubscription('vouched', {
    trigger: Trigger.dataSourceRefreshFailed({ dataSource: 'vouched' }),
    flowUrl: FlowUrl.fromSecret(flowUrls, 'tenant'),
    auth: FlowAuth.entra(APPLICATION),
  });
  connector.addSubscription('declared-threshold', {
    trigger: Trigger.measureThresholdCrossed({
      measure: 'Declared',
      dimensions: { Region: 'EU' },
      threshold: Threshold.above(10, { recoverTo: 5, fireIfAlreadyBeyond: true }),
    }),
    flowUrl: FlowUrl.fromSecret(flowUrls, 'declared'),
  });
}

/** Adds a measure or a segment for every kind of query and every way to authenticate. */
function addQueries(
  connector: PowerAutomateConnector,
  { secret, dataKey }: Pick<References, 'secret'> & { readonly dataKey: kms.IKey },
): void {
  const schedule = scheduler.ScheduleExpression.rate(Duration.hours(1));
  const bucket = (bucketName: string) =>
    s3.Bucket.fromBucketAttributes(connector, bucketName, { bucketName, encryptionKey: dataKey });
  const [lake, resultsBucket] = [bucket(QueryTargets.DATA_BUCKET), bucket(QueryTargets.RESULTS_BUCKET)];
  const athena = (sql: string, table: string) => ({
    sql,
    database: QueryTargets.DATABASE,
    tables: [table],
    dataBuckets: [lake],
    resultsBucket,
  });
  const redshift = (database: RedshiftDatabase) => Measure.fromRedshiftQuery({ sql: 'SELECT 1', database });
  const { CLUSTER, WAREHOUSE_DATABASE, WORKGROUP, WORKGROUP_ID } = QueryTargets;
  const measures = {
    Athena: Measure.fromAthenaQuery(athena('SELECT sum(total) FROM orders', 'orders')),
    Workgroup: redshift(
      RedshiftDatabase.ofWorkgroup({
        workgroupName: WORKGROUP,
        workgroupId: WORKGROUP_ID,
        database: WAREHOUSE_DATABASE,
      }),
    ),
    Cluster: redshift(RedshiftDatabase.ofCluster({ clusterIdentifier: CLUSTER, database: WAREHOUSE_DATABASE })),
    User: redshift(
      RedshiftDatabase.ofCluster({
        clusterIdentifier: CLUSTER,
        database: WAREHOUSE_DATABASE,
        secret: secret(UserSecrets.WAREHOUSE_USER),
      }),
    ),
    CloudWatch: Measure.fromCloudWatchMetric({
      metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'Open' }),
    }),
  };
  for (const [measure, query] of Object.entries(measures)) {
    connector.addMeasure(`${measure}Measure`, { measure, query, schedule });
  }
  const segments = {
    Customers: Segment.fromAthenaQuery(athena('SELECT count(*) FROM customers', 'customers')),
    Vip: Segment.fromCustomerProfiles({
      domainName: QueryTargets.DOMAIN,
      segmentDefinitionName: QueryTargets.SEGMENT_DEFINITION,
    }),
  };
  for (const [segment, size] of Object.entries(segments)) {
    connector.addSegment(`${segment}Segment`, { segment, size, schedule });
  }
}
