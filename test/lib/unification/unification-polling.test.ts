import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import { PolledUnification, Unification, type UnificationOptions } from '../../../lib';
import { fillInputTemplate } from '../../../local/bus/input-template';
import { compilePattern } from '../../../local/bus/pattern';
import startMatchingJob from '../../fixtures/unification/start-matching-job.json';
import { policyActions, queuePermissions, startsAfter } from '../scheduled-functions';
import { connectorAndTeam, connectorStack, permissions, referred, resources } from '../support';

const { stack, connector } = connectorStack();
connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers'), instanceId: 'emea' });
connector.addUnification('Identities', {
  jobs: Unification.fromCustomerProfiles('shop'),
  schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)),
});
const template = Template.fromStack(stack);

test('unification jobs are polled every 5 minutes by default, by one function', () => {
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
    [Env.POLLS_QUEUE_URL]: 'UnificationPollingPollsQueue',
    [Env.REJECTED_QUEUE_URL]: 'UnificationPollingPollsDeadLetterQueue',
  });
  expect(startsAfter(template, 'PollJobs', 'UnificationPollingSchedulerRoleDefaultPolicy')).toBe(true);
});

test('poll has exactly the permissions that it needs, including reading these jobs', () => {
  const [queue, deadLetterQueue] = ['UnificationPollingPollsQueue', 'UnificationPollingPollsDeadLetterQueue'];
  expect(permissions(template, 'UnificationPollingPollRole').map((one) => one.replaceAll(/AWS::\w+/g, ''))).toEqual(
    [
      ...queuePermissions('UnificationPollingPoll', queue, deadLetterQueue),
      `sqs:SendMessage ${queue}`,
      'dynamodb:GetItem CollectionTable',
      'dynamodb:PutItem CollectionTable',
      'entityresolution:GetMatchingJob arn::entityresolution:::matchingworkflow/customers',
      'entityresolution:ListMatchingJobs arn::entityresolution:::matchingworkflow/customers',
      'profile:ListIdentityResolutionJobs arn::profile:::domains/shop',
    ].sort(),
  );
});

test('a connector without unifications has none of these resources', () => {
  const ids = Object.keys(Template.fromStack(connectorStack().stack).toJSON().Resources);
  expect(ids.filter((id) => id.includes('Polling'))).toEqual([]);
});

test('unifications in another stack have their schedule and permissions there', () => {
  const { platform, connector, team } = connectorAndTeam();
  new PolledUnification(team, 'Match', { connector, jobs: Unification.fromEntityResolution('customers') });
  // Synthesis fails if the stacks depend on each other in a cycle.
  const actions = policyActions(Template.fromStack(team));
  expect(platform.dependencies).toEqual([]);
  expect(actions).toEqual(['entityresolution:ListMatchingJobs', 'entityresolution:GetMatchingJob']);
});

test('an empty or invalid name is rejected', () => {
  expect(() => Unification.fromEntityResolution('')).toThrow(/^workflowName is empty/);
  expect(() => Unification.fromEntityResolution('a<b')).toThrow(/^workflowName is 'a<b': write 1 to 255 letters/);
  expect(() => Unification.fromCustomerProfiles(' ')).toThrow(/^domainName is empty/);
});

describe('jobs that are polled from their start', () => {
  const started = connectorStack();
  const match = (id: string, options: Partial<UnificationOptions> = {}) =>
    started.connector.addUnification(id, { jobs: Unification.fromEntityResolution(id), whenStarted: true, ...options });
  match('customers', { instanceId: 'emea' });
  match('households', { schedule: scheduler.ScheduleExpression.rate(Duration.days(1)) });
  const made = Template.fromStack(started.stack);

  test('have a rule on the default bus that matches the call and its workflow, and sends no data about the caller', () => {
    const rules = Object.entries(resources(made, 'AWS::Events::Rule')).filter(([id]) => id.endsWith('Started'));
    expect(rules.map(([id]) => id)).toEqual(
      ['CustomersStarted', 'HouseholdsStarted'].map((id) => expect.stringMatching(new RegExp(id, 'i'))),
    );
    for (const [n, workflow] of ['customers', 'households'].entries()) {
      const { EventBusName, EventPattern, Targets } = rules[n]?.[1].Properties ?? {};
      expect(EventBusName).toBeUndefined();
      expect(EventPattern).toEqual({
        source: ['aws.entityresolution'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['entityresolution.amazonaws.com'],
          eventName: ['StartMatchingJob'],
          requestParameters: { workflowName: [workflow] },
          errorCode: [{ exists: false }],
        },
      });
      const test = compilePattern(EventPattern);
      const { event } = startMatchingJob;
      expect(test({ ...event, detail: { ...event.detail, requestParameters: { workflowName: workflow } } })).toBe(true);
      expect(test(event)).toBe(workflow === 'customers');
      expect(test({ ...event, detail: { ...event.detail, errorCode: 'ConflictException' } })).toBe(false);
      const [target] = Targets;
      expect(referred(target.Arn)).toBe('UnificationPollingPollsQueue');
      expect(referred(target.DeadLetterConfig.Arn)).toBe('UnificationPollingSchedulesDeadLetterQueue');
      const { InputTemplate: template, InputPathsMap: paths } = target.InputTransformer;
      const { eventID, eventTime, responseElements } = event.detail;
      expect(JSON.parse(fillInputTemplate({ template, paths }, event as never))).toEqual({
        poll: {
          jobs: { service: 'entity-resolution', workflow },
          ...(workflow === 'customers' && { instanceId: 'emea' }),
        },
        event: { detail: { eventID, eventTime, responseElements } },
      });
      const silent = fillInputTemplate({ template, paths }, {
        ...event,
        detail: { ...event.detail, responseElements: null },
      } as never);
      expect(JSON.parse(silent).event.detail.responseElements).toEqual({ jobId: '' });
    }
  });

  test('are also polled every hour by default', () => {
    const schedules = Object.values(resources(made, 'AWS::Scheduler::Schedule'));
    expect(schedules.map(({ Properties }) => Properties.ScheduleExpression)).toEqual(['rate(1 hour)', 'rate(1 day)']);
  });

  test('need only one statement in the queue policy', () => {
    for (const queue of ['UnificationPollingPollsQueue', 'UnificationPollingSchedulesDeadLetterQueue']) {
      const statements = Object.values(resources(made, 'AWS::SQS::QueuePolicy'))
        .filter(({ Properties }) => Properties.Queues.some((one: unknown) => referred(one) === queue))
        .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
        .filter(({ Principal }) => Principal.Service === 'events.amazonaws.com');
      expect(statements).toHaveLength(1);
      expect(statements[0].Action).toBe('sqs:SendMessage');
      expect(statements[0].Condition.ArnLike['aws:SourceArn']).toHaveLength(2);
    }
  });

  test('in another stack have their rule there, without a dependency cycle', () => {
    const { platform, connector, team } = connectorAndTeam();
    for (const workflow of ['a', 'b']) {
      const jobs = Unification.fromEntityResolution(workflow);
      new PolledUnification(team, workflow, { connector, jobs, whenStarted: true });
    }
    expect(Object.keys(resources(Template.fromStack(team), 'AWS::Events::Rule'))).toHaveLength(2);
    expect(platform.dependencies).toEqual([]);
    const sources = Object.values(resources(Template.fromStack(platform), 'AWS::SQS::QueuePolicy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .map(({ Condition }) => Condition?.ArnLike?.['aws:SourceArn'])
      .filter((arn) => JSON.stringify(arn ?? '').includes(':rule/*'));
    expect(sources).toHaveLength(2);
  });

  test('are rejected if they start without an API call', () => {
    const { connector: fresh } = connectorStack();
    const jobs = Unification.fromCustomerProfiles('shop');
    expect(() => fresh.addUnification('Identities', { jobs, whenStarted: true })).toThrow(
      /^whenStarted: identity resolution jobs of Customer Profiles start on the schedule of their domain.*use schedule$/,
    );
  });

  test('are rejected if the instance name would break the input template', () => {
    const { connector: fresh } = connectorStack();
    const jobs = Unification.fromEntityResolution('customers');
    expect(() => fresh.addUnification('Match', { jobs, whenStarted: true, instanceId: '<a>' })).toThrow(
      /^instanceId is/,
    );
  });
});
