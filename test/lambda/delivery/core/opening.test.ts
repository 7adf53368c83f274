/** Deliveries of subscriptions whose flow URL is a secret: the real adapters on embedded services, over TLS to the flow. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkEvent } from '../../../../lambda/events/core/events';
import { AwsError } from '../../../../local/engines/protocol/aws-json';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import { busEvent } from '../../../support/evaluation';
import { accepted, responding, SIGNATURE } from '../../../support/servers/flow-server';
import { SecretStores } from '../../../support/servers/secret-stores';

const MINUTE = 60_000;
/** Other content of the secrets, which must appear nowhere else. */
const OTHER_VALUE = 'OtHeR-VaLuE-9876543210';

let servers: DeliveryServers;
let stores: SecretStores;
let world: DeliveryWorld;
beforeAll(async () => {
  [servers, stores] = await Promise.all([startDeliveryServers(), SecretStores.start()]);
});
afterAll(() => Promise.all([servers.stop(), stores.stop()]));
beforeEach(() => {
  world = DeliveryWorld.on(servers);
  world.open = stores.opener(() => world.now);
  world.flow.behave = () => accepted;
  stores.empty();
  stores.failing = () => undefined;
});
afterEach(async () => {
  const written = await world.everythingWritten();
  expect(written).not.toContain(SIGNATURE);
  expect(written).not.toContain(OTHER_VALUE);
  for (const { detailType, detail } of world.bus.published) {
    expect(checkEvent(busEvent(detailType, detail))).toHaveProperty('value');
  }
});

const subscribe = (secret = 'flows', field: string | undefined = 'crm') =>
  world.subscribe('crm', undefined, { flow: { from: { secret, ...(field && { field }) } } });
const send = async (eventId: string) =>
  world.queue.send(
    world.message((await world.subscriptions.read(world.name('crm'))) ?? (await subscribe()), eventId),
    0,
  );
const keep = (url = world.flow.url()) => stores.putSecret('flows', JSON.stringify({ crm: url }));
const statusOf = async (eventId: string) => (await world.rows())[eventId]?.status;
const health = async () => (await world.subscriptions.read(world.name('crm')))?.health;
const denied = () => {
  stores.failing = (target) =>
    target.endsWith('GetSecretValue') ? new AwsError('AccessDeniedException', `of ${SIGNATURE}`) : undefined;
};

describe('a secret that cannot be used', () => {
  it.each<[string, () => unknown, string, RegExp]>([
    [
      'missing',
      () => {},
      'FlowUrlSecretUnusable',
      /the secret flows does not exist; create it in the connector's account/,
    ],
    [
      'binary',
      () => stores.putSecret('flows', Buffer.from(OTHER_VALUE)),
      'FlowUrlSecretUnusable',
      /the secret flows is binary; store it as text/,
    ],
    ['empty', () => stores.putSecret('flows', ''), 'FlowUrlSecretUnusable', /the secret flows is empty; store a value/],
    [
      'no JSON',
      () => stores.putSecret('flows', OTHER_VALUE),
      'FlowUrlSecretUnusable',
      /the secret flows is not a JSON object, so it has no field "crm"; store \{"crm": "…"\}/,
    ],
    [
      'without the field',
      () => stores.putSecret('flows', JSON.stringify({ other: OTHER_VALUE })),
      'FlowUrlSecretUnusable',
      /the secret flows has no field "crm"; add it/,
    ],
    [
      'with a number in the field',
      () => stores.putSecret('flows', JSON.stringify({ crm: 7, other: OTHER_VALUE })),
      'FlowUrlSecretUnusable',
      /the field "crm" of the secret flows is not a string; store a string/,
    ],
    ['not to be read', denied, 'FlowUrlSecretUnusable', /the secret flows cannot be read by the function deliver; add/],
    [
      'with a refused URL',
      () => keep(`https://example.com/${OTHER_VALUE}?sig=${SIGNATURE}`),
      'FlowUrlRefused',
      /the URL in the secret flows is refused: example\.com is not a host of Power Automate/,
    ],
    [
      'with a URL that was cut',
      () => keep(`https://a.api.powerplatform.com/${OTHER_VALUE}?api-version=1`),
      'FlowUrlRefused',
      /the URL in the secret flows is refused: No signature/,
    ],
  ])(
    'is reported, its delivery is held, and a probe delivers it after the fix: %s',
    async (_, arrange, error, problem) => {
      await arrange();
      await send('event-1');
      await world.run();
      expect(await statusOf('event-1')).toBe('held');
      expect(await health()).toMatchObject({
        state: 'paused',
        reason: expect.stringMatching(
          new RegExp(`^3 or more deliveries failed over 12 min 35 s, the last because ${problem.source}`),
        ),
      });
      expect(world.bus.published).toMatchObject([
        { detailType: 'FlowSubscriptionPaused', detail: { error, reason: expect.stringMatching(problem) } },
      ]);
      expect(world.bus.published[0]?.detail).not.toHaveProperty('httpStatus', expect.anything());
      const failures = world.telemetry.lines.filter((line) => line.startsWith('a flow did not accept'));
      expect(failures.length).toBeGreaterThan(2);
      for (const line of failures) expect(JSON.parse(line.slice(line.indexOf('{'))).problem).toMatch(problem);
      expect((await world.rows())['event-1']?.attempts).toHaveLength(5);
      expect(world.flow.calls).toHaveLength(0);

      stores.failing = () => undefined;
      await keep();
      await world.pass(15 * MINUTE);
      expect(await statusOf('event-1')).toBe('delivered');
      expect(await health()).toMatchObject({ state: 'active' });
      expect(world.bus.published.map(({ detailType }) => detailType)).toEqual([
        'FlowSubscriptionPaused',
        'FlowSubscriptionResumed',
      ]);
      expect(world.flow.calls).toHaveLength(1);
    },
  );

  it('does not pause when it is fixed within ten minutes', async () => {
    await send('event-1');
    await world.run({ until: world.now + 9 * MINUTE });
    expect(await health()).toMatchObject({ state: 'active', refusals: { count: 3 } });
    await keep();
    await world.run();
    expect(await statusOf('event-1')).toBe('delivered');
    expect(world.bus.published).toEqual([]);
  });

  it('holds all deliveries and sends them after the fix', async () => {
    for (let n = 0; n < 25; n++) await send(`event-${n}`);
    await world.run();
    const states = async () => new Set(Object.values(await world.rows()).flatMap(({ status }) => status ?? []));
    expect(await states()).toEqual(new Set(['held']));
    await keep();
    await world.pass(30 * MINUTE);
    expect(await states()).toEqual(new Set(['delivered']));
    expect(world.flow.calls).toHaveLength(25);
  });
});

describe('a rotated secret', () => {
  it('works at the next try when the flow refuses the old URL', async () => {
    await keep(world.flow.url('old'));
    await send('event-1');
    await world.run();
    world.flow.behave = ({ path }) => (path.includes('old') ? responding(401) : accepted);
    await keep(world.flow.url('new'));
    world.now += MINUTE;
    for (const eventId of ['event-2', 'event-3']) await send(eventId);
    const before = world.flow.calls.length;
    await world.run();
    expect([await statusOf('event-2'), await statusOf('event-3')]).toEqual(['delivered', 'delivered']);
    const paths = world.flow.calls.slice(before).map(({ path }) => (path.includes('old') ? 'old' : 'new'));
    expect(paths).toEqual(['old', 'old', 'new', 'new']);
    expect(await health()).not.toHaveProperty('refusals');
  });

  it('is read once every few seconds, even if its flow refuses more often', async () => {
    await keep();
    world.flow.behave = () => responding(404);
    stores.calls.length = 0;
    for (let n = 0; n < 30; n++) await send(`event-${n}`);
    await world.run({ until: world.now + 3 });
    expect(world.flow.calls.length).toBeGreaterThanOrEqual(30);
    expect(stores.calls).toHaveLength(1);
  });
});

describe('a secret store that is down', () => {
  it('is retried on the schedule and pauses nothing', async () => {
    await keep();
    stores.failing = () => new AwsError('InternalServiceError', `of ${SIGNATURE}`, 500);
    await send('event-1');
    await world.run({ until: world.now + 20 * MINUTE });
    expect((await health())?.state).toBe('active');
    expect(await statusOf('event-1')).toBe('pending');
    stores.failing = () => undefined;
    await world.run();
    expect(await statusOf('event-1')).toBe('delivered');
  });

  it('for three days leaves a dead delivery with its payload and an event', async () => {
    stores.failing = () => new AwsError('ThrottlingException', '');
    await send('event-1');
    await world.run();
    const rows = await world.rows();
    expect(rows['event-1']?.status).toBe('dead');
    expect(rows['event-1']?.attempts).toHaveLength(12);
    expect(JSON.parse(String(rows['event-1#payload']?.payload))).toMatchObject({ event: { eventId: 'event-1' } });
    expect(world.bus.published).toMatchObject([
      {
        detailType: 'FlowDeliveryDead',
        detail: {
          error: 'FlowUrlUnavailable',
          reason: expect.stringMatching(/the last one because the flow URL could not be read \(Throttling/),
        },
      },
    ]);
    expect(world.queue.size).toBe(0);
  });

  it('neither ends a pause nor makes the probe dead', async () => {
    await send('event-1');
    await world.run();
    expect(await statusOf('event-1')).toBe('held');
    stores.failing = () => new AwsError('InternalServiceError', '', 500);
    await world.pass(16 * MINUTE);
    expect(await statusOf('event-1')).toBe('held');
    stores.failing = () => undefined;
    await keep();
    await world.pass(60 * MINUTE);
    expect(await statusOf('event-1')).toBe('delivered');
  });
});

it('deliveries of a URL that cannot be decrypted are held until the URL is replaced', async () => {
  const name = world.name('crm');
  const flow = await stores.seal('another', world.flow.url());
  await world.subscribe('crm', undefined, { flow });
  await send('event-1');
  await world.run();
  expect(await statusOf('event-1')).toBe('held');
  expect(await health()).toMatchObject({
    reason: expect.stringContaining(
      'because the stored flow URL was encrypted for another subscription or is damaged; apply',
    ),
  });
  await world.subscribe('crm', undefined, { flow: await stores.seal(name, world.flow.url()) });
  await world.pass(2 * MINUTE);
  expect(await statusOf('event-1')).toBe('delivered');
});
