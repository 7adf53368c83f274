import { describe, expect, it } from 'vitest';
import { differences } from '../../bench/cost/cost-table';

const tableOf = (row: string, bundle = '531') =>
  `Head\n\n   path  batch  requests  writeUnits  logBytes\n${row}\n\n bundle   kB\ndeliver  ${bundle}\n`;
const committed = tableOf('a path     10         3           2       600');

describe('the comparison with the committed table', () => {
  it('accepts an equal measurement, and lengths of numbers', () => {
    expect(differences(committed, committed)).toEqual([]);
    expect(differences(committed, tableOf('a path     10         3           2       610', '535'))).toEqual([]);
  });

  it.each([
    [
      'a further write',
      'a path     10         3           3       600',
      'a path, batches of 10, writeUnits: 2 in the table, 3 measured',
    ],
    [
      'a cheaper path',
      'a path     10         3           1       600',
      'a path, batches of 10, writeUnits: 2 in the table, 1 measured',
    ],
    [
      'a further request',
      'a path     10         4           2       600',
      'a path, batches of 10, requests: 3 in the table, 4 measured',
    ],
    [
      'a longer log line',
      'a path     10         3           2       640',
      'a path, batches of 10, logBytes: 600 in the table, 640 measured',
    ],
  ])('reports %s', (_, row, sentence) => {
    expect(differences(committed, tableOf(row))).toEqual([sentence]);
  });

  it('reports a larger bundle, and paths that were added or removed', () => {
    expect(differences(committed, tableOf('a path     10         3           2       600', '560'))).toEqual([
      'bundle deliver, kB: 531 in the table, 560 measured',
    ]);
    expect(differences(committed, tableOf('b path     10         3           2       600'))).toHaveLength(6);
  });
});
