import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { describe, expect, test } from 'vitest';
import { PowerAutomateConnector, TriggerRules } from '../../../lib';
import { resources, suitableTable, TABLE_PROPS } from '../support';

const env = { account: '111122223333', region: 'eu-west-1' };

// Synthesis fails if the stacks depend on each other in a cycle.
describe.each([
  ['without feature flags', {}],
  ['with all recommended', recommendedFlags],
])('%s', (_, context) => {
  test('all resources that are passed to a connector can be in another stack', () => {
    const app = new App({ context });
    const platform = new Stack(app, 'Platform', { env });
    const stack = new Stack(app, 'Stack', { env });
    const vpc = new ec2.Vpc(platform, 'Vpc', { maxAzs: 1 });
    new PowerAutomateConnector(stack, 'Connector', {
      eventBus: new events.EventBus(platform, 'Bus'),
      deadLetterQueue: new sqs.Queue(platform, 'DeadLetters', {
        encryptionMasterKey: new kms.Key(platform, 'DeadLettersKey'),
      }),
      encryptionKey: new kms.Key(platform, 'Key'),
      queueEncryptionKey: new kms.Key(platform, 'QueueKey'),
      logGroup: new logs.LogGroup(platform, 'Logs'),
      vpc,
      securityGroups: [new ec2.SecurityGroup(platform, 'Group', { vpc })],
      ...Object.fromEntries(TABLE_PROPS.map((prop) => [prop, suitableTable(platform, prop)])),
    });
    const template = Template.fromStack(stack);
    expect(stack.dependencies).toEqual([platform]);
    expect(platform.dependencies).toEqual([]);
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
    template.resourceCountIs('AWS::Events::Rule', 14);

    const policies = Object.values(resources(Template.fromStack(platform), 'AWS::SQS::QueuePolicy'));
    const [statement, ...more] = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
    expect(more).toEqual([]);
    expect(statement).toMatchObject({
      Principal: { Service: 'events.amazonaws.com' },
      Condition: {
        StringEquals: { 'aws:SourceAccount': env.account },
      },
    });
    // Not by the rules' names, which would create a dependency cycle.
    expect(JSON.stringify(statement.Condition.ArnLike)).toMatch(/:events:eu-west-1:111122223333:rule\/\*"/);
  });

  test('principals and targets that use a connector can be in another stack', () => {
    const app = new App({ context });
    const home = new Stack(app, 'Home', { env });
    const users = new Stack(app, 'Users', { env });
    const connector = new PowerAutomateConnector(home, 'Connector');
    const role = new iam.Role(users, 'Role', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') });
    connector.grantPutEvents(role);
    connector.grantManageSubscriptions(role);
    connector.grantReadDeliveries(role);
    connector.metricDead().createAlarm(users, 'Dead', { threshold: 1, evaluationPeriods: 1 });
    new cloudwatch.Dashboard(users, 'Dashboard', {
      widgets: [[new cloudwatch.GraphWidget({ left: [connector.metricOldestPending()] })]],
    });
    const queue = new sqs.Queue(users, 'Queue');
    connector.onThresholdCrossed('Crossed', { target: new targets.SqsQueue(queue), crossStackScope: users });
    connector.onDeliveryDead('DeadDelivery', { target: new targets.SqsQueue(queue), crossStackScope: users });

    const template = Template.fromStack(users);
    expect(users.dependencies).toContain(home);
    expect(home.dependencies).toEqual([]);
    template.resourceCountIs('AWS::Events::Rule', 2);
    Template.fromStack(home).resourceCountIs('AWS::Events::Rule', 14);
  });

  test('two connectors with different IDs share a bus of another stack', () => {
    const app = new App({ context });
    const eventBus = new events.EventBus(new Stack(app, 'Platform'), 'Bus');
    const stack = new Stack(app, 'Stack');
    const [one, two] = ['One', 'Two'].map((id) => new PowerAutomateConnector(stack, id, { eventBus }));
    const template = Template.fromStack(stack);
    expect(one?.connectorId).not.toBe(two?.connectorId);
    template.resourceCountIs('AWS::Events::EventBus', 0);
    const crossings = Object.values(resources(template, 'AWS::Events::Rule'))
      .map(({ Properties }) => Properties.EventPattern?.detail?.connector)
      .filter((connector) => connector !== undefined);
    expect(crossings.flat().sort()).toEqual([one, one, one, two, two, two].map((each) => each?.connectorId).sort());
  });
});

test('triggers can be sent to a queue of another stack', () => {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  const rules = new TriggerRules(stack, 'Rules');
  rules.sendTriggersTo(new sqs.Queue(new Stack(app, 'Queues'), 'Queue'));
  Template.fromStack(stack).resourceCountIs('AWS::Events::Rule', 8);
});
