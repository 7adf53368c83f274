import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import {
  ConnectorApi,
  ConnectorSignIn,
  FlowDelivery,
  RefreshCollection,
  ScheduledQueries,
  SourceNormalization,
  SourceReconciliation,
  SubjectCatalog,
  SubscriptionRegistry,
  ThresholdEvaluation,
  TriggerRules,
  UnificationPolling,
} from '../../../lib';
import { referred, resources, suitableTable } from '../support';

/** Each construct alone, on an existing bus and existing tables, with only its required props. */
const PARTS: Record<string, (stack: Stack, eventBus: events.IEventBus) => void> = {
  TriggerRules: (stack, eventBus) => {
    const rules = new TriggerRules(stack, 'Part', { eventBus });
    rules.sendTriggersTo(new sqs.Queue(stack, 'Queue'));
  },
  ThresholdEvaluation: (stack, eventBus) => {
    const subscriptionsTable = suitableTable(stack, 'subscriptionsTable');
    new ThresholdEvaluation(stack, 'Part', { eventBus, subscriptionsTable });
  },
  RefreshCollection: (stack, eventBus) => {
    new RefreshCollection(stack, 'Part', { eventBus });
  },
  ScheduledQueries: (stack, eventBus) => {
    new ScheduledQueries(stack, 'Part', { eventBus });
  },
  UnificationPolling: (stack, eventBus) => {
    new UnificationPolling(stack, 'Part', { eventBus, runsTable: suitableTable(stack, 'runsTable') });
  },
  SourceReconciliation: (stack, eventBus) => {
    const deadLetterQueue = new sqs.Queue(stack, 'DeadLetters');
    const normalization = new SourceNormalization(stack, 'Normalization', { eventBus, deadLetterQueue });
    const runsTable = suitableTable(stack, 'runsTable');
    new SourceReconciliation(stack, 'Part', { eventBus, normalization, runsTable });
  },
  SubjectCatalog: (stack, eventBus) => {
    new SubjectCatalog(stack, 'Part', { eventBus });
  },
  ConnectorApi: (stack, eventBus) => {
    new ConnectorApi(stack, 'Part', {
      signIn: [ConnectorSignIn.keys()],
      eventBus,
      subscriptionsTable: suitableTable(stack, 'subscriptionsTable'),
      thresholdsTable: suitableTable(stack, 'thresholdsTable'),
      observationsQueue: new sqs.Queue(stack, 'Observations'),
      deliveriesTable: suitableTable(stack, 'deliveriesTable'),
      deliveriesQueue: new sqs.Queue(stack, 'Deliveries'),
      flowUrlKey: new kms.Key(stack, 'Key'),
    });
  },
  SubscriptionRegistry: (stack) => {
    new SubscriptionRegistry(stack, 'Part');
  },
  FlowDelivery: (stack, eventBus) => {
    const subscriptionsTable = suitableTable(stack, 'subscriptionsTable');
    new FlowDelivery(stack, 'Part', { eventBus, subscriptionsTable, flowUrlKey: new kms.Key(stack, 'Key') });
  },
};

function alone(part: string, context?: Record<string, unknown>): Template {
  const stack = new Stack(new App({ context }), 'Stack');
  PARTS[part]?.(stack, events.EventBus.fromEventBusName(stack, 'Bus', 'company'));
  return Template.fromStack(stack);
}

/** Number of resources by type, without policies and permissions. */
function inventory(template: Template): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { Type } of Object.values(template.toJSON().Resources as Record<string, { Type: string }>)) {
    if (!/Policy$|Permission$|EventSourceMapping$/.test(Type)) counts[Type] = (counts[Type] ?? 0) + 1;
  }
  return counts;
}

describe('used alone', () => {
  test.each<[string, Record<string, number>]>([
    ['TriggerRules', { 'AWS::Events::Rule': 8, 'AWS::SQS::Queue': 2 }],
    [
      'ThresholdEvaluation',
      {
        'AWS::DynamoDB::GlobalTable': 2,
        'AWS::SQS::Queue': 3,
        'AWS::Lambda::Function': 2,
        'AWS::Logs::LogGroup': 2,
        'AWS::IAM::Role': 2,
        'AWS::Events::Rule': 1,
      },
    ],
    [
      'RefreshCollection',
      {
        'AWS::DynamoDB::GlobalTable': 1,
        'AWS::SQS::Queue': 3,
        'AWS::Lambda::Function': 1,
        'AWS::Logs::LogGroup': 1,
        'AWS::IAM::Role': 1,
        'AWS::Events::Rule': 1,
      },
    ],
    [
      'ScheduledQueries',
      {
        'AWS::SQS::Queue': 3,
        'AWS::Lambda::Function': 1,
        'AWS::Logs::LogGroup': 1,
        'AWS::IAM::Role': 2,
      },
    ],
    [
      'UnificationPolling',
      {
        'AWS::DynamoDB::GlobalTable': 1,
        'AWS::SQS::Queue': 3,
        'AWS::Lambda::Function': 1,
        'AWS::Logs::LogGroup': 1,
        'AWS::IAM::Role': 2,
      },
    ],
    [
      'SourceReconciliation',
      {
        'AWS::DynamoDB::GlobalTable': 1,
        // Three of them belong to the normalization that is passed to it.
        'AWS::SQS::Queue': 6,
        'AWS::Lambda::Function': 2,
        'AWS::Logs::LogGroup': 2,
        'AWS::IAM::Role': 3,
      },
    ],
    [
      'SubjectCatalog',
      {
        'AWS::DynamoDB::GlobalTable': 1,
        'AWS::SQS::Queue': 3,
        'AWS::Lambda::Function': 1,
        'AWS::Logs::LogGroup': 1,
        'AWS::IAM::Role': 1,
        'AWS::Events::Rule': 2,
      },
    ],
    [
      'ConnectorApi',
      {
        // Three tables, a key and two queues are passed to it.
        'AWS::DynamoDB::GlobalTable': 4,
        'AWS::KMS::Key': 1,
        'AWS::SQS::Queue': 6,
        'AWS::Lambda::Function': 3,
        'AWS::Logs::LogGroup': 4,
        'AWS::IAM::Role': 3,
        'AWS::Events::Rule': 3,
        'AWS::ApiGatewayV2::Api': 1,
        'AWS::ApiGatewayV2::Integration': 1,
        'AWS::ApiGatewayV2::Route': 17,
        'AWS::ApiGatewayV2::Stage': 1,
      },
    ],
    ['SubscriptionRegistry', { 'AWS::DynamoDB::GlobalTable': 1, 'AWS::KMS::Key': 1 }],
    [
      'FlowDelivery',
      {
        'AWS::DynamoDB::GlobalTable': 2,
        'AWS::KMS::Key': 1,
        'AWS::SQS::Queue': 5,
        'AWS::Lambda::Function': 2,
        'AWS::Logs::LogGroup': 2,
        'AWS::IAM::Role': 2,
        'AWS::Events::Rule': 1,
      },
    ],
  ])('%s creates only the resources that it needs', (part, expected) => {
    expect(inventory(alone(part))).toEqual(expected);
  });

  test.each(Object.keys(PARTS))('%s creates the same resources with all recommended feature flags', (part) => {
    expect(inventory(alone(part, recommendedFlags))).toEqual(inventory(alone(part)));
  });

  test.each([
    'ThresholdEvaluation',
    'RefreshCollection',
    'ScheduledQueries',
    'UnificationPolling',
    'FlowDelivery',
    'ConnectorApi',
  ])('%s has an ID derived from its path, and the default event source', (part) => {
    const functions = Object.values(resources(alone(part), 'AWS::Lambda::Function'));
    for (const { Properties } of functions) {
      const { Variables } = Properties.Environment;
      expect(Variables[Env.CONNECTOR_ID]).toMatch(/^Stack-Part-/);
      if (Env.EVENT_SOURCE in Variables) {
        expect(Variables).toMatchObject({ [Env.EVENT_BUS_NAME]: 'company', [Env.EVENT_SOURCE]: 'customer-insights' });
      }
    }
  });

  test('TriggerRules without props creates a bus', () => {
    const stack = new Stack(new App(), 'Stack');
    const rules = new TriggerRules(stack, 'Part');
    Template.fromStack(stack).resourceCountIs('AWS::Events::EventBus', 1);
    expect(rules.eventSource).toBe('customer-insights');
    expect(rules.connectorId).toMatch(/^Stack-Part-/);
  });

  test.each<[string, (stack: Stack, eventBus: events.IEventBus, connectorId: string) => unknown]>([
    ['TriggerRules', (stack, eventBus, connectorId) => new TriggerRules(stack, 'Part', { eventBus, connectorId })],
    [
      'RefreshCollection',
      (stack, eventBus, connectorId) => new RefreshCollection(stack, 'Part', { eventBus, connectorId }),
    ],
  ])('%s rejects an invalid connector ID', (_, make) => {
    const stack = new Stack(new App(), 'Stack');
    const eventBus = events.EventBus.fromEventBusName(stack, 'Bus', 'company');
    expect(() => make(stack, eventBus, 'two words')).toThrow(/connectorId is 'two words'/);
  });
});

test('constructs can be combined without a connector: thresholds without a flow', () => {
  const stack = new Stack(new App(), 'Stack');
  const eventBus = events.EventBus.fromEventBusName(stack, 'Bus', 'company');
  const rules = new TriggerRules(stack, 'Rules', { eventBus, connectorId: 'emea' });
  const thresholds = new ThresholdEvaluation(stack, 'Thresholds', {
    eventBus,
    connectorId: 'emea',
    subscriptionsTable: new SubscriptionRegistry(stack, 'Subscriptions').table,
  });
  rules.sendObservationsTo(thresholds.observationsQueue);
  thresholds.onThresholdCrossed('Crossed', { description: 'ours' });

  const template = Template.fromStack(stack);
  const all = resources(template, 'AWS::Events::Rule');
  expect(Object.keys(all).sort()).toEqual([
    'RulesMeasureRefreshed',
    'RulesSegmentRefreshed',
    'ThresholdsCrossed',
    'ThresholdsSweepSchedule',
  ]);
  expect(referred(all.RulesSegmentRefreshed?.Properties.Targets[0].Arn)).toBe('ThresholdsObservationsQueue');
  expect(all.ThresholdsCrossed?.Properties.EventPattern.detail).toEqual({ connector: ['emea'] });
  template.resourcePropertiesCountIs(
    'AWS::Lambda::Function',
    { Environment: { Variables: Match.objectLike({ [Env.CONNECTOR_ID]: 'emea' }) } },
    2,
  );
});
