import { EventBridge, EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ConnectorEvent,
  ConnectorEvents,
  type ConnectorEventsOptions,
  EventsNotTakenError,
  InvalidEventsError,
  type PutEventsEntry,
} from '../../events';
import { checkEvent } from '../../lambda/events/core/events';
import { type BusEvent, EventBuses } from '../../local/bus/event-bus';
import { AwsError } from '../../local/engines/protocol/aws-json';
import { type Endpoint, startEndpoint } from '../../local/engines/protocol/endpoint';
import { busEvent } from '../support/evaluation';
import { EVENTS } from './events';

const BUS = 'customer-data';
const PROPERTY_RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 2000) / 10);

/** Entries as the service reads them, with `Time` as epoch seconds. */
type Sent = Omit<PutEventsEntry, 'Time'> & { Time?: number };
type Result = { EventId?: string; ErrorCode?: string; ErrorMessage?: string };

let endpoint: Endpoint;
let client: EventBridge;
let requests: Sent[][];
/** Entries that the bus accepted. */
let taken: BusEvent[];
/** A fault instead of a response: for the request or for an entry. */
let fault: (entry: Sent, request: number) => AwsError | Result | undefined;
let waits: number[];

const settings = ({ url }: Endpoint) => ({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  // Only the library retries.
  maxAttempts: 1,
});

beforeAll(async () => {
  endpoint = await startEndpoint({ port: 0 });
  const buses = new EventBuses({
    account: '000000000000',
    region: 'us-east-1',
    busArns: { [BUS]: `arn:aws:events:us-east-1:000000000000:event-bus/${BUS}` },
    rules: [],
    onEvent: (event) => taken.push(event),
  });
  endpoint.serve({
    'AWSEvents.PutEvents': async (input) => {
      const entries = input.Entries as Sent[];
      const number = requests.push(entries);
      const faults = entries.map((entry) => fault(entry, number));
      const thrown = faults.find((one) => one instanceof AwsError);
      if (thrown) throw thrown;
      const open = entries.filter((_, n) => !faults[n]);
      const results: Result[] = open.length > 0 ? [...(await buses.putEvents({ Entries: open })).Entries] : [];
      return { Entries: faults.map((one) => one ?? results.shift()) };
    },
  });
  client = new EventBridge(settings(endpoint));
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});
beforeEach(() => {
  requests = [];
  taken = [];
  waits = [];
  fault = () => undefined;
});

const connectorEvents = (options: Partial<ConnectorEventsOptions> = {}) =>
  new ConnectorEvents({
    client,
    eventBusName: BUS,
    wait: async (milliseconds) => void waits.push(milliseconds),
    ...options,
  });
const segment = (memberCount: number): ConnectorEvent => ({
  detailType: 'SegmentRefreshed',
  detail: { segment: 'VIP', memberCount, observedAt: '2026-11-02T06:00:00Z' },
});
const segments = (count: number) => Array.from({ length: count }, (_, n) => segment(n));
const numberOf = ({ Detail }: { Detail: string }): number => JSON.parse(Detail).memberCount;
const rejected = async <E>(promise: Promise<unknown>, type: new (...args: never[]) => E): Promise<E> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(type);
  return error as E;
};

describe('valid events', () => {
  it('are put as the connector reads them, with their own methods and with `put`', async () => {
    const events = connectorEvents();
    const [one, two, three, four, five, six] = EVENTS as never[] as { detail: never }[];
    const ids = [
      await events.dataSourceRefreshed(one?.detail as never),
      await events.segmentRefreshed(two?.detail as never),
      await events.measureRefreshed(three?.detail as never),
      await events.fullRefreshed(four?.detail as never),
      await events.unificationRefreshed(five?.detail as never),
      await events.refreshStageCompleted(six?.detail as never),
      ...(await events.put(EVENTS)),
    ];
    expect(taken.map(({ id }) => id)).toEqual(ids);
    for (const [n, event] of taken.entries()) {
      const { detailType, detail } = EVENTS[n % 6] as ConnectorEvent;
      expect(event).toMatchObject({ source: 'customer-insights', 'detail-type': detailType });
      expect(event.detail).toEqual(JSON.parse(JSON.stringify(detail)));
      expect(checkEvent(JSON.stringify(event))).toHaveProperty('value');
    }
    expect(taken[0]?.detail).toMatchObject({ startedAt: '2026-11-02T05:00:00.000Z', endedAt: '2026-11-02T06:00:00Z' });
    expect(taken.slice(6).map(({ time }) => time)).toEqual([
      '2026-11-02T06:00:01Z',
      expect.any(String),
      '2026-11-02T06:00:02Z',
      ...Array(3).fill(expect.any(String)),
    ]);
    expect(requests.at(-1)?.map(({ EventBusName }) => EventBusName)).toEqual(Array(6).fill(BUS));
  });

  it('are sent in few requests and in order', async () => {
    const ids = await connectorEvents({ source: 'crm' }).put(segments(23));
    expect(requests.map((request) => request.map(numberOf))).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
      [20, 21, 22],
    ]);
    expect(taken.map(({ id }) => id)).toEqual(ids);
    expect(new Set(taken.map(({ source }) => source))).toEqual(new Set(['crm']));
  });

  it('can be none, which sends nothing', async () => {
    expect(await connectorEvents().put([])).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('can be put with an EventBridgeClient', async () => {
    const plain = new EventBridgeClient(settings(endpoint));
    const putEvents: ConnectorEventsOptions['client']['putEvents'] = (input) => plain.send(new PutEventsCommand(input));
    await connectorEvents({ client: { putEvents } }).put(segments(1));
    expect(taken).toHaveLength(1);
  });
});

describe('an invalid event', () => {
  const RUN = { runId: 'r', status: 'Failed' };
  const BAD: [string, Record<string, unknown>][] = [
    ['MeasureRefreshed', { measure: 'Revenue', value: Number.NaN, observedAt: '2026-11-02T06:00:00Z' }],
    ['MeasureRefreshed', { measure: 'Revenue', value: 'much', observedAt: '2026-11-02T06:00:00' }],
    ['SegmentRefreshed', { segment: 'VIP', memberCount: -1, observedAt: new Date('never') }],
    ['SegmentRefreshed', { segment: 'VIP', memberCount: 7n, observedAt: '2026-02-31T25:00:00Z' }],
    ['SegmentRefreshed', { segment: undefined }],
    ['DataSourceRefreshed', { ...RUN, dataSource: ' ', runLink: 'javascript:alert(1)', endedAt: 5, willRetry: 'no' }],
    ['RefreshStageCompleted', { ...RUN, stage: 'a', process: 'b' }],
    ['FullRefreshed', { ...RUN, kind: 'Manual' }],
    ['segment-refreshed', {}],
  ];

  it.each(BAD)('%s %o is rejected with the message of the connector', async (detailType, detail) => {
    const event = { detailType, detail } as never as ConnectorEvent;
    const error = await rejected(connectorEvents().put([event]), InvalidEventsError);
    // As a producer without the library would write it.
    const asText = (value: unknown) =>
      typeof value === 'bigint' || Number.isNaN(Number(value ?? 0)) ? String(value) : value;
    const written = Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, asText(value)]));
    const connector = checkEvent(busEvent(detailType, written));
    const said = 'reason' in connector ? connector.reason : '';
    // The connector also knows events that producers do not put.
    const reason = said.replace(/: the connector knows .*/, '');
    expect(error.problems).toEqual([{ index: 0, event, reason: expect.stringContaining(reason) }]);
    expect(reason).not.toBe('');
    expect(error.message).toBe(`the event was not sent: ${error.problems[0]?.reason}`);
    expect(requests).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /^detailType is undefined: write the event's name$/],
    ['no detail', { detailType: 'SegmentRefreshed' }, /^SegmentRefreshed: detail is null: write an object$/],
    ['a number', { detailType: 'SegmentRefreshed', detail: 3 }, /^SegmentRefreshed: detail is 3: write an object$/],
    ['a text', { detailType: 'SegmentRefreshed', detail: 'x' }, /^SegmentRefreshed: detail is "x": write an object$/],
    ['a list', { detailType: 'SegmentRefreshed', detail: [] }, /^SegmentRefreshed: detail is \[\]: write an object$/],
    [
      "another's event",
      { detailType: 'SegmentThresholdCrossed', detail: {} },
      /^unknown detail type "SegmentThresholdCrossed": the connector knows DataSourceRefreshed, .*RefreshStageCompleted$/,
    ],
    ['a time', { ...segment(1), time: 'soon' }, /^SegmentRefreshed: time is "soon": write a Date/],
  ])('%s is rejected', async (_, event, reason) => {
    const error = await rejected(connectorEvents().put([event as ConnectorEvent]), InvalidEventsError);
    expect(error.problems[0]?.reason).toMatch(reason);
  });

  it('is rejected if it contains itself', async () => {
    const detail: Record<string, unknown> = { segment: 'VIP' };
    detail.detail = detail;
    const event = { detailType: 'SegmentRefreshed', detail } as never as ConnectorEvent;
    const error = await rejected(connectorEvents().put([event]), InvalidEventsError);
    expect(error.message).toMatch(/detail cannot be written as JSON: TypeError: Converting circular structure/);
  });

  it('prevents sending of all events, and the error names all invalid events', async () => {
    const events = [...segments(10), segment(-1), ...segments(10), segment(0.5)];
    const error = await rejected(connectorEvents().put(events), InvalidEventsError);
    expect(error.problems.map(({ index, event }) => [index, event])).toEqual([
      [10, events[10]],
      [21, events[21]],
    ]);
    expect(error.message).toBe(
      'none of 22 events was sent: events[10]: SegmentRefreshed: "memberCount" is -1: write a whole number from 0 to 9007199254740991; ' +
        'events[21]: SegmentRefreshed: "memberCount" is 0.5: write a whole number from 0 to 9007199254740991',
    );
    expect(requests).toEqual([]);
  });
});

describe('an entry that EventBridge does not accept', () => {
  const throttled = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' };

  it('is retried alone after increasing waits', async () => {
    fault = (entry, request) => (numberOf(entry) % 2 === 1 && request < 4 ? throttled : undefined);
    const ids = await connectorEvents().put(segments(4));
    expect(requests.map((request) => request.map(numberOf))).toEqual([
      [0, 1, 2, 3],
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
    expect(ids.map((id) => taken.find((event) => event.id === id)?.detail.memberCount)).toEqual([0, 1, 2, 3]);
    expect(waits).toHaveLength(3);
    for (const [n, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(100 * 2 ** n);
      expect(wait).toBeLessThanOrEqual(200 * 2 ** n);
    }
  });

  it('is named with its reason after the last attempt, and the others are put', async () => {
    fault = (entry) => (numberOf(entry) === 11 ? throttled : undefined);
    const events = segments(25);
    const error = await rejected(connectorEvents({ maxAttempts: 3 }).put(events), EventsNotTakenError);
    expect(error.problems).toEqual([
      { index: 11, event: events[11], reason: 'SegmentRefreshed: ThrottlingException Rate exceeded' },
    ]);
    expect(error.message).toBe(
      'EventBridge accepted 24 of 25 events: events[11]: SegmentRefreshed: ThrottlingException Rate exceeded',
    );
    expect(taken).toHaveLength(24);
    expect(requests.filter((request) => request.some((entry) => numberOf(entry) === 11))).toHaveLength(3);
  });

  it('is not retried if the retry would fail', async () => {
    const denied = { ErrorCode: 'NotAuthorizedForDetailTypeException', ErrorMessage: 'Not authorized.' };
    fault = (entry) => (numberOf(entry) === 2 ? denied : undefined);
    const error = await rejected(connectorEvents().put(segments(4)), EventsNotTakenError);
    expect(error.problems.map(({ index }) => index)).toEqual([2]);
    expect(requests).toHaveLength(1);
  });

  it('of a long list is named in the list of problems, also if the message is shortened', async () => {
    fault = () => ({ ErrorCode: 'MalformedDetail', ErrorMessage: 'no' });
    const error = await rejected(connectorEvents().put(segments(40)), EventsNotTakenError);
    expect(error.problems.map(({ index }) => index)).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(error.message).toMatch(/^EventBridge accepted 0 of 40 events: events\[0\].*events\[9\].*\(and 30 more\)$/);
  });

  it('is rejected for a bus that does not exist', async () => {
    const error = await rejected(connectorEvents({ eventBusName: 'other', maxAttempts: 2 }).put(segments(1)), Error);
    expect(error.message).toContain('ResourceNotFoundException Event bus other does not exist.');
  });
});

describe('a request that EventBridge does not accept', () => {
  it.each<[string, AwsError]>([
    ['throttled', new AwsError('ThrottlingException', 'Rate exceeded')],
    ['broken', new AwsError('InternalException', 'Oops', 500)],
    ['too many', new AwsError('SlowDown', 'Oops', 429)],
  ])('is retried as a whole: %s', async (_, error) => {
    fault = (_entry, request) => (request < 3 ? error : undefined);
    await connectorEvents().put(segments(12));
    expect(requests.map((request) => request.length)).toEqual([10, 10, 10, 2]);
    expect(taken.map(({ detail }) => detail.memberCount)).toEqual(Array.from({ length: 12 }, (_, n) => n));
  });

  it('without permission is made once, no other request follows, and the error names every event', async () => {
    fault = (entry) => (numberOf(entry) === 10 ? new AwsError('AccessDeniedException', 'Not allowed') : undefined);
    const events = segments(25);
    const error = await rejected(connectorEvents().put(events), EventsNotTakenError);
    expect(requests).toHaveLength(2);
    expect(error.problems.map(({ index, event }) => [index, event])).toEqual(
      events.map((event, n) => [n, event] as const).slice(10),
    );
    expect(error.problems[0]?.reason).toContain('AccessDeniedException: Not allowed');
    expect(error.problems.at(-1)?.reason).toBe('not sent because an earlier request failed');
    expect(error.cause).toMatchObject({ name: 'AccessDeniedException' });
  });

  it('keeps earlier errors of its entries', async () => {
    fault = (entry, request) => {
      if (request > 1) return new AwsError('AccessDeniedException', 'Not allowed');
      return { ErrorCode: numberOf(entry) === 0 ? 'MalformedDetail' : 'InternalFailure', ErrorMessage: 'no' };
    };
    const error = await rejected(connectorEvents().put(segments(2)), EventsNotTakenError);
    expect(error.problems.map(({ reason }) => reason)).toEqual([
      'SegmentRefreshed: MalformedDetail no',
      expect.stringContaining('AccessDeniedException: Not allowed'),
    ]);
  });

  it('is retried if the connection is refused', async () => {
    const gone = await startEndpoint({ port: 0 });
    await gone.stop();
    const lost = new EventBridge(settings(gone));
    const error = await rejected(
      connectorEvents({ client: lost, maxAttempts: 4 }).put(segments(1)),
      EventsNotTakenError,
    );
    expect(waits).toHaveLength(3);
    expect(error.message).toContain('ECONNREFUSED');
    lost.destroy();
  });
});

it.each<[string, object, RegExp]>([
  ['no client', { client: undefined }, /^client has no putEvents: pass new EventBridge/],
  ['a client of commands', { client: { send: () => undefined } }, /^client has no putEvents/],
  ['no bus', { eventBusName: '' }, /^eventBusName is missing: pass the stack's output EventBusName$/],
  ['a source of AWS', { source: 'aws.glue' }, /^source is "aws.glue": pass the connector's eventSource$/],
  ['no attempts', { maxAttempts: 0 }, /^maxAttempts is 0: pass a whole number from 1 to 9007199254740991$/],
])('%s is rejected by the constructor', (_, options, message) => {
  expect(() => connectorEvents(options as never)).toThrow(message);
});

/** EventBridge user guide, "Calculating PutEvents event entry size". */
const LIMIT = 262_144;
const sizeOf = ({ Source, DetailType, Detail, Time }: PutEventsEntry) =>
  new TextEncoder().encode(Source + DetailType + Detail).length + (Time ? 14 : 0);
/** A client that only records requests. */
const recorder = (answer: (entry: PutEventsEntry) => Result = () => ({ EventId: 'id' })) => {
  const recorded: PutEventsEntry[][] = [];
  const putEvents = async ({ Entries }: { Entries: PutEventsEntry[] }) => {
    recorded.push(Entries);
    return { Entries: Entries.map(answer) };
  };
  return { recorded, client: { putEvents } };
};
const failedWith = (error: string): ConnectorEvent => ({
  detailType: 'DataSourceRefreshed',
  detail: { dataSource: 'é', status: 'Failed', runId: '1', error },
  time: new Date(0),
});

describe('sizes', () => {
  /** Size of an event without its text, bytes. */
  const empty = async () => {
    const { recorded, client: counting } = recorder();
    await connectorEvents({ client: counting }).put([failedWith('')]);
    return sizeOf(recorded[0]?.[0] as PutEventsEntry);
  };

  it('a request has less than 256 KB, and a larger event is rejected', async () => {
    const most = LIMIT - 1 - (await empty());
    const { recorded, client: counting } = recorder();
    const events = connectorEvents({ client: counting });
    await events.put([failedWith('x'.repeat(most)), failedWith('')]);
    expect(recorded.map((request) => request.map(sizeOf))).toEqual([[LIMIT - 1], [await empty()]]);
    recorded.length = 0;
    const [half, rest] = [LIMIT / 2 - (await empty()), LIMIT / 2 - (await empty()) - 1];
    await events.put([failedWith('x'.repeat(half)), failedWith('x'.repeat(half)), failedWith('x'.repeat(rest))]);
    expect(recorded.map((request) => request.map(sizeOf))).toEqual([[LIMIT / 2], [LIMIT / 2, LIMIT / 2 - 1]]);
    const error = await rejected(events.put([failedWith('x'.repeat(most + 1))]), InvalidEventsError);
    expect(error.message).toContain('the event has 262144 bytes: the limit is 262143');
    // Two bytes each in UTF-8.
    await rejected(events.put([failedWith('é'.repeat(most / 2 + 1))]), InvalidEventsError);
  });

  it('any events are sent once each, in order, in requests that are as full as both limits allow', async () => {
    const text = fc
      .tuple(fc.constantFrom('x', 'é', '€', '🙂', '"', '\n'), fc.oneof(fc.nat(50), fc.nat(30_000), fc.nat(65_000)))
      .map(([character, count]) => character.repeat(count));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 40 }), async (texts) => {
        const { recorded, client: counting } = recorder();
        await connectorEvents({ client: counting }).put(texts.map(failedWith));
        expect(recorded.flat().map(({ Detail }) => JSON.parse(Detail).error)).toEqual(texts);
        const bytes = recorded.map((request) => request.reduce((sum, entry) => sum + sizeOf(entry), 0));
        for (const [n, request] of recorded.entries()) {
          expect(request.length).toBeLessThanOrEqual(10);
          expect(bytes[n]).toBeLessThan(LIMIT);
          const [next] = recorded[n + 1] ?? [];
          if (next) expect(request.length === 10 || (bytes[n] as number) + sizeOf(next) >= LIMIT).toBe(true);
        }
      }),
      { numRuns: Math.min(PROPERTY_RUNS, 100) },
    );
  });
});

it('with any failures, every event has an id or is named, and no event is sent again after success or too often', async () => {
  const outcome = fc.constantFrom('taken', 'passing', 'lasting', 'silent', 'throttled', 'denied');
  await fc.assert(
    fc.asyncProperty(
      fc.nat(35),
      fc.array(outcome),
      fc.integer({ min: 1, max: 4 }),
      async (count, plan, maxAttempts) => {
        const sent = new Map<number, number>();
        const ids = new Map<number, string>();
        const outcomes = [...plan];
        const putEvents = async ({ Entries }: { Entries: PutEventsEntry[] }) => {
          const drawn = Entries.map((entry) => [numberOf(entry), outcomes.shift() ?? 'taken'] as const);
          for (const [n] of drawn) {
            expect(ids.has(n)).toBe(false);
            sent.set(n, (sent.get(n) ?? 0) + 1);
          }
          if (drawn.some(([, one]) => one === 'denied')) throw new AwsError('AccessDeniedException', 'no');
          if (drawn.some(([, one]) => one === 'throttled')) throw new AwsError('ThrottlingException', 'slower');
          const results = drawn.map(([n, one]): Result => {
            if (one === 'passing') return { ErrorCode: 'InternalFailure' };
            if (one === 'lasting') return { ErrorCode: 'InvalidArgument' };
            if (one === 'silent') return {};
            ids.set(n, `id-${n}`);
            return { EventId: `id-${n}` };
          });
          return { Entries: results };
        };
        const events = segments(count);
        const put = connectorEvents({ client: { putEvents }, maxAttempts }).put(events);
        const got = await put.catch((error: unknown) => error);
        const missing = events.flatMap((event, index) => (ids.has(index) ? [] : [{ index, event }]));
        if (got instanceof EventsNotTakenError) {
          expect(got.problems.map(({ index, event }) => ({ index, event })).sort((a, b) => a.index - b.index)).toEqual(
            missing,
          );
          expect(got.problems.map(({ index }) => index)).toEqual(missing.map(({ index }) => index));
          expect(missing.length).toBeGreaterThan(0);
        } else {
          expect(got).toEqual(events.map((_, n) => `id-${n}`));
          expect(missing).toEqual([]);
        }
        expect(Math.max(0, ...sent.values())).toBeLessThanOrEqual(maxAttempts);
      },
    ),
    { numRuns: PROPERTY_RUNS },
  );
});
