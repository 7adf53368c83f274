import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeliveryTable } from '../../../../lambda/delivery/adapters/delivery-table';
import { OutcomeTable } from '../../../../lambda/delivery/adapters/outcome-table';
import type { Attempt, DeliveryMessage } from '../../../../lambda/delivery/core/delivery';
import {
  afterAnnouncement,
  afterDeadline,
  afterReport,
  type Outcome,
  REPORTED_OUTCOMES,
  whileAnnounced,
} from '../../../../lambda/delivery/core/outcomes/outcome';
import type { DeliveryKey, OutcomeRow, OutcomeStore } from '../../../../lambda/delivery/core/ports';
import { NOW } from '../../../support/evaluation';
import { MemoryDeliveries } from '../../../support/memory/memory-deliveries';
import { useTables } from '../../../support/servers/use-tables';

const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 300) / 5);
const tables = useTables();
let subscriptions = 0;

const ATTEMPT: Attempt = { at: NOW, durationMs: 20, status: 202, runId: 'run-1' };
const messageOf = ({ subscription, eventId }: DeliveryKey, n: number, replay?: true): DeliveryMessage => ({
  ...{ subscription, uid: 'uid-1', acceptedAt: NOW, n, replay },
  event: {
    ...{ eventId, trigger: 'data-source-refresh-failed', instanceId: 'default', occurredAt: NOW, dataSource: 'CRM' },
    ...{ runId: 'run-1', status: 'Failed', willRetry: false },
  },
});

type Due = { due(now: number): Promise<DeliveryKey[]> };
type Stores = ReturnType<MemoryDeliveries['store']> & { readonly outcomes: OutcomeStore & Due };
/** A step on a table, with a result to compare. `n` is the number of the current try. */
type Step = (stores: Stores, key: DeliveryKey, state: { n: number; now: number }) => Promise<unknown>;

const lease = (n: number, unsentLink?: string) => ({ owner: `worker-${n}`, until: NOW + 10 ** 9, unsentLink });
const change =
  (next: (row: OutcomeRow, now: number) => Outcome | undefined): Step =>
  async ({ outcomes }, key, { now }) => {
    const row = await outcomes.read(key);
    const outcome = row && next(row, now);
    return outcome && outcomes.write(key, row, outcome);
  };

/** Steps in the order in which `deliver`, reports and sweeps take them. */
const STEPS: Readonly<Record<string, fc.Arbitrary<Step>>> = {
  claim: fc.option(fc.constantFrom('hash-a', 'hash-b')).map((link) => async (stores, key, state) => {
    state.n += 1;
    return stores.claim(messageOf(key, state.n, true), lease(state.n, link ?? undefined), NOW);
  }),
  finish: fc
    .record({
      status: fc.constantFrom('delivered', 'delivered', 'dead', 'canceled' as const),
      by: fc.option(fc.integer({ min: 1, max: 5 })),
      link: fc.option(fc.constantFrom('hash-a', 'hash-b')),
    })
    .map(({ status, by, link }) => async (stores, key, { n, now }) => {
      const awaited = by === null ? undefined : ({ state: 'awaited', by: NOW + by, subject: 'CRM' } as const);
      const details = status === 'delivered' ? { awaited } : {};
      return stores.finish(key, lease(n, link ?? undefined), status as 'delivered', [ATTEMPT], now, details);
    }),
  reschedule: fc.constant(async (stores, key, { n, now }) => stores.reschedule(key, lease(n), n, [ATTEMPT], now)),
  hold: fc.constant(async (stores, key, { n, now }) => stores.hold(messageOf(key, n), lease(n), [ATTEMPT], now)),
  report: fc
    .constantFrom(...REPORTED_OUTCOMES)
    .map((state) => change((row, now) => afterReport(row.outcome, { state, message: 'Done.' }, now))),
  sweep: fc.constant(
    change(({ outcome }, now) => outcome && whileAnnounced(afterDeadline(outcome, now) ?? outcome, now)),
  ),
  tell: fc.constant(change(({ outcome }) => (outcome?.untold === undefined ? undefined : afterAnnouncement(outcome)))),
  wait: fc.constantFrom(1, 2, 10 ** 6).map((ms) => async (_, __, state) => {
    state.now += ms;
  }),
};

/** What a reader sees. */
async function seen({ outcomes }: Stores, key: DeliveryKey, now: number): Promise<unknown> {
  const row = await outcomes.read(key);
  const isDue = (await outcomes.due(now)).some(({ subscription }) => subscription === key.subscription);
  // A row that is sent again keeps its place in the index until the flow accepts it.
  const place = row?.status === 'delivered' ? isDue : undefined;
  return row && { status: row.status, outcome: row.outcome, links: row.links.toSorted(), place };
}

describe('outcomes in DynamoDB', () => {
  it('are like those of the model in memory, after every sequence of steps', async () => {
    const real = Object.assign(new DeliveryTable(tables.client, tables.deliveries, 90), {
      outcomes: new OutcomeTable(tables.client, tables.deliveries),
    }) as unknown as Stores;
    const steps = fc.array(
      fc.oneof(...Object.entries(STEPS).map(([name, step]) => step.map((run) => ({ name, run })))),
      { minLength: 4, maxLength: 12 },
    );
    const first = STEPS.claim?.map((run) => ({ name: 'claim', run })) as fc.Arbitrary<{ name: string; run: Step }>;
    await fc.assert(
      fc.asyncProperty(first, steps, async (claim, rest) => {
        const key = { subscription: `crm-${++subscriptions}`, eventId: '0'.repeat(32) };
        const memory = new MemoryDeliveries(() => true);
        const model = Object.assign(
          memory.store(async () => {}),
          { outcomes: memory.outcomes(async () => {}) },
        );
        const [a, b] = [
          { n: 0, now: NOW },
          { n: 0, now: NOW },
        ];
        for (const { name, run } of [claim, ...rest]) {
          const [expected, actual] = [await run(model, key, a), await run(real, key, b)];
          expect(actual, name).toEqual(expected);
          expect(await seen(real, key, b.now), name).toEqual(await seen(model, key, a.now));
        }
      }),
      { numRuns: RUNS },
    );
  });
});
