import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FAILURES_TO_OPEN } from '../../../../lambda/delivery/core/health/circuit-breaker';
import { MAX_ROUND_MS } from '../../../../lambda/delivery/core/retry';
import type { SubscriptionDefinition } from '../../../../lambda/subscriptions/core/subscription';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import { Crash } from '../../../support/memory/interleaving';
import { accepted, type Behaviour, responding } from '../../../support/servers/flow-server';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let servers: DeliveryServers;
let world: DeliveryWorld;
/** How the flow responds to the next request. */
let behaviour: Behaviour;
beforeAll(async () => {
  servers = await startDeliveryServers();
});
afterAll(() => servers.stop());
beforeEach(() => {
  world = DeliveryWorld.on(servers);
  behaviour = accepted;
  world.flow.behave = () => behaviour;
});

/** A subscription with additional properties. */
async function subscribe(more: Partial<SubscriptionDefinition> = {}) {
  const plain = await world.subscribe();
  return world.subscribe('crm', undefined, {
    definition: { ...plain.definition, ...more },
    flow: plain.flow,
    uid: plain.uid,
  });
}
type Subscribed = Awaited<ReturnType<typeof subscribe>>;
const send = (subscription: Subscribed, count: number) => {
  for (let n = 0; n < count; n++) world.queue.send(world.message(subscription, `event-${n}`), 0);
};
const posts = () => world.flow.calls.length;
const health = async () => (await world.subscriptions.read(world.name('crm')))?.health;
const statuses = async () =>
  Object.entries(await world.rows())
    .filter(([key]) => /^event-\d+$/.test(key))
    .map(([, { status }]) => status);

describe('while a flow fails', () => {
  it('tries few deliveries, and none of them uses up its tries', async () => {
    behaviour = responding(503);
    const subscription = await subscribe();
    send(subscription, 40);
    await world.run({ until: world.now + 5 * HOUR });
    // Ten at once before the breaker opens, then trials after 30 s and after 1, 2, 4, 8 and 15 minutes.
    expect(posts()).toBeLessThan(10 + FAILURES_TO_OPEN + 5 + (5 * 60) / 15);
    expect(new Set(await statuses())).toEqual(new Set(['pending']));
    expect(world.telemetry.counts.FailingSubscriptions).toBe(1);
    behaviour = accepted;
    await world.run();
    expect(new Set(await statuses())).toEqual(new Set(['delivered']));
    expect(await health()).not.toHaveProperty('failures');
    expect(new Set(world.flow.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(40);
  });

  it('sends all waiting deliveries within half an hour after the flow works again, spread over time', async () => {
    behaviour = responding(503);
    world.random = 0.99;
    const subscription = await subscribe();
    send(subscription, 40);
    await world.run({ until: world.now + 30 * HOUR });
    behaviour = accepted;
    const fixed = world.now;
    const tried = posts();
    world.random = 0.1;
    await world.run({ until: fixed + 31 * MINUTE });
    // Except the few with many tries, whose next retry is hours away.
    expect(posts() - tried).toBeGreaterThan(25);
    await world.run();
    expect(new Set(await statuses())).toEqual(new Set(['delivered']));
  });

  it('one worker makes the trial, and another one if that worker dies', async () => {
    behaviour = responding(503);
    const subscription = await subscribe();
    send(subscription, 12);
    await world.run({ until: world.now + 20_000 });
    expect(await health()).toMatchObject({ failures: { count: FAILURES_TO_OPEN } });
    behaviour = accepted;
    const before = posts();
    let dead = false;
    while (!dead) {
      world.now = world.queue.next() as number;
      await world.step(async (call) => {
        if (call !== 'before post') return;
        dead = true;
        throw new Crash();
      });
    }
    expect(posts()).toBe(before);
    await world.run();
    expect(new Set(await statuses())).toEqual(new Set(['delivered']));
  });

  it('a rejected body also ends the outage', async () => {
    behaviour = responding(503);
    const subscription = await subscribe();
    send(subscription, 12);
    await world.run({ until: world.now + 20_000 });
    behaviour = responding(413);
    await world.run();
    expect(await health()).not.toHaveProperty('failures');
    expect(new Set(await statuses())).toEqual(new Set(['dead']));
  });

  it('forever, every delivery ends dead and is kept', async () => {
    behaviour = responding(503);
    const subscription = await subscribe();
    send(subscription, 12);
    const start = world.now;
    await world.run();
    expect(new Set(await statuses())).toEqual(new Set(['dead']));
    expect(world.now - start).toBeLessThan(MAX_ROUND_MS + 27 * HOUR);
    const payloads = Object.keys(await world.rows()).filter((key) => key.endsWith('#payload'));
    expect(payloads).toHaveLength(12);
    const untried = world.bus.published.filter(({ detail }) => detail.attempts === 0);
    for (const { detail } of untried) expect(detail.reason).toBe('the flow accepted no delivery for days');
  });
});

describe('a rate limit', () => {
  it('is not exceeded, and everything is delivered', async () => {
    const subscription = await subscribe({ rateLimit: { calls: 20, per: MINUTE } });
    const calls: number[] = [];
    world.flow.behave = () => {
      calls.push(world.now);
      return accepted;
    };
    send(subscription, 100);
    const start = world.now;
    await world.run();
    expect(new Set(await statuses())).toEqual(new Set(['delivered']));
    expect(calls).toHaveLength(100);
    for (const [n, from] of calls.entries()) {
      const within = calls.slice(n).filter((time) => time < from + MINUTE);
      // SQS delays by whole seconds: two calls may coincide.
      expect(within.length).toBeLessThanOrEqual(21);
    }
    expect(world.now - start).toBeLessThan(6 * MINUTE);
    expect(world.telemetry.counts.PutOffDeliveries).toBeGreaterThan(50);
  });

  it('books again when a message arrives long after its booked time', async () => {
    const subscription = await subscribe({ rateLimit: { calls: 6, per: MINUTE } });
    send(subscription, 30);
    await world.step();
    await world.step();
    await world.step();
    world.now += HOUR;
    const before = posts();
    for (let n = 0; n < 3; n++) await world.step();
    expect(posts() - before).toBeLessThanOrEqual(2);
    await world.run();
    expect(new Set(await statuses())).toEqual(new Set(['delivered']));
  });

  it('does not slow another subscription', async () => {
    const slow = await subscribe({ rateLimit: { calls: 1, per: DAY } });
    const fast = await world.subscribe('other');
    send(slow, 5);
    world.queue.send(world.message(fast, 'event-1'), 0);
    await world.step();
    expect((await world.rows('other'))['event-1']).toMatchObject({ status: 'delivered' });
    expect(posts()).toBe(2);
  });
});

describe('a maximum age', () => {
  it('ends the retries when the next one would be too late', async () => {
    behaviour = responding(503);
    const subscription = await subscribe({ maxAge: 5 * MINUTE });
    send(subscription, 1);
    const start = world.now;
    await world.run();
    expect(await statuses()).toEqual(['dead']);
    expect(posts()).toBe(4);
    expect(world.now - start).toBe(155_000);
    expect(world.bus.published[0]?.detail.reason).toBe(
      "at its next try it would be older than the subscription's maxAge",
    );
  });

  it('does not send a delivery that waited in the queue for too long', async () => {
    const subscription = await subscribe({ maxAge: 5 * MINUTE });
    send(subscription, 1);
    world.now += 6 * MINUTE;
    await world.run();
    expect(posts()).toBe(0);
    expect(await statuses()).toEqual(['dead']);
    expect(world.bus.published[0]?.detail).toMatchObject({
      reason: "it is older than the subscription's maxAge",
      attempts: 0,
    });
    expect(world.bus.published[0]?.detail.httpStatus).toBeUndefined();
  });
});

describe('a flow that is kept alive', () => {
  const keepAlive = 60 * DAY;

  it('receives one test body per interval', async () => {
    await subscribe({ keepAlive });
    const start = world.now;
    for (let days = 0; days < 121; days++) {
      world.now += DAY;
      await world.runSchedule();
      await world.run();
    }
    const bodies = world.flow.calls.map(({ body }) => JSON.parse(body));
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toMatchObject({ isTest: true, trigger: 'data-source-refresh-failed', delayedMinutes: 0 });
    expect(bodies[0].title).toMatch(/^Test: /);
    expect(bodies[0].deliveryId).not.toBe(bodies[1].deliveryId);
    expect(world.now - start).toBe(121 * DAY);
  });

  it('receives it once although the sweep dies before it stores the time', async () => {
    await subscribe({ keepAlive });
    world.now += keepAlive;
    await world
      .runSchedule(async (call) => {
        if (call === 'before writeHealth') throw new Crash();
      })
      .catch(() => {});
    await world.runSchedule();
    await world.run();
    expect(world.queue.sent).toHaveLength(2);
    expect(posts()).toBe(1);
  });

  it('receives none while its subscription is paused', async () => {
    const subscription = await subscribe({ keepAlive });
    world.now += keepAlive - HOUR;
    behaviour = responding(404);
    send(subscription, 1);
    await world.run();
    expect(await health()).toMatchObject({ state: 'paused' });
    await world.pass(2 * HOUR);
    const isTest = ({ body }: { body: string }) => JSON.parse(body).isTest;
    expect(world.flow.calls.some(isTest)).toBe(false);
    expect(await health()).toMatchObject({ state: 'paused', keepAlive: expect.any(Number) });
  });

  it('keeps its due time when the subscription changes, and loses it when keepAlive is removed', async () => {
    await subscribe({ keepAlive });
    const due = (await health())?.keepAlive;
    world.now += DAY;
    const read = await world.subscriptions.read(world.name('crm'));
    const definition = { ...read?.definition, owners: ['kim@example.com'] } as SubscriptionDefinition;
    await world.subscribe('crm', world.flow.url(), { definition });
    expect((await health())?.keepAlive).toBe(due);
    await world.subscribe('crm', world.flow.url());
    expect(await health()).toBeUndefined();
  });
});
