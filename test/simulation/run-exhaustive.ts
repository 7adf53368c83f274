import { parseArgs } from 'node:util';
import { findMutants } from './exhaustive-mutants';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';
import { PROTOCOLS, titleOf } from './stories/story';
import { exploreAll, scopesOf } from './story-pool';
import type { ExploredScope, Scope } from './story-worker';

const { values, positionals: parts } = parseArgs({
  options: { mutants: { type: 'boolean' }, limit: { type: 'string', default: '20000' } },
  allowPositionals: true,
});
const limit = Number(values.limit);
const plan = simulatedPlan();
const isWanted = (title: string) => parts.length === 0 || parts.some((part) => title.includes(part));

const faultsOf = ({ crashes, lost }: Scope): string =>
  [...(crashes > 0 ? ['crash'] : []), ...(lost > 0 ? ['lost response'] : [])].join(' and ') || 'no fault';

type Sum = Pick<ExploredScope, 'schedules' | 'states' | 'pruned' | 'complete' | 'seconds'>;

function print(title: string, { schedules, states, pruned, complete, seconds }: Sum): void {
  const counts = `${schedules} schedules, ${states} states, ${pruned} pruned`;
  console.log(`${title}: ${complete ? counts : `${counts}, NOT ALL`}, ${seconds.toFixed(1)} s`);
}

/** Explores every schedule of each story. */
async function exploreStories(): Promise<void> {
  const scopes = STORIES.filter((story) => isWanted(titleOf(story))).flatMap((story) => scopesOf(story, limit));
  const sums = new Map<string, Sum>();
  let n = 0;
  for await (const explored of exploreAll(plan, scopes)) {
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
