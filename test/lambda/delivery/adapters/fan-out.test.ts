/**
 * Kills `dispatch` at every point while it sends an event to the subscriptions of three pages: before and after each read
 * of a page, each request to a queue, and the acknowledgement. Another worker gets the messages again.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeliveryMessage } from '../../../../lambda/delivery/core/delivery';
import { deliveryId } from '../../../../lambda/delivery/core/delivery-id';
import { dispatchBatch } from '../../../../lambda/delivery/core/dispatch';
import { coalesce } from '../../../../lambda/shared/adapters/coalesce';
import { subscriptionIndex } from '../../../../lambda/subscriptions/adapters/subscription-table';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import { busEvent, NOW } from '../../../support/evaluation';
import { Killer } from '../../../support/memory/killer';
import { MemoryRejected, MemoryTables, MemoryTelemetry } from '../../../support/memory/memory';

const INSTANCE = `fan-out-${crypto.randomUUID()}`;
const EVENT = busEvent('DataSourceRefreshed', {
  instanceId: INSTANCE,
  dataSource: 'CRM',
  runId: 'r',
  status: 'Failed',
});
const PAGE = 12;

let servers: DeliveryServers;
let world: DeliveryWorld;
let names: string[];
beforeAll(async () => {
  servers = await startDeliveryServers();
  world = DeliveryWorld.on(servers);
  for (let n = 0; n < 3 * PAGE - 5; n++) {
    const { definition, ...rest } = await world.subscribe(`s${n}`);
    const here = { ...definition, instanceId: INSTANCE };
    const read = await world.subscriptions.read(definition.name);
    await world.subscriptions.put({ ...rest, definition: here, health: read?.health }, read);
  }
  names = (await servers.tables.all(servers.tables.subscriptions)).map(({ pk }) => String(pk)).sort();
});
afterAll(() => servers.stop());

/** Dispatches the event until no message is left. The first worker can be killed. Returns all deliveries that were sent. */
async function history(killer: Killer): Promise<DeliveryMessage[]> {
  const triggers = [EVENT];
  const sent: DeliveryMessage[] = [];
  for (let body = triggers.shift(); body !== undefined; body = triggers.shift()) {
    // A request is complete or absent: the worker dies before or after it.
    const request = coalesce<DeliveryMessage, undefined>(10, (messages) =>
      killer.call('SendMessageBatch', async () => {
        sent.push(...messages);
        return messages.map(() => undefined);
      }),
    );
    const index = subscriptionIndex(servers.tables.client, servers.tables.subscriptions, PAGE);
    const ports = {
      index: {
        find: (...of: Parameters<typeof index.find>) => killer.call('Query', () => index.find(...of)),
      },
      expectations: new MemoryTables().expectations(),
      rejected: new MemoryRejected(),
      telemetry: new MemoryTelemetry(),
      clock: () => NOW,
      retentionDays: 90,
      send: request,
      proceed: (message: object) => killer.call('SendMessage', async () => void triggers.push(JSON.stringify(message))),
    };
    const failed = await dispatchBatch([{ id: 'm', body }], ports);
    const isAcknowledged = await killer
      .call('DeleteMessage', async () => failed.length === 0)
      .catch(() => killer.points.at(-1) === 'after DeleteMessage');
    if (!isAcknowledged) triggers.push(body);
    if (killer.killed) killer = Killer.never();
  }
  return sent;
}

it('is sent to every subscription, whenever a worker dies, and a repeated delivery is the same', async () => {
  const whole = Killer.never();
  const idsOf = (sent: readonly DeliveryMessage[]) =>
    sent.map(({ subscription, event }) => deliveryId(subscription, event.eventId));
  const undisturbed = await history(whole);
  expect(undisturbed.map(({ subscription }) => subscription).sort()).toEqual(names);
  const ids = new Set(idsOf(undisturbed));
  let repeated: DeliveryMessage[] = [];
  for (let n = 1; n <= whole.points.length; n++) {
    const sent = await history(Killer.atPoint(n));
    expect(new Set(idsOf(sent)), whole.points[n - 1]).toEqual(ids);
    for (const message of sent) {
      expect(message).toEqual(undisturbed.find(({ subscription }) => subscription === message.subscription));
    }
    if (sent.length > repeated.length) repeated = sent;
  }
  // A kill after the last send of a page repeats the page, and a kill after its continuation repeats the later pages.
  expect(whole.points.length).toBeGreaterThan(20);
  expect(repeated.length).toBeGreaterThan(2 * PAGE + ids.size);

  world.now = NOW;
  for (const message of repeated) world.queue.send(message, 0);
  await world.run();
  expect(world.flow.calls.map(({ headers }) => headers['webhook-id']).sort()).toEqual([...ids].sort());
});
