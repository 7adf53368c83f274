import type { Plan } from '../../local/template/model/plan';
import type { Explored } from './exhaustive';
import type { Mutant } from './mutants/mutant';
import { MUTANTS } from './mutants/mutants';
import { mutated } from './mutants/plant';
import type { Protocol, Story } from './stories/story';

/** The planted faults that break a protocol, by the protocol whose stories look for them. */
const BROKEN: Readonly<Record<Protocol, readonly string[]>> = {
  E: [
    'intent cleared before it is published',
    'pending intent not published before the next commit',
    'flags not written',
    'state committed without a version check',
  ],
  S: [
    'old threshold not told from its replacement',
    'edit that changes no threshold arms it again',
    'leftovers swept too early',
    'check of a new threshold not requested',
  ],
  D: [
    'no lease',
    'lease without grace, shorter than its invocation',
    'no fence: a worker without the lease records',
    'next try written before its message is sent',
    'delivery held without its payload',
    'resume that sends nothing',
    'index of held deliveries trusted as consistent',
    'breaker that forgets',
    'delivery to a recreated subscription',
    'retry of a replay replays',
    'refusal of an old URL pauses the new one',
    'announcement removed before it is published',
    'health written without its condition',
  ],
  C: ['run written without a version check', 'run marked as published before its event'],
  R: ['DELETE that takes any id', 'ended registration not kept by a new one'],
};

/** Most runs of a story, at first and later: most mistakes are found early by one of the stories. */
const MOST_RUNS = [300, 3000];

/** What the stories of a protocol find in the code with a planted fault. */
export interface Found extends Pick<Explored, 'wrong' | 'states'> {
  readonly protocol: Protocol;
  readonly mutant: string;
  /** Undefined: no story finds the fault. */
  readonly story?: string;
}

/**
 * Explores the stories of each protocol in the code with each of its planted faults, until one finds it.
 * @param most runs of a story.
 */
export async function* findMutants(
  plan: Plan,
  wanted: (title: string) => boolean,
  most = Infinity,
): AsyncGenerator<Found> {
  const limits = [...new Set(MOST_RUNS.map((runs) => Math.min(runs, most)))];
  let n = 0;
  for (const [protocol, names] of Object.entries(BROKEN) as [Protocol, readonly string[]][]) {
    for (const mutant of names.filter((name) => wanted(`${protocol}: ${name}`))) {
      const planted = MUTANTS.find(({ name }) => name === mutant);
      if (!planted) throw new Error(`there is no mutant "${mutant}"`);
      const { explore, STORIES } = await mutated(planted as Mutant, 1000 + n++);
      const stories = STORIES.filter((one: Story) => one.protocol === protocol);
      let found: Found = { protocol, mutant, states: 0 };
      for (const { limit, story } of limits.flatMap((runs) => stories.map((one) => ({ limit: runs, story: one })))) {
        const { wrong, states } = await explore(plan, story, { limit });
        found = { ...found, wrong, states: found.states + states, ...(wrong && { story: story.name }) };
        if (wrong) break;
      }
      yield found;
    }
  }
}
