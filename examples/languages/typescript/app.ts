import { App, Aspects, Duration, type IAspect, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { IConstruct } from 'constructs';
import {
  AlarmActions,
  BodyFormat,
  ConnectorAction,
  ConnectorAlarms,
  ConnectorSignIn,
  ConnectorSource,
  FlowSubscription,
  FlowUrl,
  Measure,
  Notifications,
  PowerAutomateConnector,
  Producer,
  RedshiftDatabase,
  RefreshExpectation,
  RefreshKind,
  RefreshStatus,
  RefreshSubject,
  Segment,
  Source,
  Threshold,
  Trigger,
  Unification,
  Weekday,
} from '../../../lib';

/**
 * The app that `examples/languages` contains in each language: a connector with sources, queries, declared subscriptions, alarms
 * and an aspect. All of them synthesize the same templates.
 */
const app = new App();
const stack = new Stack(app, 'Connector');
const connector = new PowerAutomateConnector(stack, 'PowerAutomate', {
  deliveryRetention: Duration.days(30),
  notifications: Notifications.email('data-owners@example.com'),
});
connector.allowProducers(
  Producer.account('111122223333'),
  Producer.organization('o-a1b2c3d4e5', { path: 'r-ab12/ou-ab12-11111111' }),
);

connector.addSource('Orders', Source.glueJob({ jobName: 'load-orders', dataSource: 'Orders' }), { reconciliation: {} });
const nightly = sfn.StateMachine.fromStateMachineName(stack, 'NightlyMachine', 'nightly');
connector.addSource('Nightly', Source.stepFunctionsFullRefresh({ stateMachine: nightly, kind: RefreshKind.SCHEDULED }));
connector.addSegment('VipSize', {
  segment: 'VIP customers',
  size: Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'vip' }),
  schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)),
});
connector.addMeasure('Revenue', {
  measure: 'Revenue yesterday',
  dimensions: ['region'],
  query: Measure.fromRedshiftQuery({
    sql: 'SELECT region, SUM(total) AS revenue FROM orders WHERE day = CURRENT_DATE - 1 GROUP BY region',
    database: RedshiftDatabase.ofCluster({ clusterIdentifier: 'dwh-1', database: 'dwh' }),
  }),
  schedule: scheduler.ScheduleExpression.rate(Duration.minutes(15)),
});
connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers') });

const flowUrls = secretsmanager.Secret.fromSecretNameV2(stack, 'FlowUrls', 'crm/flow-urls');
connector.addSubscription('OrdersFailed', {
  trigger: Trigger.dataSourceRefreshFailed({ dataSource: 'Orders', includeRetries: true }),
  flowUrl: FlowUrl.fromSecret(flowUrls, 'data-team'),
  format: BodyFormat.TEAMS_CARD,
  owners: ['data-owners@example.com'],
  rateLimit: { calls: 100, per: Duration.minutes(5) },
});
connector.addSubscription('NoOrders', {
  trigger: Trigger.refreshOverdue(
    RefreshExpectation.by(RefreshSubject.dataSource('Orders'), {
      time: '07:00',
      timeZone: 'Europe/Berlin',
      days: [Weekday.MONDAY, Weekday.TUESDAY],
      grace: Duration.minutes(30),
    }),
  ),
});
connector.addSubscription('NoFullRefresh', {
  trigger: Trigger.refreshOverdue(RefreshExpectation.every(RefreshSubject.fullRefresh(), Duration.days(1))),
});
connector.addSubscription('RevenueFell', {
  trigger: Trigger.measureThresholdCrossed({
    measure: 'Revenue yesterday',
    dimensions: { region: 'North' },
    threshold: Threshold.below(100_000),
  }),
});
const crossings = new sqs.Queue(stack, 'Crossings', { enforceSSL: true });
connector.onThresholdCrossed('Crossed', { target: new targets.SqsQueue(crossings) });
connector.addConnectorApi('Api', {
  signIn: [ConnectorSignIn.keys()],
  actions: [ConnectorAction.READ, ConnectorAction.REPORT_OUTCOMES],
});

// A team's own stack: its subscriptions reference the connector of the other one.
const marketing = new Stack(app, 'Marketing');
new FlowSubscription(marketing, 'VipOver10k', {
  connector,
  trigger: Trigger.segmentThresholdCrossed({
    segment: 'VIP customers',
    threshold: Threshold.above(10_000, { recoverTo: 9_000, fireIfAlreadyBeyond: true }),
  }),
  flowUrl: FlowUrl.fromSecret(flowUrls, 'marketing'),
  finishWithin: Duration.hours(1),
});
new FlowSubscription(marketing, 'Unified', {
  connector,
  trigger: Trigger.unificationRefreshCompleted({ status: [RefreshStatus.FAILED, RefreshStatus.TIMED_OUT] }),
  flowUrl: FlowUrl.fromSecret(flowUrls, 'marketing'),
});

// Another app refers to the connector by the name of its export.
connector.exportAs('customer-data', { sources: true });
const another = new Stack(app, 'Another');
const imported = PowerAutomateConnector.fromExports(another, 'Imported', 'customer-data');
new ConnectorSource(another, 'Campaigns', {
  connector: imported,
  source: Source.glueJob({ jobName: 'load-campaigns', dataSource: 'Campaigns' }),
});
new FlowSubscription(another, 'CampaignsRefreshed', {
  connector: imported,
  trigger: Trigger.dataSourceRefreshSucceeded({ dataSource: 'Campaigns' }),
  flowUrl: FlowUrl.fromSecret(
    secretsmanager.Secret.fromSecretNameV2(another, 'FlowUrls', 'crm/flow-urls'),
    'campaigns',
  ),
});

const topic = connector.notifications?.topic;
if (!topic) throw new Error('the connector has no notifications');
new ConnectorAlarms(stack, 'Alarms', {
  connector,
  actions: AlarmActions.bySeverity({ high: AlarmActions.topic(topic) }),
  overrides: {
    oldestPending: { threshold: 7200 },
    queueAge: { each: { Stages: { enabled: false } } },
  },
});

/** Gives each role a path, which an organization's policies can require. */
class RolePath implements IAspect {
  public visit(node: IConstruct): void {
    if (node instanceof iam.CfnRole) node.path = '/connectors/';
  }
}
Aspects.of(stack).add(new RolePath());
app.synth();
