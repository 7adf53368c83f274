import { describe, expect, it } from 'vitest';
import { dispatchBatch } from '../../../../lambda/delivery/core/dispatch';
import type { EventPublisher } from '../../../../lambda/events/core/ports';
import { expectationTable } from '../../../../lambda/expectations/adapters/expectation-table';
import { processSubject } from '../../../../lambda/expectations/core/process';
import { subjectKeyOf } from '../../../../lambda/expectations/core/tracked';
import type { RegistryPorts } from '../../../../lambda/registration/core/ports';
import { register, unregister } from '../../../../lambda/registration/core/register';
import { SubscriptionTable, subscriptionIndex } from '../../../../lambda/subscriptions/adapters/subscription-table';
import type { Expectation, Filter, SubscriptionDefinition } from '../../../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../../../lambda/thresholds/adapters/threshold-table';
import { evaluateBatch } from '../../../../lambda/thresholds/core/evaluate';
import { busEvent, definitionOf, NOW } from '../../../support/evaluation';
import { Killer } from '../../../support/memory/killer';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../../support/memory/memory';
import { useTables } from '../../../support/servers/use-tables';

const HOUR = 60 * 60_000;
const DAILY: Expectation = { rhythm: { every: 24 * HOUR }, grace: HOUR, alsoWhenBack: true };
let runs = 0;
const tables = useTables();

/** A history on the real tables. Each has its own instance, so that all share the tables. */
async function history(killer?: Killer) {
  const instanceId = `run-${++runs}`;
  const bus = new MemoryBus();
  let now = NOW;
  const iso = (at: number) => new Date(at).toISOString();
  const alive = () => (killer?.killed ? undefined : killer);
  const ports = (worker: Killer | undefined) => {
    const client = worker?.wrap(tables.client) ?? tables.client;
    const publisher = bus.publisher();
    const events: EventPublisher = {
      publish: (type, detail) =>
        worker ? worker.call('PutEvents', () => publisher.publish(type, detail)) : publisher.publish(type, detail),
    };
    return {
      expectations: expectationTable(client, tables.subscriptions),
      subscriptions: new SubscriptionTable(client, tables.subscriptions),
      thresholds: new ThresholdTable(client, tables.thresholds),
      index: subscriptionIndex(client, tables.subscriptions),
      telemetry: new MemoryTelemetry(),
      rejected: new MemoryRejected(),
      clock: () => now,
      newId: () => crypto.randomUUID(),
      connectorId: 'test',
      events,
    };
  };
  /** Repeats work that was killed, as a queue, the schedule or an operator does. */
  const untilDone = async (work: (worker: Killer | undefined) => Promise<unknown>) => {
    const worker = alive();
    await work(worker).catch((error) => {
      if (!worker?.killed) throw error;
    });
    if (worker?.killed) await work(undefined);
  };
  const registry = (worker: Killer | undefined): RegistryPorts => ({
    ...ports(worker),
    fingerprint: (url) => url,
    seal: async (_, url) => ({ ciphertext: url, host: 'example.com', fingerprint: url }),
    requestCheck: async () => {},
  });
  const subscribe = (name: string, filter: Filter, expectation = DAILY) => {
    const definition: SubscriptionDefinition = {
      ...definitionOf(`${instanceId}-${name}`, 'refresh-overdue', { filter, expectation }),
      instanceId,
    };
    return untilDone((worker) => register({ definition, flowUrl: 'url' }, 'cli', registry(worker)));
  };
  const remove = (name: string) => untilDone((worker) => unregister(`${instanceId}-${name}`, 'cli', registry(worker)));
  const messages = (bodies: readonly string[]) => bodies.map((body, n) => ({ id: String(n), body }));
  const batch = (run: (worker: Killer | undefined) => Promise<string[]>) =>
    untilDone(async (worker) => {
      const failed = await run(worker);
      if (failed.length > 0 && !worker?.killed) throw new Error(`failed: ${failed}`);
      if (worker?.killed) throw new Error('killed');
    });
  const put = (detailType: string, ...details: object[]) => {
    const bodies = details.map((detail) => busEvent(detailType, { instanceId, ...detail }, { time: iso(now) }));
    return batch((worker) =>
      detailType === 'SegmentRefreshed' || detailType === 'MeasureRefreshed'
        ? evaluateBatch(messages(bodies), ports(worker))
        : dispatchBatch(messages(bodies), {
            ...ports(worker),
            retentionDays: 90,
            send: async () => {},
            proceed: async () => {},
          }),
    );
  };
  const due = async () => {
    const keys = await ports(undefined).subscriptions.dueSubscriptions(now);
    return keys.flatMap((key) => subjectKeyOf(key) ?? []).filter((key) => key.includes(`#${instanceId}`));
  };
  const tick = async () => {
    for (const key of await due()) await untilDone((worker) => processSubject(key, ports(worker)));
  };

  // Values from before anybody expects them.
  await put('MeasureRefreshed', {
    measure: 'Revenue',
    value: 1,
    dimensions: { Region: 'EU' },
    observedAt: iso(now - HOUR),
  });
  await subscribe('orders', { dataSource: 'Orders' });
  await subscribe('orders-too', { dataSource: 'Orders' }, { rhythm: { every: 12 * HOUR }, grace: 0 });
  await subscribe('revenue', { measure: 'Revenue' });
  await subscribe('vip', { segment: 'VIP' });
  await subscribe('full', { kind: 'Scheduled' });
  await subscribe('unified', { unification: true });
  const failed = { dataSource: 'Orders', status: 'Failed', runId: 'failed', error: 'Access denied' };
  now += 10 * HOUR;
  await put('DataSourceRefreshed', { dataSource: 'Orders', status: 'Successful', runId: '1' }, failed);
  await put('SegmentRefreshed', { segment: 'VIP', memberCount: 5, observedAt: iso(now) });
  // A member that did not exist when its measure was first expected.
  await put('MeasureRefreshed', { measure: 'Revenue', value: 1, dimensions: { Region: 'US' }, observedAt: iso(now) });
  await put(
    'FullRefreshed',
    { kind: 'Scheduled', status: 'Successful', runId: '1' },
    { kind: 'OnDemand', status: 'Failed', runId: '2' },
  );
  await put('UnificationRefreshed', { status: 'Failed', runId: '1' });
  await tick();
  now += 15 * HOUR;
  await tick();
  await remove('orders-too');
  now += 10 * HOUR;
  await tick();
  await put('DataSourceRefreshed', { dataSource: 'Orders', status: 'Successful', runId: '2' });
  await put('MeasureRefreshed', { measure: 'Revenue', value: 1, dimensions: { Region: 'US' }, observedAt: iso(now) });
  await put('UnificationRefreshed', { status: 'Successful', runId: '2' });
  await tick();
  const dues = await due();
  for (const name of ['orders', 'revenue', 'vip', 'full', 'unified']) await remove(name);
  now += 100 * HOUR;
  await tick();

  const distinct = new Map(bus.published.map(({ detail }) => [detail.overdueId, detail]));
  const text = ({ subscription, state, expectedBy }: Record<string, unknown>) =>
    `${String(subscription).replace(/^run-\d+-/, '')} ${state} +${(Date.parse(String(expectedBy)) - NOW) / HOUR}h`;
  const left = (await tables.all(tables.subscriptions)).filter(({ pk }) => String(pk).includes(instanceId));
  return { events: [...distinct.values()].map(text).toSorted(), details: [...distinct.values()], left, dues };
}

const EXPECTED = [
  'full Overdue +34h',
  'orders Overdue +34h',
  'orders Recovered +34h',
  'orders-too Overdue +22h',
  'revenue Overdue +34h',
  'revenue Recovered +34h',
  'unified Overdue +24h',
  'unified Recovered +24h',
  'vip Overdue +34h',
];

it('reports what did not come, and what was known of it', async () => {
  const { events, details, left, dues } = await history();
  expect(events).toEqual(EXPECTED);
  expect(left).toEqual([]);
  expect(dues).toEqual([]);
  expect(details.find(({ subscription }) => String(subscription).endsWith('-orders-too'))).toMatchObject({
    subjectType: 'DataSource',
    dataSource: 'Orders',
    expectation: 'every 12 h',
    repeat: 0,
    lastSuccessAt: new Date(NOW + 10 * HOUR).toISOString(),
    lastSuccessRunId: '1',
    lastFailureAt: new Date(NOW + 10 * HOUR).toISOString(),
    lastFailureStatus: 'Failed',
    lastFailureError: 'Access denied',
    lastFailureRunId: 'failed',
  });
  expect(details.find(({ subscription }) => String(subscription).endsWith('-full'))).toMatchObject({
    kind: 'Scheduled',
  });
});

describe('a worker that is killed', async () => {
  it('at any call changes nothing once its work is repeated', async () => {
    const counted = Killer.never();
    await history(counted);
    const points = Killer.pointsOf(counted.points);
    expect(points.length).toBeGreaterThan(20);
    for (const n of points) {
      const { events, left, dues } = await history(Killer.atSamePoint(counted.points, n));
      const at = `point ${n}: ${counted.points[n - 1]}`;
      expect(events, at).toEqual(EXPECTED);
      expect(dues, at).toEqual([]);
      expect(left, at).toEqual([]);
    }
  }, 600_000);
});
