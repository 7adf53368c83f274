import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CrossingEvent,
  DomainEvent,
  HealthEvent,
  KNOWN_DETAIL_TYPES,
  OverdueEvent,
  STATUS_FAILURE_ALIAS,
  STATUSES,
} from '../../../contract/events';
import { TriggerRules } from '../../../lib';
import { matches } from '../../../local/bus/pattern';
import { list, referred, resources } from '../support';

const CONNECTOR_ID = 'ours';

function rulesTemplate(props: { eventBus?: (stack: Stack) => events.IEventBus; eventSource?: string } = {}): Template {
  const stack = new Stack(new App(), 'Stack');
  const rules = new TriggerRules(stack, 'Connector', {
    connectorId: CONNECTOR_ID,
    eventSource: props.eventSource,
    eventBus: props.eventBus?.(stack),
  });
  rules.sendTriggersTo(new sqs.Queue(stack, 'Triggers'));
  rules.sendObservationsTo(new sqs.Queue(stack, 'Observations'));
  rules.sendStagesTo(new sqs.Queue(stack, 'Stages'));
  return Template.fromStack(stack);
}

const template = rulesTemplate();
const rules = resources(template, 'AWS::Events::Rule');

/** Rules that match an event of the connector's source. */
const matched = (detailType: string, detail: Record<string, unknown> = {}, source = 'customer-insights'): string[] =>
  Object.entries(rules)
    .filter(([, rule]) => matches(rule.Properties.EventPattern, { source, 'detail-type': detailType, detail }))
    .map(([id]) => id);

describe('rules and the events that they match', () => {
  const { DATA_SOURCE_REFRESHED, FULL_REFRESHED, UNIFICATION_REFRESHED } = DomainEvent;

  test.each([
    [DATA_SOURCE_REFRESHED, 'Failed', 'DataSourceRefreshFailed'],
    [DATA_SOURCE_REFRESHED, 'Failure', 'DataSourceRefreshFailed'],
    [DATA_SOURCE_REFRESHED, 'TimedOut', 'DataSourceRefreshFailed'],
    [DATA_SOURCE_REFRESHED, 'Successful', 'DataSourceRefreshSucceeded'],
    [DATA_SOURCE_REFRESHED, 'Skipped', 'Misfits'],
    [DATA_SOURCE_REFRESHED, 'Canceled', 'Misfits'],
    [DATA_SOURCE_REFRESHED, 'Running', 'Misfits'],
    [DATA_SOURCE_REFRESHED, undefined, 'Misfits'],
    [FULL_REFRESHED, 'done', 'Misfits'],
    [UNIFICATION_REFRESHED, undefined, 'Misfits'],
    ['dataSourceRefreshed', 'Failed', 'Misfits'],
  ])('%s with status %s: %s', (detailType, status, rule) => {
    expect(matched(detailType, { status })).toEqual([rule]);
  });

  test.each([...STATUSES, STATUS_FAILURE_ALIAS])('a run that ended with %s is a completed run', (status) => {
    expect(matched(FULL_REFRESHED, { status })).toEqual(['FullRefreshCompleted']);
    expect(matched(UNIFICATION_REFRESHED, { status })).toEqual(['UnificationRefreshCompleted']);
  });

  test('observations match the rules of their kind', () => {
    expect(matched(DomainEvent.SEGMENT_REFRESHED)).toEqual(['SegmentRefreshed']);
    expect(matched(DomainEvent.MEASURE_REFRESHED)).toEqual(['MeasureRefreshed']);
  });

  test.each([
    [FULL_REFRESHED, 'FullRefreshCompleted'],
    [UNIFICATION_REFRESHED, 'UnificationRefreshCompleted'],
  ])('%s that a connector collected is a trigger only of that connector', (detailType, rule) => {
    expect(matched(detailType, { status: 'Failed', collectedBy: CONNECTOR_ID })).toEqual([rule]);
    expect(matched(detailType, { status: 'Failed', collectedBy: 'theirs' })).toEqual([]);
  });

  test('a completed stage is collected, with any content', () => {
    expect(matched(DomainEvent.REFRESH_STAGE_COMPLETED, { status: 'Failed' })).toEqual(['RefreshStageCompleted']);
    expect(matched(DomainEvent.REFRESH_STAGE_COMPLETED, {})).toEqual(['RefreshStageCompleted']);
  });

  test.each([...Object.values(CrossingEvent), OverdueEvent.REFRESH_OVERDUE])(
    '%s is a trigger only of its own connector',
    (detailType) => {
      expect(matched(detailType, { connector: CONNECTOR_ID })).toEqual([detailType]);
      expect(matched(detailType, { connector: 'theirs' })).toEqual([]);
      expect(matched(detailType, {})).toEqual(['Misfits']);
    },
  );

  test.each(Object.values(HealthEvent))('%s, an event about the connector’s health, starts no flow', (detailType) => {
    expect(matched(detailType, { connector: CONNECTOR_ID })).toEqual([]);
  });

  test('every event of the source matches exactly one rule', () => {
    const anyStatus = fc.oneof(fc.constantFrom(...STATUSES, STATUS_FAILURE_ALIAS), fc.jsonValue({ maxDepth: 0 }));
    const detail = fc.record(
      {
        status: fc.oneof(anyStatus, fc.constant({})),
        connector: fc.constantFrom(CONNECTOR_ID, 'theirs', {}),
        collectedBy: fc.constantFrom(CONNECTOR_ID, 'theirs'),
      },
      { requiredKeys: [] },
    );
    const anyDetailType = fc.oneof(fc.constantFrom(...KNOWN_DETAIL_TYPES), fc.string());
    const isCrossing = (detailType: string) =>
      [...Object.values(CrossingEvent), OverdueEvent.REFRESH_OVERDUE].some((one) => one === detailType);
    const isCompleted = (detailType: string) => [FULL_REFRESHED, UNIFICATION_REFRESHED].includes(detailType as never);
    const isStatus = (status: unknown) => [...STATUSES, STATUS_FAILURE_ALIAS].includes(status as never);
    const isHealth = (detailType: string) => (Object.values(HealthEvent) as string[]).includes(detailType);

    fc.assert(
      fc.property(anyDetailType, detail, (detailType, fields) => {
        const foreign =
          (isCrossing(detailType) && fields.connector === 'theirs') ||
          (isCompleted(detailType) && isStatus(fields.status) && fields.collectedBy === 'theirs');
        expect(matched(detailType, fields)).toHaveLength(foreign || isHealth(detailType) ? 0 : 1);
        expect(matched(detailType, fields, 'other-source')).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the rules', () => {
  test('are one per trigger, one per kind of observation, one for stages, and one for all other events', () => {
    expect(Object.keys(rules)).toHaveLength(11);
  });

  test('have patterns of less than 2,048 characters, the limit of EventBridge, even with the longest names', () => {
    const longest = resources(rulesTemplate({ eventSource: 's'.repeat(256) }), 'AWS::Events::Rule');
    for (const { Properties } of Object.values(longest)) {
      expect(JSON.stringify(Properties.EventPattern).length).toBeLessThan(2048);
    }
  });

  test('send observations, stages and all other events to three queues, with one target each', () => {
    for (const [id, { Properties }] of Object.entries(rules)) {
      const queues = {
        SegmentRefreshed: 'Observations',
        MeasureRefreshed: 'Observations',
        RefreshStageCompleted: 'Stages',
      };
      const queue = queues[id as keyof typeof queues] ?? 'Triggers';
      expect(referred(Properties.Targets)).toEqual([
        {
          Id: 'Target0',
          Arn: queue,
          DeadLetterConfig: { Arn: 'DeadLetterQueue' },
          RetryPolicy: { MaximumEventAgeInSeconds: 24 * 60 * 60, MaximumRetryAttempts: 185 },
        },
      ]);
    }
  });

  test.each([
    ['Triggers', 8],
    ['Observations', 2],
    ['Stages', 1],
    ['DeadLetterQueue', 11],
  ])('%s has one policy statement for EventBridge, with exactly the %i rules that send to it', (queue, count) => {
    const policies = Object.values(resources(template, 'AWS::SQS::QueuePolicy'));
    const statements = policies
      .filter(({ Properties }) => referred(Properties.Queues).includes(queue))
      .flatMap(({ Properties }) => referred(Properties.PolicyDocument.Statement))
      .filter((statement) => statement.Principal.Service === 'events.amazonaws.com');

    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatchObject({
      Effect: 'Allow',
      Action: 'sqs:SendMessage',
      Resource: queue,
      Condition: { StringEquals: { 'aws:SourceAccount': 'AWS::AccountId' } },
    });
    const senders = Object.entries(rules)
      .filter(([, { Properties }]) => JSON.stringify(referred(Properties.Targets)).includes(`"${queue}"`))
      .map(([id]) => id);
    expect(senders).toHaveLength(count);
    expect(list(statements[0].Condition.ArnLike['aws:SourceArn']).sort()).toEqual(senders.sort());
  });
});

describe('props', () => {
  test('without a bus, a new one is created', () => {
    template.resourceCountIs('AWS::Events::EventBus', 1);
    for (const { Properties } of Object.values(rules)) expect(referred(Properties.EventBusName)).toBe('Bus');
  });

  test('an existing bus is used', () => {
    const given = rulesTemplate({ eventBus: (stack) => events.EventBus.fromEventBusName(stack, 'Given', 'company') });
    given.resourceCountIs('AWS::Events::EventBus', 0);
    for (const { Properties } of Object.values(resources(given, 'AWS::Events::Rule'))) {
      expect(Properties.EventBusName).toBe('company');
    }
  });

  test('every rule matches the given source', () => {
    for (const { Properties } of Object.values(resources(rulesTemplate({ eventSource: 'crm' }), 'AWS::Events::Rule'))) {
      expect(Properties.EventPattern.source).toEqual(['crm']);
    }
  });

  test('rejects a source that EventBridge reserves or does not accept', () => {
    expect(() => rulesTemplate({ eventSource: 'aws.crm' })).toThrow(/'aws\.crm'.*write another name/);
    expect(() => rulesTemplate({ eventSource: '' })).toThrow(/write 1 to 256/);
    expect(() => rulesTemplate({ eventSource: 's'.repeat(257) })).toThrow(/write 1 to 256/);
  });
});
