import { isDeepStrictEqual } from 'node:util';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ConnectorSource,
  FlowAuth,
  FlowSubscription,
  FlowUrl,
  type IPowerAutomateConnector,
  PowerAutomateConnector,
  Source,
  Threshold,
  Trigger,
} from '../../../lib';
import { resources } from '../support';

const env = { account: '111122223333', region: 'eu-west-1' };
const stackIn = (app = new App()) => new Stack(app, 'Team', { env });
const failed = Trigger.dataSourceRefreshFailed({ dataSource: 'Orders' });

const jobOf = (jobName: string) => Source.glueJob({ jobName, dataSource: jobName });

/** What a team adds to a connector, in a stack of its own. */
function addTo(connector: IPowerAutomateConnector, stack: Stack): Template {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'FlowUrls', 'crm/flow-urls');
  const flowUrl = FlowUrl.fromSecret(secret, 'team');
  new FlowSubscription(stack, 'OrdersFailed', { connector, trigger: failed, flowUrl });
  new FlowSubscription(stack, 'VipOver10k', {
    connector,
    flowUrl,
    trigger: Trigger.segmentThresholdCrossed({ segment: 'VIP customers', threshold: Threshold.above(10_000) }),
  });
  new ConnectorSource(stack, 'Campaigns', { connector, source: jobOf('load-campaigns') });
  new ConnectorSource(stack, 'Returns', { connector, source: jobOf('load-returns') });
  connector.grantPutEvents(
    new iam.Role(stack, 'Producer', { assumedBy: new iam.ServicePrincipal('ecs.amazonaws.com') }),
  );
  return Template.fromStack(stack);
}

const importsIn = (template: object): string[] => [
  ...new Set(
    [...JSON.stringify(template).matchAll(/\{"Fn::ImportValue":"([^"]+)"\}/g)].map(([, name]) => String(name)),
  ),
];

describe('a connector that is exported', () => {
  let home: Template;
  let team: Template;
  beforeAll(() => {
    const stack = new Stack(new App(), 'Home', { env });
    new PowerAutomateConnector(stack, 'Connector').exportAs('customer-data', { sources: true });
    home = Template.fromStack(stack);
    const other = stackIn();
    team = addTo(PowerAutomateConnector.fromExports(other, 'Connector', 'customer-data'), other);
  });
  const exported = () =>
    Object.values(home.toJSON().Outputs as Record<string, { Export?: { Name: string }; Value: unknown }>).flatMap(
      ({ Export, Value }) => (Export ? [{ name: Export.Name, value: Value }] : []),
    );

  test('exports what another app imports, and nothing else', () => {
    expect(importsIn(team.toJSON()).sort()).toEqual(
      exported()
        .map(({ name }) => name)
        .sort(),
    );
    expect(importsIn(home.toJSON())).toEqual([]);
  });

  test('has the subscriptions of another app created by its function', () => {
    const functions = Object.keys(home.findResources('AWS::Lambda::Function')).filter((id) => id.includes('Register'));
    expect(functions).toHaveLength(1);
    const value = exported().find(({ name }) => name === 'customer-data:RegisterFunctionArn')?.value;
    expect(value).toEqual({ 'Fn::GetAtt': [functions[0], 'Arn'] });
    const subscriptions = Object.values(resources(team, 'Custom::FlowSubscription'));
    expect(subscriptions).toHaveLength(2);
    for (const { Properties } of subscriptions) {
      expect(Properties.ServiceToken).toEqual({ 'Fn::ImportValue': 'customer-data:RegisterFunctionArn' });
    }
  });

  test('lets deliver read the secrets of the other app, by one policy in its stack', () => {
    const policies = Object.values(resources(team, 'AWS::IAM::Policy')).filter(({ Properties }) =>
      JSON.stringify(Properties).includes('secretsmanager:GetSecretValue'),
    );
    expect(policies).toHaveLength(1);
    expect(policies[0]?.Properties.Roles).toEqual([{ 'Fn::ImportValue': 'customer-data:DeliverRoleName' }]);
    const role = exported().find(({ name }) => name === 'customer-data:DeliverRoleName')?.value as { Ref: string };
    expect(home.toJSON().Resources[role.Ref]).toMatchObject({ Type: 'AWS::IAM::Role' });
    expect(role.Ref).toContain('DeliveryDeliver');
  });

  test('lets the rules of another app send to its queues', () => {
    const rules = Object.values(resources(team, 'AWS::Events::Rule'));
    expect(rules).toHaveLength(1);
    expect(JSON.stringify(rules[0]?.Properties.EventPattern)).toContain('["load-campaigns","load-returns"]');
    const [target] = rules[0]?.Properties.Targets ?? [];
    expect(target).toMatchObject({
      Arn: { 'Fn::ImportValue': 'customer-data:SourcesQueueArn' },
      DeadLetterConfig: { Arn: { 'Fn::ImportValue': 'customer-data:RulesDeadLetterQueueArn' } },
    });
    expect(Object.keys(resources(team, 'AWS::SQS::QueuePolicy'))).toEqual([]);

    const open = (value: string) => {
      const arn = exported().find(({ name }) => name === `customer-data:${value}`)?.value;
      return Object.values(home.findResources('AWS::SQS::QueuePolicy'))
        .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
        .filter(
          ({ Effect, Resource, Condition }) =>
            Effect === 'Allow' &&
            isDeepStrictEqual(Resource, arn) &&
            JSON.stringify(Condition.ArnLike).includes(':events:eu-west-1:111122223333:rule/*"'),
        );
    };
    for (const value of ['SourcesQueueArn', 'RulesDeadLetterQueueArn']) {
      expect(open(value), value).toEqual([
        expect.objectContaining({ Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage' }),
      ]);
      expect(open(value)[0].Condition.StringEquals).toEqual({ 'aws:SourceAccount': env.account });
    }
  });

  test('exports no queues and creates no normalize, unless sources are wanted', () => {
    const stack = stackIn();
    new PowerAutomateConnector(stack, 'Connector').exportAs('customer-data');
    const template = Template.fromStack(stack);
    expect(Object.keys(template.findOutputs('*'))).toHaveLength(3);
    expect(Object.keys(template.findResources('AWS::Lambda::Function')).filter((id) => /Normalize/.test(id))).toEqual(
      [],
    );
  });

  test('has no warning in the other app', () => {
    const app = new App();
    const stack = stackIn(app);
    addTo(PowerAutomateConnector.fromExports(stack, 'Connector', 'customer-data'), stack);
    const { messages } = app.synth().getStackByName('Team');
    expect(messages.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('gives another app the template that a stack of the same app has, but for the imports', () => {
    const app = new App();
    const connector = new PowerAutomateConnector(new Stack(app, 'Home', { env }), 'Connector');
    const same = addTo(connector, stackIn(app));
    const types = (template: Template) =>
      Object.values(template.toJSON().Resources as Record<string, { Type: string }>)
        .map(({ Type }) => Type)
        .sort();
    expect(types(team)).toEqual(types(same));
  });
});

describe('synthesis rejects', () => {
  test.each(['', 'customer data', 'customer:data', '-a', 'a'.repeat(65)])('the name "%s"', (name) => {
    const stack = stackIn();
    const message = /the name of the export is '.*': write 1 to 64 letters, digits and hyphens/;
    expect(() => new PowerAutomateConnector(stack, 'Connector').exportAs(name)).toThrow(message);
    expect(() => PowerAutomateConnector.fromExports(stack, 'Imported', name)).toThrow(message);
  });

  test('two exports of a connector', () => {
    const connector = new PowerAutomateConnector(stackIn(), 'Connector');
    connector.exportAs('a');
    expect(() => connector.exportAs('b')).toThrow('Team/Connector is exported already: call exportAs once');
  });

  test('a source of another app that is reconciled', () => {
    const stack = stackIn();
    const connector = PowerAutomateConnector.fromExports(stack, 'Connector', 'customer-data');
    expect(
      () => new ConnectorSource(stack, 'Campaigns', { connector, source: jobOf('a'), reconciliation: {} }),
    ).toThrow('Team/Campaigns: a source of another app cannot be reconciled; remove reconciliation, or add the source');
  });

  test('two subscriptions of an app with the same name', () => {
    const stack = stackIn();
    const connector = PowerAutomateConnector.fromExports(stack, 'Connector', 'customer-data');
    const options = {
      connector,
      subscriptionName: 'late',
      trigger: Trigger.segmentThresholdCrossed({ segment: 'VIP', threshold: Threshold.above(1) }),
    };
    new FlowSubscription(stack, 'A', options);
    expect(() => new FlowSubscription(stack, 'B', options)).toThrow(
      'subscription "late" is also declared by Team/A: give one of them another subscriptionName',
    );
  });
});

test('federation and reports are not checked for a connector of another app', () => {
  const stack = stackIn();
  const connector = PowerAutomateConnector.fromExports(stack, 'Connector', 'customer-data');
  const secret = new secretsmanager.Secret(stack, 'Secret');
  new FlowSubscription(stack, 'A', {
    connector,
    trigger: failed,
    flowUrl: FlowUrl.fromSecret(secret),
    auth: FlowAuth.entra({ tenantId: 'example.com', clientId: '00000000-0000-0000-0000-000000000000' }),
  });
  expect(() => Template.fromStack(stack)).not.toThrow();
});
