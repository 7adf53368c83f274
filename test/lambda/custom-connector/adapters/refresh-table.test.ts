import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE } from '../../../../contract/shared';
import { CatalogTable } from '../../../../lambda/custom-connector/adapters/catalog-table';
import { RefreshTable } from '../../../../lambda/custom-connector/adapters/refresh-table';
import { REFRESH_RETENTION_DAYS, type Refresh, type Refreshed } from '../../../../lambda/custom-connector/core/refresh';
import { MAX_NAME_LENGTH } from '../../../../lambda/events/core/fields';
import { NOW } from '../../../support/evaluation';
import { refresh } from '../../../support/refreshes';
import { useTables } from '../../../support/servers/use-tables';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let table: RefreshTable;
let now: number;
/** Each test has its own instance. */
let instanceId: string;
let n = 0;
const tables = useTables((started) => {
  table = new RefreshTable(started.client, started.catalog, () => now);
});
beforeEach(() => {
  now = NOW;
  instanceId = `refreshes-${++n}`;
  tables.calls();
});

const crm = (): Refreshed => ({ kind: 'data-source', instanceId, name: 'CRM' });
const record = (one: Refresh, refreshed = crm()) => table.record(refreshed, one, now);
const runIds = async () => (await table.refreshes(instanceId, 'CRM', 100)).refreshes.map(({ runId }) => runId);
const written = () => tables.calls().filter((call) => /UpdateItem|PutItem/.test(call));

describe('the refresh of a data source', () => {
  it('is kept whole in its own item, and with a short error in the item with the name', async () => {
    const one = refresh('Failed', 5, { error: 'x'.repeat(5000), attempt: 2, willRetry: true });
    await record(one);
    const items = (await tables.all(tables.catalog)).filter((item) => String(item[PARTITION_KEY]).includes(instanceId));
    expect(items).toHaveLength(2);
    expect(items).toContainEqual({
      [PARTITION_KEY]: `data-source#${instanceId}`,
      [SORT_KEY]: 'CRM',
      lastSeen: NOW,
      [TTL_ATTRIBUTE]: (NOW + 400 * DAY) / 1000,
      failed: { ...one, error: `${'x'.repeat(299)}…` },
    });
    expect(items).toContainEqual({
      [PARTITION_KEY]: `refresh#${instanceId}#CRM`,
      [SORT_KEY]: `${new Date(one.endedAt).toISOString()}#${one.id}`,
      [TTL_ATTRIBUTE]: Math.floor(one.endedAt / 1000) + (REFRESH_RETENTION_DAYS * DAY) / 1000,
      ...one,
      error: `${'x'.repeat(3999)}…`,
    });
    expect(await table.dataSource(instanceId, 'CRM')).toEqual({ failed: { ...one, error: `${'x'.repeat(3999)}…` } });
    expect(await table.dataSources(instanceId)).toMatchObject([
      { name: 'CRM', refreshes: { failed: { error: `${'x'.repeat(299)}…` } } },
    ]);
  });

  it('costs two writes, also if it is late or repeated', async () => {
    await record(refresh('Successful', 5));
    expect(written()).toEqual(['UpdateItem', 'PutItem']);
    for (const again of [refresh('Successful', 5), refresh('Successful', 10)]) {
      await record(again);
      expect(written()).toEqual(['UpdateItem', 'PutItem']);
    }
    expect(await runIds()).toEqual(['run-5', 'run-10']);
    expect((await table.dataSource(instanceId, 'CRM'))?.succeeded?.runId).toBe('run-5');
  });

  it('that a producer put twice without its end is one refresh, at the first time that arrived', async () => {
    for (const minutes of [5, 3, 7]) await record({ ...refresh('Failed', minutes), id: 'a'.repeat(32), runId: 'same' });
    expect(await runIds()).toEqual(['same']);
    expect((await table.dataSource(instanceId, 'CRM'))?.failed?.endedAt).toBe(NOW - 5 * MINUTE);
  });

  it('is completed by the next attempt after a crash between the two writes', async () => {
    const crashing = new RefreshTable(
      {
        send: (command: never) => ((command as object) instanceof PutCommand ? crash() : tables.client.send(command)),
      } as never,
      tables.catalog,
      () => now,
    );
    const crash = () => Promise.reject(new Error('crash'));
    await expect(crashing.record(crm(), refresh('Failed', 5), now)).rejects.toThrow('crash');
    expect(await table.dataSource(instanceId, 'CRM')).toMatchObject({ failed: { runId: 'run-5' } });
    expect(await runIds()).toEqual([]);
    await record(refresh('Failed', 5));
    expect(await runIds()).toEqual(['run-5']);
  });

  it('expires after 90 days, but its data source stays for 400', async () => {
    await record(refresh('Successful', 5));
    now += 90 * DAY;
    await record(refresh('Failed', 10));
    expect(await runIds()).toEqual([]);
    expect(await table.dataSource(instanceId, 'CRM')).toMatchObject({
      succeeded: { runId: 'run-5' },
      failed: { runId: 'run-10' },
    });
    now = NOW + 491 * DAY;
    expect(await table.dataSource(instanceId, 'CRM')).toBeUndefined();
    expect(await table.dataSources(instanceId)).toEqual([]);
  });

  it('has no next page after a position that has expired meanwhile', async () => {
    for (const minutes of [1, 2, 3]) await record(refresh('Successful', minutes));
    const { next } = await table.refreshes(instanceId, 'CRM', 2);
    now += 91 * DAY;
    expect(await table.refreshes(instanceId, 'CRM', 2, next)).toEqual({ refreshes: [] });
  });

  it('completes an item of an earlier version, which has only the name', async () => {
    await new CatalogTable(tables.client, tables.catalog, () => now).record(
      { kind: 'data-source', instanceId, name: 'CRM' },
      now,
    );
    expect(await table.dataSource(instanceId, 'CRM')).toEqual({});
    expect(await table.dataSources(instanceId)).toEqual([{ name: 'CRM', refreshes: {} }]);
    await record(refresh('Canceled', 5));
    expect(await table.dataSource(instanceId, 'CRM')).toMatchObject({ other: { runId: 'run-5' } });
    expect(await new CatalogTable(tables.client, tables.catalog, () => now).names('data-source', instanceId)).toEqual([
      'CRM',
    ]);
  });

  it('has keys of its own, whatever the names are', async () => {
    const names = ['a', 'a#b', '%23', '顧'.repeat(MAX_NAME_LENGTH), '%'.repeat(MAX_NAME_LENGTH), '__proto__'];
    for (const [at, name] of names.entries()) {
      await record(refresh('Successful', at + 1), {
        kind: 'data-source',
        instanceId: `${name}-${n}`.slice(-MAX_NAME_LENGTH),
        name,
      });
      await record(refresh('Failed', 100 + at), { kind: 'data-source', instanceId, name });
    }
    for (const [at, name] of names.entries()) {
      const id = `${name}-${n}`.slice(-MAX_NAME_LENGTH);
      expect((await table.refreshes(id, name, 10)).refreshes.map(({ runId }) => runId)).toEqual([`run-${at + 1}`]);
      expect((await table.refreshes(instanceId, name, 10)).refreshes.map(({ runId }) => runId)).toEqual([
        `run-${100 + at}`,
      ]);
    }
  });
});

describe('the status', () => {
  it('is read with two queries, however many data sources there are', async () => {
    for (let at = 0; at < 30; at++)
      await record(refresh('Successful', at + 1), { ...crm(), name: `S${at}` } as Refreshed);
    await record(refresh('Failed', 5), { kind: 'full-refresh', instanceId });
    await record(refresh('Successful', 9), { kind: 'full-refresh', instanceId });
    await record(refresh('Skipped', 5), { kind: 'unification', instanceId });
    tables.calls();
    const [dataSources, runs] = [await table.dataSources(instanceId), await table.runs(instanceId)];
    expect(tables.calls()).toEqual(['Query', 'Query']);
    expect(dataSources).toHaveLength(30);
    expect(runs).toEqual({
      fullRefresh: { failed: refresh('Failed', 5), succeeded: refresh('Successful', 9) },
      unification: { other: refresh('Skipped', 5) },
    });
  });

  it('of runs costs one write a run', async () => {
    await record(refresh('Failed', 5), { kind: 'full-refresh', instanceId });
    expect(written()).toEqual(['UpdateItem']);
    expect(await table.runs('elsewhere')).toEqual({ fullRefresh: {}, unification: {} });
  });
});
