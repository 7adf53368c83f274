import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  afterEdit,
  PROBE_TIMES,
  pausedByOperator,
} from '../../../../../lambda/delivery/core/health/health-transitions';
import { pause as pauseByWord, resume } from '../../../../../lambda/delivery/core/health/pause-resume';
import { replay, replayAll } from '../../../../../lambda/delivery/core/replay';
import { runScheduledWork } from '../../../../../lambda/delivery/core/scheduled-work';
import { checkEvent } from '../../../../../lambda/events/core/events';
import type { Health } from '../../../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../../../lambda/subscriptions/core/subscription';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../../support/delivery';
import { busEvent } from '../../../../support/evaluation';
import { Crash } from '../../../../support/memory/interleaving';
import { accepted, type Behaviour, refused, responding, SIGNATURE } from '../../../../support/servers/flow-server';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let servers: DeliveryServers;
let world: DeliveryWorld;
let subscription: Subscription;
/** The flow's response to the next request. */
let behaviour: Behaviour;
beforeAll(async () => {
  servers = await startDeliveryServers();
});
afterAll(() => servers.stop());
beforeEach(async () => {
  world = DeliveryWorld.on(servers);
  behaviour = accepted;
  world.flow.behave = () => behaviour;
  subscription = await world.subscribe();
});
afterEach(async () => {
  expect(await world.everythingWritten()).not.toContain(SIGNATURE);
  for (const { detailType, detail } of world.bus.published) {
    expect(checkEvent(busEvent(detailType, detail))).toHaveProperty('value');
  }
});

const health = async () => (await world.subscriptions.read(world.name('crm')))?.health;
const statusOf = async (eventId: string) => (await world.rows())[eventId]?.status;
const send = (eventId: string) => world.queue.send(world.message(subscription, eventId), 0);
const posts = () => world.flow.calls.length;
const told = () => world.bus.published.map(({ detailType }) => detailType);
/** Refuses the delivery `event-1` until the subscription is paused, 12 min 35 s after its first try. */
async function pause(): Promise<void> {
  behaviour = responding(401);
  send('event-1');
  await world.run();
  expect(await health()).toMatchObject({ state: 'paused' });
}

describe('every minute, the age of the oldest pending delivery', () => {
  const age = async (since: number | undefined, alwaysMeasures = true) => {
    const ports = world.ports();
    await runScheduledWork({ ...ports, kept: { ...ports.kept, oldestPending: async () => since }, alwaysMeasures });
    return world.telemetry.counts.OldestPendingAge;
  };

  it('is a metric in seconds, or 0 without pending deliveries', async () => {
    expect(await age(world.now - 90_000)).toBe(90);
    expect(await age(undefined)).toBe(0);
    expect(await age(world.now + 1000), 'another clock is ahead').toBe(0);
  });

  it('is not written without an alarm while no delivery waits, because a metric costs more than everything else', async () => {
    expect(await age(undefined, false)).toBeUndefined();
    expect(await age(world.now - 90_000, false)).toBe(90);
  });

  it('does not block other work when it cannot be read', async () => {
    await pause();
    const ports = world.ports();
    const oldestPending = async () => {
      throw new Error('the index is down');
    };
    world.now = ((await health())?.nextProbe as number) + 1;
    await expect(runScheduledWork({ ...ports, kept: { ...ports.kept, oldestPending } })).rejects.toThrow(
      '1 steps of the sweep',
    );
    expect((await health())?.nextProbe).toBeGreaterThan(world.now);
  });
});

describe('a pause by an operator', () => {
  const byWord = () => pauseByWord(world.name('crm'), world.ports());

  it('is announced once, is never probed, and ends only by an operator', async () => {
    expect(await byWord()).toBe('paused');
    expect(await byWord()).toBe('was paused');
    send('event-1');
    world.now += 20 * DAY;
    await runScheduledWork(world.ports());
    await world.run();
    expect(posts()).toBe(0);
    expect(await statusOf('event-1')).toBe('held');
    expect(told()).toEqual(['FlowSubscriptionPaused']);
    expect(await health()).toMatchObject({ state: 'paused', reason: 'an operator paused it', bySomebody: true });
    expect(await resume(world.name('crm'), world.ports())).toBe('resumed');
    expect((await health())?.bySomebody).toBeUndefined();
  });

  it('replaces an automatic pause: no probe is sent, and no probe in flight ends it', async () => {
    await pause();
    world.now = ((await health())?.nextProbe as number) + 1;
    // The probe is in flight when an operator pauses the subscription.
    await runScheduledWork(world.ports());
    expect(await byWord()).toBe('paused');
    behaviour = accepted;
    const before = posts();
    await world.run();
    expect(posts()).toBe(before + 1);
    expect(await health()).toMatchObject({ state: 'paused', bySomebody: true });
    expect((await health())?.nextProbe).toBeUndefined();
    expect(told().filter((type) => type === 'FlowSubscriptionResumed')).toEqual([]);
  });

  it('survives a change of the subscription', () => {
    const paused = pausedByOperator(undefined, 5);
    const { definition } = subscription;
    const edited = { ...definition, owners: ['kim@example.com'] };
    expect(afterEdit({ definition, health: paused }, edited, 9)).toMatchObject({
      state: 'paused',
      bySomebody: true,
      since: 5,
    });
    const told = { ...paused, announcements: [] } as Health;
    expect(afterEdit({ definition, health: told }, definition, 9)).toMatchObject({ state: 'paused' });
  });
});

describe('a subscription', () => {
  it.each<[string, Behaviour]>([
    ['401', responding(401)],
    ['403', responding(403)],
    ['404', responding(404)],
    ['410', responding(410)],
    ['400 WorkflowTriggerIsNotEnabled', refused(400, 'WorkflowTriggerIsNotEnabled')],
  ])('pauses after three refusals over at least ten minutes: %s', async (text, refusal) => {
    behaviour = refusal;
    send('event-1');
    const start = world.now;
    await world.run({ until: start + 10 * MINUTE });
    expect(posts()).toBeGreaterThanOrEqual(3);
    expect(await health()).toMatchObject({ state: 'active', refusals: { count: 3, since: start } });
    await world.run();
    expect(await health()).toMatchObject({
      state: 'paused',
      reason: expect.stringMatching(new RegExp(`over 12 min 35 s, the last with ${text}$`)),
      since: world.now,
      announcements: [],
    });
    expect(world.now - start).toBe(755_000);
    expect(await statusOf('event-1')).toBe('held');
    expect(world.bus.published).toMatchObject([
      {
        detailType: 'FlowSubscriptionPaused',
        detail: {
          connector: 'test',
          subscription: world.name('crm'),
          httpStatus: Number(text.slice(0, 3)),
          since: new Date(world.now).toISOString(),
        },
      },
    ]);
    expect(world.telemetry.counts).toMatchObject({ PausedSubscriptions: 1, HeldDeliveries: 1, FailedAttempts: 5 });
  });

  it('does not pause for one refusal of many concurrent deliveries', async () => {
    behaviour = responding(401);
    for (let n = 0; n < 9; n++) send(`event-${n}`);
    await world.step();
    expect(await health()).toMatchObject({ state: 'active', refusals: { count: 3, since: world.now } });
  });

  it('does not pause when the flow accepted a delivery in between', async () => {
    behaviour = responding(401);
    send('event-1');
    await world.run({ until: world.now + 5 * MINUTE });
    behaviour = accepted;
    send('event-2');
    await world.step();
    expect(await health()).not.toHaveProperty('refusals');
    behaviour = responding(401);
    await world.run({ until: world.now + 10 * MINUTE });
    expect(await health()).toMatchObject({ state: 'active', refusals: { count: 1 } });
  });

  it.each<[string, Behaviour]>([
    ['503', responding(503)],
    ['400', refused(400, 'TriggerInputSchemaMismatch')],
    ['429', responding(429)],
  ])('does not pause for problems that need no fix: %s', async (_, other) => {
    behaviour = other;
    send('event-1');
    await world.run();
    expect((await health())?.state ?? 'active').toBe('active');
  });

  it('costs nothing without failures', async () => {
    send('event-1');
    world.tables.calls();
    await world.run();
    expect(world.tables.calls()).toEqual(['UpdateItem', 'BatchGetItem', 'UpdateItem']);
    expect(await health()).toBeUndefined();
  });

  it('with a new URL is not paused by responses of the old one', async () => {
    behaviour = responding(401);
    send('event-1');
    await world.run({ until: world.now + 10 * MINUTE });
    // While the flow of the old URL responds.
    world.now = world.queue.next() as number;
    await world.step(async (call) => {
      if (call === 'after post') await world.subscribe('crm', world.flow.url('new'));
    });
    expect(await health(), 'it counts for nothing').toBeUndefined();
    behaviour = accepted;
    await world.run();
    expect(await statusOf('event-1')).toBe('delivered');
    expect(told()).toEqual([]);
  });
});

describe('while a subscription is paused', () => {
  beforeEach(pause);

  it('its deliveries are held with their payload, and no flow is called', async () => {
    const before = posts();
    send('event-2');
    await world.run();
    expect(posts()).toBe(before);
    const rows = await world.rows();
    expect(rows['event-2']).toMatchObject({ status: 'held', n: 0, open: `held#${world.name('crm')}` });
    expect(JSON.parse(String(rows['event-2#payload']?.payload))).toMatchObject({ event: { eventId: 'event-2' } });
    expect(world.queue.size).toBe(0);
    expect(told()).toEqual(['FlowSubscriptionPaused']);
  });

  it('a held delivery whose message is redelivered stays held', async () => {
    send('event-2');
    send('event-2');
    await world.run();
    expect(await statusOf('event-2')).toBe('held');
    expect(world.queue.size).toBe(0);
  });

  it('the oldest held delivery is tried at 15 min, 1 h, 6 h, then daily for 14 days', async () => {
    const { since = 0 } = (await health()) ?? {};
    const times: number[] = [];
    for (let probes = 0; probes <= PROBE_TIMES.length; probes++) {
      const due = (await health())?.nextProbe;
      if (due === undefined) break;
      world.now = due - 1;
      const before = posts();
      await world.runSchedule();
      await world.run({ until: world.now });
      expect(posts()).toBe(before);
      world.now = due;
      await world.runSchedule();
      await world.run();
      if (posts() > before) times.push(world.now - since);
      expect(await statusOf('event-1')).toBe('held');
    }
    expect(times).toEqual(PROBE_TIMES);
    expect(times.at(-1)).toBe(14 * DAY);
    expect(told()).toEqual(['FlowSubscriptionPaused']);
    // After that, an operator must resume it.
    world.now += 30 * DAY;
    await world.runSchedule();
    expect(world.queue.size).toBe(0);
  });

  it('a probe that fails temporarily neither ends the pause nor makes the delivery dead', async () => {
    behaviour = responding(503);
    world.now += 15 * MINUTE;
    await world.runSchedule();
    await world.run();
    expect(await health()).toMatchObject({ state: 'paused' });
    expect(await statusOf('event-1')).toBe('held');
  });
});

describe('a pause ends', () => {
  beforeEach(async () => {
    await pause();
    for (const eventId of ['event-2', 'event-3']) send(eventId);
    await world.run();
  });

  const arrived = async () => {
    expect(await Promise.all(['event-1', 'event-2', 'event-3'].map(statusOf))).toEqual(Array(3).fill('delivered'));
    expect((await health()) ?? { state: 'active' }).toMatchObject({ state: 'active' });
    expect(await health()).not.toHaveProperty('drain');
    expect((await health())?.announcements ?? []).toEqual([]);
    expect(told()).toEqual(['FlowSubscriptionPaused', 'FlowSubscriptionResumed']);
    const taken = world.flow.calls.slice(-3);
    expect(new Set(taken.map(({ headers }) => headers['webhook-id'])).size).toBe(3);
    expect(world.queue.size).toBe(0);
  };

  it('by a successful probe, and all held deliveries are sent with their delay', async () => {
    behaviour = accepted;
    await world.pass(30 * MINUTE);
    await arrived();
    expect(world.telemetry.counts).toMatchObject({ ResumedSubscriptions: 1 });
    expect(JSON.parse(world.flow.calls.at(-1)?.body ?? '').delayedMinutes).toBeGreaterThanOrEqual(15);
  });

  it('by a new URL', async () => {
    behaviour = accepted;
    await world.subscribe('crm', world.flow.url('new'));
    await world.pass(5 * MINUTE);
    await arrived();
  });

  it('by an operator', async () => {
    behaviour = accepted;
    expect(await resume(world.name('crm'), world.ports())).toBe('resumed');
    expect(await resume(world.name('crm'), world.ports())).toBe('was active');
    expect(await resume(world.name('other'), world.ports())).toBe('unknown');
    await world.pass(5 * MINUTE);
    await arrived();
  });

  it('too early, and starts again', async () => {
    await resume(world.name('crm'), world.ports());
    await world.pass(20 * MINUTE);
    expect(await health()).toMatchObject({ state: 'paused' });
    expect(told()).toEqual(['FlowSubscriptionPaused', 'FlowSubscriptionResumed', 'FlowSubscriptionPaused']);
    expect(await Promise.all(['event-1', 'event-2', 'event-3'].map(statusOf))).toEqual(Array(3).fill('held'));
  });

  it('and the retries of a drained delivery start over', async () => {
    for (let days = 0; days < 2; days++) await world.pass(HOUR);
    behaviour = responding(503);
    await resume(world.name('crm'), world.ports());
    await world.runSchedule();
    await world.step();
    const waits = world.queue.sent.slice(-3).map(({ delaySeconds }) => delaySeconds);
    expect(waits).toEqual([5, 5, 5]);
  });

  it('and deliveries older than three days stay held for replay', async () => {
    world.now += 3 * DAY;
    send('event-4');
    await world.run();
    behaviour = accepted;
    await resume(world.name('crm'), world.ports());
    await world.pass(5 * MINUTE);
    expect(await Promise.all(['event-1', 'event-2', 'event-3', 'event-4'].map(statusOf))).toEqual([
      ...Array(3).fill('held'),
      'delivered',
    ]);
    expect(await health()).not.toHaveProperty('drain');
    expect((await replayAll(world.name('crm'), {}, world.ports())).results).toEqual(Array(3).fill('sent'));
    await world.run();
    await arrived();
  });

  it('even if the index of held deliveries lags behind the first drain pass', async () => {
    behaviour = accepted;
    await resume(world.name('crm'), world.ports());
    const { kept, ...ports } = world.ports();
    await runScheduledWork({ ...ports, kept: { ...kept, held: async () => [] } });
    await world.pass(10 * MINUTE);
    await arrived();
  });

  it.each([
    ['its worker continues', false],
    ['its worker is killed', true],
  ])('and a delivery that is held after a drain pass is also sent: %s', async (_, killed) => {
    behaviour = accepted;
    await resume(world.name('crm'), world.ports());
    await world.pass(5 * MINUTE);
    await pauseAgain();
    send('event-5');
    let resumed = false;
    await world.step(async (call) => {
      if (call === 'after hold' && killed) throw new Crash();
      if (call !== 'before hold' || resumed) return;
      resumed = true;
      await resume(world.name('crm'), world.ports());
      await world.runSchedule();
      world.now += 2 * MINUTE;
      await world.runSchedule();
      world.now += 2 * MINUTE;
      await world.runSchedule();
    });
    behaviour = accepted;
    await world.run();
    expect(await statusOf('event-5')).toBe('delivered');
  });

  async function pauseAgain(): Promise<void> {
    behaviour = responding(401);
    send('event-4');
    await world.run();
    expect(await health()).toMatchObject({ state: 'paused' });
  }
});

it('every wait is divided by the pace', async () => {
  world.pace = 60;
  behaviour = responding(401);
  send('event-1');
  const start = world.now;
  await world.run();
  const { since = 0 } = (await health()) ?? {};
  // Ten seconds instead of ten minutes. Waits shorter than the minimum delay of SQS take one second.
  expect(since - start).toBe(1_000 + 1_000 + 2_000 + 10_000);
  const probes: number[] = [];
  for (let probe = 0; probe < 4; probe++) {
    world.now = (await health())?.nextProbe as number;
    probes.push(world.now - since);
    if (probe === 3) behaviour = accepted;
    await world.runSchedule();
    await world.run();
  }
  expect(probes).toEqual(PROBE_TIMES.slice(0, 4).map((after) => after / 60));
  expect(await statusOf('event-1')).toBe('delivered');
  await world.runSchedule();
  const { drain } = (await health()) ?? {};
  expect(drain).toEqual({ emptyPasses: 1, due: world.now + Math.round(70_000 / 60) });
  world.now = drain?.due as number;
  await world.runSchedule();
  expect(await health()).not.toHaveProperty('drain');
});

describe('the event bus', () => {
  it('receives an event for a dead delivery', async () => {
    behaviour = refused(400, 'TriggerInputSchemaMismatch');
    send('event-1');
    await world.run();
    expect(world.bus.published).toEqual([
      {
        detailType: 'FlowDeliveryDead',
        detail: {
          connector: 'test',
          subscription: world.name('crm'),
          deliveryId: `${world.name('crm')}_event-1`,
          trigger: 'data-source-refresh-failed',
          subject: 'CRM',
          reason: 'the flow rejected the body',
          httpStatus: 400,
          error: 'TriggerInputSchemaMismatch',
          since: new Date(world.now).toISOString(),
          attempts: 1,
        },
      },
    ]);
    expect((await world.rows())['event-1']).not.toHaveProperty('notice');
    world.now += HOUR;
    await world.runSchedule();
    expect(told()).toHaveLength(1);
  });

  it.each<[string, () => Promise<void>, string[]]>([
    [
      'a dead delivery',
      async () => {
        behaviour = responding(413);
      },
      ['FlowDeliveryDead'],
    ],
    [
      'a pause',
      async () => {
        behaviour = responding(401);
      },
      ['FlowSubscriptionPaused'],
    ],
  ])('receives the event from the sweep if a worker could not publish %s', async (_, prepare, expected) => {
    await prepare();
    send('event-1');
    await world.run({
      gate: async (call) => {
        if (call === 'before publish') throw new Error('the bus is down');
      },
    });
    expect(told()).toEqual([]);
    expect(world.queue.size).toBe(0);
    world.now += 10 * MINUTE;
    await expect(
      world.runSchedule(async (call) => {
        if (call === 'before publish') throw new Error('the bus is still down');
      }),
    ).rejects.toThrow('1 steps of the sweep failed');
    await world.runSchedule();
    await world.runSchedule();
    expect(told()).toEqual(expected);
  });
});

describe('a replay', () => {
  const key = () => ({ subscription: world.name('crm'), eventId: 'event-1' });

  it('sends a dead delivery again under its id, and only once for two requests', async () => {
    behaviour = responding(413);
    send('event-1');
    await world.run();
    behaviour = accepted;
    expect(await replay(key(), world.ports())).toBe('sent');
    expect(await replay(key(), world.ports())).toBe('sent');
    await world.run();
    expect(await statusOf('event-1')).toBe('delivered');
    const ids = world.flow.calls.map(({ headers }) => headers['webhook-id']);
    expect(ids).toEqual(Array(2).fill(`${world.name('crm')}_event-1`));
    // A delivered delivery whose payload was kept can also be replayed.
    expect(await replay(key(), world.ports())).toBe('sent');
    await world.run();
    expect(posts()).toBe(3);
  });

  it('is retried like any delivery, and its retries create no duplicate', async () => {
    behaviour = responding(413);
    send('event-1');
    await world.run();
    behaviour = responding(503);
    await replay(key(), world.ports());
    await world.step();
    expect(world.queue.sent.at(-1)?.message).not.toHaveProperty('replay', true);
    behaviour = accepted;
    await world.run();
    expect(posts()).toBe(3);
    expect(await statusOf('event-1')).toBe('delivered');
  });

  it('says why it is not possible', async () => {
    expect(await replay(key(), world.ports())).toBe('unknown');
    behaviour = responding(503);
    send('event-1');
    await world.step();
    expect(await replay(key(), world.ports())).toBe('under way');
    behaviour = accepted;
    await world.run();
    expect(await replay(key(), world.ports())).toBe('no payload');
    behaviour = responding(413);
    send('event-2');
    await world.run();
    await world.subscriptions.delete((await world.subscriptions.read(world.name('crm'))) as Subscription);
    expect(await replay({ ...key(), eventId: 'event-2' }, world.ports())).toBe('gone');
  });
});
