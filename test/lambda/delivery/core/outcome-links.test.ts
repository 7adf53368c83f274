import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryMessage, DeliveryStatus } from '../../../../lambda/delivery/core/delivery';
import { pause } from '../../../../lambda/delivery/core/health/pause-resume';
import type { Outcome } from '../../../../lambda/delivery/core/outcomes/outcome';
import { replay } from '../../../../lambda/delivery/core/replay';
import type { Subscription, SubscriptionDefinition } from '../../../../lambda/subscriptions/core/subscription';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import { Crash } from '../../../support/memory/interleaving';
import { LINK_BASE, newOutcomeLink, reportByLink } from '../../../support/outcome-links';
import { accepted, type Behaviour, responding } from '../../../support/servers/flow-server';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FINISH_WITHIN = 30 * MINUTE;
const EVENT = '3b34970d3c8c103542da5ee326a6c24f';
const OTHER_EVENT = '00000000000000000000000000000001';

let servers: DeliveryServers;
let world: DeliveryWorld;
let behaviour: Behaviour;
beforeAll(async () => {
  servers = await startDeliveryServers();
});
afterAll(() => servers.stop());
beforeEach(() => {
  world = DeliveryWorld.on(servers);
  world.newOutcomeLink = newOutcomeLink;
  behaviour = accepted;
  world.flow.behave = () => behaviour;
});
afterEach(async () => {
  // A link is a credential: anyone who reads it can report.
  const written = await world.everythingWritten();
  for (const url of links()) if (url) expect(written).not.toContain(url.split('.').at(-1));
});

interface StoredRow {
  readonly status: DeliveryStatus;
  readonly outcome?: Outcome;
  /** Hashes. */
  readonly links?: ReadonlySet<string>;
}

/** The links in the bodies that the flow received, in order. */
const links = (): (string | undefined)[] => world.flow.calls.map(({ body }) => JSON.parse(body).outcomeUrl);
const rowOf = async (eventId = EVENT) => (await world.rows())[eventId] as StoredRow | undefined;

async function subscribe(more: Partial<SubscriptionDefinition> = {}): Promise<Subscription> {
  const { definition, flow, uid } = await world.subscribe();
  return world.subscribe('crm', undefined, { definition: { ...definition, ...more }, flow, uid });
}
const awaiting = (more: Partial<SubscriptionDefinition> = {}) => subscribe({ finishWithin: FINISH_WITHIN, ...more });
const send = (subscription: Subscription, more: Partial<DeliveryMessage> = {}, eventId = EVENT) =>
  world.queue.send({ ...world.message(subscription, eventId), ...more }, 0);
const report = (url: string | undefined, outcome: 'succeeded' | 'failed') =>
  reportByLink(String(url), outcome, world.ports());

/** Expects that each body has a link of its own, that the row knows them all, and that every one is accepted. */
async function expectWorking(count: number) {
  const sent = links();
  expect(sent).toHaveLength(count);
  expect(new Set(sent).size).toBe(count);
  expect((await rowOf())?.links?.size).toBe(count);
  // A report that failed is followed by one that succeeded, so that each one is recorded or confirmed.
  for (const url of sent) expect(await report(url, 'failed')).toBe(200);
  expect((await rowOf())?.outcome).toMatchObject({ state: 'failed' });
  for (const url of sent) expect(await report(url, 'succeeded')).toBe(200);
  expect((await rowOf())?.outcome).toMatchObject({ state: 'succeeded', by: expect.any(Number) });
}

describe('a body', () => {
  it.each<[string, boolean, Partial<SubscriptionDefinition>, unknown]>([
    ['has', true, { finishWithin: FINISH_WITHIN }, expect.stringContaining(`${LINK_BASE}/`)],
    ['of a subscription without finishWithin does not have', true, {}, undefined],
    ['of a connector that accepts no reports does not have', false, { finishWithin: FINISH_WITHIN }, undefined],
  ])('%s a link', async (_, accepts, more, link) => {
    if (!accepts) world.newOutcomeLink = undefined;
    send(await subscribe(more));
    await world.run();
    expect(links()).toEqual([link]);
    const isAwaited = link !== undefined;
    expect(await rowOf()).toMatchObject({ status: 'delivered' });
    expect((await rowOf())?.outcome?.state).toBe(isAwaited ? 'awaited' : undefined);
    expect((await rowOf())?.links?.size).toBe(isAwaited ? 1 : undefined);
  });
});

describe('the link of each try works', () => {
  it('after a retry', async () => {
    world.flow.behave = (_, n) => (n < 2 ? responding(503) : accepted);
    send(await awaiting());
    await world.run();
    await expectWorking(3);
  });

  it('after a crash between the POST and its record, and the take-over of the lease', async () => {
    send(await awaiting());
    await world.step(async (call) => {
      if (call === 'before finish') throw new Crash();
    });
    expect(await rowOf()).toMatchObject({ status: 'pending' });
    await world.run();
    await expectWorking(2);
  });

  it('before its response is recorded', async () => {
    send(await awaiting());
    await world.step(async (call) => {
      if (call === 'before finish') expect(await report(links()[0], 'failed')).toBe(200);
    });
    expect(await rowOf()).toMatchObject({ status: 'delivered', outcome: { state: 'failed' } });
    await expectWorking(1);
  });

  it('after a hold', async () => {
    behaviour = responding(401);
    send(await awaiting());
    await world.run();
    expect(await rowOf()).toMatchObject({ status: 'held' });
    const refused = links().length;
    behaviour = accepted;
    await world.pass(HOUR);
    expect(await rowOf()).toMatchObject({ status: 'delivered' });
    await expectWorking(refused + 1);
  });

  it('after a replay', async () => {
    behaviour = responding(413);
    send(await awaiting());
    await world.run();
    expect(await rowOf()).toMatchObject({ status: 'dead' });
    behaviour = accepted;
    expect(await replay({ subscription: world.name('crm'), eventId: EVENT }, world.ports())).toBe('sent');
    await world.run();
    expect(await rowOf()).toMatchObject({ status: 'delivered' });
    await expectWorking(2);
  });

  it('of a test, which is not awaited', async () => {
    send(await awaiting(), { isTest: true });
    await world.run();
    expect(await rowOf()).not.toHaveProperty('outcome');
    await world.pass(2 * FINISH_WITHIN);
    expect(world.bus.published).toEqual([]);
    expect(await report(links()[0], 'succeeded')).toBe(200);
    expect((await rowOf())?.outcome).toMatchObject({ state: 'succeeded' });
  });
});

describe('the row has no hash of a link', () => {
  it.each<[string, Behaviour, string]>([
    ['that was delivered', accepted, 'delivered'],
    ['that is dead', responding(413), 'dead'],
    ['that is held', responding(401), 'held'],
  ])('if the subscription has no finishWithin, for a delivery %s', async (_, behave, status) => {
    behaviour = behave;
    send(await subscribe());
    await world.run();
    expect(await rowOf()).toMatchObject({ status });
    expect(await rowOf()).not.toHaveProperty('links');
  });

  it('for a try that waits for its turn', async () => {
    const subscription = await awaiting({ rateLimit: { calls: 1, per: HOUR } });
    send(subscription);
    send(subscription, {}, OTHER_EVENT);
    await world.step();
    expect(world.flow.calls).toHaveLength(1);
    const rows = [await rowOf(), await rowOf(OTHER_EVENT)];
    const postponed = rows.find((row) => row?.status === 'pending');
    expect(postponed).toMatchObject({ attempts: [] });
    expect(postponed).not.toHaveProperty('links');
    await world.run();
    expect([await rowOf(), await rowOf(OTHER_EVENT)].map((row) => row?.links?.size)).toEqual([1, 1]);
  });

  it('for a try that is held', async () => {
    const subscription = await awaiting();
    await pause(world.name('crm'), world.ports());
    send(subscription);
    await world.run();
    expect(await rowOf()).toMatchObject({ status: 'held' });
    expect(await rowOf()).not.toHaveProperty('links');
  });

  it('for a try that is too old', async () => {
    send(await awaiting({ maxAge: HOUR }), { acceptedAt: world.now - 2 * HOUR });
    await world.run();
    expect(world.flow.calls).toEqual([]);
    expect(await rowOf()).toMatchObject({ status: 'dead' });
    expect(await rowOf()).not.toHaveProperty('links');
  });

  it('for a try that is canceled', async () => {
    send(await awaiting(), { uid: 'of an earlier subscription' });
    await world.run();
    expect(await rowOf()).toMatchObject({ status: 'canceled' });
    expect(await rowOf()).not.toHaveProperty('links');
  });
});

it.each([1, 60])('the report is due after finishWithin divided by the pace: %s', async (pace) => {
  world.pace = pace;
  send(await awaiting());
  await world.run();
  const by = world.now + FINISH_WITHIN / pace;
  expect((await rowOf())?.outcome).toMatchObject({ state: 'awaited', by });
  world.now = by - 1;
  await world.runSchedule();
  expect((await rowOf())?.outcome).toMatchObject({ state: 'awaited' });
  world.now = by;
  await world.runSchedule();
  expect((await rowOf())?.outcome).toMatchObject({ state: 'unconfirmed', at: by });
  expect(world.bus.published.map(({ detailType }) => detailType)).toEqual(['DeliveryUnconfirmed']);
});
