import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as sns from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import { METRICS_NAMESPACE, Metric } from '../../../contract/metrics';
import {
  AlarmActions,
  type AlarmOverrides,
  AlarmSeverity,
  ConnectorAction,
  ConnectorAlarms,
  type ConnectorAlarmsProps,
  ConnectorSignIn,
  Notifications,
  PowerAutomateConnector,
  type PowerAutomateConnectorProps,
  Source,
} from '../../../lib';
import { type Resource, referred, resources } from '../support';
import { stackWith } from './support';

type Given = Partial<ConnectorAlarmsProps> | ((stack: Stack) => Partial<ConnectorAlarmsProps>);

/** Alarms by ID. */
type Add = (connector: PowerAutomateConnector) => void;
const reconciledSource: Add = (connector) => {
  connector.addSource('Orders', Source.glueJob({ jobName: 'o', dataSource: 'O' }), { reconciliation: {} });
};
const api: Add = (connector) => {
  connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
};

function alarmsOf(given: Given = {}, connectorProps: PowerAutomateConnectorProps = {}, ...added: Add[]) {
  const { template } = stackWith({ connectorId: 'emea', ...connectorProps }, (connector, stack) => {
    for (const add of added) add(connector);
    new ConnectorAlarms(stack, 'Alarms', { connector, ...(typeof given === 'function' ? given(stack) : given) });
  });
  const found = Object.entries(resources(template, 'AWS::CloudWatch::Alarm'));
  return {
    template,
    alarms: Object.fromEntries(found.map(([id, { Properties }]) => [id.replace(/^Alarms/, ''), referred(Properties)])),
  };
}

const { alarms } = alarmsOf();
/** Logical IDs by construct ID. */
const inParts = (parts: Record<string, string[]>): Record<string, string> =>
  Object.fromEntries(Object.entries(parts).flatMap(([part, ids]) => ids.map((id) => [id, part + id])));
const QUEUES = inParts({ Thresholds: ['Observations'], Collection: ['Stages'], Delivery: ['Triggers', 'Deliveries'] });
const FUNCTIONS = inParts({
  ...{ Thresholds: ['Evaluate', 'Sweep'], Collection: ['Collect'], Delivery: ['Dispatch', 'Deliver'] },
});

describe('by default', () => {
  test('creates these alarms, without actions', () => {
    expect(Object.keys(alarms).sort()).toEqual(
      [
        ...['OldestPending', 'DeadDeliveries', 'PausedSubscriptions', 'Throttles', 'FailedInvocations'],
        ...Object.keys(QUEUES).flatMap((queue) => [`${queue}Age`, `${queue}DeadLetters`]),
        'RulesDeadLetters',
        ...Object.keys(FUNCTIONS).map((name) => `${name}Errors`),
      ].sort(),
    );
    for (const alarm of Object.values(alarms)) {
      expect(alarm).not.toHaveProperty('AlarmActions');
      expect(alarm).not.toHaveProperty('OKActions');
      expect(alarm.AlarmName).toBeUndefined();
    }
  });

  const own = (MetricName: string) => ({
    Namespace: METRICS_NAMESPACE,
    MetricName,
    Dimensions: [{ Name: 'connector', Value: 'emea' }],
    Period: 300,
  });
  test.each<[string, object]>([
    [
      'OldestPending',
      {
        ...own(Metric.OLDEST_PENDING_AGE),
        ...{ Statistic: 'Maximum', Threshold: 10_800, ComparisonOperator: 'GreaterThanThreshold' },
        ...{ EvaluationPeriods: 3, TreatMissingData: 'breaching' },
      },
    ],
    [
      'DeadDeliveries',
      {
        ...own(Metric.DEAD_DELIVERIES),
        ...{ Statistic: 'Sum', Threshold: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold' },
        ...{ EvaluationPeriods: 1, TreatMissingData: 'notBreaching' },
      },
    ],
    [
      'PausedSubscriptions',
      { ...own(Metric.PAUSED_SUBSCRIPTIONS), Statistic: 'Sum', Threshold: 1, TreatMissingData: 'notBreaching' },
    ],
  ])('%s', (id, properties) => expect(alarms[id]).toMatchObject(properties));

  test.each(Object.entries(QUEUES))(
    '%s: age of the oldest message, and messages in the dead-letter queue',
    (id, path) => {
      const ofQueue = (queue: string) => ({
        ...{ Namespace: 'AWS/SQS', Dimensions: [{ Name: 'QueueName', Value: queue }] },
        ...{ Statistic: 'Maximum', Period: 300, EvaluationPeriods: 1, TreatMissingData: 'notBreaching' },
      });
      expect(alarms[`${id}Age`]).toMatchObject({
        ...ofQueue(`${path}Queue`),
        ...{ MetricName: 'ApproximateAgeOfOldestMessage', Threshold: 1800, ComparisonOperator: 'GreaterThanThreshold' },
      });
      expect(alarms[`${id}DeadLetters`]).toMatchObject({
        ...ofQueue(`${path}DeadLetterQueue`),
        ...{ MetricName: 'ApproximateNumberOfMessagesVisible', Threshold: 1 },
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      });
    },
  );

  test.each(Object.entries(FUNCTIONS))('%s: errors', (id, path) => {
    expect(alarms[`${id}Errors`]).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: `${path}Function` }],
      Statistic: 'Sum',
      Threshold: 1,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    });
  });

  test('throttles: sum of all functions of the template', () => {
    const { Metrics, ...throttles } = alarms.Throttles;
    expect(throttles).toMatchObject({ Threshold: 1, EvaluationPeriods: 3, TreatMissingData: 'notBreaching' });
    expect(Metrics[0]).toMatchObject({ Expression: 'SUM(METRICS())', ReturnData: true });
    const summed = Metrics.slice(1).map(
      ({ MetricStat }: { MetricStat: { Metric: { MetricName: string; Dimensions: { Value: string }[] } } }) => {
        expect(MetricStat).toMatchObject({ Period: 300, Stat: 'Sum', Metric: { MetricName: 'Throttles' } });
        return MetricStat.Metric.Dimensions[0]?.Value;
      },
    );
    expect(summed.sort()).toEqual(Object.keys(resources(alarmsOf().template, 'AWS::Lambda::Function')).sort());
  });

  test('every queue except the dead-letter queues of schedules has an alarm', () => {
    const watched = Object.values(alarms).flatMap(({ Dimensions = [] }) =>
      Dimensions.filter(({ Name }: { Name: string }) => Name === 'QueueName').map(
        ({ Value }: { Value: string }) => Value,
      ),
    );
    const all = Object.keys(resources(alarmsOf().template, 'AWS::SQS::Queue'));
    const schedules = ['ThresholdsSweep', 'CollectionOverdue', 'DeliveryTend'].map((id) => `${id}DeadLetterQueue`);
    expect([...watched, ...schedules].sort()).toEqual(all.sort());
  });

  test('failed invocations: one query with the names of all rules, within the size limit', () => {
    const { template } = alarmsOf({}, { notifications: Notifications.email('a@example.com') });
    const [, alarm] = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).find(([id]) =>
      id.includes('FailedInvocations'),
    ) as [string, { Properties: { Metrics: { Expression: { 'Fn::Join': [string, unknown[]] }; Period: number }[] } }];
    const [metric, ...more] = alarm.Properties.Metrics;
    expect(more).toEqual([]);
    // A query needs its own period.
    expect(metric?.Period).toBe(300);
    const parts = metric?.Expression['Fn::Join'][1] as (
      | string
      | { 'Fn::Select': [number, { 'Fn::Split': [string, object] }] }
    )[];
    expect(parts[0]).toBe('SELECT SUM(FailedInvocations) FROM "AWS/Events" WHERE RuleName = \'');
    const names = parts.filter((part) => typeof part !== 'string').map((part) => part['Fn::Select']);
    const rules = resources(template, 'AWS::Events::Rule');
    expect(names.map(([, split]) => referred(split['Fn::Split'][1])).sort()).toEqual(Object.keys(rules).sort());
    for (const [segment, split] of names) {
      // …:rule/NAME on the default bus, …:rule/BUS/NAME on other buses.
      expect(segment).toBe(rules[referred(split['Fn::Split'][1])]?.Properties.EventBusName ? 2 : 1);
    }
    // Names have up to 64 characters, a query up to 2,048 (Amazon CloudWatch, "Metrics Insights quotas").
    const longest = parts.reduce((length, part) => length + (typeof part === 'string' ? part.length : 64), 0);
    expect(longest).toBeLessThanOrEqual(2048);
  });

  test('rules of the connector’s users are left out, and rules on the bus “default” have their own ARN format', () => {
    const stack = new Stack(new App(), 'Stack');
    const eventBus = events.EventBus.fromEventBusName(stack, 'Default', 'default');
    const connector = new PowerAutomateConnector(stack, 'Connector', { eventBus });
    connector.onDeliveryDead('Theirs');
    new ConnectorAlarms(stack, 'Alarms', { connector });
    const [alarm] = Object.entries(resources(Template.fromStack(stack), 'AWS::CloudWatch::Alarm')).filter(([id]) =>
      id.includes('FailedInvocations'),
    );
    const text = JSON.stringify(alarm?.[1].Properties.Metrics);
    expect(text).not.toContain('Theirs');
    expect(text.match(/"Fn::Select":\[1,/g)).toHaveLength(14);
  });

  test('descriptions contain the meaning, the connector and a link', () => {
    for (const [id, { AlarmDescription }] of Object.entries(alarms)) {
      expect(AlarmDescription, id).toMatch(/^[A-Z].+\. Connector emea\. What to do: docs\/runbook\.md#[a-z-]+$/);
      // Amazon CloudWatch, PutMetricAlarm.
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
    const elsewhere = alarmsOf({ runbook: 'https://example.com/run' }).alarms;
    expect(elsewhere.Throttles.AlarmDescription).toMatch(/https:\/\/example\.com\/run#throttles$/);
    const connectors = alarmsOf({}, { runbook: 'https://example.com/all' }).alarms;
    expect(connectors.Throttles.AlarmDescription).toMatch(/https:\/\/example\.com\/all#throttles$/);
  });
});

describe('actions', () => {
  const COUNTS = ['DeadDeliveries', 'PausedSubscriptions', 'FailedInvocations'];

  test('a topic receives each alarm, and the end of alarms on a state', () => {
    const { alarms: given, template } = alarmsOf((stack) => ({
      actions: AlarmActions.topic(new sns.Topic(stack, 'Topic')),
    }));
    for (const [id, { AlarmActions: actions, OKActions: ok }] of Object.entries(given)) {
      expect(actions, id).toEqual(['Topic']);
      expect(ok, id).toEqual(COUNTS.includes(id) ? undefined : ['Topic']);
    }
    const [policy] = Object.values(resources(template, 'AWS::SNS::TopicPolicy'));
    const [statement, ...more] = (policy as Resource).Properties.PolicyDocument.Statement;
    expect(more).toEqual([]);
    expect(statement).toMatchObject({ Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish' });
    expect(referred(statement.Condition.ArnLike['aws:SourceArn']).sort()).toEqual(
      Object.keys(given)
        .map((id) => `Alarms${id}`)
        .sort(),
    );
  });

  test('default to the topic of the notifications, except for dead deliveries and pauses, which the notifications report', () => {
    const { alarms: given, template } = alarmsOf({}, { notifications: Notifications.email('a@example.com') });
    const key = resources(template, 'AWS::KMS::Key').NotificationsTopicKey?.Properties.KeyPolicy;
    expect(JSON.stringify(key)).toContain('"Principal":{"Service":"cloudwatch.amazonaws.com"}');
    expect(given.NotificationsDeadLetters).toBeDefined();
    for (const [id, { AlarmActions: actions }] of Object.entries(given)) {
      const told = id === 'DeadDeliveries' || id === 'PausedSubscriptions';
      expect(actions, id).toEqual(told ? undefined : ['NotificationsTopic']);
    }
  });

  test('bySeverity: run the actions of the alarm’s severity', () => {
    const { alarms: given } = alarmsOf((stack) => ({
      actions: AlarmActions.bySeverity({ high: AlarmActions.topic(new sns.Topic(stack, 'Pager')) }),
      overrides: { throttles: { severity: AlarmSeverity.HIGH } },
    }));
    const paged = Object.keys(given).filter((id) => given[id].AlarmActions);
    expect(paged.sort()).toEqual(
      [
        ...['DeadDeliveries', 'PausedSubscriptions', 'FailedInvocations', 'Throttles'],
        ...Object.keys(QUEUES).map((id) => `${id}Age`),
        ...Object.keys(FUNCTIONS).map((id) => `${id}Errors`),
      ].sort(),
    );
  });

  test('all: run several actions, including CloudWatch’s', () => {
    const { alarms: given } = alarmsOf((stack) => ({
      actions: AlarmActions.all(
        AlarmActions.topic(new sns.Topic(stack, 'One')),
        AlarmActions.bySeverity({ low: AlarmActions.action({ bind: () => ({ alarmActionArn: 'arn:ticket' }) }) }),
      ),
      overrides: { throttles: { actions: AlarmActions.topic(new sns.Topic(stack, 'Own')) } },
    }));
    expect(given.DeadDeliveries.AlarmActions).toEqual(['One']);
    expect(given.OldestPending.AlarmActions).toEqual(['One', 'arn:ticket']);
    expect(given.Throttles.AlarmActions).toEqual(['Own']);
  });

  test('on the oldest delivery lets deliver measure every minute, unless it is removed', () => {
    const measures = (overrides?: AlarmOverrides) => {
      const stack = new Stack(new App(), 'Stack');
      const connector = new PowerAutomateConnector(stack, 'Connector');
      new ConnectorAlarms(stack, 'Alarms', { connector, overrides });
      return Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'))
        .filter(({ Properties }) => Properties.Environment.Variables[Env.ALWAYS_MEASURE])
        .map(({ Properties }) => Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME);
    };
    expect(measures()).toEqual(['deliver']);
    expect(measures({ oldestPending: { enabled: false } })).toEqual([]);
  });

  test('a topic of another stack allows all alarms of the account, without a dependency cycle', () => {
    const app = new App();
    const theirs = new Stack(app, 'Theirs');
    const topic = new sns.Topic(theirs, 'Topic');
    const stack = new Stack(app, 'Ours');
    const connector = new PowerAutomateConnector(stack, 'Connector');
    new ConnectorAlarms(stack, 'Alarms', { connector, actions: AlarmActions.topic(topic) });
    app.synth();
    const [policy] = Object.values(resources(Template.fromStack(theirs), 'AWS::SNS::TopicPolicy'));
    const statement = policy?.Properties.PolicyDocument.Statement[0];
    expect(JSON.stringify(statement.Condition).match(/:alarm:\*/g)).toHaveLength(1);
    expect(JSON.stringify(statement.Condition)).not.toContain('ImportValue');
  });
});

test('a connector whose API accepts reports also gets alarms on the outcomes of flows', () => {
  const { alarms: reporting } = alarmsOf({}, {}, api);
  for (const [id, MetricName] of [
    ['UnconfirmedDeliveries', Metric.UNCONFIRMED_DELIVERIES],
    ['FailedInFlow', Metric.FAILED_IN_FLOW],
  ] as const) {
    expect(alarms).not.toHaveProperty(id);
    expect(reporting[id]).toMatchObject({
      Namespace: METRICS_NAMESPACE,
      MetricName,
      Dimensions: [{ Name: 'connector', Value: 'emea' }],
      Statistic: 'Sum',
      Threshold: 1,
      TreatMissingData: 'notBreaching',
    });
  }
  const { alarms: silent } = alarmsOf({}, {}, (connector) => {
    connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()], actions: [ConnectorAction.READ] });
  });
  expect(silent).not.toHaveProperty('UnconfirmedDeliveries');
});

test('a connector that reconciles sources also gets alarms on the queue, the function and failed checks', () => {
  const { alarms: reconciling } = alarmsOf({}, {}, reconciledSource);
  expect(
    Object.keys(reconciling)
      .filter((id) => !Object.hasOwn(alarms, id))
      .toSorted(),
  ).toEqual(
    [
      ...['FailedReconciliations', 'NormalizeErrors', 'ReconcileErrors', 'ReconciliationsAge'],
      ...['ReconciliationsDeadLetters', 'SourcesAge', 'SourcesDeadLetters'],
    ].toSorted(),
  );
  expect(reconciling.FailedReconciliations).toMatchObject({
    Namespace: METRICS_NAMESPACE,
    MetricName: Metric.FAILED_RECONCILIATIONS,
    Dimensions: [{ Name: 'connector', Value: 'emea' }],
    Statistic: 'Sum',
    Threshold: 1,
    TreatMissingData: 'notBreaching',
  });
});

describe('overrides', () => {
  const everything = {
    threshold: 7,
    period: Duration.minutes(1),
    evaluationPeriods: 5,
    datapointsToAlarm: 4,
    treatMissingData: cloudwatch.TreatMissingData.IGNORE,
  };
  const expected = { Threshold: 7, EvaluationPeriods: 5, DatapointsToAlarm: 4, TreatMissingData: 'ignore' };
  const KINDS: Record<keyof NonNullable<ConnectorAlarmsProps['overrides']>, RegExp> = {
    oldestPending: /^OldestPending$/,
    deadDeliveries: /^DeadDeliveries$/,
    unconfirmedDeliveries: /^UnconfirmedDeliveries$/,
    failedInFlow: /^FailedInFlow$/,
    pausedSubscriptions: /^PausedSubscriptions$/,
    queueAge: /Age$/,
    deadLetters: /DeadLetters$/,
    functionErrors: /Errors$/,
    throttles: /^Throttles$/,
    failedInvocations: /^FailedInvocations$/,
    failedReconciliations: /^FailedReconciliations$/,
  };
  const { alarms } = alarmsOf({}, {}, reconciledSource, api);

  test.each(Object.entries(KINDS))('%s: every property can be overridden, only for these alarms', (kind, ids) => {
    const { alarms: given } = alarmsOf({ overrides: { [kind]: everything } }, {}, reconciledSource, api);
    for (const [id, alarm] of Object.entries(given)) {
      if (!ids.test(id)) expect(alarm).toEqual(alarms[id]);
      else {
        expect(alarm).toMatchObject(expected);
        const [metric, second] = alarm.Metrics ?? [];
        expect(alarm.Period ?? metric.Period ?? second.MetricStat.Period, id).toBe(60);
      }
    }
    const { alarms: without } = alarmsOf({ overrides: { [kind]: { enabled: false } } }, {}, reconciledSource, api);
    expect(Object.keys(without)).toEqual(Object.keys(alarms).filter((id) => !ids.test(id)));
  });

  test('each: overrides one alarm, and takes precedence over the group', () => {
    const { alarms: given } = alarmsOf({
      overrides: {
        deadLetters: { threshold: 5, each: { Rules: { threshold: 2 }, Stages: { enabled: false } } },
        functionErrors: { each: { sweep: { evaluationPeriods: 12 } } },
      },
    });
    expect(given.TriggersDeadLetters.Threshold).toBe(5);
    expect(given.RulesDeadLetters.Threshold).toBe(2);
    expect(given).not.toHaveProperty('StagesDeadLetters');
    expect(given.SweepErrors.EvaluationPeriods).toBe(12);
    expect(given.DeliverErrors.EvaluationPeriods).toBe(3);
  });

  test('rejects an unknown name, and lists the known ones', () => {
    expect(() => alarmsOf({ overrides: { functionErrors: { each: { register2: {} } } } })).toThrow(
      "overrides.functionErrors.each has 'register2': write one of evaluate, sweep, collect, dispatch, deliver",
    );
  });
});
