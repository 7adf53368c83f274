import { App, Aws, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { describe, expect, test } from 'vitest';
import { LISTED_RUNS, SOURCE_KINDS, type SourceKind } from '../../../contract/sources';
import { eventsOf } from '../../../lambda/sources/core/normalize';
import {
  type AcceptedSourceOptions,
  ForwardedSource,
  PowerAutomateConnector,
  Producer,
  ProducerForwarding,
  Source,
} from '../../../lib';
import { SOURCE_PATTERNS } from '../../../lib/sources/source-patterns';
import { fillInputTemplate } from '../../../local/bus/input-template';
import { compilePattern, type EventPattern } from '../../../local/bus/pattern';
import { everySource, kindOf, SAMPLES, sample } from '../../support/app/sources';
import { permissions, referred, resources } from '../support';
import { BUS_ARN, busStatements, CONNECTOR, isAccepted, roleStatements } from './simulation';

const DATA = { account: '111122223333', region: 'eu-central-1' };
const OTHER = { account: '222233334444', region: 'eu-central-1' };
const glueJob = (jobName = 'MyJob', dataSource = 'Orders') => Source.glueJob({ jobName, dataSource });

/** A connector that accepts these sources. */
function accepting(add: (connector: PowerAutomateConnector, stack: Stack) => void) {
  const stack = new Stack(new App(), 'Connector', { env: CONNECTOR });
  const eventBus = events.EventBus.fromEventBusArn(stack, 'Bus', BUS_ARN);
  const connector = new PowerAutomateConnector(stack, 'Connector', { eventBus });
  add(connector, stack);
  const template = Template.fromStack(stack);
  const rules = Object.values(resources(template, 'AWS::Events::Rule'))
    .map(({ Properties }) => Properties)
    .filter(({ EventPattern }) => EventPattern?.account);
  return { connector, template, rules, statements: busStatements(template) };
}

/** A stack that forwards these sources. */
function forwarding(add: (to: ProducerForwarding, stack: Stack) => void) {
  const stack = new Stack(new App(), 'Data', { env: DATA });
  const to = new ProducerForwarding(stack, 'To', { connectorBusArn: BUS_ARN });
  add(to, stack);
  const template = Template.fromStack(stack);
  const rules = Object.entries(resources(template, 'AWS::Events::Rule')).map(([id, { Properties }]) => ({
    id,
    ...Properties,
  }));
  return { to, template, rules };
}

// biome-ignore lint/suspicious/noExplicitAny: templates have no types
type Rule = any;
const isMatched = ({ EventPattern }: Rule, event: object) =>
  compilePattern(EventPattern as EventPattern)(event as never);

/** The message that a rule sends for an event. */
function messageOf({ Targets: [{ InputTransformer }] }: Rule, event: object): string {
  const { InputTemplate } = referred(InputTransformer);
  const template = typeof InputTemplate === 'string' ? InputTemplate : JSON.stringify(InputTemplate);
  return fillInputTemplate({ template, paths: {} }, event as never);
}

describe('every kind of source', () => {
  const from = forwarding((to, stack) => {
    for (const [id, source] of Object.entries(everySource(stack, DATA))) to.addSource(id, source);
  });
  const at = accepting((connector, stack) => {
    for (const [id, source] of Object.entries(everySource(stack, DATA))) connector.acceptSource(id, source, DATA);
  });
  /** The sample as a service in the account of the sources sends it. */
  const sent = (name: string) => {
    const { region, account } = DATA;
    const text = JSON.stringify(sample(name)).replaceAll(
      /(arn:aws:(?:dms|datasync|glue|states):)[^:]+:\d+/g,
      `$1${region}:${account}`,
    );
    return { ...JSON.parse(text), ...DATA };
  };

  test('has one rule there and one rule at the connector', () => {
    const ids = SOURCE_KINDS.map((kind) => SOURCE_PATTERNS[kind].id).toSorted();
    expect(
      from.rules
        .map(({ id }) => id)
        .filter((id) => id !== 'ToRule')
        .toSorted(),
    ).toEqual(ids.map((id) => `ToSourcesRules${id}`));
    expect(at.rules).toHaveLength(ids.length);
  });

  test.each(Object.keys(SAMPLES))('the event %s is forwarded unchanged, and normalized by the connector', (name) => {
    const event = sent(name);
    const matching = from.rules.filter((rule) => rule.EventPattern && isMatched(rule, event));
    expect(matching.map(({ Targets }) => Targets)).toEqual([[expect.objectContaining({ Arn: BUS_ARN })]]);
    expect(matching[0].EventBusName).toBeUndefined();
    expect(JSON.stringify(matching[0].Targets)).not.toContain('Input');
    const receiving = at.rules.filter((rule) => isMatched(rule, event));
    expect(receiving).toHaveLength(1);
    expect(receiving[0].EventBusName).toBe('customer-data');
    const message = messageOf(receiving[0], event);
    expect(JSON.parse(message).kind).toBe(kindOf(name));
    expect(eventsOf(message)).toHaveProperty('value');
  });

  test.each(Object.keys(SAMPLES))('the event %s of another account or source is not accepted', (name) => {
    const event = sent(name);
    expect(at.rules.filter((rule) => isMatched(rule, { ...event, ...OTHER }))).toEqual([]);
    const [rule] = at.rules.filter((one) => isMatched(one, event));
    expect(eventsOf(messageOf(rule, { ...event, region: 'eu-west-3' }))).toEqual({
      reason: expect.stringMatching(
        /the connector accepts no source .* of the account 111122223333 in eu-west-3: add it with acceptSource$/,
      ),
    });
  });

  test.each<[SourceKind, string, string]>(
    SOURCE_KINDS.map((kind) => {
      const name = Object.keys(SAMPLES).find((one) => kindOf(one) === kind) as string;
      const { source, 'detail-type': detailType } = sample(name);
      return [kind, source, detailType];
    }),
  )(
    'of the kind %s: the rule may forward %s "%s", and the bus accepts it from that account only',
    async (kind, source, detailType) => {
      const role = forwarding((to, stack) => {
        for (const [id, one] of Object.entries(everySource(stack, DATA))) if (one._kind === kind) to.addSource(id, one);
      });
      const bus = accepting((connector, stack) => {
        for (const [id, one] of Object.entries(everySource(stack, DATA))) {
          if (one._kind === kind) connector.acceptSource(id, one, DATA);
        }
      });
      const identity = roleStatements(role.template, 'ToRole');
      const put = { account: DATA.account, sources: [source], detailTypes: [detailType] };
      expect(await isAccepted(bus.statements, put, identity)).toBe(true);
      expect(await isAccepted(bus.statements, { ...put, ...OTHER }, identity)).toBe(false);
      // Each of the two policies alone refuses other events.
      for (const other of [
        { ...put, sources: ['aws.ec2'] },
        { ...put, sources: [source, 'aws.ec2'] },
        { ...put, sources: [] },
        { ...put, detailTypes: [] },
        { ...put, detailTypes: ['AWS API Call via CloudTrail'] },
        { ...put, sources: [LISTED_RUNS.source], detailTypes: [LISTED_RUNS.detailType] },
      ]) {
        expect(await isAccepted(bus.statements, other), JSON.stringify(other)).toBe(false);
        expect(await isAccepted(EVERYTHING, other, identity), JSON.stringify(other)).toBe(false);
      }
    },
  );
});

const EVERYTHING = [{ Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: '*' }];

describe('the bus', () => {
  const kinds = (statements: object[]) =>
    (statements as Rule[]).map(({ Principal, Condition }) => [
      [Principal.AWS].flat().length,
      Condition['ForAllValues:StringLike']?.['events:detail-type'] ?? Condition['ForAllValues:StringEquals'],
    ]);

  test('has one statement for each kind, with all accounts', () => {
    const { statements } = accepting((connector) => {
      connector.allowProducers(Producer.account(DATA.account));
      connector.acceptSource('A', glueJob('a', 'A'), DATA);
      connector.acceptSource('B', glueJob('b', 'B'), DATA);
      connector.acceptSource('C', glueJob('a', 'C'), OTHER);
      connector.acceptSource('D', Source.athena({ workGroup: 'primary', dataSource: 'D' }), OTHER);
    });
    expect(kinds(statements)).toEqual([
      [1, expect.objectContaining({ 'events:source': ['customer-insights'] })],
      [2, ['Glue Job State Change']],
      [1, ['Athena Query State Change']],
    ]);
  });

  test('refuses events of producers from an account that only has sources', async () => {
    const { statements } = accepting((connector) => connector.acceptSource('A', glueJob(), DATA));
    const put = { account: DATA.account, sources: ['customer-insights'], detailTypes: ['DataSourceRefreshed'] };
    expect(await isAccepted(statements, put)).toBe(false);
  });
});

describe('an accepted source', () => {
  test('is in the Region of the connector by default', () => {
    const { rules } = accepting((connector) => connector.acceptSource('A', glueJob(), { account: DATA.account }));
    const [{ EventPattern, Targets }] = rules as [Rule];
    expect(EventPattern).toEqual({
      account: [DATA.account],
      source: ['aws.glue'],
      'detail-type': ['Glue Job State Change'],
    });
    expect(JSON.parse(messageOf({ Targets }, {})).sources).toEqual([
      {
        name: 'MyJob',
        put: 'DataSourceRefreshed',
        detail: { dataSource: 'Orders' },
        ...DATA,
        region: CONNECTOR.region,
      },
    ]);
  });

  test('of one name in two accounts can report two data sources', () => {
    const { rules } = accepting((connector) => {
      for (const place of [DATA, OTHER]) {
        connector.acceptSource(`Orders${place.account}`, glueJob('MyJob', `Orders ${place.account}`), place);
      }
    });
    expect(rules).toHaveLength(1);
    const event = { ...sample('glue-job-succeeded'), ...OTHER };
    expect(eventsOf(messageOf(rules[0], event))).toMatchObject({
      value: [{ detail: { dataSource: `Orders ${OTHER.account}` } }],
    });
  });

  test('that does not fit into one rule gets another, which leaves the events of the others alone', () => {
    const jobs = Array.from({ length: 100 }, (_, n) => `job-${n}`);
    const { rules } = accepting((connector) => {
      for (const job of jobs) connector.acceptSource(job, glueJob(job, job), DATA);
    });
    expect(rules).toHaveLength(2);
    for (const job of jobs) {
      const event = { ...sample('glue-job-succeeded'), ...DATA };
      const named = { ...event, detail: { ...event.detail, jobName: job } };
      const outcomes = rules.filter((rule) => isMatched(rule, named)).map((rule) => eventsOf(messageOf(rule, named)));
      expect(outcomes.flatMap((one): unknown[] => ('value' in one ? one.value : [one.reason]))).toHaveLength(1);
      // A rule also sees the events of its accounts that belong to another rule, and ignores them.
      expect(rules.map((rule) => eventsOf(messageOf(rule, named)))).toContainEqual({ value: [] });
    }
  });

  const accept = (options: AcceptedSourceOptions, source = glueJob()) =>
    accepting((connector) => connector.acceptSource('Orders', source, options));

  test.each<[string, () => unknown, string]>([
    [
      'a wrong account',
      () => accept({ account: '1234' }),
      "account is '1234': write the 12 digits of an AWS account ID",
    ],
    [
      'a wrong Region',
      () => accept({ ...DATA, region: 'Frankfurt' }),
      "region is 'Frankfurt': write the code of a Region, such as 'eu-central-1'",
    ],
    [
      'a Region of another partition',
      () => accept({ ...DATA, region: 'cn-north-1' }),
      "region is 'cn-north-1': EventBridge sends no events from there to eu-west-1, in another partition",
    ],
    [
      'a Region of an isolated partition',
      () => accept({ ...DATA, region: 'us-iso-east-1' }),
      'EventBridge sends no events from there to eu-west-1, in another partition',
    ],
    [
      'its own account and Region',
      () => accept(CONNECTOR),
      'the source is in the account and Region of the connector: use addSource',
    ],
    [
      'an ARN of another account',
      () => accept(DATA, everySource(new Stack(), OTHER).DataSync),
      'is in the account 222233334444 and the Region eu-central-1, and not in 111122223333 and eu-central-1',
    ],
    [
      'runs that have no ID',
      () => accept({ ...DATA, reconciled: true }, Source.glueCrawler({ crawlerName: 'c', dataSource: 'C' })),
      "a source of the kind 'glue-crawler' cannot be reconciled",
    ],
    [
      'a data source of another account',
      () =>
        accepting((connector) => {
          connector.acceptSource('One', glueJob('one'), DATA);
          connector.acceptSource('Orders', glueJob('two'), OTHER);
        }),
      "dataSource 'Orders' is also the dataSource of Connector/Connector/One, in another account or Region: " +
        "write a dataSource with the account or Region, such as 'Orders 222233334444'",
    ],
    [
      "a data source of the connector's account",
      () =>
        accepting((connector) => {
          connector.addSource('Own', Source.appFlow({ flowName: 'orders', dataSource: 'Orders' }));
          connector.acceptSource('Orders', glueJob(), DATA);
        }),
      'is also the dataSource of Connector/Connector/Own',
    ],
    [
      'unifications of two Regions in one instance',
      () =>
        accepting((connector, stack) => {
          for (const [id, region] of [
            ['One', 'eu-central-1'],
            ['Orders', 'eu-west-3'],
          ] as const) {
            const place = { ...DATA, region };
            const { Unification } = everySource(new Stack(stack, id), place);
            connector.acceptSource(id, Unification, place);
          }
        }),
      "instanceId 'default' is also the instanceId of Connector/Connector/One, in another account or Region",
    ],
  ])('is an error with %s', (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(/reconciled|^Connector\/Connector\/Orders: /);
  });

  test('can be in an account that is a token', () => {
    expect(accept({ account: Aws.ACCOUNT_ID }).rules).toHaveLength(1);
  });
});

describe('a forwarded source', () => {
  test('shares the role, the dead-letter queue and the alarm of the forwarding', () => {
    const { template, to } = forwarding((one) => one.addSource('Orders', glueJob()));
    template.resourceCountIs('AWS::SQS::Queue', 1);
    template.resourceCountIs('AWS::IAM::Role', 1);
    template.resourceCountIs('AWS::Lambda::Function', 0);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['aws.glue'], detail: { jobName: ['MyJob'] } },
      Targets: [
        {
          Arn: BUS_ARN,
          RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('ToRole'), 'Arn'] },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('ToDeadLetterQueue'), 'Arn'] } },
        },
      ],
    });
    expect(to.sources).toBe(to.sources);
  });

  test('works in one app with the connector', () => {
    const app = new App();
    const home = new Stack(app, 'Home', { env: CONNECTOR });
    const eventBus = new events.EventBus(home, 'Bus', { eventBusName: 'customer-data' });
    const connector = new PowerAutomateConnector(home, 'Connector', { eventBus });
    const data = new Stack(app, 'Data', { env: DATA });
    const to = new ProducerForwarding(data, 'To', { connectorBusArn: connector.eventBus.eventBusArn });
    new ForwardedSource(data, 'Orders', { forwarding: to, source: glueJob() });
    connector.acceptSource('Orders', glueJob(), DATA);
    const [target] = Object.values(resources(Template.fromStack(data), 'AWS::Events::Rule')).map(
      ({ Properties }) => referred(Properties.Targets[0].Arn) as string,
    );
    expect(target?.replace('AWS::Partition', 'aws')).toBe(BUS_ARN);
  });

  test('is an error with an ARN of another account', () => {
    const { DataSync } = everySource(new Stack(), OTHER);
    expect(() => forwarding((to) => to.addSource('Orders', DataSync))).toThrow(
      'Data/To/Orders: the source arn:aws:datasync:eu-central-1:222233334444:task/task-08de6e6697796f026 is in the account',
    );
  });
});

describe('reconciliation in the account of a source', () => {
  const from = forwarding((to) =>
    to.addSource('Orders', glueJob(), {
      reconciliation: { schedule: scheduler.ScheduleExpression.rate(Duration.hours(2)), lookBack: Duration.days(2) },
    }),
  );
  const at = accepting((connector) => connector.acceptSource('Orders', glueJob(), { ...DATA, reconciled: true }));
  const put = { account: DATA.account, sources: [LISTED_RUNS.source], detailTypes: [LISTED_RUNS.detailType] };
  const list = {
    ...DATA,
    source: LISTED_RUNS.source,
    'detail-type': LISTED_RUNS.detailType,
    time: '2026-11-02T06:00:00Z',
    detail: { kind: 'glue-job', name: 'MyJob', runs: [] },
  };

  test('lists the runs with a function of that account, and forwards the lists as the events', async () => {
    const [schedule] = Object.values(resources(from.template, 'AWS::Scheduler::Schedule'));
    expect(schedule?.Properties.ScheduleExpression).toBe('rate(2 hours)');
    expect(JSON.parse(schedule?.Properties.Target.Input)).toMatchObject({ kind: 'glue-job', lookBackSeconds: 172_800 });
    const rule = from.rules.find(({ id }) => id === 'ToSourcesListedRuns') as Rule;
    expect(rule.EventPattern).toEqual({ source: [LISTED_RUNS.source], 'detail-type': [LISTED_RUNS.detailType] });
    expect(rule.Targets).toEqual([expect.objectContaining({ Arn: BUS_ARN })]);
    expect(await isAccepted(at.statements, put, roleStatements(from.template, 'ToRole'))).toBe(true);
  });

  test('its function can do nothing else', async () => {
    const role = permissions(from.template, 'ToSourcesReconciliationReconcileRole').map((one) =>
      one.replaceAll(/AWS::\w+/g, ''),
    );
    const queue = 'ToSourcesReconciliationReconciliations';
    expect(role).toEqual(
      [
        'events:PutEvents arn::events:eu-central-1:111122223333:event-bus/default',
        'glue:GetJobRuns arn::glue:eu-central-1:111122223333:job/MyJob',
        ...['CreateLogStream', 'PutLogEvents'].map(
          (action) => `logs:${action} ToSourcesReconciliationReconcileLogGroup`,
        ),
        ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage'].map(
          (action) => `sqs:${action} ${queue}Queue`,
        ),
        `sqs:SendMessage ${queue}DeadLetterQueue`,
      ].toSorted(),
    );
    const [allowed] = roleStatements(from.template, 'ToSourcesReconciliationReconcileRole').filter((one) =>
      JSON.stringify(one).includes('events:PutEvents'),
    ) as Rule[];
    expect(allowed.Condition).toEqual({
      'ForAllValues:StringEquals': {
        'events:source': LISTED_RUNS.source,
        'events:detail-type': [LISTED_RUNS.detailType],
      },
      Null: { 'events:source': 'false', 'events:detail-type': 'false' },
    });
  });

  test('the connector compares the lists of that account', () => {
    const receiving = at.rules.filter((rule) => isMatched(rule, list));
    expect(receiving.map(({ Targets }) => referred(Targets[0].Arn))).toEqual(['ReconciliationReconciliationsQueue']);
    expect(JSON.parse(messageOf(receiving[0], list))).toMatchObject({
      kind: 'glue-job',
      sources: [{ name: 'MyJob', put: 'DataSourceRefreshed', ...DATA }],
      event: list,
    });
    for (const other of [
      { ...list, ...OTHER },
      { ...list, detail: { ...list.detail, kind: 'athena' } },
    ]) {
      expect(at.rules.filter((rule) => isMatched(rule, other))).toEqual([]);
    }
    // The rule for the source's own events records the runs.
    const [rule] = at.rules.filter((one) => isMatched(one, { ...sample('glue-job-succeeded'), ...DATA }));
    expect(JSON.parse(messageOf(rule, {})).sources[0]).toMatchObject({ reconciled: true });
  });

  test('the bus refuses lists from an account whose sources are not reconciled', async () => {
    expect(await isAccepted(at.statements, { ...put, ...OTHER })).toBe(false);
    const { statements } = accepting((connector) => connector.acceptSource('Orders', glueJob(), DATA));
    expect(await isAccepted(statements, put)).toBe(false);
  });
});
