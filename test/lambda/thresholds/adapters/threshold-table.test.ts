import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkEvent } from '../../../../lambda/events/core/events';
import { canonicalDimensions, type Dimensions, metricKey } from '../../../../lambda/shared/core/metric';
import { position } from '../../../../lambda/shared/core/position';
import type { ChangeThreshold } from '../../../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../../../lambda/thresholds/adapters/threshold-table';
import { toObservation } from '../../../../lambda/thresholds/core/evaluate';
import {
  type Hit,
  type Intent,
  type MetricState,
  nextState,
  partSortKey,
} from '../../../../lambda/thresholds/core/metric-state';
import type { OverdueKind } from '../../../../lambda/thresholds/core/ports';
import {
  crossedRange,
  flagSortKey,
  INITIAL_RANGE,
  SERIES_RANGE,
  type SeriesItem,
  type StoredItem,
  seriesItem,
  seriesSortKeyOf,
  type ThresholdItem,
  thresholdItems,
} from '../../../../lambda/thresholds/core/threshold-item';
import { measure } from '../../../support/evaluation';
import { useTables } from '../../../support/servers/use-tables';

let table: ThresholdTable;
/** Each test has its own metric. */
let key: string;
let name = 0;
const tables = useTables((started) => {
  table = new ThresholdTable(started.client, started.thresholds);
});
beforeEach(() => {
  key = `default#segment#${++name}`;
});

const state = (value: number, version: number, intent?: Intent): MetricState => ({
  metric: { kind: 'segment', instanceId: 'default', name: 'VIP' },
  last: { value, observedAt: 1000 + version, sequence: 0 },
  version,
  recent: [[1000 + version, value]],
  intent,
});

const hit: Hit = {
  kind: 'fire',
  operator: 'above',
  threshold: 10,
  cut: 'c',
  subscription: 's',
  uid: 'u',
  generation: 1,
  thresholdId: 'id',
  startsFlow: true,
  flagged: false,
};
const intent = (version: number, due: number): Intent => ({
  version,
  previousValue: 1,
  value: 20,
  observedAt: 1000,
  sequence: 0,
  hits: [hit],
  due,
});

describe('state', () => {
  it('is absent before the first commit', async () => {
    expect(await table.readState(key)).toBeUndefined();
    expect(await table.commitState(key, state(5, 1), undefined)).toBe(true);
    expect(await table.readState(key)).toEqual(state(5, 1));
    expect(await table.commitState(key, state(20, 2, intent(2, 99)), 1)).toBe(true);
    expect(await table.readState(key)).toEqual(state(20, 2, intent(2, 99)));
  });

  it.each([
    ['created by another worker', undefined],
    ['committed by another worker', 1],
    ['of no such version', 7],
  ])('does not change after a lost race: the state was %s', async (_, readVersion) => {
    await table.commitState(key, state(5, 1), undefined);
    await table.commitState(key, state(6, 2), 1);
    expect(await table.commitState(key, state(99, 3), readVersion)).toBe(false);
    expect(await table.readState(key)).toEqual(state(6, 2));
  });

  it('is not created by a commit over a deleted version', async () => {
    expect(await table.commitState(key, state(5, 2), 1)).toBe(false);
    expect(await table.readState(key)).toBeUndefined();
  });

  it('is committed by exactly one of several concurrent workers', async () => {
    const races = await Promise.all([1, 2, 3, 4, 5].map((value) => table.commitState(key, state(value, 1), undefined)));
    expect(races.filter(Boolean)).toHaveLength(1);
    expect((await table.readState(key))?.last?.value).toBe(races.indexOf(true) + 1);
  });

  it('stores every possible value exactly', async () => {
    const values = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
    let version: number | undefined;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(values, fc.constantFrom(1e125, -9.99e125, 1e-130, 2 ** 53 + 2, 1e16, -1e21, 1e300, 5e-324)),
        async (value) => {
          const checked = checkEvent(measure(value, 1));
          const observation = 'value' in checked ? toObservation(checked.value) : undefined;
          expect(observation !== undefined).toBe(value === 0 || (Math.abs(value) >= 1e-130 && Math.abs(value) < 1e126));
          if (!observation) return;
          const next = { ...nextState(undefined, observation), version: (version ?? 0) + 1 };
          expect(await table.commitState(key, next, version)).toBe(true);
          version = next.version;
          expect((await table.readState(key))?.last?.value).toBe(value);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('can be stored for every possible metric', async () => {
    const long = fc
      .constantFrom('a', '%', '#', 'é', '漢', '😀')
      .map((character) => character.repeat(200 / character.length));
    const names = fc.oneof(long, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }));
    const dimensions = fc.dictionary(names, names, { maxKeys: 10 });
    await fc.assert(
      fc.asyncProperty(names, names, dimensions, async (instanceId, measureName, members) => {
        const checked = checkEvent(measure(1, 1, { instanceId, measure: measureName, dimensions: members }));
        const observation = 'value' in checked ? toObservation(checked.value) : undefined;
        if (!observation) return;
        const metric = metricKey(observation.metric);
        const before = await table.readState(metric);
        const next = { ...nextState(undefined, observation), version: (before?.version ?? 0) + 1 };
        expect(await table.commitState(metric, next, before?.version)).toBe(true);
        expect(await table.readState(metric)).toEqual(JSON.parse(JSON.stringify(next)));
      }),
      { numRuns: 150 },
    );
  });
});

const ownerOfItem = (item: StoredItem) => ('subscription' in item ? item.subscription : '');

describe('threshold items', () => {
  const put = (threshold: ThresholdItem) => table.putThreshold(key, threshold, 1);
  const between = (from: number, to: number) => table.items(key, ...crossedRange(position(from), position(to)));
  const found = async (from: number, to: number) => (await between(from, to)).map(ownerOfItem);

  it('are found between two values, unchanged and in the order of the cuts', async () => {
    const items = [30, 10, 20, -5].flatMap((value) =>
      thresholdItems(`up-${value}`, 'id', { operator: 'above', value, recoverTo: value - 2 }),
    );
    for (const item of items) await put(item);
    await put(thresholdItems('at', 'id', { operator: 'atOrAbove', value: 20 })[0] as ThresholdItem);
    expect(await found(0, 25)).toEqual(['up-10', 'at', 'up-20']);
    expect(await found(10, 20)).toEqual(['up-10', 'at']);
    expect(await found(-10, 0)).toEqual(['up--5']);
    expect(await found(25, 0)).toEqual(['up-10', 'up-20']);
    expect(await between(29, 31)).toEqual([items[0]]);
  });

  it('are found without items of other metrics, states, flags and parts of intents', async () => {
    await table.commitState(key, state(5, 1), undefined);
    await table.putIntentPart(key, 'id', 0, [hit], 1);
    await table.writeFlag(key, 's', 'id', { armed: false }, 1);
    await table.addMember(key, { Region: 'EMEA' });
    await table.putThreshold(
      `${key}0`,
      thresholdItems('other', 'id', { operator: 'above', value: 1 })[0] as ThresholdItem,
      1,
    );
    expect(await found(-1e9, 1e9)).toEqual([]);
    expect(await found(1e9, -1e9)).toEqual([]);
    expect(await table.items(key, ...INITIAL_RANGE)).toEqual([]);
  });

  it('are found for a first value with any name of their subscription', async () => {
    for (const one of ['a', 'Z', '9', '_', '-', 'zz']) {
      for (const item of thresholdItems(one, 'id', { operator: 'above', value: 1, fireIfAlreadyBeyond: true }))
        await put(item);
      await put(thresholdItems(`${one}-later`, 'id', { operator: 'above', value: 1 })[0] as ThresholdItem);
    }
    const initial = await table.items(key, ...INITIAL_RANGE);
    expect(initial.map(ownerOfItem).sort()).toEqual(['-', '9', 'Z', '_', 'a', 'zz']);
    expect(new Set(initial.map(({ kind }) => kind))).toEqual(new Set(['initial']));
  });

  it('are read from all pages of a jump over many thresholds', async () => {
    const count = 1500;
    // A query page has up to 1 MB (DynamoDB API reference, Query). These items have about 1.5 MB.
    const wide = 'w'.repeat(300);
    const items = Array.from(
      { length: count },
      (_, n) => thresholdItems(`${n}-${wide}`, wide, { operator: 'above', value: n })[0] as ThresholdItem,
    );
    await Promise.all(items.map(put));
    tables.calls();
    const names = (await found(-1, count)).map((subscription) => Number.parseInt(subscription, 10));
    expect(names).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(tables.calls().length, 'pages').toBeGreaterThan(1);
  });
});

describe('thresholds on changes', () => {
  const threshold = { change: 'changes', by: 20, unit: 'percent', comparedWith: 'sameTimeLastWeek' } as const;
  const big = { ...threshold, minimumBase: 1000 };
  const items = (subscription: string, of: ChangeThreshold) => thresholdItems(subscription, 'id', of);
  const series = (of: ChangeThreshold, id: string) => seriesItem(of, id) as SeriesItem;

  it('are found in their series only, on the side of the change', async () => {
    for (const item of [...items('a', threshold), ...items('b', big)]) await table.putThreshold(key, item);
    const found = async (of: ChangeThreshold, from: number, to: number) =>
      (await table.items(key, ...crossedRange(position(from), position(to), of))).map((item) =>
        'operator' in item ? `${item.subscription} ${item.operator}` : '',
      );
    expect(await found(threshold, 0, 30)).toEqual(['a atOrAbove']);
    expect(await found(big, 0, -30)).toEqual(['b atOrBelow']);
    expect(await found({ ...threshold, unit: 'absolute' }, 0, 30)).toEqual([]);
    expect(await table.items(key, ...crossedRange(position(0), position(30)))).toEqual([]);
  });

  it('have one item for each series, which the first value of a metric also reads', async () => {
    for (const [of, id] of [
      [threshold, 'x'],
      [threshold, 'y'],
      [big, 'z'],
    ] as const)
      await table.putSeries(key, series(of, id));
    await table.putThreshold(key, thresholdItems('vip', 'id', { operator: 'above', value: 1 })[0] as ThresholdItem);
    const stored = [series(threshold, 'y'), series(big, 'z')];
    expect(await table.items(key, ...SERIES_RANGE)).toEqual(stored);
    expect(await table.items(key, ...INITIAL_RANGE)).toEqual(stored);
    const [first] = items('vip', big) as [ThresholdItem];
    const at = seriesSortKeyOf(first.sortKey);
    expect(await table.firstItems(key, at, at, 1)).toEqual([series(big, 'z')]);
    expect(await table.firstItems(key, ...SERIES_RANGE, 1)).toEqual([series(threshold, 'y')]);
  });

  it('keep a series that was written again', async () => {
    await table.putSeries(key, series(threshold, 'x'));
    const read = series(threshold, 'x');
    await table.putSeries(key, series(threshold, 'y'));
    await table.removeSeries(key, read);
    expect(await table.items(key, ...SERIES_RANGE)).toEqual([series(threshold, 'y')]);
    await table.removeSeries(key, series(threshold, 'y'));
    expect(await table.items(key, ...SERIES_RANGE)).toEqual([]);
  });

  it('are compared with the latest stored value at or before an instant', async () => {
    const past = [-86_400_000, 0, 1_700_000_000_000].map((observedAt, n) => ({
      observedAt,
      value: n / 10,
      until: observedAt + 10,
    }));
    for (const one of past) await table.putPastValue(key, one, one.observedAt + 20);
    expect(await table.pastValueAt(key, -86_400_001)).toBeUndefined();
    expect(await table.pastValueAt(key, -86_400_000)).toEqual(past[0]);
    expect(await table.pastValueAt(key, 5)).toEqual(past[1]);
    expect(await table.pastValueAt(key, 1_800_000_000_000)).toEqual(past[2]);
    expect(await table.pastValueAt(`${key}x`, 5)).toBeUndefined();
  });
});

describe('a flag', () => {
  const flag = () => table.readFlag(key, 's', 'id');

  it('has the value of the latest version', async () => {
    expect(await flag()).toBeUndefined();
    await table.writeFlag(key, 's', 'id', { armed: false }, 5);
    expect(await flag()).toEqual({ armed: false });
    await table.writeFlag(key, 's', 'id', { armed: true }, 5);
    await table.writeFlag(key, 's', 'id', { armed: true }, 4);
    expect(await flag()).toEqual({ armed: false });
    await table.writeFlag(key, 's', 'id', { armed: true }, 6);
    expect(await flag()).toEqual({ armed: true });
  });

  it('belongs to one threshold and one metric', async () => {
    await table.writeFlag(key, 's', 'id', { armed: false }, 1);
    expect(await table.readFlag(key, 's', 'id2')).toBeUndefined();
    expect(await table.readFlag(key, 's2', 'id')).toBeUndefined();
    expect(await table.readFlag(`${key}x`, 's', 'id')).toBeUndefined();
    await table.remove(key, flagSortKey('s', 'id'));
    expect(await flag()).toBeUndefined();
  });
});

describe('members of a measure', () => {
  it('are stored once each, with any names in any order', async () => {
    const members: Dimensions[] = [{ Region: 'EMEA' }, { Region: 'EMEA', Channel: '~' }, { '~': '😀' }, { a: '#%"' }];
    for (const one of [...members, { Channel: '~', Region: 'EMEA' }]) await table.addMember(key, one);
    const found = (await table.members(key)).map(canonicalDimensions);
    expect(found.sort()).toEqual(members.map(canonicalDimensions).sort());
    expect(await table.members(`${key}x`)).toEqual([]);
  });
});

describe('intents', () => {
  it('are only cleared with their own version, and clearing does not change the version', async () => {
    await table.commitState(key, state(20, 2, intent(2, 99)), undefined);
    await table.clearIntent(key, 1);
    expect((await table.readState(key))?.intent).toEqual(intent(2, 99));
    await table.clearIntent(key, 2);
    await table.clearIntent(key, 2);
    expect(await table.readState(key)).toEqual(state(20, 2));
  });

  it('are not created by clearing a metric without a state', async () => {
    await table.clearIntent(key, 1);
    expect(await table.readState(key)).toBeUndefined();
  });

  it('have parts that can be read until they are deleted', async () => {
    const others = [{ ...hit, subscription: 'other' }];
    await table.putIntentPart(key, 'a', 0, [hit], 1);
    await table.putIntentPart(key, 'a', 1, others, 1);
    await table.putIntentPart(key, 'b', 0, [], 1);
    expect(await table.readIntentPart(key, 'a', 0)).toEqual([hit]);
    await table.deleteIntentPart(key, 'a', 0);
    await table.deleteIntentPart(key, 'a', 0);
    expect(await table.readIntentPart(key, 'a', 0)).toBeUndefined();
    expect(await table.readIntentPart(key, 'a', 1)).toEqual(others);
    expect(await table.readIntentPart(key, 'b', 0)).toEqual([]);
  });

  it('have no entry in the index, because a list of pending metrics names them', async () => {
    const indexed = async () => (await table.overdue('intent', 1000)).filter(({ metricKey }) => metricKey === key);
    await table.commitState(key, state(20, 1, intent(1, 100)), undefined);
    expect(await indexed()).toEqual([]);
  });

  it('of an earlier version are in the index until they are cleared', async () => {
    const indexed = async () => (await table.overdue('intent', 1000)).filter(({ metricKey }) => metricKey === key);
    await table.commitState(key, state(20, 1, intent(1, 100)), undefined);
    const set = 'SET dueKind = :kind, due = :due';
    const values = { ':kind': 'intent', ':due': 100 };
    await tables.client.send(
      new UpdateCommand({
        TableName: tables.thresholds,
        Key: { pk: key, sk: 'state' },
        UpdateExpression: set,
        ExpressionAttributeValues: values,
      }),
    );
    expect(await indexed()).toEqual([{ metricKey: key, sortKey: 'state', due: 100 }]);
    await table.clearIntent(key, 1);
    expect(await indexed()).toEqual([]);
  });
});

describe('a list of pending metrics', () => {
  it('is found when it is due, until it is removed, and is no item of a metric', async () => {
    const mine = async (before: number) =>
      (await table.overduePending(before)).filter(({ metricKeys }) => metricKeys[0]?.startsWith(key));
    const id = await table.putPending([`${key}a`, `${key}b`], 100);
    const later = await table.putPending([`${key}c`], 10_000_000_000_000);
    expect(await mine(99)).toEqual([]);
    expect(await mine(100)).toEqual([{ id, metricKeys: [`${key}a`, `${key}b`] }]);
    expect(await mine(9_999_999_999_999)).toHaveLength(1);
    expect(await mine(10_000_000_000_000)).toEqual([
      { id, metricKeys: [`${key}a`, `${key}b`] },
      { id: later, metricKeys: [`${key}c`] },
    ]);
    for await (const { metricKey } of table.list()) expect(metricKey).not.toContain('pending');
    await table.removePending(id);
    expect(await mine(100)).toEqual([]);
  });
});

describe('the index of due work', () => {
  const mine = async (kind: OverdueKind, before: number) =>
    (await table.overdue(kind, before)).filter((one) => one.metricKey === key).map((one) => one.sortKey);
  const [item] = thresholdItems('s', 'id', { operator: 'above', value: 1 }) as [ThresholdItem];

  it('contains a threshold’s item until it is settled, and again after it is marked', async () => {
    await table.putThreshold(key, item, 100);
    expect(await mine('threshold', 99)).toEqual([]);
    expect(await mine('threshold', 100)).toEqual([item.sortKey]);
    expect(await table.settle(key, item.sortKey, 99)).toBe(false);
    expect(await mine('threshold', 1000)).toEqual([item.sortKey]);
    expect(await table.settle(key, item.sortKey, 100)).toBe(true);
    expect(await mine('threshold', 1000)).toEqual([]);
    await table.markThreshold(key, item.sortKey, 200);
    await table.restoreThreshold(key, item, 100);
    expect(await mine('threshold', 200)).toEqual([item.sortKey]);
    expect(await table.items(key, item.sortKey, item.sortKey)).toEqual([item]);
    await table.remove(key, item.sortKey);
    await table.markThreshold(key, item.sortKey, 200);
    expect(await table.settle(key, item.sortKey, 200)).toBe(false);
    expect(await mine('threshold', 1000)).toEqual([]);
    await table.restoreThreshold(key, item, 300);
    expect(await mine('threshold', 300)).toEqual([item.sortKey]);
    await table.remove(key, item.sortKey);
  });

  it('contains a part of an intent until it is deleted', async () => {
    await table.putIntentPart(key, 'id', 0, [hit], 100);
    expect(await mine('part', 100)).toEqual([partSortKey('id', 0)]);
    expect(await mine('intent', 100)).toEqual([]);
    await table.deleteIntentPart(key, 'id', 0);
    expect(await mine('part', 100)).toEqual([]);
  });
});

describe('the items that fire under a metric', () => {
  const items = Array.from({ length: 12 }, (_, n) =>
    thresholdItems(`s-${n}`, `id-${n}`, {
      operator: n % 2 ? 'above' : 'below',
      value: n,
      recoverTo: n % 2 ? n - 5 : n + 5,
      fireIfAlreadyBeyond: true,
    }),
  ).flat();
  const fire = items.filter(({ kind }) => kind === 'fire');
  beforeEach(async () => {
    for (const item of items) await table.putThreshold(key, item);
    await table.commitState(key, state(1, 1), undefined);
    await table.writeFlag(key, 's-1', 'id-1', { armed: false }, 1);
    await table.addMember(key, { Region: 'EU' });
  });

  it.each([1, 3, 11, 12, 13, 100])('are read up to a limit of %d, whatever else the metric has', async (limit) => {
    const found = await table.fireItems(key, limit);
    expect(found).toHaveLength(Math.min(limit, 12));
    for (const item of found) expect(fire).toContainEqual(item);
  });

  it('of another metric are none', async () => {
    expect(await table.fireItems(`${key}0`, 10)).toEqual([]);
  });
});
