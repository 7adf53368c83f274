import { describe, expect, it } from 'vitest';
import { expectationTable } from '../../../../lambda/expectations/adapters/expectation-table';
import type { RegistryPorts } from '../../../../lambda/registration/core/ports';
import { register } from '../../../../lambda/registration/core/register';
import { type Item, queryAll } from '../../../../lambda/shared/adapters/dynamodb';
import { memberKey, metricKey } from '../../../../lambda/shared/core/metric';
import { SubscriptionTable } from '../../../../lambda/subscriptions/adapters/subscription-table';
import type { Filter, Threshold } from '../../../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../../../lambda/thresholds/adapters/threshold-table';
import { checkMessage, evaluateBatch } from '../../../../lambda/thresholds/core/evaluate';
import type { EvaluationPorts } from '../../../../lambda/thresholds/core/observe';
import { sweep } from '../../../../lambda/thresholds/core/sweep';
import { Evaluator, measure, NOW, segment, thresholdOn } from '../../../support/evaluation';
import { Crash } from '../../../support/memory/interleaving';
import { Killer } from '../../../support/memory/killer';
import { type Gate, MemoryBus, MemoryRejected, MemoryTelemetry } from '../../../support/memory/memory';
import { useTables } from '../../../support/servers/use-tables';

const DAY_MINUTES = 24 * 60;
const LEADS = 'Leads '.repeat(33).trim();

let runs = 0;
const tables = useTables();

/** The items of the metrics of an instance. A scan would also read the items of other runs. */
async function itemsOf(instanceId: string): Promise<Item[]> {
  const revenue = metricKey({ kind: 'measure', instanceId, name: 'Revenue' });
  const keys = [
    metricKey({ kind: 'segment', instanceId, name: 'VIP customers' }),
    metricKey({ kind: 'segment', instanceId, name: LEADS }),
    revenue,
    memberKey(revenue, { Region: 'EU' }),
  ];
  const items = keys.map((key) =>
    queryAll(tables.client, {
      TableName: tables.thresholds,
      KeyConditionExpression: 'pk = :key',
      ExpressionAttributeValues: { ':key': key },
      ConsistentRead: true,
    }),
  );
  return (await Promise.all(items)).flat();
}

/** A history on the real tables. Each history has its own instance, so that all share the tables. */
async function history(killer?: Killer) {
  const instanceId = `run-${++runs}`;
  const bus = new MemoryBus();
  let now = NOW;
  const ports = (
    worker: Killer | undefined,
  ): EvaluationPorts & { rejected: MemoryRejected; thresholds: ThresholdTable } => {
    const client = worker?.wrap(tables.client) ?? tables.client;
    const publisher = bus.publisher();
    return {
      thresholds: new ThresholdTable(client, tables.thresholds),
      subscriptions: new SubscriptionTable(client, tables.subscriptions),
      expectations: expectationTable(client, tables.subscriptions),
      events: {
        publish: (type, detail) =>
          worker ? worker.call('PutEvents', () => publisher.publish(type, detail)) : publisher.publish(type, detail),
      },
      telemetry: new MemoryTelemetry(),
      rejected: new MemoryRejected(),
      clock: () => now,
      newId: () => crypto.randomUUID(),
      connectorId: 'test',
    };
  };
  /** The queue: retries a batch until all of its messages succeed. The first worker can be killed. */
  const deliver = async (...bodies: string[]) => {
    let worker = killer?.killed ? undefined : killer;
    for (let left = bodies; left.length > 0; worker = undefined) {
      const messages = left.map((body, n) => ({ id: String(n), body }));
      const failed = await evaluateBatch(messages, ports(worker));
      left = worker?.killed ? left : failed.map((id) => left[Number(id)] as string);
    }
  };
  const checks: string[] = [];
  const subscribe = async (name: string, filter: Filter, threshold: Threshold) => {
    const registry: RegistryPorts = {
      ...ports(undefined),
      subscriptions: new SubscriptionTable(tables.client, tables.subscriptions),
      fingerprint: (url) => url,
      seal: async () => ({ ciphertext: '', host: '', fingerprint: '' }),
      requestCheck: async (check) => void checks.push(checkMessage(check)),
    };
    const definition = { ...thresholdOn(`${instanceId}-${name}`, filter, threshold), instanceId };
    await register({ definition }, 'cli', registry);
  };
  const size = (value: number, at: number) => segment(value, at, { instanceId });
  const lead = (value: number, day: number) => segment(value, day * DAY_MINUTES, { instanceId, segment: LEADS });
  const revenue = (value: number, at: number) => measure(value, at, { instanceId, dimensions: { Region: 'EU' } });

  const vip = { segment: 'VIP customers' };
  await subscribe('up', vip, { operator: 'above', value: 10 });
  await subscribe('down', vip, { operator: 'atOrBelow', value: 5 });
  await subscribe('recovers', vip, { operator: 'above', value: 12, recoverTo: 5 });
  await subscribe('all', { measure: 'Revenue' }, { operator: 'above', value: 100, recoverTo: 50 });
  await subscribe('first', vip, { operator: 'below', value: 6, fireIfAlreadyBeyond: true });
  await deliver(size(4, 1), revenue(10, 1));
  await deliver(size(20, 2), revenue(200, 2));
  await deliver(size(8, 3), size(15, 4), revenue(60, 3));
  await subscribe('beyond', vip, { operator: 'above', value: 3, fireIfAlreadyBeyond: true });
  await deliver(...checks.splice(0), revenue(300, 4));
  await deliver(size(5, 5), size(13, 6), size(13, 6), revenue(40, 5), revenue(120, 6));

  // Changes. The name is so long that a value leaves the state before an observation is compared with it.
  await subscribe('drops', { segment: LEADS }, { change: 'falls', by: 20, unit: 'percent', comparedWith: 'previous' });
  const week = { change: 'changes', by: 30, unit: 'absolute', comparedWith: 'sameTimeLastWeek' } as const;
  await subscribe('weekly', { segment: LEADS }, { ...week, minimumBase: 110 });
  await deliver(...checks.splice(0), lead(100, -9), lead(120, -8), lead(140, -7));
  const percent = { change: 'rises', by: 70, unit: 'percent', comparedWith: 'sameTimeYesterday' } as const;
  await subscribe('daily', { segment: LEADS }, percent);
  await deliver(...checks.splice(0), lead(100, -6));
  await deliver(lead(100, -2), lead(80, -1), lead(200, 0));
  now += 3600_000;
  const after = ports(undefined);
  await sweep({ ...after, due: after.thresholds });

  const distinct = new Map(bus.published.map(({ detail }) => [detail.crossingId, detail]));
  const crossings = [...distinct.values()].map(
    ({ subscription, previousValue, value }) =>
      `${String(subscription).replace(/^run-\d+-/, '')} ${previousValue ?? ''}→${value}`,
  );
  const items = await itemsOf(instanceId);
  const left = items.filter(({ intent, due }) => intent || due);
  const past = items.filter(({ sk }) => String(sk).startsWith('value#')).length;
  return { crossings: crossings.toSorted(), left, past };
}

const EXPECTED = [
  'all 10→200',
  'all 40→120',
  'beyond →15',
  'daily 80→200',
  'down 15→5',
  'drops 140→100',
  'drops 100→80',
  'first 15→5',
  'first →4',
  'recovers 4→20',
  'recovers 5→13',
  'up 4→20',
  'up 5→13',
  'up 8→15',
  'weekly 100→80',
  'weekly 80→200',
].toSorted();

describe('a worker on the real tables', () => {
  it('finds the crossings of the history', async () => {
    const { crossings, past } = await history();
    expect(crossings).toEqual(EXPECTED);
    expect(past, 'values outside the state').toBeGreaterThan(0);
  });

  it('that is killed before or after any call loses and duplicates nothing', async () => {
    const whole = Killer.never();
    const { crossings: expected } = await history(whole);
    expect(whole.points.length).toBeGreaterThan(80);
    for (const at of Killer.pointsOf(whole.points)) {
      const killer = Killer.atSamePoint(whole.points, at);
      const { crossings, left } = await history(killer);
      expect(killer.killed).toBe(true);
      const where = `${at}, ${killer.points.at(-1)}`;
      expect({ where, crossings, left }).toEqual({ where, crossings: expected, left: [] });
    }
  }, 600_000);
});

describe('an intent that is too large for its item', () => {
  it.each(['before', 'after'] as const)(
    'is published whole, whenever its worker is killed %s a call',
    async (side) => {
      const subscribed = new Evaluator();
      for (let n = 0; n < 130; n++) {
        await subscribed.subscribe(`t-${n}`, { segment: 'VIP customers' }, { operator: 'above', value: n });
      }
      await subscribed.evaluate([segment(0, 1)]);
      const crossing = segment(1000, 2);
      for (let at = 1, killed = true; killed; at++) {
        const evaluator = Object.assign(new Evaluator(), { tables: structuredCloneOf(subscribed) });
        let calls = 0;
        killed = false;
        const gate: Gate = async (call) => {
          if (killed) throw new Crash();
          if (call.startsWith(side) && ++calls === at) {
            killed = true;
            throw new Crash();
          }
        };
        await evaluator.evaluate([crossing], gate);
        await evaluator.evaluate([crossing]);
        const ids = new Set(evaluator.bus.published.map(({ detail }) => detail.crossingId));
        expect({ at, distinct: ids.size }).toEqual({ at, distinct: 130 });
        expect([...evaluator.tables.states.values()].filter(({ intent }) => intent)).toEqual([]);
      }
    },
    120_000,
  );
});

/** The current content of the tables, for a separate run. */
function structuredCloneOf({ tables: from }: Evaluator): Evaluator['tables'] {
  const copy = new Evaluator().tables;
  for (const name of ['states', 'items', 'series', 'past', 'flags', 'measures', 'subscriptions'] as const) {
    for (const [key, value] of from[name]) (copy[name] as Map<string, unknown>).set(key, structuredClone(value));
  }
  return copy;
}
