import fc from 'fast-check';
import { expect, it } from 'vitest';
import { STATUSES } from '../../../../contract/events';
import { RefreshTable } from '../../../../lambda/custom-connector/adapters/refresh-table';
import { lastOf, type Refresh, type Refreshed } from '../../../../lambda/custom-connector/core/refresh';
import { NOW } from '../../../support/evaluation';
import { useTables } from '../../../support/servers/use-tables';

/** Each run makes up to 40 requests to the embedded DynamoDB. */
const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 2500) / 100);

let table: RefreshTable;
const tables = useTables((started) => {
  table = new RefreshTable(started.client, started.catalog, () => NOW);
});

/** A table whose worker crashes at the n-th point: before and after each request. */
function crashingAt(point: number): RefreshTable {
  let left = point;
  const reach = () => {
    if (left-- === 0) throw new Error('crash');
  };
  const send = async (command: never) => {
    reach();
    const output = await tables.client.send(command);
    reach();
    return output;
  };
  return new RefreshTable({ send } as never, tables.catalog, () => NOW);
}

let instances = 0;
const newSource = (): Refreshed & { name: string } => ({
  kind: 'data-source',
  instanceId: `property-${++instances}`,
  name: 'CRM',
});

/** Refreshes with unique ids. Many have the same end. */
const refreshes = fc
  .array(fc.record({ status: fc.constantFrom(...STATUSES), at: fc.integer({ min: 0, max: 9 }) }), { maxLength: 12 })
  .map((all) =>
    all.map(
      ({ status, at }, n): Refresh => ({
        id: n.toString(16).padStart(32, '0'),
        status,
        endedAt: NOW - at * 1000,
        runId: `run-${n}`,
      }),
    ),
  );

/** By end, then by id: the documented order, newest first. */
const newestFirst = (all: readonly Refresh[]) =>
  all.toSorted((a, b) => b.endedAt - a.endedAt || (a.id < b.id ? 1 : -1));

async function pagesOf(
  { instanceId, name }: { instanceId: string; name: string },
  size: number,
  between = async () => {},
) {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = await table.refreshes(instanceId, name, size, after);
    pages.push(page.refreshes.map(({ runId }) => runId));
    after = page.next;
    if (after !== undefined) await between();
  } while (after !== undefined);
  return pages;
}

it('the stored refreshes do not depend on the order, the repeats, the concurrency and the crashes of events', async () => {
  await fc.assert(
    fc.asyncProperty(
      refreshes.chain((all) =>
        fc.record({
          all: fc.constant(all),
          // Each event at least once, in any order, in batches of concurrent ones.
          extra: all.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...all), { maxLength: 6 }),
          seed: fc.infiniteStream(fc.nat()),
          batch: fc.integer({ min: 1, max: 4 }),
          crashes: fc.infiniteStream(fc.option(fc.nat(5))),
        }),
      ),
      async ({ all, extra, seed, batch, crashes }) => {
        const source = newSource();
        const arriving = [...all, ...extra]
          .map((one) => ({ one, key: seed.next().value as number }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ one }) => one);
        // The queue sends the event of a crashed worker again, after those that arrived meanwhile.
        const again: Refresh[] = [];
        const attempt = async (one: Refresh) => {
          const point = crashes.next().value as number | null;
          if (point === null) return table.record(source, one, NOW);
          await crashingAt(point)
            .record(source, one, NOW)
            .catch(() => again.push(one));
        };
        for (let n = 0; n < arriving.length; n += batch) {
          await Promise.all(arriving.slice(n, n + batch).map(attempt));
        }
        for (const one of again) await table.record(source, one, NOW);
        const expected = newestFirst(all);
        const found = await table.dataSource(source.instanceId, source.name);
        const newest = (...statuses: string[]) => expected.find(({ status }) => statuses.includes(status));
        expect(found && lastOf(found)).toEqual(expected[0]);
        expect(found?.succeeded).toEqual(newest('Successful'));
        expect(found?.failed).toEqual(newest('Failed', 'TimedOut'));
        expect((await pagesOf(source, 5)).flat()).toEqual(expected.map(({ runId }) => runId));
      },
    ),
    { numRuns: RUNS },
  );
});

it('pages neither lose nor repeat a refresh while others are added', async () => {
  await fc.assert(
    fc.asyncProperty(refreshes, refreshes, fc.integer({ min: 1, max: 5 }), async (first, later, size) => {
      const source = newSource();
      for (const one of first) await table.record(source, one, NOW);
      const waiting = later.map((one, n) => ({ ...one, id: `f${n}`.padStart(32, 'f'), runId: `later-${n}` }));
      const pages = await pagesOf(source, size, async () => {
        const one = waiting.pop();
        if (one) await table.record(source, one, NOW);
      });
      const seen = pages.flat();
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.filter((runId) => runId.startsWith('run-'))).toEqual(newestFirst(first).map(({ runId }) => runId));
      // A last page that is empty would be a link to nothing.
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(size);
      if (first.length > 0) expect(pages.at(-1)?.length).toBeGreaterThan(0);
    }),
    { numRuns: RUNS },
  );
});
