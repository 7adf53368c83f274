import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { HealthEvent } from '../../../contract/events';
import { HealthNotifications, Notifications, PowerAutomateConnector } from '../../../lib';
import { matches } from '../../../local/bus/pattern';
import { stackWith } from '../operations/support';
import { type Resource, referred, resources } from '../support';

const { template } = stackWith({ connectorId: 'emea', notifications: Notifications.email('data-team@example.com') });
const rules = Object.entries(resources(template, 'AWS::Events::Rule')).filter(([id]) => id.startsWith('Notifications'));
const RULE_IDS = ['Paused', 'Resumed', 'Dead', 'Unconfirmed', 'FailedInFlow'].map((id) => `Notifications${id}`);

/** Result of a rule's input transformer for an event. Each line is a string; missing fields are empty. */
function message(detailType: string, detail: Record<string, unknown>): string[] {
  const event = { source: 'customer-insights', 'detail-type': detailType, detail: { connector: 'emea', ...detail } };
  const hit = rules.filter(([, { Properties }]) => matches(Properties.EventPattern, event));
  expect(hit).toHaveLength(1);
  const { InputPathsMap: paths, InputTemplate: text } = (hit[0] as [string, Resource])[1].Properties.Targets[0]
    .InputTransformer;
  const filled = text.replaceAll(/<([\w-]+)>/g, (_: string, name: string) =>
    String(
      detail[paths[name].replace('$.detail.', '')] ??
        event.detail[paths[name].replace('$.detail.', '') as 'connector'] ??
        '',
    ),
  );
  return filled.split('\n').map((line: string) => JSON.parse(line));
}

describe('messages', () => {
  const common = { subscription: 'tell-crm', reason: 'the last with 404', since: '2026-11-05T09:45:00.000Z' };

  test.each([
    [HealthEvent.FLOW_SUBSCRIPTION_PAUSED, {}, /^Paused/, 'paused-subscriptions'],
    [HealthEvent.FLOW_SUBSCRIPTION_RESUMED, { pausedSince: '2026-11-04' }, /^Resumed/, 'resumed-subscriptions'],
    [HealthEvent.FLOW_DELIVERY_DEAD, { trigger: 'full-refresh-completed', attempts: 12 }, /^Dead/, 'dead-deliveries'],
    [
      HealthEvent.DELIVERY_UNCONFIRMED,
      { trigger: 'full-refresh-completed', flowRunId: '0858', dueAt: '2026-11-05T09:40:00.000Z' },
      /^Unconfirmed/,
      'unconfirmed-deliveries',
    ],
    [
      HealthEvent.DELIVERY_FAILED_IN_FLOW,
      { trigger: 'full-refresh-completed', flowRunId: '0858' },
      /^Failed in its flow/,
      'deliveries-failed-in-their-flow',
    ],
  ])(
    '%s: contains the event, the subscription, the reason, the time, the steps to take and a link',
    (detailType, detail, what, entry) => {
      const lines = message(detailType, { ...common, ...detail });
      expect(lines[0]).toMatch(what);
      expect(lines[0]).toContain('tell-crm (connector emea)');
      expect(lines.join('\n')).toMatch(/\nWhy: the last with 404.*\nSince: 2026-11-05T09:45:00.000Z\..*\nWhat to do: /);
      expect(lines.at(-1)).toBe(`More: docs/runbook.md#${entry}`);
      for (const value of Object.values(detail)) expect(lines.join('\n')).toContain(String(value));
    },
  );

  test('runbook: is linked', () => {
    const given = stackWith({
      notifications: Notifications.email('a@example.com'),
      runbook: 'https://example.com/run',
    });
    expect(JSON.stringify(given.template)).toContain('More: https://example.com/run#dead-deliveries');
  });

  test('messages that cannot be published are sent to a dead-letter queue', () => {
    for (const [, { Properties }] of rules) {
      expect(referred(Properties.Targets[0])).toMatchObject({
        Arn: 'NotificationsTopic',
        DeadLetterConfig: { Arn: 'NotificationsDeadLetterQueue' },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      });
    }
    const policy = resources(template, 'AWS::SQS::QueuePolicy').NotificationsDeadLetterQueuePolicy?.Properties;
    expect(referred(policy.PolicyDocument.Statement[1].Condition.ArnLike['aws:SourceArn'])).toEqual(RULE_IDS);
  });
});

describe('email', () => {
  test('uses a topic that requires TLS, and that only the rules can publish to', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'data-team@example.com' });
    const [policy] = Object.values(resources(template, 'AWS::SNS::TopicPolicy'));
    const [tls, publish, ...more] = (policy as Resource).Properties.PolicyDocument.Statement;
    expect(more).toEqual([]);
    expect(tls).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
    expect(referred(publish)).toMatchObject({
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sns:Publish',
      Resource: 'NotificationsTopic',
      Condition: { ArnLike: { 'aws:SourceArn': RULE_IDS } },
    });
  });

  test('uses a customer managed key that EventBridge can use, with rotation, which is deleted with the stack', () => {
    expect(referred(resources(template, 'AWS::SNS::Topic').NotificationsTopic?.Properties.KmsMasterKeyId)).toBe(
      'NotificationsTopicKey',
    );
    const key = resources(template, 'AWS::KMS::Key').NotificationsTopicKey;
    expect(key).toMatchObject({ Properties: { EnableKeyRotation: true }, DeletionPolicy: 'Delete' });
    const statements = key?.Properties.KeyPolicy.Statement;
    expect(statements.filter(({ Principal }: { Principal: object }) => 'Service' in Principal)).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: ['kms:GenerateDataKey*', 'kms:Decrypt'],
        Resource: '*',
      },
    ]);
  });

  test('accepts several addresses', () => {
    stackWith({ notifications: Notifications.email('a@example.com', 'b@example.com') }).template.resourceCountIs(
      'AWS::SNS::Subscription',
      2,
    );
  });

  test.each([['data-team', "Notifications.email has 'data-team': write an address"]])('rejects %j', (text, error) => {
    expect(() => Notifications.email(text)).toThrow(error);
    expect(() => Notifications.email()).toThrow('Notifications.email has no address');
  });
});

describe('a topic', () => {
  test('of the same stack is published to, and no other resources are created', () => {
    const stack = new Stack(new App(), 'Stack');
    const topic = new sns.Topic(stack, 'Theirs', { masterKey: new kms.Key(stack, 'Key') });
    const connector = new PowerAutomateConnector(stack, 'Connector', { notifications: Notifications.topic(topic) });
    expect(connector.notifications?.topic).toBe(topic);
    const given = Template.fromStack(stack);
    given.resourceCountIs('AWS::SNS::Topic', 1);
    given.resourceCountIs('AWS::SNS::Subscription', 0);
    given.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([Match.objectLike({ Principal: { Service: 'events.amazonaws.com' } })]),
      },
    });
    given.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [Match.objectLike({ Condition: { ArnLike: { 'aws:SourceArn': Match.anyValue() } } })],
      },
    });
  });

  test('of another stack allows all rules of the account, without a dependency cycle', () => {
    const app = new App();
    const theirs = new Stack(app, 'Theirs');
    const topic = new sns.Topic(theirs, 'Topic');
    const ours = new Stack(app, 'Ours');
    new PowerAutomateConnector(ours, 'Connector', { notifications: Notifications.topic(topic) });
    app.synth();
    const [policy] = Object.values(resources(Template.fromStack(theirs), 'AWS::SNS::TopicPolicy'));
    expect(JSON.stringify(policy?.Properties.PolicyDocument.Statement[0].Condition)).toContain(':rule/*');
  });

  test('that is imported gets a warning', () => {
    const stack = new Stack(new App(), 'Stack');
    const topic = sns.Topic.fromTopicArn(stack, 'Given', 'arn:aws:sns:eu-west-1:111122223333:given');
    new PowerAutomateConnector(stack, 'Connector', { notifications: Notifications.topic(topic) });
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('allow events.amazonaws.com to publish to it'));
  });
});

test('can be used with a delivery alone', () => {
  const { template: alone } = stackWith({}, (connector, stack) => {
    const delivery = connector.delivery;
    const queueEncryptionKey = new kms.Key(stack, 'QueueKey');
    new HealthNotifications(stack, 'Told', { delivery, to: Notifications.email('a@example.com'), queueEncryptionKey });
  });
  const queue = Object.entries(resources(alone, 'AWS::SQS::Queue')).find(([id]) => id.startsWith('Told'));
  expect(referred(queue?.[1].Properties.KmsMasterKeyId)).toBe('QueueKey');
  expect(
    Object.keys(resources(alone, 'AWS::Events::Rule'))
      .filter((id) => id.startsWith('Told'))
      .sort(),
  ).toEqual(['ToldDead', 'ToldFailedInFlow', 'ToldPaused', 'ToldResumed', 'ToldUnconfirmed']);
});

test('without recipients, nothing is created', () => {
  const { template: plain } = stackWith({});
  for (const type of [
    'AWS::SNS::Topic',
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::Dashboard',
    'AWS::Events::Archive',
  ]) {
    plain.resourceCountIs(type, 0);
  }
  plain.resourceCountIs('AWS::Events::Rule', 14);
});
