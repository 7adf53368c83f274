import { describe, expect, it } from 'vitest';
import { bundledWorker, play } from './episode-pool';
import { HUNT } from './mutants/mutant';
import { MUTANTS } from './mutants/mutants';
import { planting } from './mutants/plant';
import { simulatedPlan } from './plan';

const plan = simulatedPlan();
const regressions = MUTANTS.filter(({ regression }) => regression !== undefined);

describe('mistakes that the simulation found in the code', () => {
  // After a change of the simulation, another episode can find it: npm run simulate:mutants -- "the name".
  it.each(regressions)('found again by its seed: $name', async (mutant) => {
    const { edit, check } = planting(mutant);
    const bundle = await bundledWorker(edit);
    check();
    const { regression = 0, scenario } = mutant;
    const mistakes: string[] = [];
    for await (const { result } of play({ plan, ...HUNT, scenario }, regression, regression, 1, bundle))
      mistakes.push(...result.mistakes);
    expect(mistakes).not.toEqual([]);
  });
});
