import { BatchWriteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, it } from 'vitest';
import { deliveryLog } from '../../../../lambda/delivery/adapters/delivery-log';
import { DeliveryTable } from '../../../../lambda/delivery/adapters/delivery-table';
import type { DeliveryRow } from '../../../../lambda/delivery/core/delivery';
import { useTables } from '../../../support/servers/use-tables';

const tables = useTables();
const NOW = Date.parse('2026-11-20T12:00:00Z');
const eventIdOf = (n: number) => n.toString(16).padStart(32, '0');

const itemOf = (pk: string, n: number, more: object = {}) => ({
  pk,
  sk: eventIdOf(n),
  uid: 'uid-1',
  trigger: 'segment-threshold-crossed',
  status: 'delivered',
  n: 0,
  occurredAt: NOW - 1,
  acceptedAt: NOW,
  attempts: [{ at: NOW, durationMs: 5, status: 202, runId: '08584' }],
  ...more,
});

async function write(items: readonly object[]): Promise<void> {
  const { client, deliveries } = tables;
  for (const Item of items) await client.send(new PutCommand({ TableName: deliveries, Item: { ...Item } }));
}

it('has the rows of a subscription, without payloads and booked calls', async () => {
  const { client, deliveries } = tables;
  const table = new DeliveryTable(client, deliveries, 90);
  const event = { eventId: eventIdOf(2), trigger: 'segment-threshold-crossed', occurredAt: NOW } as never;
  await write([
    itemOf('log', 1, { isTest: true }),
    itemOf('log', 2, { attempts: undefined, status: 'pending' }),
    itemOf('another', 3),
    { pk: 'log', sk: 'calls', arrival: NOW },
  ]);
  await table.keepPayload({ subscription: 'log', uid: 'uid-1', event, acceptedAt: NOW, n: 0 }, NOW);
  const common = { subscription: 'log', trigger: 'segment-threshold-crossed', occurredAt: NOW - 1, acceptedAt: NOW };
  expect(await deliveryLog(client, deliveries).part('log')).toEqual({
    rows: [
      {
        ...common,
        eventId: eventIdOf(1),
        status: 'delivered',
        isTest: true,
        attempts: [{ at: NOW, durationMs: 5, status: 202, runId: '08584' }],
      },
      { ...common, eventId: eventIdOf(2), status: 'pending', attempts: [] },
    ],
  });
  expect(await deliveryLog(client, deliveries).part('unknown')).toEqual({ rows: [] });
});

it('has parts of a bounded number of requests, which together have each row once', async () => {
  const { client, deliveries } = tables;
  // A request reads 1 MB: here up to three rows.
  const filler = 'x'.repeat(300_000);
  const items = Array.from({ length: 11 }, (_, n) => itemOf('large', n, { filler }));
  for (let n = 0; n < items.length; n += 3) {
    const requests = items.slice(n, n + 3).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteCommand({ RequestItems: { [deliveries]: requests } }));
  }
  for (const requests of [1, 2, 10]) {
    const log = deliveryLog(client, deliveries, requests);
    const rows: DeliveryRow[] = [];
    let parts = 0;
    for (let after: string | undefined; parts === 0 || after !== undefined; parts++) {
      tables.calls();
      const part = await log.part('large', after);
      expect(tables.calls().length).toBeLessThanOrEqual(requests);
      rows.push(...part.rows);
      after = part.next;
    }
    expect(rows.map(({ eventId }) => eventId)).toEqual(items.map(({ sk }) => sk));
    expect(parts).toBeGreaterThanOrEqual(Math.ceil(3 / requests));
  }
});
