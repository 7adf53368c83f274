import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Plan } from '../../local/template/model/plan';
import { type Played, play } from './episode-pool';
import { simulatedPlan } from './plan';
import { scenarioOf } from './scenario';
import { shrink } from './shrink';
import { Totals } from './totals';

const USAGE = `npm run simulate -- [--seed 7] [--events 1000000] [--episode 12] [--per-episode 1000] [--threads 2]
                    [--json] [--trace]

Runs the whole pipeline on simulated services, with faults, until --events events have happened. An episode is a simulation
of its own with --per-episode events; --episode runs one of them. --threads run at the same time, by default one on each
core, and change no result. After a mistake, prints the smallest scenario that still has it; --trace also prints what
happened in it. --seed today is another seed each day.`;

const OPTIONS = {
  seed: { type: 'string', default: '1' },
  events: { type: 'string', default: '10000' },
  episode: { type: 'string' },
  'per-episode': { type: 'string', default: '1000' },
  threads: { type: 'string', default: String(availableParallelism()) },
  json: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return console.log(USAGE);
  const { json, trace } = values;
  const seed = values.seed === 'today' ? new Date().toISOString().slice(0, 10) : values.seed;
  const [events, perEpisode, threads] = [values.events, values['per-episode'], values.threads].map(Number);
  if (!events || !perEpisode || !threads || Math.min(events, perEpisode, threads) < 1) {
    console.error(`--events, --per-episode and --threads are whole numbers from 1 on\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const plan = simulatedPlan();
  const totals = new Totals();
  let shownAt = performance.now();
  const first = Number(values.episode ?? 1);
  const last = values.episode === undefined ? Math.ceil(events / perEpisode) : first;
  for await (const played of play({ plan, seed, perEpisode }, first, last, threads)) {
    totals.add(played.result);
    if (played.result.mistakes.length > 0) {
      await explain(plan, seed, perEpisode, played, trace);
      process.exitCode = 1;
      break;
    }
    if (performance.now() - shownAt < 2000) continue;
    shownAt = performance.now();
    console.error(totals.progress);
  }
  const summary = { seed, ...totals.summary };
  console.log(json ? JSON.stringify(summary) : summary);
}

/** Prints the mistakes of an episode, and the smallest scenario that still has them. */
async function explain(plan: Plan, seed: string, perEpisode: number, { n, result }: Played, trace: boolean) {
  console.error(`seed ${seed}, episode ${n}, step ${result.steps}:\n${result.mistakes.join('\n')}\n`);
  let shownAt = performance.now();
  const small = await shrink(plan, scenarioOf(`${seed}/${n}`, perEpisode), result, (runs, steps) => {
    if (performance.now() - shownAt < 2000) return;
    shownAt = performance.now();
    console.error(`searching for a shorter history: ${runs} simulations, ${steps} steps`);
  });
  console.error(`the smallest scenario found, with ${small.result.steps} steps: ${JSON.stringify(small.scenario)}`);
  console.error(small.result.mistakes.join('\n'));
  if (trace) for (const line of small.result.lines) console.error(line);
}

void main();
