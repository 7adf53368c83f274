import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import { MAX_LOOK_BACK_DAYS, RECONCILABLE_KINDS, RECORDED_RUN_DAYS } from '../../../contract/sources';
import { ConnectorSource, PowerAutomateConnector, type ReconciliationOptions, RefreshKind, Source } from '../../../lib';
import { validateDeliveryRetention } from '../../../lib/delivery/flow-delivery';
import { policyActions, queuePermissions, startsAfter } from '../scheduled-functions';
import { connectorAndTeam, connectorStack, permissions, referred, resources } from '../support';

const TASK = 'arn:aws:datasync:eu-west-1:111122223333:task/task-08de6e6697796f026';
const MACHINE = 'arn:aws:states:eu-west-1:111122223333:stateMachine:nightly';
const dataSource = 'Orders';

/** A connector with one reconciled source of each reconcilable kind. */
function reconciled() {
  const stack = new Stack(new App(), 'Stack');
  const connector = new PowerAutomateConnector(stack, 'Connector');
  const stateMachine = sfn.StateMachine.fromStateMachineArn(stack, 'Machine', MACHINE);
  const sources = {
    Flow: Source.appFlow({ flowName: 'crm-orders', dataSource }),
    Glue: Source.glueJob({ jobName: 'load-orders', dataSource, instanceId: 'emea' }),
    Brew: Source.dataBrew({ jobName: 'clean-orders', dataSource }),
    Emr: Source.emrServerless({ applicationId: '00f1982r1uukb925', dataSource }),
    Sync: Source.dataSync({ taskArn: TASK, dataSource }),
    Athena: Source.athena({ workGroup: 'refreshes', dataSource }),
    Machine: Source.stepFunctions({ stateMachine, dataSource }),
    Full: Source.stepFunctionsFullRefresh({ stateMachine, kind: RefreshKind.SCHEDULED }),
    Unification: Source.stepFunctionsUnification({ stateMachine }),
  };
  for (const [id, source] of Object.entries(sources)) connector.addSource(id, source, { reconciliation: {} });
  return { connector, template: Template.fromStack(stack) };
}
const { connector, template } = reconciled();
const schedules = resources(template, 'AWS::Scheduler::Schedule');

test('each source is checked every hour, with a look back of one day, by one function', () => {
  expect(Object.keys(schedules)).toHaveLength(9);
  for (const [id, { Properties }] of Object.entries(schedules)) {
    expect(Properties.ScheduleExpression, id).toBe('rate(1 hour)');
    expect(referred(Properties.Target.Arn)).toBe('ReconciliationReconciliationsQueue');
    expect(JSON.parse(Properties.Target.Input).lookBackSeconds).toBe(86_400);
  }
  expect(JSON.parse(schedules.GlueSchedule?.Properties.Target.Input)).toEqual({
    kind: 'glue-job',
    source: { name: 'load-orders', put: 'DataSourceRefreshed', detail: { dataSource, instanceId: 'emea' } },
    lookBackSeconds: 86_400,
  });
  expect(JSON.parse(schedules.FullSchedule?.Properties.Target.Input).source).toEqual({
    name: MACHINE,
    put: 'FullRefreshed',
    detail: { kind: 'Scheduled' },
  });
  const kinds = Object.values(schedules).map(({ Properties }) => JSON.parse(Properties.Target.Input).kind);
  expect(new Set(kinds)).toEqual(new Set(RECONCILABLE_KINDS));
  const reconcile = resources(template, 'AWS::Lambda::Function').ReconciliationReconcileFunction;
  expect(reconcile?.Properties.Timeout).toBe(HANDLER_TIMEOUT_SECONDS.reconcile);
  expect(referred(reconcile?.Properties.Environment.Variables)).toMatchObject({
    [Env.RUNS_TABLE_NAME]: 'CollectionTable',
    [Env.EVENT_BUS_NAME]: 'EventsBus',
    [Env.REJECTED_QUEUE_URL]: 'ReconciliationReconciliationsDeadLetterQueue',
  });
  expect(startsAfter(template, 'ListRuns', 'ReconciliationSchedulerRoleDefaultPolicy')).toBe(true);
});

test('normalize records only the runs of these sources', () => {
  const normalize = resources(template, 'AWS::Lambda::Function').NormalizationNormalizeFunction;
  expect(referred(normalize?.Properties.Environment.Variables[Env.RUNS_TABLE_NAME])).toBe('CollectionTable');
  expect(permissions(template, 'NormalizationNormalizeRole')).toContain('dynamodb:PutItem CollectionTable');
  const { connector: mixed, stack } = connectorStack();
  mixed.addSource('Reconciled', Source.glueJob({ jobName: 'reconciled-job', dataSource }), { reconciliation: {} });
  mixed.addSource('Plain', Source.glueJob({ jobName: 'plain-job', dataSource }));
  const [rule] = Object.values(resources(Template.fromStack(stack), 'AWS::Events::Rule')).filter(
    ({ Properties }) => Properties.EventPattern?.source?.[0] === 'aws.glue',
  );
  const sent = referred(rule?.Properties.Targets[0].InputTransformer.InputTemplate) as string;
  const { sources } = JSON.parse(sent.replace('<aws.events.event.json>', '{}'));
  expect(sources.map(({ name, reconciled }: { name: string; reconciled?: boolean }) => [name, reconciled])).toEqual([
    ['reconciled-job', true],
    ['plain-job', undefined],
  ]);
});

test('reconcile has exactly the permissions that it needs, including listing the runs of these sources', () => {
  const queues = 'ReconciliationReconciliations';
  expect(permissions(template, 'ReconciliationReconcileRole').map((one) => one.replaceAll(/AWS::\w+/g, ''))).toEqual(
    [
      'appflow:DescribeFlowExecutionRecords arn::appflow:::flow/crm-orders',
      'athena:BatchGetQueryExecution arn::athena:::workgroup/refreshes',
      'athena:ListQueryExecutions arn::athena:::workgroup/refreshes',
      'databrew:ListJobRuns arn::databrew:::job/clean-orders',
      `datasync:DescribeTaskExecution ${TASK}/execution/*`,
      'datasync:ListTaskExecutions *',
      'dynamodb:BatchGetItem CollectionTable',
      'dynamodb:PutItem CollectionTable',
      'emr-serverless:ListJobRuns arn::emr-serverless:::/applications/00f1982r1uukb925',
      'glue:GetJobRuns arn::glue:::job/load-orders',
      ...queuePermissions('ReconciliationReconcile', `${queues}Queue`, `${queues}DeadLetterQueue`),
      `states:ListExecutions ${MACHINE}`,
    ].toSorted(),
  );
});

test('a connector without reconciled sources has none of these resources', () => {
  const plain = connectorStack();
  plain.connector.addSource('Glue', Source.glueJob({ jobName: 'load-orders', dataSource }));
  const without = Template.fromStack(plain.stack);
  expect(
    Object.keys(without.toJSON().Resources).filter((id) => /Reconcil|ListRuns|Schedule[0-9A-F]{8}$/.test(id)),
  ).toEqual(
    Object.keys(Template.fromStack(connectorStack().stack).toJSON().Resources).filter((id) =>
      /Reconcil|ListRuns|Schedule[0-9A-F]{8}$/.test(id),
    ),
  );
  const normalize = resources(without, 'AWS::Lambda::Function').NormalizationNormalizeFunction;
  expect(normalize?.Properties.Environment.Variables).not.toHaveProperty(Env.RUNS_TABLE_NAME);
  expect(permissions(without, 'NormalizationNormalizeRole').filter((one) => one.startsWith('dynamodb'))).toEqual([]);
});

test('a source in another stack has its schedule and permissions there', () => {
  const { platform, connector: given, team } = connectorAndTeam();
  const source = Source.glueJob({ jobName: 'load-orders', dataSource });
  new ConnectorSource(team, 'Orders', { connector: given, source, reconciliation: {} });
  // Synthesis fails if the stacks depend on each other in a cycle.
  const made = Template.fromStack(team);
  expect(platform.dependencies).toEqual([]);
  made.resourceCountIs('AWS::Scheduler::Schedule', 1);
  expect(policyActions(made)).toEqual(['glue:GetJobRuns']);
});

function oneWith(reconciliation: ReconciliationOptions, source = Source.glueJob({ jobName: 'load', dataSource })) {
  const { stack, connector: one } = connectorStack();
  one.addSource('One', source, { reconciliation });
  const [schedule] = Object.values(resources(Template.fromStack(stack), 'AWS::Scheduler::Schedule'));
  return schedule?.Properties;
}

describe('schedule and look back', () => {
  test('can be set', () => {
    const schedule = scheduler.ScheduleExpression.rate(Duration.minutes(15));
    const { ScheduleExpression, Target } = oneWith({ schedule, lookBack: Duration.days(7) });
    expect(ScheduleExpression).toBe('rate(15 minutes)');
    expect(JSON.parse(Target.Input).lookBackSeconds).toBe(7 * 86_400);
    const cron = oneWith({ schedule: scheduler.ScheduleExpression.cron({ hour: '5' }), lookBack: Duration.days(2) });
    expect(cron.ScheduleExpression).toContain('cron(');
  });

  test.each([
    [{ lookBack: Duration.minutes(59) }, /^lookBack is 59 minutes: write at least 120 minutes/],
    [{ lookBack: Duration.days(8) }, /^lookBack is 8 days: .*up to 7 days$/],
    [
      { schedule: scheduler.ScheduleExpression.rate(Duration.days(1)) },
      /^lookBack is 1 day: write at least 2880 minutes/,
    ],
    [
      { schedule: scheduler.ScheduleExpression.rate(Duration.minutes(5)), lookBack: Duration.minutes(59) },
      /^lookBack is 59 minutes: write at least 60 minutes/,
    ],
  ])('is rejected if a run could be missed or reported twice: %o', (options, message) => {
    expect(() => oneWith(options)).toThrow(message);
  });

  test('is shorter than the retention of the records', () => {
    // Records of runs and deliveries outlive the look back, even if a message waits in a queue for a day.
    expect(MAX_LOOK_BACK_DAYS + 1).toBeLessThan(RECORDED_RUN_DAYS);
    expect(() => validateDeliveryRetention(Duration.days(RECORDED_RUN_DAYS))).not.toThrow();
    expect(() => validateDeliveryRetention(Duration.days(RECORDED_RUN_DAYS - 1))).toThrow();
  });
});

describe('a source whose runs have no ID', () => {
  const { stack } = connectorStack();
  const alarm = cloudwatch.Alarm.fromAlarmName(stack, 'Alarm', 'TooHot');
  test.each([
    ['crawls', Source.glueCrawler({ crawlerName: 'c', dataSource }), /a crawl has no ID/],
    ['ingestions', Source.glueZeroEtl({ integrationArn: 'arn:aws:glue:x', dataSource }), /an ingestion has no ID/],
    ['tasks of DMS', Source.dmsTask({ taskArn: 'arn:aws:dms:x', dataSource }), /a run has no ID/],
    [
      'statements',
      Source.redshiftData({ statementName: 's', dataSource }),
      /statements that the calling role has executed/,
    ],
    ['alarms', Source.alarmOnMeasure({ alarm, measure: 'm' }), /an observed value/],
  ])('is rejected with the reason: %s', (_, source, reason) => {
    expect(() => oneWith({}, source)).toThrow(/^a source of the kind '[a-z-]+' cannot be reconciled: /);
    expect(() => oneWith({}, source)).toThrow(reason);
  });
});

test('missed runs and failed checks are metrics', () => {
  const { reconciliation } = connector;
  expect(reconciliation.metricReconciledRuns()).toMatchObject({ metricName: 'ReconciledRuns', statistic: 'Sum' });
  expect(reconciliation.metricFailedReconciliations({ period: Duration.hours(1) })).toMatchObject({
    metricName: 'FailedReconciliations',
    dimensions: { connector: connector.connectorId },
  });
});
