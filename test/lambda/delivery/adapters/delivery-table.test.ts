import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { OPEN_INDEX } from '../../../../contract/delivery';
import { DeliveryTable } from '../../../../lambda/delivery/adapters/delivery-table';
import type { Attempt, DeliveryMessage, DeliveryStatus } from '../../../../lambda/delivery/core/delivery';
import type { Claim, DeliveryKey, Lease } from '../../../../lambda/delivery/core/ports';
import { NOW } from '../../../support/evaluation';
import { useTables } from '../../../support/servers/use-tables';

const DAY = 24 * 3600;

let table: DeliveryTable;
/** A separate delivery for each test. */
let key: DeliveryKey;
let tests = 0;
const tables = useTables((started) => {
  table = new DeliveryTable(started.client, started.deliveries, 90);
});
beforeEach(() => {
  key = { subscription: `subscription-${++tests}`, eventId: 'event-1' };
});

const message = (n: number, more: Partial<DeliveryMessage> = {}): DeliveryMessage => ({
  subscription: key.subscription,
  uid: 'uid-1',
  event: {
    eventId: key.eventId,
    trigger: 'data-source-refresh-failed',
    instanceId: 'default',
    occurredAt: NOW - 60_000,
    dataSource: 'CRM',
    runId: 'run-1',
    status: 'Failed',
    willRetry: false,
  },
  acceptedAt: NOW - 1000,
  n,
  ...more,
});
/** Lease of a worker whose invocation ends in a minute by default. */
const lease = (owner: string, until = NOW + 60_000): Lease => ({ owner, until });
const claim = (n: number, owner = 'me', now = NOW) => table.claim(message(n), lease(owner), now);
const attempt = (at: number, more: Partial<Attempt> = {}): Attempt => ({ at, durationMs: 20, status: 503, ...more });
const row = async () => {
  const Key = { pk: key.subscription, sk: key.eventId };
  const { Item } = await tables.client.send(
    new GetCommand({ TableName: tables.deliveries, Key, ConsistentRead: true }),
  );
  return Item;
};
/** Rows of this test's delivery in the index of open deliveries. */
const open = async (status: DeliveryStatus) => {
  const { Items } = await tables.client.send(
    new QueryCommand({
      TableName: tables.deliveries,
      IndexName: OPEN_INDEX.name,
      KeyConditionExpression: '#open = :status',
      ExpressionAttributeNames: { '#open': OPEN_INDEX.partitionKey },
      ExpressionAttributeValues: { ':status': status },
    }),
  );
  return (Items ?? []).filter(({ pk }) => pk === key.subscription);
};

const TAKEN: Claim = { attempts: [] };

describe('a claim', () => {
  it('creates the row', async () => {
    expect(await claim(0)).toEqual(TAKEN);
    expect(await row()).toEqual({
      pk: key.subscription,
      sk: key.eventId,
      uid: 'uid-1',
      trigger: 'data-source-refresh-failed',
      status: 'pending',
      n: 0,
      occurredAt: NOW - 60_000,
      acceptedAt: NOW - 1000,
      leaseOwner: 'me',
      leaseUntil: NOW + 60_000,
    });
  });

  it('creates the row for a later try whose row was lost with its table', async () => {
    expect(await claim(3)).toEqual(TAKEN);
    expect((await row())?.n).toBe(3);
  });

  it('records the account and Region of an event of another account', async () => {
    const origin = { awsAccount: '111122223333', awsRegion: 'eu-central-1' };
    const sent = message(0);
    await table.claim({ ...sent, event: { ...sent.event, ...origin } as typeof sent.event }, lease('me'), NOW);
    expect(await row()).toMatchObject(origin);
  });

  const leased = (n: number) => claim(n, 'other');
  /** The row that a worker leaves after try n − 1 failed. */
  const rescheduled = async (n: number) => {
    await leased(n - 1);
    await table.reschedule(key, lease('other'), n, [attempt(NOW)], NOW);
  };
  const finished = (status: DeliveryStatus) => async () => {
    await leased(2);
    await table.finish(key, lease('other'), status, [attempt(NOW)], NOW);
  };
  const held = (n: number) => async () => {
    await leased(n);
    await table.hold(message(n), lease('other'), [attempt(NOW)], NOW);
  };
  const LATER = NOW + 60_001;

  it.each<[string, () => Promise<unknown>, n: number, now: number, 'taken' | Claim]>([
    ['pending, same try, lease running', () => leased(2), 2, NOW + 60_000, 'busy'],
    ['pending, same try, lease over', () => leased(2), 2, LATER, 'taken'],
    ['pending, same try, lease given back', () => rescheduled(2), 2, NOW, 'taken'],
    ['pending, later try, lease running', () => leased(2), 3, NOW, 'busy'],
    ['pending, later try, lease over', () => leased(2), 3, LATER, 'taken'],
    ['pending, later try, lease given back', () => rescheduled(2), 3, NOW, 'taken'],
    ['pending, older try, lease running', () => leased(2), 1, NOW, 'done'],
    ['pending, older try, lease over', () => leased(2), 1, LATER, 'done'],
    ['held, same try', held(2), 2, LATER, 'held'],
    ['held, later try', held(2), 3, LATER, 'taken'],
    ['held, older try', held(2), 1, LATER, 'done'],
    ...(['delivered', 'dead', 'canceled'] as const).flatMap((status) =>
      [1, 2, 3].map((n): [string, () => Promise<unknown>, number, number, Claim] => [
        `${status}, try ${n} of 2`,
        finished(status),
        n,
        LATER,
        status === 'delivered' && n === 2 ? 'delivered' : 'done',
      ]),
    ),
  ])('of a row that is %s', async (_, prepare, n, now, expected) => {
    await prepare();
    const before = await row();
    const claimed = await claim(n, 'me', now);
    if (expected === 'taken') {
      expect(claimed).toEqual({ attempts: before?.attempts ?? [] });
      expect(await row()).toMatchObject({ status: 'pending', n, leaseOwner: 'me' });
    } else {
      expect(claimed).toBe(expected);
      expect(await row()).toEqual(before);
    }
  });

  it('succeeds for exactly one of the racing workers', async () => {
    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => claim(0, owner)));
    expect(claims.filter((one) => one !== 'busy')).toEqual([TAKEN]);
    expect(claims.filter((one) => one === 'busy')).toHaveLength(3);
  });

  it("keeps the row's uid, so that a recreated subscription does not take it over", async () => {
    await rescheduled(1);
    await table.claim(message(1, { uid: 'uid-2', acceptedAt: NOW }), lease('me'), NOW);
    expect(await row()).toMatchObject({ uid: 'uid-1', acceptedAt: NOW - 1000 });
  });

  it('takes one write without contention', async () => {
    tables.calls();
    await claim(0);
    await table.finish(key, lease('me'), 'delivered', [attempt(NOW)], NOW);
    expect(tables.calls()).toEqual(['UpdateItem', 'UpdateItem']);
  });
});

describe('an outcome', () => {
  it.each<[DeliveryStatus, inIndex: boolean]>([
    ['delivered', false],
    ['canceled', false],
    ['dead', true],
  ])('of %s finishes the row and sets its expiry', async (status, inIndex) => {
    await claim(0);
    await table.finish(key, lease('me'), status, [attempt(NOW)], NOW + 500);
    const ended = await row();
    expect(ended).toMatchObject({ status, n: 0, attempts: [attempt(NOW)], expiresAt: NOW / 1000 + 90 * DAY });
    expect(ended).not.toHaveProperty('leaseOwner');
    expect(ended).not.toHaveProperty('leaseUntil');
    expect(await open(status)).toHaveLength(inIndex ? 1 : 0);
    expect('open' in (ended ?? {})).toBe(inIndex);
  });

  it('of a failed try leaves the row open since the first failure', async () => {
    await claim(0);
    await table.reschedule(key, lease('me'), 1, [attempt(NOW)], NOW + 1);
    await claim(1);
    await table.reschedule(key, lease('me'), 2, [attempt(NOW), attempt(NOW + 2)], NOW + 9);
    const waiting = await row();
    expect(waiting).toMatchObject({ status: 'pending', n: 2, attempts: [attempt(NOW), attempt(NOW + 2)] });
    expect(waiting).not.toHaveProperty('leaseOwner');
    expect(waiting, 'only what is finished may be forgotten').not.toHaveProperty('expiresAt');
    expect(await open('pending')).toEqual([expect.objectContaining({ sk: key.eventId, openSince: NOW + 1 })]);
    expect(await claim(2)).toEqual({ attempts: [attempt(NOW), attempt(NOW + 2)] });
  });

  it.each<[DeliveryStatus, listed: DeliveryStatus[]]>([
    ['delivered', []],
    ['canceled', []],
    ['dead', ['dead']],
  ])('of %s after failed tries updates the index', async (status, listed) => {
    await claim(0);
    await table.reschedule(key, lease('me'), 1, [attempt(NOW)], NOW);
    await claim(1);
    await table.finish(key, lease('me'), status, [attempt(NOW)], NOW + 5);
    for (const one of ['pending', 'dead'] as const) expect(await open(one)).toHaveLength(listed.includes(one) ? 1 : 0);
  });

  it.each([
    ['finish', () => table.finish(key, lease('me'), 'delivered', [attempt(NOW)], NOW)],
    ['reschedule', () => table.reschedule(key, lease('me'), 1, [attempt(NOW)], NOW)],
  ])('is not written by a worker that lost its lease: %s', async (_, write) => {
    await claim(0);
    await claim(0, 'other', NOW + 60_001);
    const before = await row();
    await write();
    expect(await row()).toEqual(before);
  });

  it.each([
    ['finish', () => table.finish(key, lease('me'), 'dead', [], NOW)],
    ['reschedule', () => table.reschedule(key, lease('me'), 1, [], NOW)],
  ])('creates no row: %s', async (_, write) => {
    await write();
    expect(await row()).toBeUndefined();
  });

  it('keeps the newest 20 attempts', async () => {
    const attempts = Array.from({ length: 25 }, (_, n) => attempt(NOW + n));
    await claim(0);
    await table.reschedule(key, lease('me'), 1, attempts.slice(0, 20), NOW);
    expect((await row())?.attempts).toEqual(attempts.slice(0, 20));
    await claim(1);
    await table.finish(key, lease('me'), 'delivered', attempts, NOW);
    expect((await row())?.attempts).toEqual(attempts.slice(5));
  });

  it('stores attempts without a response, without gaps', async () => {
    const timeout = attempt(NOW, { status: undefined, error: 'timeout' });
    await claim(0);
    await table.finish(key, lease('me'), 'delivered', [timeout], NOW);
    expect((await row())?.attempts).toEqual([{ at: NOW, durationMs: 20, error: 'timeout' }]);
  });
});

it('finds when the longest-waiting delivery was first tried', async () => {
  // The rows of other tests are newer.
  const scheduleRetry = async (n: number, now: number) => {
    await claim(n, 'me', now);
    await table.reschedule(key, lease('me'), n + 1, [attempt(now)], now);
  };
  await scheduleRetry(0, 1000);
  await scheduleRetry(1, 5000);
  expect(await table.oldestPending(), 'since its first try').toBe(1000);
  key = { ...key, eventId: 'event-2' };
  await scheduleRetry(0, 2000);
  expect(await table.oldestPending()).toBe(1000);
  key = { ...key, eventId: 'event-1' };
  await claim(2);
  await table.finish(key, lease('me'), 'delivered', [], NOW);
  expect(await table.oldestPending()).toBe(2000);
  key = { ...key, eventId: 'event-2' };
  await claim(1);
  await table.finish(key, lease('me'), 'dead', [], NOW);
  expect(await table.oldestPending()).not.toBe(2000);
});

describe('the payload', () => {
  it('is a separate item from which the delivery can be sent again', async () => {
    await claim(0);
    const before = await row();
    await table.keepPayload(message(0), NOW);
    const Key = { pk: key.subscription, sk: `${key.eventId}#payload` };
    const { Item } = await tables.client.send(new GetCommand({ TableName: tables.deliveries, Key }));
    expect(JSON.parse(Item?.payload)).toEqual(message(0));
    expect(await row()).toEqual(before);
  });
});

describe('stored deliveries', () => {
  const find = () => table.find(key);

  it('include a held delivery with its payload, ordered by acceptance, until it is claimed', async () => {
    expect(await find()).toBeUndefined();
    await claim(2);
    await table.keepPayload(message(2), NOW);
    expect(await table.hold(message(2), lease('me'), [attempt(NOW)], NOW)).toBe(true);
    expect(await row()).toMatchObject({ status: 'held', n: 2, expiresAt: NOW / 1000 + 90 * DAY });
    expect(await row()).not.toHaveProperty('leaseOwner');
    expect(await find()).toMatchObject({ status: 'held', n: 2, message: message(2) });
    expect(await table.held(key.subscription)).toEqual([{ ...key, acceptedAt: NOW - 1000 }]);
    expect(await table.held('another')).toEqual([]);
    await claim(3);
    expect(await row(), 'only what is finished or held may be forgotten').not.toHaveProperty('expiresAt');
    await table.finish(key, lease('me'), 'delivered', [], NOW);
    expect(await table.held(key.subscription)).toEqual([]);
  });

  it('are not held by a worker that lost its lease', async () => {
    await claim(0);
    await claim(0, 'other', NOW + 60_001);
    const before = await row();
    expect(await table.hold(message(0), lease('me'), [], NOW)).toBe(false);
    expect(await row()).toEqual(before);
  });

  const notice = { reason: 'why', since: new Date(NOW).toISOString(), attempts: 1 };

  it("include a dead delivery's notice until it is published", async () => {
    await claim(0);
    await table.finish(key, lease('me'), 'dead', [attempt(NOW)], NOW, { notice });
    expect(await find()).toMatchObject({ status: 'dead', notice });
    const untold = async (before: number) =>
      (await table.unannounced(before)).filter(({ subscription }) => subscription === key.subscription);
    expect([await untold(NOW - 1), await untold(NOW)]).toEqual([[], [key]]);
    expect(await table.dead(key.subscription)).toEqual([{ ...key, diedAt: NOW }]);
    await table.clearNotice(key, notice);
    expect(await find()).toMatchObject({ status: 'dead', n: 0, notice: undefined });
    expect(await untold(NOW)).toEqual([]);
    expect(await table.dead(key.subscription)).toEqual([{ ...key, diedAt: NOW }]);
    // Publishing again, or after a replay, changes nothing.
    await table.claim(message(1, { replay: true }), lease('me'), NOW);
    const before = await row();
    await table.clearNotice(key, notice);
    expect(await row()).toEqual(before);
  });

  it("keep a dead delivery's notice when a replay claims it, and a later notice when the first is published", async () => {
    const untold = async () =>
      (await table.unannounced(NOW + 9)).filter(({ subscription }) => subscription === key.subscription);
    await claim(0);
    await table.finish(key, lease('me'), 'dead', [attempt(NOW)], NOW, { notice });
    expect(await table.claim(message(1, { replay: true }), lease('me'), NOW)).toMatchObject({ notice });
    expect(await untold()).toEqual([key]);
    const later = { ...notice, since: new Date(NOW + 1).toISOString(), attempts: 2 };
    await table.finish(key, lease('me'), 'dead', [attempt(NOW), attempt(NOW)], NOW + 1, { notice: later });
    await table.clearNotice(key, notice);
    expect(await find()).toMatchObject({ notice: later });
    await table.claim(message(2, { replay: true }), lease('me'), NOW);
    await table.clearNotice(key, later);
    expect(await find()).toMatchObject({ status: 'pending', notice: undefined });
    expect(await untold()).toEqual([]);
  });

  it.each<[DeliveryStatus, n: number, 'taken' | Claim]>([
    ['delivered', 2, 'taken'],
    ['dead', 2, 'taken'],
    ['dead', 1, 'done'],
    ['dead', 0, 'done'],
  ])('of a %s delivery can be replayed, by try %i of 1', async (status, n, expected) => {
    await claim(1);
    await table.finish(key, lease('me'), status, [attempt(NOW)], NOW);
    const claimed = await table.claim(message(n, { replay: true }), lease('me'), NOW);
    expect(claimed).toEqual(expected === 'taken' ? { attempts: [attempt(NOW)] } : expected);
  });
});
