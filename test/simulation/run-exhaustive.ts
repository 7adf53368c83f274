import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { bundled } from './bundling';
import { findMutants } from './exhaustive-mutants';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';
import { PROTOCOLS, type Story, titleOf } from './stories/story';
import type { ExploredScope, Scope } from './story-worker';
import { inThreads } from './threads';

const { values, positionals: parts } = parseArgs({
  options: { mutants: { type: 'boolean' }, limit: { type: 'string', default: '20000' } },
  allowPositionals: true,
});
const limit = Number(values.limit);
const plan = simulatedPlan();
const isWanted = (title: string) => parts.length === 0 || parts.some((part) => title.includes(part));

/** The scopes of a story, the smallest first: without faults, with one kind of fault, with all of its faults. */
function scopesOf(story: Story): Scope[] {
  const { crashes = 0, lost = 0 } = story;
  const budgets = [
    { crashes: 0, lost: 0 },
    { crashes, lost: 0 },
    { crashes: 0, lost },
    { crashes, lost },
  ];
  const distinct = new Map(budgets.map((budget) => [JSON.stringify(budget), budget]));
  return [...distinct.values()].map((budget) => ({ title: titleOf(story), limit, ...budget }));
}

const faultsOf = ({ crashes, lost }: Scope): string =>
  [...(crashes > 0 ? ['crash'] : []), ...(lost > 0 ? ['lost response'] : [])].join(' and ') || 'no fault';

type Sum = Pick<ExploredScope, 'schedules' | 'states' | 'pruned' | 'complete' | 'seconds'>;

function print(title: string, { schedules, states, pruned, complete, seconds }: Sum): void {
  const counts = `${schedules} schedules, ${states} states, ${pruned} pruned`;
  console.log(`${title}: ${complete ? counts : `${counts}, NOT ALL`}, ${seconds.toFixed(1)} s`);
}

/** Explores every schedule of each story. */
async function exploreStories(): Promise<void> {
  const scopes = STORIES.flatMap(scopesOf).filter(({ title }) => isWanted(title));
  const file = await bundled('test/simulation/story-worker.ts', 'story-worker');
  const sums = new Map<string, Sum>();
  let n = 0;
  for await (const explored of inThreads<Scope, ExploredScope>(file, plan, scopes, availableParallelism())) {
    const scope = scopes[n++] as Scope;
    print(`${scope.title} (${faultsOf(scope)})`, explored);
    const [protocol = ''] = scope.title.split(':');
    const sum = sums.get(protocol) ?? { schedules: 0n, states: 0, pruned: 0, complete: true, seconds: 0 };
    sums.set(protocol, {
      schedules: sum.schedules + explored.schedules,
      states: sum.states + explored.states,
      pruned: sum.pruned + explored.pruned,
      complete: sum.complete && explored.complete,
      seconds: sum.seconds + explored.seconds,
    });
    if (!explored.wrong) continue;
    console.log([...explored.wrong.mistakes, 'after:', ...explored.wrong.steps].join('\n'));
    process.exitCode = 1;
  }
  for (const protocol of PROTOCOLS) {
    const sum = sums.get(protocol);
    if (sum) print(`protocol ${protocol}`, sum);
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

/** Arguments: parts of the titles of stories or planted faults; `--mutants`: looks for planted faults; `--limit`: most runs. */
void (values.mutants ? exploreMutants() : exploreStories());
