import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverBatch } from '../../../../lambda/delivery/core/deliver';
import { LogMessage } from '../../../../lambda/shared/core/log-messages';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import { accepted, type Behaviour, refused, reset, responding, SIGNATURE } from '../../../support/servers/flow-server';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let servers: DeliveryServers;
let world: DeliveryWorld;
beforeAll(async () => {
  servers = await startDeliveryServers();
});
afterAll(() => servers.stop());
beforeEach(() => {
  world = DeliveryWorld.on(servers);
  world.flow.behave = () => accepted;
});
afterEach(async () => {
  // A flow URL is a credential: anyone who reads it can start the flow.
  const written = await world.everythingWritten();
  expect(written).not.toContain(SIGNATURE);
  expect(written).not.toMatch(/sig=|triggers\/manual/);
});

/** Consecutive responses. The last one repeats. */
const script =
  (...behaviours: Behaviour[]) =>
  (_: unknown, n: number) =>
    behaviours[Math.min(n, behaviours.length - 1)] as Behaviour;
const unavailable = responding(503);
const ids = () => world.flow.calls.map(({ headers }) => headers['webhook-id']);

describe('a delivery that the flow accepts', () => {
  it('arrives with its body and the headers of Standard Webhooks', async () => {
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    world.now += 5 * MINUTE;
    await world.run();
    const [call] = world.flow.calls as [(typeof world.flow.calls)[0]];
    const id = `${world.name('crm')}_event-1`;
    expect(world.flow.calls).toHaveLength(1);
    expect(call).toMatchObject({ method: 'POST', path: expect.stringContaining(`&sig=${SIGNATURE}`) });
    expect(call.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': id,
      'webhook-timestamp': String(world.now / 1000),
      'x-ms-client-tracking-id': id,
    });
    expect(JSON.parse(call.body)).toMatchObject({
      trigger: 'data-source-refresh-failed',
      eventId: 'event-1',
      deliveryId: id,
      subscription: world.name('crm'),
      dataSource: 'CRM',
      status: 'Failed',
      owners: 'kim@example.com;lee@example.com',
      error: 'No access to <CRM>',
      errorHtml: 'No access to &lt;CRM&gt;',
      isTest: false,
      delayedMinutes: 5,
    });
  });

  it('takes two writes and logs the result', async () => {
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    world.tables.calls();
    await world.run();
    expect(world.tables.calls()).toEqual(['UpdateItem', 'BatchGetItem', 'UpdateItem']);
    expect(await world.rows()).toEqual({
      'event-1': expect.objectContaining({
        status: 'delivered',
        n: 0,
        attempts: [{ at: world.now, durationMs: 0, status: 202, runId: '08584000000000000000000000000CU01' }],
      }),
    });
    expect(world.telemetry.counts).toEqual({ Delivered: 1 });
    expect(world.telemetry.durations).toEqual({ FlowDuration: [0], DeliveryLatency: [0] });
    expect(world.telemetry.lines).toEqual([
      expect.stringMatching(
        new RegExp(`^${LogMessage.DELIVERED} .*"subscription":"${world.name('crm')}".*"subject":"CRM".*"status":202`),
      ),
    ]);
  });

  it('takes one read for the subscriptions of a whole batch', async () => {
    const subscriptions = await Promise.all(['a', 'b', 'c'].map((name) => world.subscribe(name)));
    for (const subscription of subscriptions) world.queue.send(world.message(subscription), 0);
    world.tables.calls();
    await world.step();
    const calls = world.tables.calls();
    expect(calls.filter((call) => call === 'UpdateItem')).toHaveLength(6);
    expect(calls.filter((call) => call === 'BatchGetItem').length).toBeLessThanOrEqual(3);
    expect(calls).toHaveLength(6 + calls.filter((call) => call === 'BatchGetItem').length);
  });

  it.each([
    ['at the same time', 0],
    ['later', 3600],
  ])('is posted once for a duplicate message: %s', async (_, delay) => {
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    world.queue.send(world.message(subscription), delay);
    await world.run();
    expect(world.flow.calls).toHaveLength(1);
    expect(world.queue.size).toBe(0);
    expect(world.telemetry.counts).toEqual({ Delivered: 1 });
  });

  it('is separate for each event and each subscription', async () => {
    const a = await world.subscribe('a');
    const b = await world.subscribe('b');
    for (const message of [world.message(a, 'e1'), world.message(a, 'e2'), world.message(b, 'e1')]) {
      world.queue.send(message, 0);
    }
    await world.run();
    expect(ids().sort()).toEqual([`${world.name('a')}_e1`, `${world.name('a')}_e2`, `${world.name('b')}_e1`].sort());
  });
});

describe('a delivery that fails', () => {
  it('is retried under the same id until the flow accepts it', async () => {
    world.flow.behave = script(unavailable, reset, refused(502, 'NoResponse'), accepted);
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    const start = world.now;
    await world.run();
    expect(new Set(ids())).toEqual(new Set([`${world.name('crm')}_event-1`]));
    expect(world.flow.calls.map(({ headers }) => Number(headers['webhook-timestamp']) * 1000 - start)).toEqual([
      0, 5000, 35_000, 155_000,
    ]);
    const { 'event-1': row } = await world.rows();
    expect(row).toMatchObject({ status: 'delivered', n: 3 });
    expect(row?.attempts).toMatchObject([
      { status: 503 },
      { error: 'ECONNRESET' },
      { status: 502, error: 'NoResponse' },
      { status: 202 },
    ]);
    expect(world.telemetry.counts).toEqual({ FailedAttempts: 3, Delivered: 1 });
    expect(world.telemetry.durations.DeliveryLatency).toEqual([155_000]);
  });

  it('sends its next try before it updates the row', async () => {
    world.flow.behave = () => unavailable;
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    const calls: string[] = [];
    await world.step(async (call) => void calls.push(call));
    expect(calls.slice(calls.indexOf('before send'))).toEqual([
      'before send',
      'after send',
      'before reschedule',
      'after reschedule',
    ]);
    expect(world.queue.sent.at(-1)).toMatchObject({ message: { n: 1, notBefore: world.now + 5000 }, delaySeconds: 5 });
    expect((await world.rows())['event-1']).toMatchObject({ status: 'pending', n: 1 });
  });

  it('waits as long as the flow requests, in hops that do not count as tries', async () => {
    world.flow.behave = script(responding(429, { 'retry-after': '3600' }), accepted);
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    const start = world.now;
    await world.run();
    expect(world.now).toBe(start + HOUR);
    expect(world.flow.calls).toHaveLength(2);
    expect(world.queue.sent.slice(1).map(({ delaySeconds }) => delaySeconds)).toEqual(Array(4).fill(900));
    expect(new Set(world.queue.sent.slice(1).map(({ message }) => message.notBefore))).toEqual(new Set([start + HOUR]));
  });

  it.each([
    ['for its next try', 0],
    ['for an open breaker', 5],
  ])('that waits %s sends no more messages if the queue duplicates each of them', async (_, failures) => {
    world.flow.behave = script(
      ...Array(failures).fill(unavailable),
      responding(429, { 'retry-after': '7200' }),
      accepted,
    );
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    const start = world.now;
    world.queue.copies = 2;
    await world.run();
    expect(world.now).toBeGreaterThanOrEqual(start + 2 * HOUR);
    expect((await world.rows())['event-1']).toMatchObject({ status: 'delivered' });
    // Without duplicates it is one message for each try, and one for each quarter of an hour.
    expect(world.queue.sent.length).toBeLessThan(20);
  });

  it('is dead after 12 tries over more than 3 days, and keeps its payload', async () => {
    world.flow.behave = () => unavailable;
    const subscription = await world.subscribe();
    const message = world.message(subscription);
    world.queue.send(message, 0);
    const start = world.now;
    await world.run();
    expect(world.flow.calls).toHaveLength(12);
    expect(new Set(ids()).size).toBe(1);
    expect(world.now - start).toBeGreaterThan(72 * HOUR);
    expect(world.now - start).toBeLessThan(80 * HOUR);
    expect(Math.max(...world.queue.sent.map(({ delaySeconds }) => delaySeconds))).toBe(900);
    const rows = await world.rows();
    expect(rows['event-1']).toMatchObject({ status: 'dead', open: 'dead', openSince: world.now });
    expect(rows['event-1']?.attempts).toHaveLength(12);
    expect(JSON.parse(String(rows['event-1#payload']?.payload))).toMatchObject({
      ...message,
      n: rows['event-1']?.n,
    });
    expect(world.telemetry.counts).toEqual({ FailedAttempts: 12, DeadDeliveries: 1, FailingSubscriptions: 1 });
    const last = JSON.parse(world.flow.calls.at(-1)?.body ?? '');
    expect(last.delayedMinutes).toBe(Math.floor((world.now - start) / MINUTE));
  });

  it.each([
    ['400', refused(400, 'TriggerInputSchemaMismatch'), { status: 400, error: 'TriggerInputSchemaMismatch' }],
    ['413', responding(413), { status: 413 }],
  ])('is dead immediately when the flow rejects its body: %s', async (_, behaviour, attempt) => {
    world.flow.behave = () => behaviour;
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    await world.run();
    expect(world.flow.calls).toHaveLength(1);
    const rows = await world.rows();
    expect(rows['event-1']).toMatchObject({ status: 'dead', attempts: [attempt] });
    expect(rows['event-1#payload']).toBeDefined();
    expect(world.telemetry.counts).toEqual({ FailedAttempts: 1, DeadDeliveries: 1 });
    expect(world.telemetry.lines.at(-1)).toContain(LogMessage.DEAD);
  });

  it('is retried when its host resolves off the public internet, and records it', async () => {
    const subscription = await world.subscribe('crm', world.flow.url('flow-1', '169.254.169.254'));
    world.queue.send(world.message(subscription), 0);
    await world.step();
    const error = 'EADDRESSREFUSED';
    expect((await world.rows())['event-1']).toMatchObject({ status: 'pending', n: 1, attempts: [{ error }] });
    expect(world.telemetry.lines).toEqual([expect.stringContaining(error)]);
    await world.subscribe('crm', world.flow.url());
    await world.run();
    expect((await world.rows())['event-1']).toMatchObject({
      status: 'delivered',
      attempts: [{ error }, { status: 202 }],
    });
  });

  it('uses the new URL of a subscription that was fixed meanwhile', async () => {
    world.flow.behave = ({ path }) => (path.includes('/new/') ? accepted : responding(401));
    const subscription = await world.subscribe('crm', world.flow.url('old'));
    world.queue.send(world.message(subscription), 0);
    await world.step();
    await world.subscribe('crm', world.flow.url('new'));
    await world.run();
    expect(world.flow.calls.map(({ path }) => path.includes('/new/'))).toEqual([false, true]);
    expect((await world.rows())['event-1']).toMatchObject({ status: 'delivered' });
  });
});

describe('a delivery without a subscription', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['was deleted', async () => world.subscriptions.delete(await current())],
    [
      'was created again under the same name',
      async () => {
        await world.subscriptions.delete(await current());
        await world.subscribe('crm', world.flow.url(), { uid: 'another' });
      },
    ],
    ['has no flow', () => world.subscribe('crm', '')],
  ])('is canceled: the subscription %s', async (_, change) => {
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    await change();
    await world.run();
    expect(world.flow.calls).toEqual([]);
    expect((await world.rows())['event-1']).toMatchObject({ status: 'canceled', uid: subscription.uid });
    expect(world.telemetry.counts).toEqual({ CanceledDeliveries: 1 });
  });

  it('is also canceled between two tries', async () => {
    world.flow.behave = () => unavailable;
    const subscription = await world.subscribe();
    world.queue.send(world.message(subscription), 0);
    await world.step();
    await world.subscriptions.delete(await current());
    await world.run();
    expect(world.flow.calls).toHaveLength(1);
    expect((await world.rows())['event-1']).toMatchObject({ status: 'canceled', attempts: [{ status: 503 }] });
  });

  const current = async () => {
    const subscription = await world.subscriptions.read(world.name('crm'));
    if (!subscription) throw new Error('the subscription is gone');
    return subscription;
  };
});

describe('a batch', () => {
  it('continues when another worker holds a row, and retries only that message', async () => {
    const [busy, free] = [await world.subscribe('busy'), await world.subscribe('free')];
    await world
      .ports()
      .deliveries.claim(world.message(busy), { owner: 'another', until: world.now + 65_000 }, world.now);
    world.queue.send(world.message(busy), 0);
    world.queue.send(world.message(free), 0);
    expect(await world.step()).toEqual(['1']);
    expect(ids()).toEqual([`${world.name('free')}_event-1`]);
    await world.run();
    expect(ids()).toEqual([`${world.name('free')}_event-1`, `${world.name('busy')}_event-1`]);
  });

  it.each(['claim', 'read', 'open', 'post', 'send', 'reschedule'])(
    'continues when the call %s fails, and retries only its message',
    async (call) => {
      world.flow.behave = ({ path }) => (path.includes('/bad/') ? unavailable : accepted);
      const [bad, good] = [
        await world.subscribe('bad', world.flow.url('bad')),
        await world.subscribe('good', world.flow.url('good')),
      ];
      world.queue.send(world.message(bad), 0);
      let failures = 1;
      const failed = await world.step(async (made) => {
        if (made === `before ${call}` && failures-- > 0) throw new Error('a service is down');
      });
      expect(failed).toEqual(['1']);
      world.queue.send(world.message(good), 0);
      await world.run({ until: world.now + HOUR });
      expect((await world.rows('good'))['event-1']).toMatchObject({ status: 'delivered' });
      expect((await world.rows('bad'))['event-1']).toMatchObject({ status: 'pending' });
    },
  );

  it.each([
    ['no JSON', '{"subs'],
    ['null', 'null'],
    ['a text', '"text"'],
    ['another’s message', '{"detail-type":"DataSourceRefreshed","detail":{}}'],
    ['no uid', '{"subscription":"s","event":{"eventId":"e","trigger":"data-source-refresh-failed"},"n":0}'],
    ['no trigger', '{"subscription":"s","uid":"u","event":{"eventId":"e"},"n":0}'],
    ['no number', '{"subscription":"s","uid":"u","event":{"eventId":"e","trigger":"full-refresh-completed"}}'],
    ['an empty name', '{"subscription":"","uid":"u","event":{"eventId":"e","trigger":"full-refresh-completed"},"n":0}'],
  ])('continues after an invalid message, which is rejected and counted: %s', async (_, body) => {
    const subscription = await world.subscribe();
    world.queue.put(body);
    world.queue.send(world.message(subscription), 0);
    expect(await world.step()).toEqual([]);
    expect(world.rejected.kept).toEqual([{ body, reason: 'the message is not a delivery of this connector' }]);
    expect(world.telemetry.counts).toEqual({ RejectedEvents: 1, Delivered: 1 });
    expect(world.queue.size).toBe(0);
  });
});

describe('an invocation', () => {
  it.each([
    ['has 15 seconds for the flow', 60_000, 15_000],
    ['keeps 5 seconds of what it has left for writing down the answer', 12_000, 7000],
    ['that has none left still tries', 1000, 1],
  ])('%s', async (_, left, timeoutMs) => {
    const asked: number[] = [];
    const subscription = await world.subscribe();
    const body = JSON.stringify(world.message(subscription));
    await deliverBatch([{ id: '1', body }], world.now + left, {
      ...world.ports(),
      async post(_url, request) {
        asked.push(request.timeoutMs);
        return { status: 202 };
      },
    });
    expect(asked).toEqual([timeoutMs]);
  });

  it('leases its delivery for longer than it can run', async () => {
    world.queue.send(world.message(await world.subscribe()), 0);
    let leaseUntil: unknown;
    await world.step(async (call) => {
      if (call === 'after claim') leaseUntil = (await world.rows())['event-1']?.leaseUntil;
    });
    expect(leaseUntil).toBe(world.now + world.invocationMs + 5000);
  });
});
