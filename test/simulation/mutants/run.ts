import { simulatedPlan } from '../plan';
import type { Mutant } from './mutant';
import { MUTANTS } from './mutants';
import { mutated } from './plant';

const [, , ...wanted] = process.argv;
const EVENTS = 300;
const MOST_SEEDS = 60;
const MOST_RUNS = 2000;

async function main(): Promise<void> {
  const plan = simulatedPlan();
  /** Planted faults that were not found, or the code without one in which something was found. */
  const survivors: string[] = [];
  const healthy: Mutant = { name: 'no fault', file: 'test/simulation/bundle.ts', changes: [] };
  for (const [n, mutant] of [healthy, ...MUTANTS].entries()) {
    if (wanted.length > 0 && !wanted.some((part) => mutant.name.includes(part))) continue;
    const { runEpisode, scenarioOf, explore, STORIES } = await mutated(mutant, n);
    let events = 0;
    let found = '';
    const { story } = mutant;
    for (const one of STORIES.filter(({ protocol }) => story === `${protocol}:`)) {
      const { states, wrong } = await explore(plan, one, { limit: MOST_RUNS });
      if (wrong) found = `${states} states: ${wrong.mistakes[0]}`;
    }
    for (let seed = 1; story === undefined && seed <= MOST_SEEDS && found === ''; seed++) {
      const result = await runEpisode(plan, { ...scenarioOf(`mutant ${seed}`, EVENTS), ...mutant.scenario });
      events += result.events;
      if (result.mistakes.length > 0) found = `seed ${seed}, ${events} events: ${result.mistakes[0]}`;
    }
    if ((found === '') !== (mutant === healthy)) survivors.push(mutant.name);
    process.stdout.write(`${mutant.name}: ${found || 'NOT FOUND'}\n`);
  }
  if (survivors.length > 0) process.exitCode = 1;
}

void main();
