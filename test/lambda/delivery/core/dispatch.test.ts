import { setImmediate as settled } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TriggerId } from '../../../../contract/events';
import type { DeliveryMessage } from '../../../../lambda/delivery/core/delivery';
import { dispatchBatch } from '../../../../lambda/delivery/core/dispatch';
import { LogMessage } from '../../../../lambda/shared/core/log-messages';
import { RefusedError } from '../../../../lambda/shared/core/refused';
import type { SubscriptionEntry } from '../../../../lambda/subscriptions/core/ports';
import type { Filter } from '../../../../lambda/subscriptions/core/subscription';
import { busEvent, NOW, OWN } from '../../../support/evaluation';
import { MemoryRejected, MemoryTables, MemoryTelemetry } from '../../../support/memory/memory';

let subscriptions: (SubscriptionEntry & { trigger: TriggerId; instanceId: string })[];
let sent: DeliveryMessage[];
let rejected: MemoryRejected;
let telemetry: MemoryTelemetry;
/** Names of subscriptions to which sending fails. */
let unsendable: Set<string>;
/** Names of subscriptions whose messages the queue rejects permanently. */
let refused: Set<string>;
/** Triggers whose subscriptions cannot be read. */
let unreadable: Set<TriggerId>;
/** Subscriptions on a page of the index. */
let pageSize: number;
/** Messages for the next pages. */
let proceeded: string[];
/** Deliveries that are being sent, and their maximum. */
let sending: { now: number; most: number };
/** Triggers whose subscriptions are read slowly. */
let slow: Set<TriggerId>;
/** Finished reads and sent deliveries, in order. */
let steps: ('read' | 'sent')[];
beforeEach(() => {
  pageSize = Number.POSITIVE_INFINITY;
  proceeded = [];
  sending = { now: 0, most: 0 };
  subscriptions = [];
  sent = [];
  rejected = new MemoryRejected();
  telemetry = new MemoryTelemetry();
  unsendable = new Set();
  refused = new Set();
  unreadable = new Set();
  slow = new Set();
  steps = [];
});

function subscribe(name: string, trigger: TriggerId, filter: Filter = {}, instanceId = 'default'): void {
  subscriptions.push({ name, uid: `uid-${name}`, filter, trigger, instanceId });
}

/** Dispatches events as one batch. Returns the indexes of those to retry. */
async function dispatch(...bodies: string[]): Promise<number[]> {
  const failed = await dispatchBatch(
    bodies.map((body, n) => ({ id: String(n), body })),
    {
      own: OWN,
      expectations: new MemoryTables().expectations(),
      index: {
        find: async (trigger, instanceId, subject, after) => {
          if (unreadable.has(trigger)) throw new Error('the table is down');
          for (let n = 0; slow.has(trigger) && n < 20; n++) await Promise.resolve();
          steps.push('read');
          const found = subscriptions.filter(
            (one) =>
              one.trigger === trigger &&
              one.instanceId === instanceId &&
              (one.filter.dataSource === undefined || one.filter.dataSource === subject),
          );
          const from = Number(after?.[0]?.n ?? 0);
          const next = from + pageSize < found.length ? [{ n: String(from + pageSize) }, null] : undefined;
          return { entries: found.slice(from, from + pageSize), next };
        },
      },
      rejected,
      telemetry,
      clock: () => NOW,
      retentionDays: 90,
      proceed: async (message) => void proceeded.push(JSON.stringify(message)),
      send: async (message) => {
        sending.most = Math.max(sending.most, ++sending.now);
        await settled();
        sending.now--;
        if (unsendable.has(message.subscription)) throw new Error('the queue is down');
        if (refused.has(message.subscription)) throw new RefusedError(`no delivery to ${message.subscription}`);
        steps.push('sent');
        sent.push(message);
      },
    },
  );
  return failed.map(Number);
}
/** Log entries of one level: the message and its details. */
const said = (message: string) => telemetry.lines.filter((line) => line.startsWith(message));
const troubles = () => telemetry.lines.filter((line) => !line.startsWith(LogMessage.MATCHED));
const receivers = () => sent.map(({ subscription }) => subscription).sort();

const dataSource = (detail: object = {}, overrides?: object) =>
  busEvent('DataSourceRefreshed', { dataSource: 'CRM', runId: 'run-1', status: 'Failed', ...detail }, overrides);
const full = (detail: object = {}) =>
  busEvent('FullRefreshed', { runId: 'run-1', status: 'Successful', kind: 'Scheduled', ...detail });
const unification = (detail: object = {}) =>
  busEvent('UnificationRefreshed', { runId: 'run-1', status: 'Successful', ...detail });
const crossing = (detail: object = {}) =>
  busEvent('SegmentThresholdCrossed', {
    connector: 'c',
    crossingId: 'crossing-1',
    subscription: 'vip',
    uid: 'uid-vip',
    generation: 1,
    segment: 'VIP',
    direction: 'above',
    threshold: 10,
    previousValue: 5,
    value: 20,
    observedAt: '2026-11-19T06:00:00Z',
    startsFlow: true,
    ...detail,
  });

describe('an event', () => {
  it.each<[TriggerId, string]>([
    ['data-source-refresh-failed', dataSource()],
    ['data-source-refresh-succeeded', dataSource({ status: 'Successful' })],
    ['full-refresh-completed', full()],
    ['unification-refresh-completed', unification()],
  ])('is sent to the subscriptions of %s', async (trigger, event) => {
    for (const other of [
      'data-source-refresh-failed',
      'data-source-refresh-succeeded',
      'full-refresh-completed',
      'unification-refresh-completed',
    ] as const) {
      subscribe(other, other);
    }
    subscribe('second', trigger);
    subscribe('elsewhere', trigger, {}, 'another-instance');
    expect(await dispatch(event)).toEqual([]);
    expect(receivers()).toEqual([trigger, 'second'].sort());
    expect(telemetry.counts).toEqual({});
  });

  it('is sent as the first try of a delivery', async () => {
    subscribe('crm', 'data-source-refresh-failed');
    await dispatch(dataSource({ error: 'No access', endedAt: '2026-11-19T06:00:00Z' }));
    expect(sent).toEqual([
      {
        subscription: 'crm',
        uid: 'uid-crm',
        n: 0,
        acceptedAt: NOW,
        event: {
          eventId: expect.stringMatching(/^[0-9a-f]{32}$/),
          trigger: 'data-source-refresh-failed',
          instanceId: 'default',
          occurredAt: Date.parse('2026-11-19T06:00:00Z'),
          endedAt: Date.parse('2026-11-19T06:00:00Z'),
          dataSource: 'CRM',
          runId: 'run-1',
          status: 'Failed',
          willRetry: false,
          error: 'No access',
        },
      },
    ]);
  });

  it('that arrives twice is sent twice under one id, which identifies the duplicate', async () => {
    subscribe('crm', 'data-source-refresh-failed');
    await dispatch(dataSource(), dataSource({ status: 'Failure' }, { time: '2026-11-20T11:00:00Z' }));
    expect(new Set(sent.map(({ event }) => event.eventId)).size).toBe(1);
    await dispatch(dataSource({ runId: 'run-2' }));
    expect(new Set(sent.map(({ event }) => event.eventId)).size).toBe(2);
  });

  it.each([
    ['SegmentThresholdCrossed', crossing()],
    [
      'MeasureThresholdCrossed',
      crossing({ measure: 'Revenue' }).replace('SegmentThresholdCrossed', 'MeasureThresholdCrossed'),
    ],
  ])('%s is sent to the subscription it names, even if the index does not have it yet', async (_, event) => {
    subscribe('other', 'segment-threshold-crossed', { segment: 'VIP' });
    await dispatch(event);
    expect(sent).toMatchObject([{ subscription: 'vip', uid: 'uid-vip', n: 0, event: { eventId: 'crossing-1' } }]);
  });
});

describe('a filter', () => {
  it.each<[string, TriggerId, Filter, event: string, takes: boolean]>([
    ['for its data source', 'data-source-refresh-failed', { dataSource: 'CRM' }, dataSource(), true],
    ['for another data source', 'data-source-refresh-failed', { dataSource: 'ERP' }, dataSource(), false],
    ['for a data source in another case', 'data-source-refresh-failed', { dataSource: 'crm' }, dataSource(), false],
    ['without retries', 'data-source-refresh-failed', {}, dataSource({ willRetry: true }), false],
    [
      'with retries switched off',
      'data-source-refresh-failed',
      { includeRetries: false },
      dataSource({ willRetry: true }),
      false,
    ],
    ['with retries', 'data-source-refresh-failed', { includeRetries: true }, dataSource({ willRetry: true }), true],
    ['with retries, and a final failure', 'data-source-refresh-failed', { includeRetries: true }, dataSource(), true],
    ['for its kind', 'full-refresh-completed', { kind: 'Scheduled' }, full(), true],
    ['for another kind', 'full-refresh-completed', { kind: 'OnDemand' }, full(), false],
    ['for its status', 'full-refresh-completed', { status: ['Failed', 'Successful'] }, full(), true],
    ['for another status', 'full-refresh-completed', { status: ['Failed'] }, full(), false],
    ['for no status at all', 'full-refresh-completed', { status: [] }, full(), false],
    [
      'for the status Failed, and the older word',
      'unification-refresh-completed',
      { status: ['Failed'] },
      unification({ status: 'Failure' }),
      true,
    ],
    [
      'for a kind and a status, of which one fits',
      'full-refresh-completed',
      { kind: 'Scheduled', status: ['Failed'] },
      full(),
      false,
    ],
  ])('%s', async (_, trigger, filter, event, takes) => {
    subscribe('one', trigger, filter);
    expect(await dispatch(event)).toEqual([]);
    expect(receivers()).toEqual(takes ? ['one'] : []);
    expect(telemetry.counts).toEqual(takes ? {} : { UnmatchedEvents: 1 });
    expect(rejected.kept).toEqual([]);
  });
});

describe('an event that starts nothing', () => {
  it.each([
    ['no subscription matches', dataSource()],
    ['its data source was skipped', dataSource({ status: 'Skipped' })],
    ['its data source was canceled', dataSource({ status: 'Canceled' })],
    [
      'it is an observation',
      busEvent('SegmentRefreshed', { segment: 'VIP', memberCount: 1, observedAt: '2026-11-19T06:00:00Z' }),
    ],
  ])('is counted and logged: %s', async (_, event) => {
    subscribe('full', 'full-refresh-completed');
    expect(await dispatch(event)).toEqual([]);
    expect(sent).toEqual([]);
    expect(telemetry.counts).toEqual({ UnmatchedEvents: 1 });
    expect(telemetry.lines[0]).toContain(LogMessage.UNMATCHED);
    expect(rejected.kept).toEqual([]);
  });

  it('is not counted when its threshold has no flow, because it only publishes its event', async () => {
    expect(await dispatch(crossing({ startsFlow: false }))).toEqual([]);
    expect(sent).toEqual([]);
    expect(telemetry.counts).toEqual({});
  });
});

describe('an event that cannot be accepted', () => {
  const DAY = 24 * 3600_000;
  const at = (time: number) => ({ time: new Date(time).toISOString() });
  it.each([
    [
      'an unknown detail type',
      busEvent('DataSourceDeleted', {}),
      'unknown detail type "DataSourceDeleted": the connector knows',
    ],
    [
      'a detail type in the wrong case',
      busEvent('dataSourceRefreshed', {}),
      'unknown detail type "dataSourceRefreshed": write DataSourceRefreshed',
    ],
    ['a detail type that every object knows', busEvent('constructor', {}), 'unknown detail type "constructor"'],
    [
      'an unknown status',
      dataSource({ status: 'Broken' }),
      '"status" is "Broken": write one of Successful, Failed, TimedOut',
    ],
    ['a status in the wrong case', dataSource({ status: 'failed' }), '"status" is "failed": write one of'],
    ['no status', full({ status: undefined }), 'FullRefreshed: "status" is missing'],
    ['missing fields', busEvent('FullRefreshed', {}), '"runId" is missing; "status" is missing; "kind" is missing'],
    ['no JSON', 'hello', 'the message is not JSON'],
    ['no event', '{}', 'the message is not an EventBridge event'],
    ['an age over 76 days', dataSource({}, at(NOW - 76 * DAY - 1)), 'is more than 76 days ago'],
  ])('is rejected with its reason, counted, and does not affect its batch: %s', async (_, body, reason) => {
    subscribe('crm', 'data-source-refresh-failed');
    expect(await dispatch(dataSource({ runId: 'a' }), body, dataSource({ runId: 'b' }))).toEqual([]);
    expect(rejected.kept).toEqual([{ body, reason: expect.stringContaining(reason) }]);
    expect(telemetry.counts).toEqual({ RejectedEvents: 1 });
    expect(troubles()).toEqual([expect.stringContaining(LogMessage.REJECTED)]);
    expect(receivers()).toEqual(['crm', 'crm']);
  });

  it('is accepted when it is just young enough', async () => {
    subscribe('crm', 'data-source-refresh-failed');
    await dispatch(dataSource({}, at(NOW - 76 * DAY)));
    expect(receivers()).toEqual(['crm']);
  });

  it('is retried when it cannot be rejected', async () => {
    rejected.keep = async () => {
      throw new Error('the queue is down');
    };
    subscribe('crm', 'data-source-refresh-failed');
    expect(await dispatch('hello', dataSource())).toEqual([0]);
    expect(receivers()).toEqual(['crm']);
    expect(telemetry.counts).toEqual({});
  });
});

describe('a batch', () => {
  it('is matched before its first delivery is sent, so that its deliveries share requests', async () => {
    subscribe('crm', 'data-source-refresh-failed');
    subscribe('full', 'full-refresh-completed');
    slow.add('data-source-refresh-failed');
    expect(await dispatch(full(), dataSource(), full({ runId: 'run-2' }))).toEqual([]);
    expect(steps).toEqual(['read', 'read', 'read', 'sent', 'sent', 'sent']);
  });
});

describe('a failure', () => {
  it('to send retries only its own message, and other deliveries are sent', async () => {
    for (const name of ['a', 'b', 'c']) subscribe(name, 'data-source-refresh-failed');
    subscribe('full', 'full-refresh-completed');
    unsendable.add('b');
    expect(await dispatch(full(), dataSource(), full({ runId: 'run-2' }))).toEqual([1]);
    expect(receivers()).toEqual(['a', 'c', 'full', 'full']);
    expect(troubles()).toEqual([expect.stringContaining(LogMessage.WILL_RETRY)]);

    unsendable.clear();
    expect(await dispatch(dataSource())).toEqual([]);
    const [before, again] = sent.filter(({ subscription }) => subscription === 'a');
    expect(again).toEqual(before);
    expect(receivers()).toContain('b');
  });

  it('to read the index retries only its own message', async () => {
    subscribe('full', 'full-refresh-completed');
    unreadable.add('data-source-refresh-failed');
    expect(await dispatch(dataSource(), full())).toEqual([0]);
    expect(receivers()).toEqual(['full']);
  });
});

describe('an event for more subscriptions than a page holds', () => {
  const names = Array.from({ length: 25 }, (_, n) => `s${String(n).padStart(2, '0')}`);
  beforeEach(() => {
    pageSize = 10;
    for (const name of names) subscribe(name, 'data-source-refresh-failed');
  });

  it('is sent one page per message, with the time of its first page, and logged once', async () => {
    for (const message of [dataSource()]) proceeded.push(message);
    for (let n = 1; proceeded.length > 0; n++) {
      expect(await dispatch(...proceeded.splice(0))).toEqual([]);
      expect(receivers()).toEqual(names.slice(0, 10 * n));
      expect(said(LogMessage.MATCHED)).toHaveLength(n === 3 ? 1 : 0);
    }
    expect(said(LogMessage.MATCHED)[0]).toContain('"subscriptions":25');
    expect(new Set(sent.map(({ acceptedAt }) => acceptedAt))).toEqual(new Set([NOW]));
    expect(telemetry.counts).toEqual({});
  });

  it('keeps the time of its first page', async () => {
    const [message] = await pageAfter(dataSource());
    sent = [];
    await dispatch(JSON.stringify({ ...message, continuation: { ...message.continuation, acceptedAt: NOW - 1000 } }));
    expect(new Set(sent.map(({ acceptedAt }) => acceptedAt))).toEqual(new Set([NOW - 1000]));
  });

  it('continues only after the whole page is sent', async () => {
    unsendable.add('s03');
    expect(await dispatch(dataSource())).toEqual([0]);
    expect(proceeded).toEqual([]);
    unsendable.clear();
    expect(await dispatch(dataSource())).toEqual([]);
    expect(proceeded).toHaveLength(1);
  });

  it('continues after a delivery that the queue rejects, and is itself rejected', async () => {
    refused.add('s03');
    const body = dataSource();
    expect(await dispatch(body)).toEqual([]);
    expect(proceeded).toHaveLength(1);
    expect(rejected.kept).toEqual([{ body, reason: 'no delivery to s03' }]);
  });

  it('starts with the first page again if what continues it is damaged', async () => {
    const [message] = await pageAfter(dataSource());
    sent = [];
    expect(await dispatch(JSON.stringify({ ...message, continuation: { after: 'x' } }))).toEqual([]);
    expect(receivers()).toEqual(names.slice(0, 10));
  });

  it('is counted as unmatched only if no page matches', async () => {
    subscriptions = [];
    for (const name of names) subscribe(name, 'full-refresh-completed', { kind: 'OnDemand' });
    const [second] = await pageAfter(full());
    const [third] = await pageAfter(JSON.stringify(second));
    expect(telemetry).toMatchObject({ counts: {}, lines: [] });
    expect(await pageAfter(JSON.stringify(third))).toEqual([]);
    expect(telemetry.counts).toEqual({ UnmatchedEvents: 1 });
  });

  /** Dispatches a message, and returns those that it sends to `dispatch`. */
  async function pageAfter(body: string) {
    await dispatch(body);
    return proceeded.splice(0).map((text) => JSON.parse(text));
  }
});

it('sends up to 100 deliveries of a batch concurrently', async () => {
  for (let n = 0; n < 90; n++) subscribe(`s${n}`, 'data-source-refresh-failed');
  await dispatch(dataSource(), dataSource({ runId: 'run-2' }), dataSource({ runId: 'run-3' }));
  expect(sent).toHaveLength(270);
  expect(sending.most).toBe(100);
});

describe('the log', () => {
  const detailsOf = (message: string) => said(message).map((line) => JSON.parse(line.slice(message.length)));

  it("has each event's filtered fields and its number of subscriptions", async () => {
    subscribe('a', 'data-source-refresh-failed');
    subscribe('b', 'data-source-refresh-failed', { dataSource: 'CRM' });
    await dispatch(dataSource(), dataSource({ dataSource: 'Orders', status: 'Skipped', instanceId: 'test' }), full());
    expect(detailsOf(LogMessage.MATCHED)).toEqual([
      {
        trigger: 'data-source-refresh-failed',
        subject: 'CRM',
        status: 'Failed',
        eventId: sent[0]?.event.eventId,
        subscriptions: 2,
      },
    ]);
    expect(detailsOf(LogMessage.UNMATCHED)).toEqual(
      expect.arrayContaining([
        {
          detailType: 'DataSourceRefreshed',
          instanceId: 'test',
          subject: 'Orders',
          status: 'Skipped',
        },
        expect.objectContaining({ trigger: 'full-refresh-completed', subject: 'run-1', kind: 'Scheduled' }),
      ]),
    );
  });
});

describe('a message that the queue rejects permanently', () => {
  const event = () => busEvent('UnificationRefreshed', { runId: 'run-1', status: 'Failed' });
  beforeEach(() => {
    for (const name of ['a', 'b', 'c']) subscribe(name, 'unification-refresh-completed');
    refused = new Set(['b']);
  });

  it('is rejected with the reason and not retried, and the others are delivered', async () => {
    const body = event();
    expect(await dispatch(body)).toEqual([]);
    expect(rejected.kept).toEqual([{ body, reason: 'no delivery to b' }]);
    expect(sent.map(({ subscription }) => subscription)).toEqual(['a', 'c']);
    expect(said(LogMessage.WILL_RETRY)).toEqual([]);
  });

  it('is retried while another delivery can still succeed', async () => {
    unsendable = new Set(['c']);
    expect(await dispatch(event())).toEqual([0]);
    expect(rejected.kept).toEqual([]);
  });
});

describe('the account and Region of an event', () => {
  const DATA = { account: '111122223333', region: 'eu-central-1' };

  it('are in the delivery and the log, if they are not those of the connector', async () => {
    subscribe('all', 'data-source-refresh-failed');
    await dispatch(dataSource(), dataSource({ runId: 'run-2' }, DATA));
    expect(sent.map(({ event }) => event)).toEqual([
      expect.not.objectContaining({ awsAccount: expect.any(String) }),
      expect.objectContaining({ awsAccount: DATA.account, awsRegion: DATA.region }),
    ]);
    const lines = said(LogMessage.MATCHED);
    expect(lines[0]).not.toContain('awsAccount');
    expect(lines[1]).toContain(DATA.account);
  });

  it('select the subscriptions that receive it', async () => {
    const trigger = 'data-source-refresh-failed';
    subscribe('all', trigger);
    subscribe('own', trigger, { awsAccount: [OWN.account] });
    subscribe('data', trigger, { awsAccount: [DATA.account, '222233334444'] });
    subscribe('own-region', trigger, { awsRegion: [OWN.region] });
    subscribe('data-region', trigger, { awsAccount: [DATA.account], awsRegion: [DATA.region] });
    subscribe('other-region', trigger, { awsAccount: [DATA.account], awsRegion: [OWN.region] });
    await dispatch(dataSource({}, DATA));
    expect(receivers()).toEqual(['all', 'data', 'data-region']);
    sent = [];
    await dispatch(dataSource({ runId: 'run-2' }));
    expect(receivers()).toEqual(['all', 'own', 'own-region']);
    sent = [];
    // No producer can name the connector's account.
    await dispatch(dataSource({ runId: 'run-3', awsAccount: OWN.account, awsRegion: OWN.region }, DATA));
    expect(receivers()).toEqual(['all', 'data', 'data-region']);
  });

  it('of a crossing are those of its value', async () => {
    await dispatch(crossing({ awsAccount: DATA.account, awsRegion: DATA.region }));
    expect(sent.map(({ event }) => event)).toMatchObject([{ awsAccount: DATA.account, awsRegion: DATA.region }]);
  });
});
