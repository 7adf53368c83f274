import { describe, expect, it } from 'vitest';
import { type BusEvent, type BusTarget, EventBuses } from '../../../local/bus/event-bus';
import { rateMs } from '../../../local/bus/schedule';

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
  it('sends the whole event to the matching rules of its bus', async () => {
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

  it('accepts simulated events of AWS services on the default bus only', async () => {
    const { made, seen } = buses();
    const put = await made.putEvents({ Entries: [{ ...entry, Source: 'aws.s3', Resources: ['arn:bucket'] }] });
    expect(put.FailedEntryCount).toBe(0);
    expect(seen).toMatchObject([{ event: { source: 'aws.s3', resources: ['arn:bucket'] }, rules: [] }]);
  });

  it.each<[object, string, string?]>([
    ...['Source', 'DetailType', 'Detail'].flatMap((name) =>
      [undefined, null, ''].map((value): [object, string, string] => [
        { ...entry, [name]: value },
        'InvalidArgument',
        `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      ]),
    ),
    ...['x', '{', '[1]', '"x"', 'null', '3', 'true', ' '].map((Detail): [object, string, string] => [
      { ...entry, Detail },
      'MalformedDetail',
      'Detail is malformed.',
    ]),
    [{ ...entry, Source: 'aws.s3', EventBusName: 'orders' }, 'NotAuthorizedForSourceException'],
    [{ ...entry, EventBusName: 'unknown' }, 'ResourceNotFoundException'],
    [{ ...entry, EventBusName: 'arn:aws:events:us-east-1:1:event-bus/orders' }, 'ResourceNotFoundException'],
    [{ ...entry, Time: 'tomorrow' }, 'InvalidArgument'],
  ])('rejects one entry and accepts the others (%#)', async (bad, ErrorCode, ErrorMessage) => {
    const { made, seen } = buses();
    const put = await made.putEvents({ Entries: [bad, entry] });
    const rejected = { ErrorCode, ErrorMessage: ErrorMessage ?? expect.any(String) };
    expect(put).toEqual({ FailedEntryCount: 1, Entries: [rejected, { EventId: expect.any(String) }] });
    expect(seen).toHaveLength(1);
  });

  it.each([
    [[], 'Member must have length greater than or equal to 1'],
    [Array(11).fill(entry), 'Member must have length less than or equal to 10'],
    [undefined, 'Member must not be null'],
  ])('rejects a request without 1 to 10 entries (%#)', async (Entries, constraint) => {
    await expect(buses().made.putEvents({ Entries })).rejects.toMatchObject({
      type: 'ValidationException',
      message: `1 validation error detected: Value at 'entries' failed to satisfy constraint: ${constraint}`,
    });
  });

  it('accepts entries of 1 MB in total, and rejects a request with one more byte', async () => {
    const { made, seen } = buses();
    const empty = { ...entry, Time: 1_700_000_000, Detail: '{"x":""}' };
    const rest = 1_048_576 - 2 * ('shop'.length + 'Ordered'.length + empty.Detail.length + 14);
    const entries = (bytes: number) => [empty, { ...empty, Detail: JSON.stringify({ x: 'x'.repeat(bytes) }) }];
    expect((await made.putEvents({ Entries: entries(rest) })).FailedEntryCount).toBe(0);
    await expect(made.putEvents({ Entries: entries(rest + 1) })).rejects.toMatchObject({
      type: 'ValidationException',
      message: 'Total size of the entries in the request is over the limit.',
    });
    expect(seen).toHaveLength(2);
  });

  it('retries a target, then sends the event to its dead-letter queue', async () => {
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

  it('reports a lost event', async () => {
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

  it.each(['cron(0 12 * * ? *)', 'rate(0 minutes)', 'rate(x)', 'rate(30 days)'])('rejects %s', (expression) => {
    expect(() => rateMs(expression)).toThrow(`schedule "${expression}" is not implemented`);
  });
});
