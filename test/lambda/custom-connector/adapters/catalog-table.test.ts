import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { SUBJECT_KINDS } from '../../../../contract/custom-connector';
import { PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE } from '../../../../contract/shared';
import { CatalogTable } from '../../../../lambda/custom-connector/adapters/catalog-table';
import { RESIGHT_MS, recordBatch, rememberingStore } from '../../../../lambda/custom-connector/core/record';
import { MAX_NAME_LENGTH } from '../../../../lambda/events/core/fields';
import { MemoryHandler, messagesOf, NOW, segment } from '../../../support/evaluation';
import { MemoryRefreshes } from '../../../support/memory/memory-refreshes';
import { useTables } from '../../../support/servers/use-tables';

const DAY = 24 * 3600_000;
const RETENTION = 400 * DAY;

let table: CatalogTable;
let now: number;
/** Each test has its own instance. */
let instanceId: string;
let n = 0;
const tables = useTables((started) => {
  table = new CatalogTable(started.client, started.catalog, () => now);
});
beforeEach(() => {
  now = NOW;
  instanceId = `instance-${++n}`;
  tables.calls();
});

const sighting = (name: string, seenAt = now) => table.record({ kind: 'segment', instanceId, name }, seenAt);
const names = async (kind: (typeof SUBJECT_KINDS)[number] = 'segment') =>
  (await table.names(kind, instanceId)).toSorted();
const items = async () =>
  (await tables.all(tables.catalog)).filter((item) => String(item[PARTITION_KEY]).endsWith(`#${instanceId}`));

describe('a subject', () => {
  it('is absent, then listed under its kind and instance', async () => {
    expect(await names()).toEqual([]);
    await sighting('VIP');
    expect(await names()).toEqual(['VIP']);
    expect(await names('measure')).toEqual([]);
    expect(await table.names('segment', 'elsewhere')).toEqual([]);
  });

  it('is one item with its last sighting and its expiry after 400 days', async () => {
    await sighting('VIP', NOW + 999);
    expect(await items()).toEqual([
      {
        [PARTITION_KEY]: `segment#${instanceId}`,
        [SORT_KEY]: 'VIP',
        lastSeen: NOW + 999,
        [TTL_ATTRIBUTE]: (NOW + RETENTION) / 1000,
      },
    ]);
  });

  it('is written again after a day, and never by an earlier sighting', async () => {
    const lastSeen = async () => (await items())[0]?.lastSeen;
    await sighting('VIP');
    await sighting('VIP', NOW + RESIGHT_MS - 1);
    expect(await lastSeen()).toBe(NOW);
    await sighting('VIP', NOW + RESIGHT_MS);
    expect(await lastSeen()).toBe(NOW + RESIGHT_MS);
    await sighting('VIP', NOW);
    await sighting('VIP', 0);
    expect(await items()).toMatchObject([
      { lastSeen: NOW + RESIGHT_MS, [TTL_ATTRIBUTE]: (NOW + RESIGHT_MS + RETENTION) / 1000 },
    ]);
  });

  it('is written once by ten concurrent containers', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, container) => sighting('VIP', NOW + container)));
    const [item, ...others] = await items();
    expect(others).toEqual([]);
    expect(item?.[TTL_ATTRIBUTE]).toBe(NOW / 1000 + RETENTION / 1000);
    expect(tables.calls().filter((call) => call === 'UpdateItem')).toHaveLength(10);
  });

  it('that expired is not listed, and is listed again after a refresh', async () => {
    await sighting('Old');
    now += RETENTION - 1000;
    expect(await names()).toEqual(['Old']);
    now += 1000;
    expect(await names()).toEqual([]);
    await sighting('Old');
    expect(await names()).toEqual(['Old']);
  });

  it('can have any name that an event can have', async () => {
    const odd = [
      ...['#', 'a#b', '%23', 'segment#default', `#${instanceId}`, '"quoted"', "it's", '{"json":1}', '__proto__'],
      ...[
        'constructor',
        'Ünïcödé',
        'e\u0301',
        '\u00e9',
        '🎉',
        '👩‍👩‍👧',
        'عملاء مميزون',
        '\u202eevil',
        'a\nb',
        '\u0000',
        '\u{10ffff}',
      ],
      ...[
        '顧'.repeat(MAX_NAME_LENGTH),
        '\uffee'.repeat(MAX_NAME_LENGTH),
        '🎉'.repeat(MAX_NAME_LENGTH / 2),
        'x'.repeat(MAX_NAME_LENGTH),
      ],
    ];
    await Promise.all(odd.map((name) => sighting(name)));
    expect(await names()).toEqual(odd.toSorted());
  });

  it('has a key of its own, whatever its instance is', async () => {
    const instances = ['a', 'a#b', '#', 'measure#a', '顧'.repeat(MAX_NAME_LENGTH), '__proto__'].map((id) =>
      `${id}-${n}`.slice(-MAX_NAME_LENGTH),
    );
    for (const id of instances) {
      for (const kind of SUBJECT_KINDS) await table.record({ kind, instanceId: id, name: 'same' }, now);
      await table.record({ kind: 'segment', instanceId: id, name: id }, now);
    }
    for (const id of instances) {
      expect((await table.names('segment', id)).toSorted()).toEqual(['same', id].toSorted());
      expect(await table.names('measure', id)).toEqual(['same']);
    }
  });
});

describe('a catalog of several pages', () => {
  it('is read as a whole, also when the first page has only expired items', async () => {
    const name = (at: number) => `Segment ${at + 10}`;
    // 60 large items are more than two pages of 1 MB.
    const put = (at: number) =>
      tables.client.send(
        new PutCommand({
          TableName: tables.catalog,
          Item: {
            [PARTITION_KEY]: `segment#${instanceId}`,
            [SORT_KEY]: name(at),
            [TTL_ATTRIBUTE]: NOW / 1000 + (at < 40 ? -1 : 1),
            fieldOfLaterVersion: 'x'.repeat(50_000),
          },
        }),
      );
    await Promise.all(Array.from({ length: 60 }, (_, at) => put(at)));
    tables.calls();
    expect(await names()).toEqual(Array.from({ length: 20 }, (_, at) => name(40 + at)));
    expect(tables.calls().filter((call) => call === 'Query').length).toBeGreaterThan(2);
  });
});

describe('record on the real table', () => {
  /** One container. Its `failing` writes are throttled. */
  function container(failing: (name: string) => boolean = () => false) {
    const handler = new MemoryHandler();
    const client = {
      send: (command: { input: { Key: Record<string, string> } }) =>
        failing(command.input.Key[SORT_KEY] as string)
          ? Promise.reject(Object.assign(new Error('slower'), { name: 'ThrottlingException' }))
          : tables.client.send(command as never),
    } as unknown as DynamoDBDocumentClient;
    const subjects = rememberingStore(new CatalogTable(client, tables.catalog, () => now));
    const { rejected, telemetry } = handler;
    return (bodies: readonly string[]) =>
      recordBatch(messagesOf(bodies), {
        subjects,
        refreshes: new MemoryRefreshes(),
        rejected,
        telemetry,
        clock: () => now,
      });
  }
  const sizeOf = (name: string) => segment(1, 1, { instanceId, segment: name });

  it('uses only UpdateItem, and none for a known subject', async () => {
    const record = container();
    const batch = ['a', 'b', 'a', 'c'].map(sizeOf);
    expect(await record(batch)).toEqual([]);
    expect(await record(batch)).toEqual([]);
    expect(tables.calls()).toEqual(['UpdateItem', 'UpdateItem', 'UpdateItem']);
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  it('retries throttled messages until each subject is recorded once, in any container', async () => {
    let isThrottled = true;
    const containers = [container((name) => isThrottled && name > 'b'), container()];
    const batch = ['a', 'b', 'c', 'd', 'c'].map(sizeOf);
    const failed = await containers[0]?.(batch);
    expect(failed).toEqual(['2', '3', '4']);
    expect(await names()).toEqual(['a', 'b']);
    isThrottled = false;
    now += 5000;
    const retried = (failed ?? []).map((id) => batch[Number(id)] as string);
    // SQS can deliver a message twice, to two containers.
    expect(await Promise.all(containers.map((record) => record([...retried, ...batch])))).toEqual([[], []]);
    expect(await names()).toEqual(['a', 'b', 'c', 'd']);
    const lastSeen = Object.fromEntries((await items()).map((item) => [item[SORT_KEY], item.lastSeen]));
    expect(lastSeen).toEqual({ a: NOW, b: NOW, c: NOW + 5000, d: NOW + 5000 });
  });
});

it('passes on errors of the table', async () => {
  const nowhere = new CatalogTable(tables.client, 'nowhere', () => now);
  await expect(nowhere.record({ kind: 'segment', instanceId, name: 'VIP' }, now)).rejects.toThrow();
  await expect(nowhere.names('segment', instanceId)).rejects.toThrow();
});
