import { expect, it } from 'vitest';
import { backupLines } from '../../../cli/backup/backup';
import { endOf, parseBackup } from '../../../cli/backup/backup-file';
import type { HistoryItem } from '../../../lambda/thresholds/adapters/threshold-table';
import type { Intent, MetricState } from '../../../lambda/thresholds/core/metric-state';

const HEAD = { backup: 1, stack: 'A', region: 'eu-west-1', at: '2026-11-20T12:00:00.000Z' };
const SUBSCRIPTION = {
  subscription: { name: 'vip', trigger: 'unification-refresh-completed', instanceId: 'default' },
  managedBy: 'file:default',
};
const METRIC = { kind: 'segment', instanceId: 'default', name: 'VIP customers' } as const;
const STATE: MetricState = {
  metric: METRIC,
  last: { value: 5, observedAt: 1000, sequence: 0 },
  version: 3,
  recent: [[1000, 5]],
};
const ITEMS: HistoryItem[] = [
  { metricKey: 'k', flag: { subscription: 'vip', thresholdId: 'id', armed: false, version: 2 } },
  { metricKey: 'k', member: { Region: 'EU' } },
  { metricKey: 'k', past: { value: 4, observedAt: 500, until: 1000 }, expiresAt: 2000 },
  { metricKey: 'k', state: STATE },
];
const LINES = [HEAD, SUBSCRIPTION, ...ITEMS];
const textOf = (lines: readonly unknown[]) => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
const WHOLE = textOf([...LINES, endOf(LINES.length)]);

it('is read as it was written', () => {
  expect(parseBackup(WHOLE, 'a.jsonl')).toEqual({ head: HEAD, subscriptions: [SUBSCRIPTION], histories: ITEMS });
});

it('is refused if it was cut off anywhere', () => {
  for (let length = 0; length < WHOLE.trimEnd().length; length++) {
    expect(() => parseBackup(WHOLE.slice(0, length), 'a.jsonl'), String(length)).toThrow(
      /^"a.jsonl" is (incomplete: run backup again|not a backup of this version: use a file that backup wrote)$/,
    );
  }
});

it.each<[string, unknown[], RegExp]>([
  ['another version', [{ ...HEAD, backup: 2 }, endOf(1)], /is not a backup of this version/],
  ['a line less', [HEAD, ...ITEMS.slice(1), endOf(ITEMS.length + 1)], /is incomplete/],
  [
    'a value that is no number',
    [HEAD, { metricKey: 'k', state: { ...STATE, version: '3' } }, endOf(2)],
    /^"a.jsonl":2 is/,
  ],
  [
    'a name of another form',
    [HEAD, { ...SUBSCRIPTION, subscription: { name: 'a b' } }, endOf(2)],
    /^"a.jsonl":2 is not/,
  ],
  ['an unknown line', [HEAD, SUBSCRIPTION, { metricKey: 'k' }, endOf(3)], /^"a.jsonl":3 is not a line of a backup/],
])('is refused with %s', (_, lines, message) => {
  expect(() => parseBackup(textOf(lines), 'a.jsonl')).toThrow(message);
});

it('is refused if a line in the middle is no JSON', () => {
  expect(() => parseBackup(WHOLE.replace('{"metricKey"', '{metricKey'), 'a.jsonl')).toThrow(/^"a.jsonl":3 is not JSON/);
});

it('is not written while a crossing is not published', async () => {
  const intent = { version: 3, value: 5, observedAt: 1000, sequence: 0, hits: [], due: 0 } satisfies Intent;
  const source = (items: HistoryItem[]) => ({
    ...{ stackName: 'A', region: 'eu-west-1' },
    subscriptions: { async *list() {} },
    thresholds: {
      async *history() {
        yield* items;
      },
    },
  });
  const write = async (items: HistoryItem[]) => {
    const lines: object[] = [];
    for await (const line of backupLines(source(items), 0)) lines.push(line);
    return lines;
  };
  await expect(write([{ metricKey: 'k', state: { ...STATE, intent } }])).rejects.toThrow(
    /^"VIP customers" has a crossing that is not published yet: stop the producers, and run backup again in 2 minutes$/,
  );
  // The flag belongs to no threshold of a subscription, and the second state has no value.
  const empty = { metricKey: 'other', state: { metric: METRIC, version: 1, recent: [] } };
  expect((await write([...ITEMS, empty])).slice(1)).toEqual(ITEMS.slice(1));
});
