import { describe, expect, it } from 'vitest';
import { runEpisode } from './episode';
import { simulatedPlan } from './plan';
import { scenarioOf } from './scenario';

const plan = simulatedPlan();
const DAY = new Date().toISOString().slice(0, 10);

describe('the whole pipeline', () => {
  it.each(['1', '2', '3', '4', '5', '6'])('delivers what it owes, seed %s', async (seed) => {
    expect((await runEpisode(plan, scenarioOf(seed, 150))).mistakes).toEqual([]);
  });

  it.each([`${DAY} 1`, `${DAY} 2`])('delivers what it owes, seed of the day %s', async (seed) => {
    expect((await runEpisode(plan, scenarioOf(seed, 150))).mistakes).toEqual([]);
  });

  it('does the same for the same seed', async () => {
    const [first, again, other] = [
      await runEpisode(plan, scenarioOf('7', 100)),
      await runEpisode(plan, scenarioOf('7', 100)),
      await runEpisode(plan, scenarioOf('8', 100)),
    ];
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });
});
