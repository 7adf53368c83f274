import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { CrossingEvent, DomainEvent, HealthEvent } from '../../../contract/events';
import { PowerAutomateConnector } from '../../../lib';
import { matches } from '../../../local/bus/pattern';
import { referred, resources } from '../support';

const METHODS = [
  'onDataSourceRefreshFailed',
  'onDataSourceRefreshSucceeded',
  'onFullRefreshCompleted',
  'onUnificationRefreshCompleted',
  'onThresholdCrossed',
  'onSegmentThresholdCrossed',
  'onMeasureThresholdCrossed',
  'onSubscriptionPaused',
  'onSubscriptionResumed',
  'onDeliveryDead',
] as const;
type Method = (typeof METHODS)[number];

/** Rules of the connector's `on…` methods, by method. */
function rulesOf(options: events.OnEventOptions = {}, methods: readonly Method[] = METHODS) {
  const stack = new Stack(new App(), 'Stack');
  const connector = new PowerAutomateConnector(stack, 'Connector', { connectorId: 'ours', eventSource: 'crm' });
  for (const method of methods) connector[method](method, options);
  const rules = resources(Template.fromStack(stack), 'AWS::Events::Rule');
  return Object.fromEntries(methods.map((method) => [method, rules[method]?.Properties]));
}

const rules = rulesOf();
const matched = (detailType: string, detail: Record<string, unknown>, source = 'crm') =>
  METHODS.filter((method) => matches(rules[method].EventPattern, { source, 'detail-type': detailType, detail }));

describe('rules and the events that they match', () => {
  test.each<[string, Record<string, unknown>, Method[]]>([
    [DomainEvent.DATA_SOURCE_REFRESHED, { status: 'Failed' }, ['onDataSourceRefreshFailed']],
    [DomainEvent.DATA_SOURCE_REFRESHED, { status: 'Failure', willRetry: false }, ['onDataSourceRefreshFailed']],
    [DomainEvent.DATA_SOURCE_REFRESHED, { status: 'TimedOut' }, ['onDataSourceRefreshFailed']],
    [DomainEvent.DATA_SOURCE_REFRESHED, { status: 'Failed', willRetry: true }, []],
    [DomainEvent.DATA_SOURCE_REFRESHED, { status: 'Successful' }, ['onDataSourceRefreshSucceeded']],
    [DomainEvent.DATA_SOURCE_REFRESHED, { status: 'Skipped' }, []],
    [DomainEvent.FULL_REFRESHED, { status: 'Canceled' }, ['onFullRefreshCompleted']],
    [DomainEvent.FULL_REFRESHED, { status: 'Failed', collectedBy: 'ours' }, ['onFullRefreshCompleted']],
    [DomainEvent.FULL_REFRESHED, { status: 'Failed', collectedBy: 'theirs' }, []],
    [DomainEvent.FULL_REFRESHED, { status: 'done' }, []],
    [DomainEvent.UNIFICATION_REFRESHED, { status: 'Successful' }, ['onUnificationRefreshCompleted']],
    [DomainEvent.UNIFICATION_REFRESHED, { status: 'Successful', collectedBy: 'theirs' }, []],
    [
      CrossingEvent.SEGMENT_THRESHOLD_CROSSED,
      { connector: 'ours' },
      ['onThresholdCrossed', 'onSegmentThresholdCrossed'],
    ],
    [
      CrossingEvent.MEASURE_THRESHOLD_CROSSED,
      { connector: 'ours' },
      ['onThresholdCrossed', 'onMeasureThresholdCrossed'],
    ],
    [HealthEvent.FLOW_SUBSCRIPTION_PAUSED, { connector: 'ours' }, ['onSubscriptionPaused']],
    [HealthEvent.FLOW_SUBSCRIPTION_RESUMED, { connector: 'ours' }, ['onSubscriptionResumed']],
    [HealthEvent.FLOW_DELIVERY_DEAD, { connector: 'ours' }, ['onDeliveryDead']],
    [DomainEvent.SEGMENT_REFRESHED, {}, []],
    [DomainEvent.REFRESH_STAGE_COMPLETED, { status: 'Failed' }, []],
  ])('%s %j: %j', (detailType, detail, expected) => {
    expect(matched(detailType, detail)).toEqual(expected);
    expect(matched(detailType, detail, 'other-source')).toEqual([]);
  });

  test.each([...Object.values(CrossingEvent), ...Object.values(HealthEvent)])(
    '%s of another connector matches no rule',
    (detailType) => {
      expect(matched(detailType, { connector: 'theirs' })).toEqual([]);
      expect(matched(detailType, {})).toEqual([]);
    },
  );
});

describe('options of a rule', () => {
  test.each(METHODS)('%s: target, description and name', (method) => {
    const stack = new Stack(new App(), 'Stack');
    const connector = new PowerAutomateConnector(stack, 'Connector');
    const rule = connector[method]('Mine', {
      target: new targets.SqsQueue(new sqs.Queue(stack, 'Queue')),
      description: 'for our own',
      ruleName: 'mine',
    });
    expect(rule.node.path).toBe('Stack/Connector/Mine');
    const { Mine } = resources(Template.fromStack(stack), 'AWS::Events::Rule');
    expect(referred(Mine?.Properties)).toMatchObject({
      EventBusName: 'EventsBus',
      Description: 'for our own',
      Name: 'mine',
      State: 'ENABLED',
      Targets: [{ Arn: 'Queue' }],
    });
  });

  test('without a target, the rule has none yet', () => {
    expect(rules.onThresholdCrossed.Targets).toBeUndefined();
  });

  test('a pattern adds other fields', () => {
    const eventPattern = { account: ['111122223333'], detail: { segment: ['VIP customers'] } };
    const { onSegmentThresholdCrossed } = rulesOf({ eventPattern }, ['onSegmentThresholdCrossed']);
    expect(onSegmentThresholdCrossed.EventPattern).toEqual({
      account: ['111122223333'],
      source: ['crm'],
      'detail-type': ['SegmentThresholdCrossed'],
      detail: { segment: ['VIP customers'], connector: ['ours'] },
    });
  });

  test('a pattern replaces the values of the same field', () => {
    const eventPattern = { detail: { status: ['TimedOut'] } };
    const { onFullRefreshCompleted } = rulesOf({ eventPattern }, ['onFullRefreshCompleted']);
    expect(onFullRefreshCompleted.EventPattern.detail).toEqual({
      status: ['TimedOut'],
      collectedBy: [{ exists: false }, 'ours'],
    });
  });

  test('a pattern can also match failures that will be retried', () => {
    const eventPattern = { detail: { willRetry: [true] } };
    const { onDataSourceRefreshFailed } = rulesOf({ eventPattern }, ['onDataSourceRefreshFailed']);
    const event = { source: 'crm', 'detail-type': 'DataSourceRefreshed' };
    const isMatched = (detail: object) =>
      matches(onDataSourceRefreshFailed.EventPattern, { ...event, detail } as never);
    expect(isMatched({ status: 'Failed', willRetry: true })).toBe(true);
    expect(isMatched({ status: 'Failed', willRetry: false })).toBe(false);
  });

  test.each<[events.EventPattern, string]>([
    [{ source: ['mine'] }, 'source'],
    [{ detailType: ['Mine'] }, 'detailType'],
    [{ detail: { connector: ['theirs'] } }, 'detail.connector'],
    [{ source: ['mine'], detail: { connector: ['theirs'] } }, 'source, detail.connector'],
  ])('rejects %j, which would match other events', (eventPattern, named) => {
    expect(() => rulesOf({ eventPattern }, ['onThresholdCrossed'])).toThrow(
      `eventPattern of 'onThresholdCrossed' has ${named}: leave it out`,
    );
  });
});
