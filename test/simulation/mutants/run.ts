import { availableParallelism } from 'node:os';
import type { Plan } from '../../../local/template/model/plan';
import { bundledWorker, play } from '../episode-pool';
import { findByStories } from '../exhaustive-mutants';
import { simulatedPlan } from '../plan';
import { HUNT, type Mutant } from './mutant';
import { MUTANTS } from './mutants';
import { planting } from './plant';

const [, , ...wanted] = process.argv;
const MOST_EPISODES = 60;

const HEALTHY: Mutant = { name: 'no fault', file: '', changes: [] };

async function main(): Promise<void> {
  const plan = simulatedPlan();
  for (const mutant of [HEALTHY, ...MUTANTS]) {
    if (wanted.length > 0 && !wanted.some((part) => mutant.name.includes(part))) continue;
    const { story } = mutant;
    const found = await (story === undefined ? byEpisodes(plan, mutant) : byStories(plan, mutant, story));
    // A planted fault that is not found, and a mistake without one, are both wrong.
    if ((found === undefined) !== (mutant === HEALTHY)) process.exitCode = 1;
    console.log(`${mutant.name}: ${found ?? 'NOT FOUND'}`);
  }
}

/** Returns the first mistake that an episode finds, and how long it took. Without the fault, the episode must have none. */
async function byEpisodes(plan: Plan, mutant: Mutant): Promise<string | undefined> {
  const { edit, check } = planting(mutant);
  const bundle = await bundledWorker(edit);
  check();
  let events = 0;
  const data = { plan, ...HUNT, scenario: mutant.scenario };
  for await (const { n, result } of play(data, 1, MOST_EPISODES, availableParallelism(), bundle)) {
    events += result.events;
    if (result.mistakes.length === 0) continue;
    const found = `seed ${HUNT.seed}/${n}, ${events} events: ${result.mistakes[0]}`;
    if (mutant === HEALTHY) return found;
    for await (const { result: healthy } of play(data, n, n, 1)) {
      if (healthy.mistakes.length === 0) continue;
      process.exitCode = 1;
      return `${found}; WITHOUT THE FAULT: ${healthy.mistakes[0]}`;
    }
    return found;
  }
  return undefined;
}

async function byStories(plan: Plan, mutant: Mutant, stories: string): Promise<string | undefined> {
  const { states, wrong, story } = await findByStories(plan, mutant, stories);
  return wrong && `${states} states, story "${story}": ${wrong.mistakes[0]}`;
}

void main();
