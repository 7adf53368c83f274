import { beforeAll, describe, expect, it } from 'vitest';
import { brokenLaw, type Cell, type Growth, measureGrowth } from '../../bench/thresholds/threshold-growth';

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
      progress: () => {},
    });
  });

  const column = (crossed: number): Cell[] => growth.cells.filter((cell) => cell.crossed === crossed);

  it('is measured on as many thresholds as asked for, or as are to be crossed', () => {
    expect(column(0).map((cell) => cell.thresholds)).toEqual([1, 100, 2_000]);
    expect(column(1).map((cell) => cell.thresholds)).toEqual([1, 100, 2_000]);
    expect(column(10).map((cell) => cell.thresholds)).toEqual([10, 100, 2_000]);
  });

  it.each([0, 1, 10])('does not depend on how many thresholds there are, where it crosses %i', (crossed) => {
    const [first, ...others] = column(crossed).map(cost);
    expect(others).toEqual([first, first]);
    expect(brokenLaw(growth.cells)).toEqual([]);
  });

  it('is two reads and a write where nothing is crossed: the state, and one range query', () => {
    for (const cell of column(0)) expect(cost(cell)).toEqual({ readUnits: 2, writeUnits: 1, apiCalls: 3 });
  });

  it('makes the same calls whether 1 or 10 are crossed', () => {
    expect(column(10)[0]?.apiCalls).toBe(column(1)[0]?.apiCalls);
  });

  it('stands beside that of a rules engine which found the same crossings', () => {
    const places = ({ thresholds, crossed }: { thresholds: number; crossed: number }) => [thresholds, crossed];
    expect(growth.ruleByRule.map(places)).toEqual(growth.cells.map(places));
    expect(growth.rulesEngine).toEqual({ name: 'json-rules-engine', version: expect.stringMatching(/^\d+\./) });
  });
});

describe('brokenLaw', () => {
  const cell = { crossed: 1, readUnits: 3, writeUnits: 6, apiCalls: 6, cpuMs: 1 };

  it('ignores time', () => {
    expect(
      brokenLaw([
        { ...cell, thresholds: 1 },
        { ...cell, thresholds: 100, cpuMs: 9 },
      ]),
    ).toEqual([]);
  });

  it('names the cell that costs something else than the first of its column', () => {
    const cells = [
      { ...cell, thresholds: 1 },
      { ...cell, thresholds: 1, crossed: 0, readUnits: 2 },
      { ...cell, thresholds: 100, readUnits: 3.5 },
    ];
    expect(brokenLaw(cells)).toEqual(['crossing 1 of 100 thresholds costs 3.5 readUnits, of 1 thresholds 3']);
  });
});
