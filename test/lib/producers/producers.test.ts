import { App, Aws, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as events from 'aws-cdk-lib/aws-events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CrossingEvent, DomainEvent, KNOWN_DETAIL_TYPES } from '../../../contract/events';
import { PowerAutomateConnector, Producer, ProducerForwarding } from '../../../lib';
import { BUS_ARN, busStatements, CONNECTOR, isAccepted, type Put } from './simulation';

const [ORGANIZATION, OTHER_ORGANIZATION] = ['o-a1b2c3d4e5', 'o-z9y8x7w6v5'];
const [UNIT, PART_OF_UNIT] = ['r-ab12/ou-ab12-11111111', 'r-ab12/ou-ab12-11111111/ou-ab12-22222222'];

/** Statements of the bus's policy. */
function policyOf(...producers: Producer[]): object[] {
  const stack = new Stack(new App(), 'Connector', { env: CONNECTOR });
  const eventBus = events.EventBus.fromEventBusArn(stack, 'Bus', BUS_ARN);
  new PowerAutomateConnector(stack, 'Connector', { eventBus }).allowProducers(...producers);
  return busStatements(Template.fromStack(stack));
}

const refreshed = { sources: ['customer-insights'], detailTypes: [DomainEvent.DATA_SOURCE_REFRESHED] };

describe('what the bus accepts from other accounts', () => {
  test('without producers, the bus has no policy', () => {
    expect(policyOf()).toEqual([]);
  });

  test.each<[string, boolean, Partial<Put>]>([
    ['an event of an allowed account', true, {}],
    ['an event of another account', false, { account: '222233334444' }],
    ['an event of another source', false, { sources: ['orders'] }],
    ['events of which one has another source', false, { sources: ['customer-insights', 'orders'] }],
    ['an event without a source', false, { sources: [] }],
    ['an event without a detail type', false, { detailTypes: [] }],
    ['a threshold crossing, which only a connector puts', false, { detailTypes: Object.values(CrossingEvent) }],
    ['all events that producers can put', true, { detailTypes: Object.values(DomainEvent) }],
  ])('%s: %s', async (_what, accepted, put) => {
    const statements = policyOf(Producer.account('111122223333'));
    expect(await isAccepted(statements, { account: '111122223333', ...refreshed, ...put })).toBe(accepted);
  });

  test('an organizational unit includes its accounts and those of the units below it', async () => {
    const statements = policyOf(Producer.organization(ORGANIZATION, { path: UNIT }));
    const from = (organization: string, path: string) =>
      isAccepted(statements, { account: '222233334444', organization, path, ...refreshed });
    expect(await from(ORGANIZATION, UNIT)).toBe(true);
    expect(await from(ORGANIZATION, PART_OF_UNIT)).toBe(true);
    expect(await from(ORGANIZATION, 'r-ab12')).toBe(false);
    expect(await from(ORGANIZATION, 'r-ab12/ou-ab12-111111112')).toBe(false);
    expect(await from(OTHER_ORGANIZATION, UNIT)).toBe(false);
  });

  const accounts = ['111122223333', '222233334444', '333344445555'];
  const paths = ['r-ab12', UNIT, PART_OF_UNIT];
  const producer = fc.oneof(
    fc.record({ account: fc.constantFrom(...accounts) }),
    fc.record({
      organization: fc.constantFrom(ORGANIZATION, OTHER_ORGANIZATION),
      path: fc.option(fc.constantFrom(...paths), { nil: undefined }),
    }),
  );
  const put = fc.record({
    account: fc.constantFrom(...accounts),
    organization: fc.option(fc.constantFrom(ORGANIZATION, OTHER_ORGANIZATION), { nil: undefined }),
    path: fc.constantFrom(...paths),
    sources: fc.uniqueArray(fc.constantFrom('customer-insights', 'customer-insights', 'orders'), { maxLength: 2 }),
    detailTypes: fc.uniqueArray(fc.constantFrom(...KNOWN_DETAIL_TYPES, 'Other'), { maxLength: 2 }),
  });

  test('is exactly what one of the allowed producers can put', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(producer, { maxLength: 4 }),
        fc.array(put, { minLength: 8, maxLength: 8 }),
        async (allowed, puts) => {
          const statements = policyOf(
            ...allowed.map((one) =>
              'account' in one ? Producer.account(one.account) : Producer.organization(one.organization, one),
            ),
          );
          for (const one of puts) {
            const isProducer = allowed.some((other) =>
              'account' in other
                ? other.account === one.account
                : other.organization === one.organization &&
                  `${one.path}/`.startsWith(other.path ? `${other.path}/` : ''),
            );
            const isOwn =
              [one.sources, one.detailTypes].every((values) => values.length > 0) &&
              one.sources.every((source) => source === 'customer-insights') &&
              one.detailTypes.every((type) => (Object.values(DomainEvent) as string[]).includes(type));
            expect(await isAccepted(statements, one)).toBe(isProducer && isOwn);
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('the policy', () => {
  test('has one statement for all accounts, and none twice', () => {
    const [first, second] = ['111122223333', '222233334444'].map((account) => Producer.account(account)) as [
      Producer,
      Producer,
    ];
    const unit = () => Producer.organization(ORGANIZATION, { path: UNIT });
    expect(policyOf(first, second, first, unit(), unit())).toHaveLength(2);
  });

  test('that is too large is an error at synthesis', () => {
    const problems = (accounts: number) => {
      const connector = new PowerAutomateConnector(new Stack(new App(), 'Stack', { env: CONNECTOR }), 'Connector');
      const ids = Array.from({ length: accounts }, (_, n) => String(100_000_000_000 + n));
      connector.allowProducers(...ids.map((id) => Producer.account(id)));
      return connector.node.findAll().flatMap((construct) => construct.node.validate());
    };
    expect(problems(200)).toEqual([]);
    expect(problems(300)).toEqual([expect.stringMatching(/has about \d+ bytes.* 10240: allow an organization/)]);
  });

  test.each([
    [() => Producer.account('12345'), "Producer.account has '12345': write the 12 digits of an AWS account ID"],
    [
      () => Producer.organization('a1b2c3d4e5'),
      "Producer.organization has 'a1b2c3d4e5': write the ID of an organization, such as 'o-a1b2c3d4e5'",
    ],
    [
      () => Producer.organization(ORGANIZATION, { path: 'ou-ab12-11111111' }),
      "has the path 'ou-ab12-11111111': write the ID of the root",
    ],
    [() => Producer.organization(ORGANIZATION, { path: `${UNIT}/` }), 'write the ID of the root'],
  ])('refuses a wrong producer: %#', (create, message) => {
    expect(create).toThrow(message);
  });

  test('accepts tokens', () => {
    expect(policyOf(Producer.account(Aws.ACCOUNT_ID))).toHaveLength(1);
  });
});

describe('ProducerForwarding', () => {
  const producerStack = () =>
    new Stack(new App(), 'Producer', { env: { account: '111122223333', region: 'eu-central-1' } });

  function forwarding(connectorBusArn = BUS_ARN, eventSource?: string) {
    const stack = producerStack();
    new ProducerForwarding(stack, 'Forwarding', { connectorBusArn, eventSource });
    return Template.fromStack(stack);
  }

  test('sends the events of producers from the default bus to the connector, or to a dead-letter queue', () => {
    forwarding().hasResourceProperties('AWS::Events::Rule', {
      EventBusName: Match.absent(),
      EventPattern: { source: ['customer-insights'], 'detail-type': Object.values(DomainEvent) },
      Targets: [
        {
          Arn: BUS_ARN,
          RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('ForwardingRole'), 'Arn'] },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('ForwardingDeadLetterQueue'), 'Arn'] } },
          RetryPolicy: Match.absent(),
        },
      ],
    });
  });

  test('has a role that can do nothing else', () => {
    const template = forwarding();
    const statement = { Effect: 'Allow', Action: 'events:PutEvents', Resource: BUS_ARN };
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike(statement)] },
    });
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { Service: 'events.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } },
          },
        ],
      },
    });
  });

  test('has an alarm on events that were not forwarded', () => {
    forwarding().hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Maximum',
      Threshold: 1,
    });
  });

  test('uses a bus, a queue and a source that you pass in', () => {
    const stack = producerStack();
    const eventBus = new events.EventBus(stack, 'Bus');
    const { deadLetterQueue } = new ProducerForwarding(stack, 'One', { connectorBusArn: BUS_ARN, eventBus });
    const props = { connectorBusArn: BUS_ARN, eventBus, deadLetterQueue, eventSource: 'crm' };
    new ProducerForwarding(stack, 'Other', props);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::SQS::Queue', 1);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: { Ref: Match.stringLikeRegexp('Bus') },
      EventPattern: { source: ['crm'] },
    });
  });

  test.each([
    ['customer-data', 'write the ARN of an event bus'],
    ['arn:aws:sqs:eu-west-1:999988887777:queue', 'write the ARN of an event bus'],
    [
      'arn:aws-cn:events:cn-north-1:999988887777:event-bus/b',
      'sends no events from eu-central-1 to the partition aws-cn',
    ],
    ['arn:aws:events:eu-central-1:111122223333:event-bus/b', 'put events on this bus, without forwarding'],
  ])('refuses %s', (arn, message) => {
    expect(() => forwarding(arn)).toThrow(`Producer/Forwarding: connectorBusArn is '${arn}': `);
    expect(() => forwarding(arn)).toThrow(message);
  });

  test('refuses a source that EventBridge reserves', () => {
    expect(() => forwarding(BUS_ARN, 'aws.glue')).toThrow("EventBridge reserves 'aws.'");
  });
});
