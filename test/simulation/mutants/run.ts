import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { simulatedPlan } from '../plan';
import type { Mutant } from './mutant';
import { MUTANTS } from './mutants';

const ROOT = join(__dirname, '../../..');
const [, , ...wanted] = process.argv;
const EVENTS = 300;
const MOST_SEEDS = 60;
const MOST_SCHEDULES = 2000;

/** Loads the simulation with a fault planted into the code. */
async function mutated({ name, file, changes }: Mutant, n: number): Promise<typeof import('../bundle')> {
  const outfile = join(ROOT, `dist/simulation/mutant-${n}.js`);
  let planted = 0;
  await build({
    entryPoints: [join(ROOT, 'test/simulation/bundle.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    packages: 'external',
    plugins: [
      {
        name: 'plant',
        setup: (builder) =>
          builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            let contents = readFileSync(path, 'utf8');
            if (relative(ROOT, path) !== file) return { contents, loader: 'ts' };
            for (const [from, to] of changes) {
              if (contents.split(from).length !== 2) throw new Error(`${name}: ${file} does not contain once: ${from}`);
              contents = contents.replace(from, () => to);
              planted++;
            }
            return { contents, loader: 'ts' };
          }),
      },
    ],
  });
  if (planted !== changes.length) throw new Error(`${name}: the simulation does not use ${file}`);
  return require(outfile);
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
      const result = await runEpisode(plan, scenarioOf(`mutant ${seed}`, EVENTS));
      events += result.events;
      if (result.mistakes.length > 0) found = `seed ${seed}, ${events} events: ${result.mistakes[0]}`;
    }
    if ((found === '') !== (mutant === healthy)) survivors.push(mutant.name);
    process.stdout.write(`${mutant.name}: ${found || 'NOT FOUND'}\n`);
  }
  if (survivors.length > 0) process.exitCode = 1;
}

void main();
