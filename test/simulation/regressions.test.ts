import { describe, expect, it } from 'vitest';
import { bundledWorker, play } from './episode-pool';
import { HUNT, type Mutant } from './mutants/mutant';
import { MUTANTS } from './mutants/mutants';
import { planting } from './mutants/plant';
import { simulatedPlan } from './plan';

const plan = simulatedPlan();

/** The mistakes in the episode of a regression. */
async function mistakesOf({ regression = 0, scenario }: Mutant, bundle?: string): Promise<string[]> {
  const mistakes: string[] = [];
  for await (const { result } of play({ plan, ...HUNT, scenario }, regression, regression, 1, bundle))
    mistakes.push(...result.mistakes);
  return mistakes;
}

// After a change of the simulation, another episode can find it: npm run simulate:mutants -- "the name".
describe('a mistake that the simulation found in the code is found by its seed, and only with the mistake', () => {
  it.each(MUTANTS.filter(({ regression }) => regression !== undefined))('$name', async (mutant) => {
    const { edit, check } = planting(mutant);
    const bundle = await bundledWorker(edit);
    check();
    expect(await mistakesOf(mutant, bundle)).not.toEqual([]);
    expect(await mistakesOf(mutant)).toEqual([]);
  });
});
