import { parseArgs } from 'node:util';
import { type Explored, explore } from './exhaustive';
import { findMutants } from './exhaustive-mutants';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';
import { PROTOCOLS } from './stories/story';

const { values, positionals: parts } = parseArgs({
  options: {
    mutants: { type: 'boolean' },
    limit: { type: 'string', default: 'Infinity' },
    crashes: { type: 'string', default: 'Infinity' },
    lost: { type: 'string', default: 'Infinity' },
  },
  allowPositionals: true,
});
const limit = Number(values.limit);
const [mostCrashes, mostLost] = [Number(values.crashes), Number(values.lost)];
const plan = simulatedPlan();
const isWanted = (title: string) => parts.length === 0 || parts.some((part) => title.includes(part));

/** Processor seconds since an earlier moment. */
const secondsSince = (began: NodeJS.CpuUsage): string => {
  const { user, system } = process.cpuUsage(began);
  return `${((user + system) / 1e6).toFixed(1)} s`;
};

function print(title: string, { schedules, states, pruned, complete }: Omit<Explored, 'ends'>, seconds: string): void {
  const counts = `${schedules} schedules, ${states} states, ${pruned} pruned`;
  console.log(`${title}: ${complete ? counts : `${counts}, NOT ALL`}, ${seconds}`);
}

/** Explores every schedule of each story. */
async function exploreStories(): Promise<void> {
  for (const protocol of PROTOCOLS) {
    const protocolBegan = process.cpuUsage();
    const sum = { schedules: 0n, states: 0, pruned: 0, complete: true };
    const titled = STORIES.map((story) => ({ story, title: `${story.protocol}: ${story.name}` }));
    const chosen = titled.filter(({ story, title }) => story.protocol === protocol && isWanted(title));
    for (const { story, title } of chosen) {
      const began = process.cpuUsage();
      let shown = performance.now();
      const onProgress = (states: number, pruned: number) => {
        if (performance.now() < shown + 5000) return;
        shown = performance.now();
        process.stderr.write(`  ${title}: ${states} states, ${pruned} pruned so far\n`);
      };
      const { crashes = 0, lost = 0 } = story;
      const bounded = { ...story, crashes: Math.min(crashes, mostCrashes), lost: Math.min(lost, mostLost) };
      const explored = await explore(plan, bounded, { limit, onProgress });
      print(title, explored, secondsSince(began));
      sum.schedules += explored.schedules;
      sum.states += explored.states;
      sum.pruned += explored.pruned;
      sum.complete &&= explored.complete;
      const { wrong } = explored;
      if (!wrong) continue;
      console.log([...wrong.mistakes, 'after:', ...wrong.steps].join('\n'));
      process.exitCode = 1;
    }
    if (chosen.length > 0) print(`${protocol}, ${chosen.length} stories`, sum, secondsSince(protocolBegan));
  }
}

/** Looks for planted faults. */
async function exploreMutants(): Promise<void> {
  for await (const { protocol, mutant, story, states, wrong } of findMutants(plan, isWanted, limit)) {
    const found = story === undefined ? 'NOT FOUND' : `found by "${story}": ${wrong?.mistakes[0]}`;
    console.log(`${protocol}: ${mutant}: ${states} states, ${found}`);
    if (story === undefined) process.exitCode = 1;
  }
}

/**
 * Arguments: parts of the titles of stories or planted faults; `--mutants`: looks for planted faults instead; `--limit`:
 * most runs of a story; `--crashes`, `--lost`: fewer faults in a schedule than the story has.
 */
void (values.mutants ? exploreMutants() : exploreStories());
