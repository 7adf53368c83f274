import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { describe, expect, test } from 'vitest';
import {
  ConnectorAction,
  ConnectorApi,
  type ConnectorApiOptions,
  type ConnectorApiProps,
  ConnectorSignIn,
  FlowDelivery,
  type FlowDeliveryProps,
  Notifications,
  PowerAutomateConnector,
  type PowerAutomateConnectorProps,
  PowerAutomateConnectorStack,
  RefreshCollection,
  type RefreshCollectionProps,
  ScheduledQueries,
  type ScheduledQueriesProps,
  SourceNormalization,
  type SourceNormalizationProps,
  SourceReconciliation,
  type SourceReconciliationProps,
  SubjectCatalog,
  type SubjectCatalogProps,
  SubscriptionRegistry,
  type SubscriptionRegistryProps,
  ThresholdEvaluation,
  type ThresholdEvaluationProps,
  TriggerRules,
  type TriggerRulesProps,
  UnificationPolling,
  type UnificationPollingProps,
} from '../../../lib';
import { resources, suitableTable } from '../support';

// Finds a prop that a construct accepts and does not forward.

/** A value other than the default for each prop of the connector. The compiler reports a new prop that has none. */
const values = (stack: Stack): Required<PowerAutomateConnectorProps> => ({
  eventSource: 'crm',
  connectorId: 'emea',
  removalPolicy: RemovalPolicy.DESTROY,
  deletionProtection: true,
  queueEncryptionKey: new kms.Key(stack, 'QueueKey'),
  logRetention: logs.RetentionDays.ONE_DAY,
  logGroup: new logs.LogGroup(stack, 'Logs'),
  vpc: new ec2.Vpc(stack, 'Vpc'),
  vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
  securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-0123456789abcdef0')],
  eventBus: events.EventBus.fromEventBusName(stack, 'Bus', 'company'),
  deadLetterQueue: new sqs.Queue(stack, 'DeadLetters'),
  encryptionKey: new kms.Key(stack, 'Key'),
  subscriptionsTable: suitableTable(stack, 'subscriptionsTable'),
  thresholdsTable: suitableTable(stack, 'thresholdsTable'),
  runsTable: suitableTable(stack, 'runsTable'),
  deliveriesTable: suitableTable(stack, 'deliveriesTable'),
  unificationStages: ['one'],
  fullRefreshProcesses: ['two'],
  runTimeout: Duration.hours(1),
  extraFlowHosts: ['flows.example.com'],
  deliveryRetention: Duration.days(30),
  deliverMemorySize: 256,
  deliveryBatchingWindow: Duration.seconds(5),
  invocationLogs: true,
  flowSecrets: [new secretsmanager.Secret(stack, 'FlowSecret')],
  flowParameters: [ssm.StringParameter.fromStringParameterName(stack, 'FlowParameter', '/flows/crm')],
  entraFederation: true,
  notifications: Notifications.email('data-team@example.com'),
  runbook: 'https://example.com/runbook',
  archive: {},
  schemaRegistry: true,
  tracing: lambda.Tracing.ACTIVE,
});

/** A value for each option of the API. `certificate` comes with `domainName`; `gatewayAuthorizer` has tests of its own. */
const apiValues = (stack: Stack): Required<Omit<ConnectorApiOptions, 'certificate' | 'gatewayAuthorizer'>> => ({
  signIn: [ConnectorSignIn.keys()],
  actions: [ConnectorAction.REPLAY],
  catalogTable: new dynamodb.TableV2(stack, 'Catalog', {
    partitionKey: { name: 'pk', type: dynamodb.AttributeType.STRING },
    sortKey: { name: 'sk', type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: 'expiresAt',
  }),
  domainName: 'connector.example.com',
  callbackHosts: ['flows.example.com'],
  throttle: { rate: 1, burst: 1 },
  maxFlowsPerUser: 1,
  endGrace: Duration.hours(1),
  accessLog: new logs.LogGroup(stack, 'AccessLog'),
});

type Values = ReturnType<typeof values> &
  ReturnType<typeof apiValues> & { readonly flowUrlKey: kms.IKey } & Record<
    'observationsQueue' | 'deliveriesQueue',
    sqs.IQueue
  >;
type Prop = keyof Values;

/** Props that a prop needs. */
const beside = (prop: Prop): Prop[] => {
  if (prop === 'runbook') return ['notifications'];
  return ['vpcSubnets', 'securityGroups'].includes(prop) ? ['vpc'] : [];
};

/** The template of a construct with some of the values. It always contains the resources behind all values. */
function templateOf(make: (stack: Stack, props: never) => void, given: readonly Prop[]): string {
  const stack = new Stack(new App(), 'Stack');
  const isolated = new ec2.Vpc(stack, 'OtherVpc', {
    subnetConfiguration: [
      { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      { name: 'public', subnetType: ec2.SubnetType.PUBLIC },
      { name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    ],
  });
  const all: Values = {
    ...values(stack),
    ...apiValues(stack),
    vpc: isolated,
    flowUrlKey: new kms.Key(stack, 'FlowUrlKey'),
    observationsQueue: new sqs.Queue(stack, 'ObservationsQueue'),
    deliveriesQueue: new sqs.Queue(stack, 'DeliveriesQueue'),
  };
  make(stack, Object.fromEntries(given.map((prop) => [prop, all[prop]])) as never);
  return JSON.stringify(Template.fromStack(stack).toJSON());
}

type Optional<Props> = { [P in keyof Props]-?: undefined extends Props[P] ? P : never }[keyof Props];
type Required_<Props> = Exclude<keyof Props, Optional<Props>>;
/** Each prop of a construct; `true` if the prop is required. The compiler reports a new prop that is missing. */
type Table<Props> = { [P in Optional<Props>]: false } & { [P in Required_<Props>]: true };

const event = { eventSource: false, connectorId: false } as const;
const storage = { removalPolicy: false, deletionProtection: false } as const;
const queues = { queueEncryptionKey: false } as const;
const functions = {
  tracing: false,
  logRetention: false,
  logGroup: false,
  invocationLogs: false,
  vpc: false,
  vpcSubnets: false,
  securityGroups: false,
} as const;
const rules: Table<TriggerRulesProps> = {
  ...event,
  ...queues,
  eventBus: false,
  deadLetterQueue: false,
  archive: false,
  schemaRegistry: false,
};
const registry: Table<SubscriptionRegistryProps> = {
  removalPolicy: false,
  deletionProtection: false,
  encryptionKey: false,
  subscriptionsTable: false,
};
const evaluation: Table<ThresholdEvaluationProps> = {
  ...event,
  ...storage,
  ...queues,
  ...functions,
  thresholdsTable: false,
  eventBus: true,
  subscriptionsTable: true,
};
const collection: Table<RefreshCollectionProps> = {
  ...event,
  ...storage,
  ...queues,
  ...functions,
  runsTable: false,
  unificationStages: false,
  fullRefreshProcesses: false,
  runTimeout: false,
  eventBus: true,
};
const delivery: Table<FlowDeliveryProps> = {
  ...event,
  ...storage,
  ...queues,
  ...functions,
  deliveriesTable: false,
  extraFlowHosts: false,
  deliveryRetention: false,
  deliverMemorySize: false,
  deliveryBatchingWindow: false,
  flowSecrets: false,
  flowParameters: false,
  entraFederation: false,
  eventBus: true,
  subscriptionsTable: true,
  flowUrlKey: true,
};
const normalization: Table<SourceNormalizationProps> = {
  ...event,
  ...queues,
  ...functions,
  removalPolicy: false,
  eventBus: true,
  deadLetterQueue: true,
};
const queries: Table<ScheduledQueriesProps> = {
  ...event,
  removalPolicy: false,
  ...queues,
  ...functions,
  eventBus: true,
};
const polling: Table<UnificationPollingProps> = {
  ...queries,
  runsTable: true,
};
const reconciliation: Table<Omit<SourceReconciliationProps, 'normalization'>> = { ...polling, runsTable: false };
const catalog: Table<SubjectCatalogProps> = {
  ...event,
  ...storage,
  ...queues,
  ...functions,
  catalogTable: false,
  deadLetterQueue: false,
  eventBus: true,
};
const api: Table<Omit<ConnectorApiProps, 'certificate' | 'gatewayAuthorizer'>> = {
  ...catalog,
  signIn: true,
  actions: false,
  domainName: false,
  callbackHosts: false,
  throttle: false,
  maxFlowsPerUser: false,
  endGrace: false,
  accessLog: false,
  subscriptionsTable: true,
  thresholdsTable: true,
  observationsQueue: true,
  deliveriesTable: true,
  deliveriesQueue: true,
  flowUrlKey: true,
};
const everything = Object.fromEntries(
  Object.keys(values(new Stack(new App(), 'Stack'))).map((prop) => [prop, false]),
) as Table<PowerAutomateConnectorProps>;

const CONSTRUCTS: [string, (stack: Stack, props: never) => void, Record<string, boolean>][] = [
  [
    'TriggerRules',
    (stack, props) => {
      const made = new TriggerRules(stack, 'Part', props);
      made.sendTriggersTo(new sqs.Queue(stack, 'Triggers'));
    },
    rules,
  ],
  ['SubscriptionRegistry', (stack, props) => new SubscriptionRegistry(stack, 'Part', props), registry],
  ['ThresholdEvaluation', (stack, props) => new ThresholdEvaluation(stack, 'Part', props), evaluation],
  ['RefreshCollection', (stack, props) => new RefreshCollection(stack, 'Part', props), collection],
  ['ScheduledQueries', (stack, props) => new ScheduledQueries(stack, 'Part', props), queries],
  ['UnificationPolling', (stack, props) => new UnificationPolling(stack, 'Part', props), polling],
  ['FlowDelivery', (stack, props) => new FlowDelivery(stack, 'Part', props), delivery],
  ['SourceNormalization', (stack, props) => new SourceNormalization(stack, 'Part', props), normalization],
  [
    'SourceReconciliation',
    (stack, props: SourceReconciliationProps) => {
      const { eventBus } = props;
      const deadLetterQueue = new sqs.Queue(stack, 'DeadLettersOfRules');
      const normalization = new SourceNormalization(stack, 'Normalization', { eventBus, deadLetterQueue });
      new SourceReconciliation(stack, 'Part', { ...props, normalization });
    },
    reconciliation,
  ],
  ['SubjectCatalog', (stack, props) => new SubjectCatalog(stack, 'Part', props), catalog],
  [
    'ConnectorApi',
    (stack, props: ConnectorApiProps) => {
      const certificate =
        props.domainName === undefined
          ? undefined
          : acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:one');
      new ConnectorApi(stack, 'Part', { ...props, certificate });
    },
    api,
  ],
  ['PowerAutomateConnector', (stack, props) => new PowerAutomateConnector(stack, 'Part', props), everything],
];

describe.each(CONSTRUCTS)('%s', (_, make, table) => {
  const props = Object.keys(table) as Prop[];
  const required = props.filter((prop) => table[prop]);
  const templates = new Map<string, string>();

  test.each(props.filter((prop) => !table[prop]))('%s reaches the template', (prop) => {
    const without = [...required, ...beside(prop)];
    const template = templates.get(without.join()) ?? templateOf(make, without);
    templates.set(without.join(), template);
    expect(templateOf(make, [...without, prop])).not.toBe(template);
  });
});

test('the stack gives its connector every prop', () => {
  const given = (props: object) => {
    const template = Template.fromStack(
      new PowerAutomateConnectorStack(new App(), 'Stack', { connectorId: 'emea', logRetention: 1, ...props }),
    );
    return resources(template, 'AWS::Lambda::Function');
  };
  expect(given({ extraFlowHosts: ['flows.example.com'] })).not.toEqual(given({}));
});
