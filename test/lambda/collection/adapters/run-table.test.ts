import { beforeEach, describe, expect, it } from 'vitest';
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../../../../contract/shared';
import { RunTable } from '../../../../lambda/collection/adapters/run-table';
import { collectBatch } from '../../../../lambda/collection/core/collect';
import type { CollectedRun } from '../../../../lambda/collection/core/collected-run';
import { Collector, stageEvent } from '../../../support/collection';
import { useTables } from '../../../support/servers/use-tables';

let name: string;
let table: RunTable;
/** Each test has its own run. */
let key: string;
let n = 0;
const tables = useTables((started) => {
  name = started.runs;
  table = new RunTable(started.client, name);
});
beforeEach(() => {
  key = `full#default#${++n}`;
});

const first: CollectedRun = {
  refresh: 'full',
  instanceId: 'default',
  runId: '1',
  version: 1,
  stages: [
    { name: '__proto__', status: 'Failed', endedAt: 5, error: 'no' },
    { name: 'B', status: 'Successful' },
  ],
  expected: ['B', 'C'],
  deadline: 1000,
};
const closed: CollectedRun = { ...first, version: 2, closed: 'complete', closedAt: 100 };
const published: CollectedRun = { ...closed, version: 3, publishedAt: 200_500 };
const item = async () => (await tables.all(name)).find((one) => one[PARTITION_KEY] === key);

describe('a run', () => {
  it('is absent before the first write', async () => {
    expect(await table.read(key)).toBeUndefined();
    expect(await table.write(key, { ...first, kind: undefined })).toBe(true);
    expect(await table.read(key)).toEqual(first);
    expect(await table.write(key, closed)).toBe(true);
    expect(await table.read(key)).toEqual(closed);
    expect(await table.write(key, { ...published, expected: 3 })).toBe(true);
    expect(await table.read(key)).toEqual({ ...published, expected: 3 });
  });

  it.each([
    ['created by another worker', { ...first, deadline: 7 }],
    ['closed by another worker', { ...first, version: 2, deadline: 7 }],
    ['of no such version', { ...first, version: 9, deadline: 7 }],
  ])('does not change after a lost race: it was %s', async (_, stale) => {
    await table.write(key, first);
    await table.write(key, closed);
    expect(await table.write(key, stale)).toBe(false);
    expect(await table.read(key)).toEqual(closed);
  });

  it('that was deleted is not created by a later write', async () => {
    expect(await table.write(key, closed)).toBe(false);
    expect(await table.read(key)).toBeUndefined();
  });

  it('is closed by exactly one of several concurrent workers', async () => {
    await table.write(key, first);
    const races = await Promise.all(
      ['complete', 'timedOut', 'complete'].map((how, closedAt) =>
        table.write(key, { ...closed, closed: how as 'complete', closedAt }),
      ),
    );
    expect(races.filter(Boolean)).toHaveLength(1);
    expect((await table.read(key))?.closedAt).toBe(races.indexOf(true));
  });

  it('passes on errors of the table', async () => {
    await expect(new RunTable(tables.client, 'nowhere').write(key, first)).rejects.toThrow();
    await expect(new RunTable(tables.client, 'nowhere').read(key)).rejects.toThrow();
  });
});

describe('the index of due runs', () => {
  it('contains open runs at their deadline, closed runs after their worker has ended, and no published runs', async () => {
    const isDue = async (at: number) => (await table.overdue(at)).includes(key);
    await table.write(key, first);
    expect([await isDue(999), await isDue(1000), await isDue(2000)]).toEqual([false, true, true]);
    await table.write(key, closed);
    expect([await isDue(120_099), await isDue(120_100)]).toEqual([false, true]);
    await table.write(key, published);
    expect(await isDue(Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});

it('only a published run expires, after 30 days', async () => {
  await table.write(key, first);
  expect(await item()).not.toHaveProperty(TTL_ATTRIBUTE);
  await table.write(key, closed);
  expect(await item()).not.toHaveProperty(TTL_ATTRIBUTE);
  await table.write(key, published);
  expect((await item())?.[TTL_ATTRIBUTE]).toBe(200 + 30 * 24 * 60 * 60);
});

it('processes a batch of several runs with few requests, and one run with ten workers', async () => {
  const collector = new Collector();
  const ports = { ...collector.ports(), runs: table };
  const stages = (runId: string) =>
    ['map', 'match', 'merge'].map((stage) => ({ id: `${runId}-${stage}`, body: stageEvent({ runId, stage }) }));
  tables.calls();
  expect(await collectBatch([...stages('one'), ...stages('two'), ...stages('three')], ports)).toEqual([]);
  const calls = tables.calls();
  // Concurrent reads share a request. Each run is written once for each stage and once when it is published.
  expect(calls.filter((call) => call === 'BatchGetItem').length).toBeLessThan(9);
  expect(calls.filter((call) => call === 'PutItem')).toHaveLength(12);
  expect(collector.bus.published).toHaveLength(3);

  const messages = Array.from({ length: 10 }, (_, m) => ({
    id: String(m),
    body: stageEvent({ runId: 'crowded', process: `P${m}`, expected: 10 }),
  }));
  const failed = await Promise.all(messages.map((message) => collectBatch([message], ports)));
  expect(failed.flat()).toEqual([]);
  const events = collector.bus.published.filter(({ detail }) => detail.runId === 'crowded');
  expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(1);
  expect(Object.keys(events[0]?.detail.processes as object)).toHaveLength(10);
});
