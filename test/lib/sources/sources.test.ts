import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { describe, expect, test } from 'vitest';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import { SOURCE_KINDS } from '../../../contract/sources';
import { eventsOf } from '../../../lambda/sources/core/normalize';
import {
  ConnectorSource,
  PowerAutomateConnector,
  type PowerAutomateConnectorProps,
  RefreshKind,
  RefreshStatus,
  Source,
} from '../../../lib';
import { SOURCE_PATTERNS } from '../../../lib/sources/source-patterns';
import { fillInputTemplate } from '../../../local/bus/input-template';
import { compilePattern, type EventPattern } from '../../../local/bus/pattern';
import { addEverySource, kindOf, SAMPLES } from '../../support/app/sources';
import { connectorStack, permissions, referred, resources } from '../support';

/** Rules for sources in the connector's stack by ID, with their messages. */
function rulesIn(template: Template) {
  return Object.fromEntries(
    Object.entries(resources(template, 'AWS::Events::Rule'))
      .filter(([id]) => id.includes('NormalizationRules') || id.startsWith('Sources'))
      .map(([id, { Properties }]) => [id.replace(/^.*?Rules|^Sources[0-9a-f]{8}/, ''), Properties]),
  );
}

function withSources(sources: Readonly<Record<string, Source>>, props?: PowerAutomateConnectorProps) {
  const { stack, connector } = connectorStack(props);
  for (const [id, source] of Object.entries(sources)) connector.addSource(id, source);
  const template = Template.fromStack(stack);
  return { stack, connector, template, rules: rulesIn(template) };
}

const glueJob = (jobName: string, dataSource = 'Orders') => Source.glueJob({ jobName, dataSource });
/** Length of the pattern and the template at deployment, without tokens. */
const textOf = (value: unknown): string => {
  const text = referred(value);
  return typeof text === 'string' ? text : JSON.stringify(text);
};

describe('the rule for a kind', () => {
  const { rules, template } = withSources({ One: glueJob('load-orders'), Two: glueJob('load-returns', 'Returns') });

  test('matches its sources on the default bus, and sends each event with the sources to one queue', () => {
    expect(Object.keys(rules)).toEqual(['GlueJob']);
    const { EventPattern, EventBusName, Targets } = rules.GlueJob;
    expect(EventBusName).toBeUndefined();
    expect(EventPattern).toEqual({
      source: ['aws.glue'],
      'detail-type': ['Glue Job State Change'],
      detail: { jobName: ['load-orders', 'load-returns'] },
    });
    expect(Targets).toHaveLength(1);
    const [{ Arn, DeadLetterConfig, RetryPolicy, InputTransformer }] = Targets;
    expect(referred(Arn)).toMatch(/^NormalizationSourcesQueue/);
    expect(referred(DeadLetterConfig.Arn)).toBe('EventsDeadLetterQueue');
    expect(RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
    expect(InputTransformer.InputPathsMap).toBeUndefined();
    const event = { anything: 'at all' };
    expect(
      JSON.parse(fillInputTemplate({ template: textOf(InputTransformer.InputTemplate), paths: {} }, event as never)),
    ).toEqual({
      kind: 'glue-job',
      sources: [
        { name: 'load-orders', put: 'DataSourceRefreshed', detail: { dataSource: 'Orders' } },
        { name: 'load-returns', put: 'DataSourceRefreshed', detail: { dataSource: 'Returns' } },
      ],
      event,
    });
  });

  test('can send to its queue, and other rules cannot', () => {
    const policies = Object.entries(resources(template, 'AWS::SQS::QueuePolicy')).filter(([id]) =>
      id.includes('NormalizationSourcesQueue'),
    );
    const statements = policies.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
    const sending = statements.filter(({ Effect }) => Effect === 'Allow');
    expect(sending).toHaveLength(1);
    // The ARN of a rule on the default bus contains no bus name.
    expect(referred(sending[0].Condition.ArnLike)).toEqual({ 'aws:SourceArn': ['NormalizationRulesGlueJob'] });
  });
});

describe('limits of EventBridge', () => {
  const names = (count: number, length: number) =>
    Array.from({ length: count }, (_, n) => String(n).padStart(length, 'n'));
  const check = (rules: Record<string, { EventPattern: unknown; Targets: { InputTransformer: object }[] }>) => {
    for (const { EventPattern, Targets } of Object.values(rules)) {
      const [{ InputTransformer }] = Targets as [{ InputTransformer: { InputTemplate: unknown } }];
      expect(JSON.stringify(EventPattern).length).toBeLessThanOrEqual(2048);
      expect(textOf(InputTransformer.InputTemplate).length).toBeLessThanOrEqual(8192);
    }
  };

  test('hundreds of sources are split into several rules with patterns of up to 2,048 characters', () => {
    const jobs = names(300, 40);
    const { rules } = withSources(Object.fromEntries(jobs.map((job) => [`S${job}`, glueJob(job)])));
    check(rules);
    expect(Object.keys(rules).length).toBeLessThan(10);
    expect(Object.keys(rules).slice(0, 2)).toEqual(['GlueJob', 'GlueJob2']);
    const named = Object.values(rules).flatMap(({ EventPattern }) => EventPattern.detail.jobName);
    expect(named.toSorted()).toEqual(jobs.toSorted());
    // As many as fit.
    expect(JSON.stringify(rules.GlueJob.EventPattern).length).toBeGreaterThan(2048 - 43);
  });

  test('input templates have up to 8,192 characters', () => {
    const jobs = names(60, 8);
    const long = (job: string) => glueJob(job, `${job} ${'d'.repeat(190)}`);
    const { rules } = withSources(Object.fromEntries(jobs.map((job) => [`S${job}`, long(job)])));
    check(rules);
    expect(Object.keys(rules).length).toBeGreaterThan(1);
  });

  test('a name that is unknown until deployment counts with its maximum length', () => {
    const { stack, connector } = connectorStack();
    for (let n = 0; n < 30; n++) {
      const stateMachine = new sfn.StateMachine(stack, `Machine${n}`, {
        definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, `Pass${n}`)),
      });
      connector.addSource(`Source${n}`, Source.stepFunctions({ stateMachine, dataSource: `Data ${n}` }));
    }
    const rules = Object.values(rulesIn(Template.fromStack(stack)));
    const { longestName } = SOURCE_PATTERNS['step-functions'];
    const [first] = rules;
    const machines = first.EventPattern.detail.stateMachineArn;
    expect(referred(machines[0])).toBe('Machine0');
    expect(machines.length * longestName).toBeLessThan(2048);
    expect((machines.length + 2) * longestName).toBeGreaterThan(2048 - 200);
    expect(textOf(first.Targets[0].InputTransformer.InputTemplate)).toContain('"name":"Machine0"');
    expect(rules.flatMap(({ EventPattern }) => EventPattern.detail.stateMachineArn)).toHaveLength(30);
  });
});

describe('a source of each kind', () => {
  const { stack, connector } = connectorStack();
  addEverySource(connector);
  const template = Template.fromStack(stack);
  const rules = Object.values(rulesIn(template)).map(({ EventPattern, Targets }) => ({
    test: compilePattern(EventPattern as EventPattern),
    template: textOf(Targets[0].InputTransformer.InputTemplate),
  }));

  test('creates one rule per kind', () => {
    expect(Object.keys(rulesIn(template)).toSorted()).toEqual(
      SOURCE_KINDS.map((kind) => SOURCE_PATTERNS[kind].id).toSorted(),
    );
  });

  test.each(Object.entries(SAMPLES))(
    'the sample %s matches only the rule of its kind, and is converted',
    (name, { event }) => {
      const matching = rules.filter((rule) => rule.test(event));
      const message = fillInputTemplate({ template: matching[0]?.template ?? '', paths: {} }, event as never);
      expect(matching).toHaveLength(1);
      expect(JSON.parse(message).kind).toBe(kindOf(name));
      expect(eventsOf(message)).toHaveProperty('value');
    },
  );

  test('events of other sources match no rule', () => {
    const others = Object.values(SAMPLES).map(({ event }) => ({
      ...event,
      resources: event.resources.map((arn) => `${arn}x`).map((arn) => arn.replace('task-08', 'task-09')),
      detail: Object.fromEntries(Object.entries(event.detail).map(([key, value]) => [key, `${value}x`])),
    }));
    expect(others.filter((event) => rules.some((rule) => rule.test(event)))).toEqual([]);
  });
});

describe('a connector', () => {
  test('without sources has none of these resources', () => {
    const { template, rules } = withSources({});
    expect(rules).toEqual({});
    expect(Object.keys(resources(template, 'AWS::Lambda::Function')).join()).not.toContain('Normalize');
  });

  test('has one function for all sources, which can put events and send rejected messages', () => {
    const { template } = withSources({ One: glueJob('a'), Two: Source.athena({ workGroup: 'b', dataSource: 'B' }) });
    const functions = Object.entries(resources(template, 'AWS::Lambda::Function')).filter(([id]) =>
      id.includes('Normalize'),
    );
    expect(functions).toHaveLength(1);
    const [, { Properties }] = functions[0] as (typeof functions)[number];
    expect(Properties).toMatchObject({
      Timeout: HANDLER_TIMEOUT_SECONDS.normalize,
      MemorySize: 256,
      Runtime: 'nodejs24.x',
    });
    expect(referred(Properties.Environment.Variables)).toEqual({
      CONNECTOR_ID: expect.any(String),
      EVENT_BUS_NAME: 'EventsBus',
      EVENT_SOURCE: 'customer-insights',
      REJECTED_QUEUE_URL: 'NormalizationSourcesDeadLetterQueue',
      POWERTOOLS_SERVICE_NAME: 'normalize',
      POWERTOOLS_METRICS_NAMESPACE: 'PowerAutomateConnector',
      POWERTOOLS_LOG_LEVEL: 'INFO',
    });
    const allowed = permissions(template, 'NormalizationNormalizeRole').filter((one) => !one.startsWith('logs:'));
    expect(allowed).toEqual([
      'events:PutEvents EventsBus',
      'sqs:ChangeMessageVisibility NormalizationSourcesQueue',
      'sqs:DeleteMessage NormalizationSourcesQueue',
      'sqs:GetQueueAttributes NormalizationSourcesQueue',
      'sqs:GetQueueUrl NormalizationSourcesQueue',
      'sqs:ReceiveMessage NormalizationSourcesQueue',
      'sqs:SendMessage NormalizationSourcesDeadLetterQueue',
    ]);
  });
});

describe.each([
  ['without feature flags', {}],
  ['with all recommended', recommendedFlags],
])('sources of other stacks, %s', (_, context) => {
  const env = { account: '111122223333', region: 'eu-west-1' };

  function stacks(...envs: { env?: typeof env }[]) {
    const app = new App({ context });
    const home = new Stack(app, 'Home', envs[0]);
    const queueEncryptionKey = new kms.Key(home, 'QueueKey');
    const connector = new PowerAutomateConnector(home, 'Connector', { queueEncryptionKey });
    const others = ['Shop', 'Web', 'Erp'].map((id) => new Stack(app, id, envs[0]));
    for (const stack of others) {
      const definitionBody = sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, 'Pass'));
      const stateMachine = new sfn.StateMachine(stack, 'Machine', { definitionBody });
      new ConnectorSource(stack, 'Source', {
        connector,
        source: Source.stepFunctions({ stateMachine, dataSource: stack.stackName }),
      });
      const source = Source.glueJob({ jobName: stack.stackName, dataSource: 'Jobs' });
      new ConnectorSource(stack, 'Job', { connector, source });
      // Would create a cycle if the connector's stack depended on the source.
      connector.grantPutEvents(
        new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('glue.amazonaws.com') }),
      );
    }
    return { home, others };
  }

  test.each([{ env }, {}])(
    'have their rules in their own stack, and the connector’s stack does not depend on it (%j)',
    (where) => {
      const { home, others } = stacks(where);
      const template = Template.fromStack(home);
      expect(home.dependencies).toEqual([]);
      for (const stack of others) {
        expect(stack.dependencies).toEqual([home]);
        const rules = rulesIn(Template.fromStack(stack));
        expect(Object.keys(rules)).toEqual(['StepFunctions', 'GlueJob']);
        expect(rules.GlueJob.EventPattern.detail.jobName).toEqual([stack.stackName]);
      }
      expect(rulesIn(template)).toEqual({});

      const policies = Object.entries(resources(template, 'AWS::SQS::QueuePolicy'));
      const policy = policies.find(([id]) => id.includes('NormalizationSourcesQueue'))?.[1].Properties.PolicyDocument;
      // Independent of the number of stacks, because a queue policy can have 20 statements.
      const sending = policy.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow');
      expect(sending).toHaveLength(1);
      expect(JSON.stringify(sending[0].Condition.ArnLike)).toMatch(/:rule\/\*/);
      const key = Object.values(resources(template, 'AWS::KMS::Key')).find(({ Properties }) => !Properties.Description);
      expect(
        key?.Properties.KeyPolicy.Statement.filter(
          ({ Principal }: { Principal: { Service?: string } }) => Principal.Service === 'events.amazonaws.com',
        ).length,
      ).toBeLessThanOrEqual(2);
    },
  );
});

describe('rejects', () => {
  const stack = new Stack(new App(), 'Stack');
  test.each([
    ['an empty name', () => glueJob(''), 'jobName is "": write 1 to 255 characters, without < and >'],
    ['a name that is too long', () => glueJob('x'.repeat(256)), 'write 1 to 255 characters'],
    [
      'a name that an input template cannot hold',
      () => glueJob('a<b>'),
      'jobName is "a<b>": write 1 to 255 characters',
    ],
    [
      'a name in place of an ARN',
      () => Source.dmsTask({ taskArn: 'orders', dataSource: 'A' }),
      'taskArn is "orders": write an ARN',
    ],
    ['an empty data source', () => glueJob('a', ''), 'dataSource is "": write 1 to 200 characters'],
    [
      'a data source with blanks',
      () => glueJob('a', ' A'),
      'dataSource is " A": write 1 to 200 characters, without blanks',
    ],
    ['half a surrogate pair', () => glueJob('a', '\ud83d'), 'dataSource is "\\ud83d": it has half of a surrogate pair'],
    ['a data source with a variable', () => glueJob('a', '<x>'), 'dataSource is "<x>"'],
    [
      'a data source that is a token',
      () => glueJob('a', stack.stackId),
      'dataSource is a token: write the name itself',
    ],
  ])('%s', (_, make, message) => expect(make).toThrow(message));
});

test('the event of a source contains its fixed fields', () => {
  const stack = new Stack(new App(), 'Stack');
  const stateMachine = sfn.StateMachine.fromStateMachineArn(
    stack,
    'Machine',
    'arn:aws:states:eu-west-1:1:stateMachine:m',
  );
  const alarm = cloudwatch.Alarm.fromAlarmName(stack, 'Alarm', 'a');
  const entries = [
    Source.stepFunctionsFullRefresh({ stateMachine, kind: RefreshKind.ON_DEMAND, instanceId: 'emea' }),
    Source.stepFunctionsUnification({ stateMachine }),
    Source.alarmOnMeasure({ alarm, measure: 'Revenue', unit: 'EUR' }),
    Source.alarmOnSegment({ alarm, segment: 'VIP' }),
    Source.dmsTask({ taskArn: 'arn:aws:dms:task', dataSource: 'ERP', stopped: RefreshStatus.CANCELED }),
  ].map(({ _entry: { put, detail, stopped } }) => ({ put, detail, stopped }));
  expect(entries).toEqual([
    { put: 'FullRefreshed', detail: { kind: 'OnDemand', instanceId: 'emea' } },
    { put: 'UnificationRefreshed', detail: {} },
    { put: 'MeasureRefreshed', detail: { measure: 'Revenue', unit: 'EUR' } },
    { put: 'SegmentRefreshed', detail: { segment: 'VIP' } },
    { put: 'DataSourceRefreshed', detail: { dataSource: 'ERP' }, stopped: 'Canceled' },
  ]);
});
