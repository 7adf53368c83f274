import { App, Duration, Lazy, Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import { describe, expect, test } from 'vitest';
import { Env } from '../../../contract/environment';
import { RefreshCollection, type RefreshCollectionOptions } from '../../../lib';
import { connectorTemplate, referred, resources } from '../support';

/** The construct alone, on an existing bus. */
function collection(options: RefreshCollectionOptions = {}) {
  const stack = new Stack(new App(), 'Stack');
  const eventBus = events.EventBus.fromEventBusName(stack, 'Bus', 'company');
  const construct = new RefreshCollection(stack, 'Connector', {
    eventBus,
    eventSource: 'crm',
    connectorId: 'emea',
    ...options,
  });
  return { construct, template: Template.fromStack(stack) };
}

const variables = (template: Template, id = 'Collect') =>
  referred(resources(template, 'AWS::Lambda::Function')[`${id}Function`]?.Properties.Environment.Variables);

test('used alone, creates a table, a queue, a function and a schedule, and nothing else', () => {
  const { construct, template } = collection();
  template.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
  template.resourceCountIs('AWS::Lambda::Function', 1);
  template.resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
  template.resourceCountIs('AWS::Events::Rule', 1);
  expect(Object.keys(resources(template, 'AWS::SQS::Queue')).sort()).toEqual([
    'OverdueDeadLetterQueue',
    'StagesDeadLetterQueue',
    'StagesQueue',
  ]);
  expect(variables(template)).toMatchObject({
    [Env.EVENT_BUS_NAME]: 'company',
    [Env.EVENT_SOURCE]: 'crm',
    [Env.CONNECTOR_ID]: 'emea',
    [Env.RUNS_TABLE_NAME]: 'Table',
    [Env.REJECTED_QUEUE_URL]: 'StagesDeadLetterQueue',
  });
  const { stagesQueue, stagesDeadLetterQueue, table, collect } = construct;
  expect([stagesQueue, stagesDeadLetterQueue, table, collect].map(({ node }) => node.path)).toEqual([
    'Stack/Connector/Stages/Queue',
    'Stack/Connector/Stages/DeadLetterQueue',
    'Stack/Connector/Table',
    'Stack/Connector/Collect/Function',
  ]);
});

test('passes the connector’s props to the function', () => {
  const template = connectorTemplate({
    unificationStages: ['Map', 'Match, then merge'],
    fullRefreshProcesses: ['Data sources', 'Segments'],
    runTimeout: Duration.minutes(90),
  });
  expect(variables(template, 'CollectionCollect')).toMatchObject({
    [Env.UNIFICATION_STAGES]: '["Map","Match, then merge"]',
    [Env.FULL_REFRESH_PROCESSES]: '["Data sources","Segments"]',
    [Env.RUN_TIMEOUT_SECONDS]: '5400',
  });
});

test('accepts a token as a name', () => {
  const stages = ['map', Lazy.string({ produce: () => 'later' })];
  expect(variables(collection({ unificationStages: stages }).template)[Env.UNIFICATION_STAGES]).toBe('["map","later"]');
});

describe('rejects', () => {
  test.each<[string, RefreshCollectionOptions, RegExp]>([
    ['no stage', { unificationStages: [] }, /unificationStages has 0 names: write 1 to 50/],
    ['51 processes', { fullRefreshProcesses: Array(51).fill('x') }, /fullRefreshProcesses has 51 names: write 0 to 50/],
    ['a name twice', { fullRefreshProcesses: ['A', 'B', 'A'] }, /fullRefreshProcesses has 'A' twice/],
    ['an empty name', { unificationStages: [''] }, /unificationStages is '': write 1 to 200 characters/],
    ['a name with trailing whitespace', { unificationStages: ['map '] }, /unificationStages is 'map ': write 1 to 200/],
    [
      'a long name',
      { fullRefreshProcesses: ['x'.repeat(201)] },
      /fullRefreshProcesses is 'x+': write 1 to 200 characters/,
    ],
    ['a list that is a token', { unificationStages: Token.asList({ Ref: 'X' }) }, /unificationStages is a token/],
    ['less than a minute', { runTimeout: Duration.seconds(59) }, /runTimeout is 59 seconds: write a minute or more/],
  ])('%s', (_, options, message) => {
    expect(() => collection(options)).toThrow(message);
  });
});
