import { describe, expect, it } from 'vitest';
import type { BusEvent, BusRule, BusTarget } from '../../../local/bus/event-bus';
import { EventNetwork } from '../../../local/bus/event-network';
import type { PolicyStatement } from '../../../local/bus/permissions';
import { refusalText } from '../../../local/bus/refusal';

const [CONNECTOR, PRODUCER] = ['999988887777', '111122223333'];
const arnOf = (account: string, name: string, region = 'eu-west-1') =>
  `arn:aws:events:${region}:${account}:event-bus/${name}`;
const BUS = arnOf(CONNECTOR, 'customer-data');
const ANYONE = { Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: BUS };
const entry = { Source: 'crm', DetailType: 'Refreshed', Detail: '{}' };
const roleOf = (account: string) => ({
  account,
  arn: `arn:aws:iam::${account}:role/Forwarding`,
  statements: [{ Effect: 'Allow', Action: 'events:PutEvents', Resource: '*' }],
});

const rule = (busName: string, target: Partial<BusTarget>): BusRule => ({
  logicalId: `${busName}Rule`,
  arn: `arn:rule/${busName}`,
  busName,
  pattern: { source: ['crm'] },
  targets: [{ arn: BUS, retries: 2, deliver: async () => {}, ...target }],
});

/** The connector's bus, and the default bus of a producer whose rule forwards to it. */
function network({
  policy = [ANYONE] as readonly PolicyStatement[],
  region = 'eu-west-1',
  target = BUS,
  again = BUS,
} = {}) {
  const arrived: BusEvent[] = [];
  const [refused, lost]: [string[], string[]] = [[], []];
  const dead: { readonly from: string; readonly attributes: Readonly<Record<string, string>> }[] = [];
  const made = new EventNetwork({
    onEvent: (event, _rules, arn) => void (arn === BUS && arrived.push(event)),
    onRefused: (_event, { logicalId }, { code }) => refused.push(`${logicalId}: ${code}`),
  });
  const forwardsTo = (account: string, arn: string) => (event: BusEvent, isForwarded: boolean) =>
    made.forward(event, arn, roleOf(account), isForwarded);
  const connector = made.add(CONNECTOR, 'eu-west-1', {
    busArns: { 'customer-data': BUS },
    policies: new Map([['customer-data', policy]]),
    rules: again === BUS ? [] : [rule('customer-data', { deliver: forwardsTo(CONNECTOR, again) })],
    onLost: (_event, { logicalId }) => lost.push(logicalId),
  });
  const producer = made.add(PRODUCER, region, {
    busArns: {},
    rules: [
      rule('default', {
        deliver: forwardsTo(PRODUCER, target),
        deadLetter: async ({ account }, attributes) => void dead.push({ from: account, attributes }),
      }),
    ],
  });
  return { made, connector, producer, arrived, refused, lost, dead };
}

describe('a rule that forwards to a bus in another account', () => {
  it.each(['eu-west-1', 'us-east-1'])('keeps all of the event but its id, from %s', async (region) => {
    const { producer, arrived, refused, dead } = network({ region });
    const put = await producer.putEvents({ Entries: [{ ...entry, Time: 1_700_000_000, Resources: ['arn:a'] }] });
    expect(arrived).toEqual([
      {
        ...{
          version: '0',
          id: expect.any(String),
          'detail-type': 'Refreshed',
          source: 'crm',
          account: PRODUCER,
          region,
        },
        ...{ time: '2023-11-14T22:13:20Z', resources: ['arn:a'], detail: {} },
      },
    ]);
    expect(put.Entries).not.toContainEqual({ EventId: arrived[0]?.id });
    expect([refused, dead]).toEqual([[], []]);
  });

  it('sends a refused event to its dead-letter queue at once, with the reason', async () => {
    const { producer, arrived, refused, dead } = network({ policy: [] });
    expect((await producer.putEvents({ Entries: [entry] })).FailedEntryCount).toBe(0);
    expect(arrived).toEqual([]);
    expect(refused).toEqual(['defaultRule: NO_PERMISSIONS']);
    const message = `User: ${roleOf(PRODUCER).arn} is not authorized to perform: events:PutEvents on resource: ${BUS} because no resource-based policy allows the events:PutEvents action`;
    expect(dead).toEqual([
      {
        from: PRODUCER,
        attributes: {
          RULE_ARN: 'arn:rule/default',
          TARGET_ARN: BUS,
          ERROR_CODE: 'NO_PERMISSIONS',
          ERROR_MESSAGE: message,
          RETRY_ATTEMPTS: '0',
        },
      },
    ]);
    expect(refusalText(dead[0]?.attributes ?? {})).toBe(`NO_PERMISSIONS: ${message}`);
  });

  it('cannot reach a bus that does not exist', async () => {
    const { producer, dead } = network({ target: arnOf(CONNECTOR, 'gone') });
    await producer.putEvents({ Entries: [entry] });
    expect(dead).toMatchObject([{ attributes: { ERROR_CODE: 'NO_RESOURCE' } }]);
  });

  it('does not forward an event that another bus forwarded', async () => {
    const { producer, connector, arrived, refused, lost } = network({ again: arnOf(PRODUCER, 'default') });
    await producer.putEvents({ Entries: [entry] });
    expect(arrived).toHaveLength(1);
    expect(refused).toEqual(['customer-dataRule: THIRD_ACCOUNT_HOP_DETECTED']);
    // The rule has no dead-letter queue.
    expect(lost).toEqual(['customer-dataRule']);
    // It may forward an event that was put on its bus. The producer's bus has no policy.
    await connector.putEvents({ Entries: [{ ...entry, EventBusName: BUS }] });
    expect(refused).toEqual(['customer-dataRule: THIRD_ACCOUNT_HOP_DETECTED', 'customer-dataRule: NO_PERMISSIONS']);
  });
});

describe('PutEvents on a bus of another account', () => {
  const onBus = { ...entry, EventBusName: BUS };

  it('has the account of the caller', async () => {
    const { producer, arrived } = network();
    expect((await producer.putEvents({ Entries: [onBus] })).FailedEntryCount).toBe(0);
    expect(arrived).toMatchObject([{ account: PRODUCER, region: 'eu-west-1' }]);
  });

  it('is denied as a whole, and only on the bus that denies', async () => {
    const onlyCrm = { ...ANYONE, Condition: { 'ForAllValues:StringEquals': { 'events:source': 'crm' } } };
    const { producer, arrived } = network({ policy: [onlyCrm], target: arnOf(CONNECTOR, 'gone') });
    const put = await producer.putEvents({ Entries: [onBus, entry, { ...onBus, Source: 'shop' }] });
    const denied = { ErrorCode: 'AccessDeniedException', ErrorMessage: expect.stringContaining('is not authorized') };
    expect(put).toEqual({ FailedEntryCount: 2, Entries: [denied, { EventId: expect.any(String) }, denied] });
    expect(arrived).toEqual([]);
    expect((await producer.putEvents({ Entries: [onBus] })).FailedEntryCount).toBe(0);
  });

  it.each([
    ['a bus in another Region', BUS, 'us-east-1'],
    ['a bus that is not there', arnOf(CONNECTOR, 'gone'), 'eu-west-1'],
    ['a bus of another account by its name', 'customer-data', 'eu-west-1'],
  ])('does not reach %s', async (_, EventBusName, region) => {
    const { producer, arrived } = network({ region });
    const { Entries } = await producer.putEvents({ Entries: [{ ...entry, EventBusName }] });
    expect(Entries).toMatchObject([{ ErrorCode: 'ResourceNotFoundException' }]);
    expect(arrived).toEqual([]);
  });

  it('cannot have the source of an AWS service', async () => {
    const { producer } = network();
    const { Entries } = await producer.putEvents({ Entries: [{ ...onBus, Source: 'aws.glue' }] });
    expect(Entries).toMatchObject([{ ErrorCode: 'NotAuthorizedForSourceException' }]);
  });
});

it('the stacks of an account and Region share its buses', async () => {
  const { made, connector, arrived } = network();
  const deliveries: string[] = [];
  const other = made.add(CONNECTOR, 'eu-west-1', {
    busArns: { orders: arnOf(CONNECTOR, 'orders') },
    policies: new Map([['customer-data', [{ ...ANYONE, Effect: 'Deny' }]]]),
    rules: [rule('default', { deliver: async ({ source }) => void deliveries.push(source) })],
  });
  expect(other).toBe(connector);
  const onBuses = ['default', 'orders', 'customer-data'].map((EventBusName) => ({ ...entry, EventBusName }));
  const { Entries } = await connector.putEvents({ Entries: onBuses });
  const accepted = { EventId: expect.any(String) };
  expect(Entries).toMatchObject([accepted, accepted, { ErrorCode: 'AccessDeniedException' }]);
  expect(deliveries).toEqual(['crm']);
  expect(arrived).toEqual([]);
});
