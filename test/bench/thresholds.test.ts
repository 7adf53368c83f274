import { beforeAll, describe, expect, it } from 'vitest';
import { WATCHED, type Watched } from '../../bench/thresholds/metric-with-thresholds';
import type { Cell } from '../../bench/thresholds/threshold-bench';
import { type Growth, growingCosts, measureGrowth } from '../../bench/thresholds/threshold-growth';

const cost = ({ readUnits, writeUnits, apiCalls }: Cell) => ({ readUnits, writeUnits, apiCalls });

describe('the cost of an observation', () => {
  let growth: Growth;

  beforeAll(async () => {
    growth = await measureGrowth({
      thresholds: [1, 100, 2_000],
      crossed: [0, 1, 10],
      observations: 3,
      warmUp: 12,
      rulesCpuMs: 2_000,
      maxRules: 2_000,
      progress: () => {},
    });
  });

  const column = (crossed: number, watched: Watched = 'levels'): Cell[] =>
    growth.cells.filter((cell) => cell.watched === watched && cell.crossed === crossed);

  it('is measured with the given number of thresholds, or with the number of crossings if it is larger', () => {
    expect(column(0).map((cell) => cell.thresholds)).toEqual([1, 100, 2_000]);
    expect(column(1).map((cell) => cell.thresholds)).toEqual([1, 100, 2_000]);
    expect(column(10).map((cell) => cell.thresholds)).toEqual([10, 100, 2_000]);
  });

  it.each(WATCHED.flatMap((watched) => [0, 1, 10].map((crossed) => [watched, crossed] as const)))(
    'does not depend on the number of thresholds on %s when it crosses %i',
    (watched, crossed) => {
      const [first, ...others] = column(crossed, watched).map(cost);
      expect(others).toEqual([first, first]);
      expect(growingCosts(growth.cells)).toEqual([]);
    },
  );

  it('of changes since yesterday is three more reads, and a write of a value that leaves the state', () => {
    for (const cell of column(0, 'changes')) {
      expect(cost(cell)).toEqual({ readUnits: 5, writeUnits: 2, apiCalls: 7 });
    }
  });

  it('is two reads and a write without a crossing: the state and one range query', () => {
    for (const cell of column(0)) expect(cost(cell)).toEqual({ readUnits: 2, writeUnits: 1, apiCalls: 3 });
  });

  it('makes the same calls whether 1 or 10 are crossed', () => {
    expect(column(10)[0]?.apiCalls).toBe(column(1)[0]?.apiCalls);
  });

  it('is compared with a rules engine that finds the same crossings', () => {
    const places = ({ thresholds, crossed }: { thresholds: number; crossed: number }) => [thresholds, crossed];
    expect(growth.ruleByRule.map(places)).toEqual(
      growth.cells.filter(({ watched }) => watched === 'levels').map(places),
    );
    expect(growth.rulesEngine).toEqual({ name: 'json-rules-engine', version: expect.stringMatching(/^\d+\./) });
  });
});

describe('growingCosts', () => {
  const cell = { watched: 'levels' as const, crossed: 1, readUnits: 3, writeUnits: 6, apiCalls: 6, cpuMs: 1 };

  it('ignores time', () => {
    expect(
      growingCosts([
        { ...cell, thresholds: 1 },
        { ...cell, thresholds: 100, cpuMs: 9 },
      ]),
    ).toEqual([]);
  });

  it('names the cell whose cost differs from the first cell of its column', () => {
    const cells = [
      { ...cell, thresholds: 1 },
      { ...cell, thresholds: 1, crossed: 0, readUnits: 2 },
      { ...cell, thresholds: 100, readUnits: 3.5 },
    ];
    expect(growingCosts(cells)).toEqual([
      'crossing 1 of 100 thresholds on levels costs 3.5 readUnits, of 1 thresholds 3',
    ]);
  });
});
