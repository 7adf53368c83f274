import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { expect, test } from 'vitest';
import { PolledUnification, PowerAutomateConnector, Unification } from '../../lib';
import { Env } from '../../lib/private/contract';
import { connectorStack, list, permissions, readable, referred, resources } from './support';

const { stack, connector } = connectorStack();
connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers'), instanceId: 'emea' });
connector.addUnification('Identities', {
  jobs: Unification.fromCustomerProfiles('shop'),
  schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)),
});
const template = Template.fromStack(stack);

test('unification jobs are looked for every 5 minutes, or as is said, by one function', () => {
  const schedules = resources(template, 'AWS::Scheduler::Schedule');
  expect(
    Object.entries(schedules).map(([id, { Properties }]) => [
      id,
      Properties.ScheduleExpression,
      referred(Properties.Target.Arn),
      JSON.parse(Properties.Target.Input),
    ]),
  ).toEqual([
    [
      'MatchSchedule',
      'rate(5 minutes)',
      'UnificationPollingPollsQueue',
      { jobs: { service: 'entity-resolution', workflow: 'customers' }, instanceId: 'emea' },
    ],
    [
      'IdentitiesSchedule',
      'rate(1 hour)',
      'UnificationPollingPollsQueue',
      { jobs: { service: 'identity-resolution', domain: 'shop' } },
    ],
  ]);
  const poll = resources(template, 'AWS::Lambda::Function').UnificationPollingPollFunction;
  expect(referred(poll?.Properties.Environment.Variables)).toMatchObject({
    [Env.RUNS_TABLE_NAME]: 'CollectionTable',
    [Env.EVENT_BUS_NAME]: 'EventsBus',
    [Env.REJECTED_QUEUE_URL]: 'UnificationPollingPollsDeadLetterQueue',
  });
  const [made] = Object.values(template.findResources('AWS::Scheduler::Schedule'));
  expect(made?.DependsOn.map(readable)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^PollJobs/), 'UnificationPollingSchedulerRoleDefaultPolicy']),
  );
});

test('poll may do what it does, and ask for those jobs', () => {
  expect(permissions(template, 'UnificationPollingPollRole').map((one) => one.replaceAll(/AWS::\w+/g, ''))).toEqual(
    [
      'dynamodb:GetItem CollectionTable',
      'dynamodb:PutItem CollectionTable',
      'entityresolution:GetMatchingJob arn::entityresolution:::matchingworkflow/customers',
      'entityresolution:ListMatchingJobs arn::entityresolution:::matchingworkflow/customers',
      'events:PutEvents EventsBus',
      'logs:CreateLogStream UnificationPollingPollLogGroup',
      'logs:PutLogEvents UnificationPollingPollLogGroup',
      'profile:ListIdentityResolutionJobs arn::profile:::domains/shop',
      ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage'].map(
        (action) => `sqs:${action} UnificationPollingPollsQueue`,
      ),
      'sqs:SendMessage UnificationPollingPollsDeadLetterQueue',
    ].sort(),
  );
});

test('a connector without any has nothing of this', () => {
  const ids = Object.keys(Template.fromStack(connectorStack().stack).toJSON().Resources);
  expect(ids.filter((id) => id.includes('Polling'))).toEqual([]);
});

test('those of another stack have their schedule and their permissions there', () => {
  const app = new App();
  const env = { account: '111122223333', region: 'eu-west-1' };
  const platform = new Stack(app, 'Platform', { env });
  const queueEncryptionKey = new kms.Key(platform, 'QueueKey');
  const given = new PowerAutomateConnector(platform, 'Connector', { queueEncryptionKey });
  const team = new Stack(app, 'Team', { env });
  new PolledUnification(team, 'Match', { connector: given, jobs: Unification.fromEntityResolution('customers') });
  // A cycle of stacks throws here.
  const policies = Object.values(resources(Template.fromStack(team), 'AWS::IAM::Policy'));
  expect(platform.dependencies).toEqual([]);
  expect(
    policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement).flatMap(({ Action }) => list(Action)),
  ).toEqual(['entityresolution:ListMatchingJobs', 'entityresolution:GetMatchingJob']);
});

test('a name that is empty is refused', () => {
  expect(() => Unification.fromEntityResolution('')).toThrow(/^workflowName is empty/);
  expect(() => Unification.fromCustomerProfiles(' ')).toThrow(/^domainName is empty/);
});
