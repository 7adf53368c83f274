/**
 * Kills `connect` before and after each of its calls to DynamoDB and SQS while it sends a test event or a replay. The caller
 * then repeats the request, before or after `deliver` has processed what the first request sent.
 */
import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  replayDeliveries,
  type SendPorts,
  sendTestEvent,
} from '../../../lambda/custom-connector/core/flows/send-to-flow';
import type { ApiRequest, ApiResponse } from '../../../lambda/custom-connector/core/http';
import { deliverySender } from '../../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../../lambda/delivery/adapters/delivery-table';
import { deliveryId } from '../../../lambda/delivery/core/delivery-id';
import { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import type { Health } from '../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { type Endpoint, startEndpoint } from '../../../local/engines/protocol/endpoint';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../support/delivery';
import { Crash } from '../../support/memory/interleaving';
import { Killer } from '../../support/memory/killer';
import { accepted, responding } from '../../support/servers/flow-server';

const CALLER = { id: 'key:team', name: 'team' };
/** Two deliveries that are dead, and one that is held. */
const EVENTS = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [string, string, string];

let servers: DeliveryServers;
let endpoint: Endpoint;
let sqs: SQSClient;
let world: DeliveryWorld;

interface SendMessageBatch {
  readonly Entries: readonly { Id: string; MessageBody: string; DelaySeconds?: number }[];
}
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

beforeAll(async () => {
  servers = await startDeliveryServers();
  endpoint = await startEndpoint({ port: 0 });
  endpoint.serve({
    // Follows the SQS API reference, with the world's queue.
    'AmazonSQS.SendMessageBatch': (input) => {
      const { Entries } = input as unknown as SendMessageBatch;
      for (const { MessageBody, DelaySeconds } of Entries) world.queue.put(MessageBody, DelaySeconds);
      return {
        Successful: Entries.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) })),
      };
    },
  });
  sqs = new SQSClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(async () => {
  sqs.destroy();
  await Promise.all([servers.stop(), endpoint.stop()]);
});

/** A registered flow with the deliveries of `EVENTS`, which accepts everything from now on. */
async function prepare(): Promise<void> {
  world = DeliveryWorld.on(servers);
  const registration = { idHash: '00', by: CALLER.id, at: world.now };
  const flow = await world.subscribe('crm', undefined, { managedBy: 'connector', registration });
  const registered = await world.subscribe('crm', world.flow.url(), { managedBy: 'connector', registration });
  expect(registered.uid).toBe(flow.uid);
  world.flow.behave = () => responding(400);
  const deliver = async (eventId: string) => {
    world.queue.send(world.message(registered, eventId), 0);
    await world.run();
  };
  await deliver(EVENTS[0]);
  await deliver(EVENTS[1]);
  await setHealth({ state: 'paused' });
  await deliver(EVENTS[2]);
  await setHealth({ state: 'active' });
  expect(await statuses()).toEqual(['dead', 'dead', 'held']);
  world.flow.behave = () => accepted;
  world.flow.calls.length = 0;
}

async function setHealth(change: Pick<Health, 'state'>): Promise<void> {
  const read = (await world.subscriptions.read(world.name('crm'))) as Subscription;
  const version = (read.health?.version ?? 0) + 1;
  await world.subscriptions.writeHealth(read, { ...change, version, announcements: [] });
}

const statuses = async () => {
  const rows = await world.rows();
  return EVENTS.map((eventId) => rows[eventId]?.status);
};

/** The adapters of `connect`, with a possible kill at each call. */
function ports(killer: Killer): SendPorts {
  const dynamodb = killer.wrap(servers.tables.client);
  return {
    subscriptions: new SubscriptionTable(dynamodb, servers.tables.subscriptions),
    kept: new DeliveryTable(dynamodb, servers.tables.deliveries, 90),
    send: deliverySender(killer.wrap(sqs), 'http://127.0.0.1/000000000000/deliveries'),
    clock: () => world.now,
    newId: () => crypto.randomUUID(),
    telemetry: world.telemetry,
  };
}

type Handler = (request: ApiRequest, caller: typeof CALLER, ports: SendPorts) => Promise<ApiResponse>;

function request(handler: Handler, body?: object): (killer: Killer) => Promise<ApiResponse> {
  return (killer) =>
    handler(
      {
        route: '',
        parameters: { flow: world.name('crm') },
        query: {},
        headers: {},
        origin: '',
        ...(body && { body: Buffer.from(JSON.stringify(body)) }),
      },
      CALLER,
      ports(killer),
    );
}

/** Makes the request, which is killed, and repeats it. Returns whether it was killed, and the last response. */
async function killed(make: (killer: Killer) => Promise<ApiResponse>, killer: Killer, processed: boolean) {
  await prepare();
  const died = await make(killer).then(
    () => false,
    (error) => {
      if (!(error instanceof Crash)) throw error;
      return true;
    },
  );
  if (processed) await world.run();
  const response = await make(Killer.never());
  await world.run();
  return { died, response };
}

/** Numbers of the points where the sweep kills, and of the last one. */
async function pointsOf(make: (killer: Killer) => Promise<ApiResponse>): Promise<{ points: number[]; last: number }> {
  await prepare();
  const killer = Killer.never();
  expect((await make(killer)).status).toBe(202);
  return { points: Killer.pointsOf(killer.points), last: killer.points.length };
}

const arrived = () => world.flow.calls.map(({ headers }) => headers['webhook-id']);

describe.each([
  ['before', false],
  ['after', true],
])('a request that is repeated %s its messages are processed', (_, processed) => {
  it('replays each delivery once, wherever the first request was killed', async () => {
    const lastDay = (killer: Killer) => {
      const from = new Date(world.now - 24 * 3_600_000).toISOString();
      return request(replayDeliveries, { from, to: new Date(world.now + 1).toISOString() })(killer);
    };
    const { points } = await pointsOf(lastDay);
    expect(points.length).toBeGreaterThan(8);
    for (const at of points) {
      const { died, response } = await killed(lastDay, Killer.atPoint(at), processed);
      expect(died, String(at)).toBe(true);
      expect(response.status).toBe(202);
      expect(arrived().toSorted(), String(at)).toEqual(EVENTS.map((id) => deliveryId(world.name('crm'), id)));
      expect(await statuses()).toEqual(['delivered', 'delivered', 'delivered']);
    }
  });

  it('sends the test event of each request up to once, and of the last one exactly once', async () => {
    const test = request(sendTestEvent);
    const { points, last } = await pointsOf(test);
    expect(points.length).toBeGreaterThan(2);
    for (const at of points) {
      const { died, response } = await killed(test, Killer.atPoint(at), processed);
      expect(died).toBe(true);
      const ids = arrived();
      // The first request sent its event only if it was killed after SQS had responded.
      expect(ids).toHaveLength(at === last ? 2 : 1);
      expect(new Set(ids).size).toBe(ids.length);
      expect(response.body).toEqual({ deliveryId: ids.at(-1) });
      for (const { body } of world.flow.calls) expect(JSON.parse(body)).toMatchObject({ isTest: true });
      expect(await statuses()).toEqual(['dead', 'dead', 'held']);
    }
  });
});
