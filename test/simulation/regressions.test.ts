import { describe, expect, it } from 'vitest';
import { huntFor } from './mutants/mutant';
import { MUTANTS } from './mutants/mutants';
import { mutated } from './mutants/plant';
import { simulatedPlan } from './plan';

const plan = simulatedPlan();
const regressions = MUTANTS.filter(({ regression }) => regression !== undefined);

describe('mistakes that the simulation found in the code', () => {
  // After a change of the simulation, another episode may find it: npm run simulate:mutants -- "the name".
  it.each(regressions)('found again by its seed: $name', async (mutant) => {
    const { runEpisode } = await mutated(mutant, MUTANTS.indexOf(mutant));
    const { mistakes } = await runEpisode(plan, huntFor(mutant, mutant.regression ?? 0));
    expect(mistakes).not.toEqual([]);
  });
});
