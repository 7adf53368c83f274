import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURES_TO_OPEN } from '../../../../../lambda/delivery/core/health/circuit-breaker';
import { HealthWriter } from '../../../../../lambda/delivery/core/health/health-writer';
import {
  type HealthWorkPorts,
  recordFailure,
  recordRefusal,
  recordSuccess,
} from '../../../../../lambda/delivery/core/health/record-outcome';
import type { FlowResponse } from '../../../../../lambda/delivery/core/response';
import { isPaused } from '../../../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../../../lambda/subscriptions/core/subscription';
import { NOW } from '../../../../support/evaluation';
import { Interleaving, randomFrom } from '../../../../support/memory/interleaving';
import { type Gate, MemoryBus, MemoryTables, MemoryTelemetry } from '../../../../support/memory/memory';

const MINUTE = 60_000;
const FAILED: FlowResponse = { status: 500 };
const REFUSED: FlowResponse = { status: 401 };

/** A subscription in memory, and workers that record outcomes, with interleaved steps. */
function world(seed: number) {
  const interleaving = new Interleaving(randomFrom(seed));
  const tables = new MemoryTables();
  const telemetry = new MemoryTelemetry();
  const bus = new MemoryBus();
  const clock = { now: NOW };
  const calls: string[] = [];
  const subscription: Subscription = {
    definition: {
      name: 'crm',
      trigger: 'data-source-refresh-failed',
      instanceId: 'default',
      filter: {},
      format: 'flat',
      owners: [],
    },
    uid: 'uid',
    generation: 1,
    managedBy: 'cli',
  };
  tables.subscriptions.set('crm', subscription);
  const current = () => tables.subscriptions.get('crm') as Subscription;
  const workers: Promise<unknown>[] = [];
  return {
    clock,
    current,
    telemetry,
    writes: () => calls.filter((call) => call === 'before writeHealth').length,
    /** A worker whose messages have all read the current subscription. */
    start(work: (used: Subscription, ports: HealthWorkPorts) => Promise<unknown>): void {
      const used = current();
      const gated = async (gate: Gate) => {
        const subscriptions = tables.registry(async (call) => {
          calls.push(call);
          await gate(call);
        });
        const writer = new HealthWriter(subscriptions);
        const events = bus.publisher(gate);
        await work(used, { subscriptions, writer, events, telemetry, clock: () => clock.now, connectorId: 'test' });
      };
      workers.push(interleaving.start(gated));
    },
    async end(): Promise<void> {
      while (interleaving.workers > 0) await interleaving.step();
      await Promise.all(workers);
    },
  };
}

const times = <T>(count: number, act: () => T): T[] => Array.from({ length: count }, act);
const batches = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const seeds = fc.integer({ min: 1, max: 2 ** 31 });

describe('the outcome of a call', () => {
  it('is written twice for a batch of any size that fails together', async () => {
    const { start, end, current, writes } = world(1);
    start((used, ports) => Promise.all(times(10, () => recordFailure(used, FAILED, false, ports))));
    await end();
    expect(current().health?.failures).toMatchObject({ count: FAILURES_TO_OPEN, opened: 1 });
    expect(writes()).toBe(2);
  });

  it('is counted for every failure when workers record concurrently', () =>
    fc.assert(
      fc.asyncProperty(seeds, batches, async (seed, sizes) => {
        const { start, end, current, telemetry } = world(seed);
        for (const size of sizes) {
          start((used, ports) => Promise.all(times(size, () => recordFailure(used, FAILED, false, ports))));
        }
        await end();
        const failures = sizes.reduce((sum, size) => sum + size, 0);
        expect(current().health?.failures?.count).toBe(Math.min(failures, FAILURES_TO_OPEN));
        expect(telemetry.counts.FailingSubscriptions ?? 0).toBe(failures >= FAILURES_TO_OPEN ? 1 : 0);
      }),
    ));

  it('is counted for every refusal, and exactly one of them pauses', () =>
    fc.assert(
      fc.asyncProperty(seeds, batches, async (seed, sizes) => {
        const { start, end, current, clock } = world(seed);
        start((used, ports) => recordRefusal(used, REFUSED, ports));
        await end();
        clock.now += 10 * MINUTE;
        let pausing = 0;
        for (const size of sizes) {
          start(async (used, ports) => {
            const noted = await Promise.all(times(size, () => recordRefusal(used, REFUSED, ports)));
            pausing += noted.filter((one) => one?.changed).length;
          });
        }
        await end();
        const refusals = 1 + sizes.reduce((sum, size) => sum + size, 0);
        expect([isPaused(current()), pausing]).toEqual(refusals >= 3 ? [true, 1] : [false, 0]);
        if (refusals < 3) expect(current().health?.refusals?.count).toBe(refusals);
      }),
    ));

  it('is cleared by a success of the same batch, in order', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.array(fc.boolean(), { maxLength: 12 }), async (seed, outcomes) => {
        const { start, end, current } = world(seed);
        start((used, ports) =>
          Promise.all(
            outcomes.map((ok) => (ok ? recordSuccess(used, ports) : recordFailure(used, FAILED, false, ports))),
          ),
        );
        await end();
        const since = outcomes.length - (outcomes.lastIndexOf(true) + 1);
        expect(current().health?.failures?.count ?? 0).toBe(Math.min(since, FAILURES_TO_OPEN));
      }),
    ));

  it('fails for all changes of a failed write, and continues with the next write', async () => {
    const { start, end, current } = world(1);
    let noted: PromiseSettledResult<void>[] = [];
    start(async (used, { subscriptions, ...ports }) => {
      let writes = 0;
      const writer = new HealthWriter({
        ...subscriptions,
        writeHealth: async (read, health) => {
          if (++writes === 2) throw new Error('throttled');
          return subscriptions.writeHealth(read, health);
        },
      });
      const note = () => recordFailure(used, FAILED, false, { ...ports, subscriptions, writer });
      noted = await Promise.allSettled(times(3, note));
      await note();
    });
    await end();
    expect(noted.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(current().health?.failures?.count).toBe(2);
  });
});
