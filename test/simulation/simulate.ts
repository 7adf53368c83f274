import { parseArgs } from 'node:util';
import { type Result, runEpisode } from './episode';
import { simulatedPlan } from './plan';
import { scenarioOf } from './scenario';
import { shrink } from './shrink';
import { hashText } from './world/chance';

const USAGE = `npm run simulate -- [--seed 7] [--events 1000000] [--episode 12] [--per-episode 1000] [--json] [--trace]

Runs the whole pipeline on simulated services, with faults, until --events events have happened. An episode is a simulation
of its own with --per-episode events; --episode runs one of them. After a mistake, prints the smallest scenario that still
has it; --trace also prints what happened in it.`;

const OPTIONS = {
  seed: { type: 'string', default: '1' },
  events: { type: 'string', default: '10000' },
  episode: { type: 'string' },
  'per-episode': { type: 'string', default: '1000' },
  json: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const CATEGORIES = {
  lost: /^LOST/,
  unowed: /^(UNOWED|TWICE|PAUSED|OVERLOAD)/,
  stuck: /^(STUCK|LATE|SILENT)/,
  leaked: /^LEAKED/,
};

/** Sums of the results of all episodes. */
class Totals {
  episodes = 0;
  events = 0;
  steps = 0;
  elapsedMs = 0;
  hash = 0x811c9dc5;
  readonly faults: Record<string, number> = {};
  readonly counts: Record<string, number> = {};
  readonly mistakes: string[] = [];

  add({ events, steps, elapsedMs, hash, faults, counts, mistakes }: Result): void {
    this.episodes++;
    this.events += events;
    this.steps += steps;
    this.elapsedMs += elapsedMs;
    this.hash = hashText(hash, this.hash);
    for (const [name, count] of Object.entries(faults)) this.faults[name] = (this.faults[name] ?? 0) + count;
    for (const [name, count] of Object.entries(counts)) this.counts[name] = (this.counts[name] ?? 0) + count;
    this.mistakes.push(...mistakes);
  }

  get summary(): Readonly<Record<string, unknown>> {
    const found = Object.entries(CATEGORIES).map(([name, pattern]) => [
      name,
      this.mistakes.filter((mistake) => pattern.test(mistake)).length,
    ]);
    return {
      ...{ episodes: this.episodes, events: this.events, steps: this.steps },
      simulatedDays: Math.round(this.elapsedMs / 86_400_000),
      ...Object.fromEntries(found),
      outcomes: this.counts,
      faults: this.faults,
      traceHash: this.hash.toString(16).padStart(8, '0'),
    };
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return console.log(USAGE);
  const [events, perEpisode] = [Number(values.events), Number(values['per-episode'])];
  if (!(events > 0) || !(perEpisode > 0)) throw new Error(`--events and --per-episode are numbers above 0\n\n${USAGE}`);
  const plan = simulatedPlan();
  const totals = new Totals();
  let shownAt = performance.now();
  const first = Number(values.episode ?? 1);
  const last = values.episode === undefined ? Math.ceil(events / perEpisode) : first;
  for (let n = first; n <= last; n++) {
    const scenario = scenarioOf(`${values.seed}/${n}`, perEpisode);
    const result = await runEpisode(plan, scenario);
    totals.add(result);
    if (result.mistakes.length > 0) {
      console.error(`seed ${values.seed}, episode ${n}, step ${result.steps}:\n${result.mistakes.join('\n')}\n`);
      const small = await shrink(plan, scenario, result);
      console.error(`the smallest scenario found, with ${small.result.steps} steps: ${JSON.stringify(small.scenario)}`);
      console.error(small.result.mistakes.join('\n'));
      if (values.trace) for (const line of small.result.lines) console.error(line);
      process.exitCode = 1;
      break;
    }
    if (performance.now() - shownAt < 2000) continue;
    shownAt = performance.now();
    const faults = Object.values(totals.faults).reduce((sum, count) => sum + count, 0);
    const days = Math.round(totals.elapsedMs / 86_400_000);
    console.error(`${totals.events} events, ${totals.counts.deliveries} deliveries, ${faults} faults, ${days} days`);
  }
  console.log(values.json ? JSON.stringify(totals.summary) : totals.summary);
}

void main();
