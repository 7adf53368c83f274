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
const RULE_IDS = ['NotificationsPaused', 'NotificationsResumed', 'NotificationsDead'];

/** What EventBridge makes of an event by a rule's transformer: each line is a text, a missing field is empty. */
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
  ])('%s: what, which, why, since when, what to do and where to read on', (detailType, detail, what, entry) => {
    const lines = message(detailType, { ...common, ...detail });
    expect(lines[0]).toMatch(what);
    expect(lines[0]).toContain('tell-crm (connector emea)');
    expect(lines.join('\n')).toMatch(/\nWhy: the last with 404.*\nSince: 2026-11-05T09:45:00.000Z\. .*\nWhat to do: /);
    expect(lines.at(-1)).toBe(`More: docs/runbook.md#${entry}`);
    for (const value of Object.values(detail)) expect(lines.join('\n')).toContain(String(value));
  });

  test('runbook: where they link to', () => {
    const given = stackWith({
      notifications: Notifications.email('a@example.com'),
      runbook: 'https://example.com/run',
    });
    expect(JSON.stringify(given.template)).toContain('More: https://example.com/run#dead-deliveries');
  });

  test('what cannot be published goes to a dead-letter queue', () => {
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

describe('an e-mail', () => {
  test('gets a topic that takes TLS only, and is published to by the rules alone', () => {
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

  test('is encrypted by a key of its own, which EventBridge may use and which is rotated and goes with the stack', () => {
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

  test('can be several', () => {
    stackWith({ notifications: Notifications.email('a@example.com', 'b@example.com') }).template.resourceCountIs(
      'AWS::SNS::Subscription',
      2,
    );
  });

  test.each([['data-team', "Notifications.email has 'data-team': write an address"]])('fails for %j', (text, error) => {
    expect(() => Notifications.email(text)).toThrow(error);
    expect(() => Notifications.email()).toThrow('Notifications.email has no address');
  });
});

describe('a topic', () => {
  test('of the stack is published to, and nothing else is made', () => {
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

  test('of another stack names the account’s rules, without a cycle', () => {
    const app = new App();
    const theirs = new Stack(app, 'Theirs');
    const topic = new sns.Topic(theirs, 'Topic');
    const ours = new Stack(app, 'Ours');
    new PowerAutomateConnector(ours, 'Connector', { notifications: Notifications.topic(topic) });
    app.synth();
    const [policy] = Object.values(resources(Template.fromStack(theirs), 'AWS::SNS::TopicPolicy'));
    expect(JSON.stringify(policy?.Properties.PolicyDocument.Statement[0].Condition)).toContain(':rule/*');
  });

  test('of no stack is named in a warning', () => {
    const stack = new Stack(new App(), 'Stack');
    const topic = sns.Topic.fromTopicArn(stack, 'Given', 'arn:aws:sns:eu-west-1:111122223333:given');
    new PowerAutomateConnector(stack, 'Connector', { notifications: Notifications.topic(topic) });
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('let events.amazonaws.com publish to it'));
  });
});

test('stands alone beside a delivery', () => {
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
  ).toEqual(['ToldDead', 'ToldPaused', 'ToldResumed']);
});

test('nothing is made unless somebody asks for it', () => {
  const { template: plain } = stackWith({});
  for (const type of [
    'AWS::SNS::Topic',
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::Dashboard',
    'AWS::Events::Archive',
  ]) {
    plain.resourceCountIs(type, 0);
  }
  plain.resourceCountIs('AWS::Events::Rule', 13);
});
