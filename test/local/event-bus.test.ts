import { describe, expect, it } from 'vitest';
import { type BusEvent, type BusTarget, EventBuses } from '../../local/bus/event-bus';
import { rateMs } from '../../local/bus/schedule';

const ARN = 'arn:aws:events:us-east-1:000000000000:event-bus/orders';
const entry = { Source: 'shop', DetailType: 'Ordered', Detail: '{"id":1}' };

function buses(target: Partial<BusTarget> = {}) {
  const delivered: BusEvent[] = [];
  const seen: { readonly event: BusEvent; readonly rules: string[] }[] = [];
  const lost: string[] = [];
  const made = new EventBuses({
    account: '000000000000',
    region: 'us-east-1',
    busArns: { orders: ARN },
    rules: [
      {
        logicalId: 'OrderedRule',
        arn: 'arn:rule',
        busName: 'orders',
        pattern: { 'detail-type': ['Ordered'] },
        targets: [{ arn: 'arn:queue', retries: 2, deliver: async (event) => void delivered.push(event), ...target }],
      },
    ],
    onEvent: (event, rules) => seen.push({ event, rules }),
    onLost: (event) => lost.push(event.id),
  });
  return { made, delivered, seen, lost };
}

describe('PutEvents', () => {
  it('gives the matching rules of that bus the whole event', async () => {
    const { made, delivered, seen } = buses();
    const put = await made.putEvents({
      Entries: [
        { ...entry, EventBusName: 'orders', Time: 1_700_000_000, Resources: ['arn:a'] },
        { ...entry, EventBusName: ARN, DetailType: 'Other' },
        entry,
      ],
    });
    expect(put.FailedEntryCount).toBe(0);
    expect(delivered).toEqual([
      {
        version: '0',
        id: put.Entries[0] && 'EventId' in put.Entries[0] ? put.Entries[0].EventId : '',
        'detail-type': 'Ordered',
        source: 'shop',
        account: '000000000000',
        time: '2023-11-14T22:13:20Z',
        region: 'us-east-1',
        resources: ['arn:a'],
        detail: { id: 1 },
      },
    ]);
    expect(seen.map(({ rules }) => rules)).toEqual([['OrderedRule'], [], []]);
  });

  it("takes a service's event on the default bus alone: whoever puts it plays the service", async () => {
    const { made, seen } = buses();
    const put = await made.putEvents({ Entries: [{ ...entry, Source: 'aws.s3', Resources: ['arn:bucket'] }] });
    expect(put.FailedEntryCount).toBe(0);
    expect(seen).toMatchObject([{ event: { source: 'aws.s3', resources: ['arn:bucket'] }, rules: [] }]);
  });

  it.each([
    [{ ...entry, Source: undefined }, 'InvalidArgument'],
    [{ ...entry, DetailType: '' }, 'InvalidArgument'],
    [{ ...entry, Detail: undefined }, 'InvalidArgument'],
    [{ ...entry, Detail: 'x' }, 'MalformedDetail'],
    [{ ...entry, Detail: '[1]' }, 'MalformedDetail'],
    [{ ...entry, Detail: JSON.stringify({ x: 'x'.repeat(1_048_576) }) }, 'InvalidArgument'],
    [{ ...entry, Source: 'aws.s3', EventBusName: 'orders' }, 'NotAuthorizedForSourceException'],
    [{ ...entry, EventBusName: 'unknown' }, 'ResourceNotFoundException'],
    [{ ...entry, EventBusName: 'arn:aws:events:us-east-1:1:event-bus/orders' }, 'ResourceNotFoundException'],
    [{ ...entry, Time: 'tomorrow' }, 'InvalidArgument'],
  ])('refuses one entry and takes the others (%#)', async (bad, ErrorCode) => {
    const { made, seen } = buses();
    const put = await made.putEvents({ Entries: [bad, entry] });
    expect(put).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode }, { EventId: expect.any(String) }] });
    expect(seen).toHaveLength(1);
  });

  it.each([[[]], [Array(11).fill(entry)], [undefined]])(
    'refuses a request without 1 to 10 entries',
    async (Entries) => {
      await expect(buses().made.putEvents({ Entries })).rejects.toMatchObject({ type: 'ValidationException' });
    },
  );

  it('tries a target again, then gives the event to its dead-letter queue', async () => {
    let tries = 0;
    const dead: Record<string, string>[] = [];
    const { made, lost } = buses({
      deliver: async () => {
        tries++;
        throw new Error('full');
      },
      deadLetter: async (_event, attributes) => void dead.push({ ...attributes }),
    });
    const put = await made.putEvents({ Entries: [{ ...entry, EventBusName: 'orders' }] });
    expect(put.FailedEntryCount).toBe(0);
    expect(tries).toBe(3);
    expect(dead).toMatchObject([{ RULE_ARN: 'arn:rule', TARGET_ARN: 'arn:queue', ERROR_MESSAGE: 'full' }]);
    expect(lost).toEqual([]);
  });

  it('tells when an event is lost', async () => {
    const { made, lost } = buses({ retries: 0, deliver: () => Promise.reject(new Error('full')) });
    await made.putEvents({ Entries: [{ ...entry, EventBusName: 'orders' }] });
    expect(lost).toHaveLength(1);
  });
});

describe('rateMs', () => {
  it.each([
    ['rate(1 minute)', 60_000],
    ['rate(5 minutes)', 300_000],
    ['rate(1 hour)', 3_600_000],
    ['rate(2 days)', 172_800_000],
  ])('%s', (expression, expected) => expect(rateMs(expression)).toBe(expected));

  it.each(['cron(0 12 * * ? *)', 'rate(0 minutes)', 'rate(x)', 'rate(30 days)'])('refuses %s', (expression) => {
    expect(() => rateMs(expression)).toThrow(`schedule "${expression}" is not implemented`);
  });
});
