import { relative } from 'node:path';
import { bundled, ROOT } from '../bundling';
import { simulatedPlan } from '../plan';
import { MUTANTS, type Mutant } from './mutants';

const [, , ...wanted] = process.argv;
const EVENTS = 400;
const MOST_SEEDS = 200;
const MOST_SCHEDULES = 2000;

/** Loads the simulation with a fault planted into the code. */
async function mutated({ name, file, changes }: Mutant, n: number): Promise<typeof import('../bundle')> {
  let planted = 0;
  const bundle = await bundled('test/simulation/bundle.ts', `mutant-${n}`, (text, path) => {
    if (relative(ROOT, path) !== file) return text;
    return changes.reduce((changed, [from, to]) => {
      if (changed.split(from).length !== 2) throw new Error(`${name}: ${file} does not contain once: ${from}`);
      planted++;
      return changed.replace(from, () => to);
    }, text);
  });
  if (planted !== changes.length) throw new Error(`${name}: the simulation does not use ${file}`);
  return require(bundle);
}

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
    for (const one of STORIES.filter(({ name }) => story !== undefined && name.startsWith(story))) {
      const { schedules, wrong } = await explore(plan, one, MOST_SCHEDULES);
      if (wrong) found = `${schedules} schedules: ${wrong.mistakes[0]}`;
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
