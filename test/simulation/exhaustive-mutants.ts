import type { Plan } from '../../local/template/model/plan';
import type { Explored } from './exhaustive';
import type { Mutant } from './mutants/mutant';
import { MUTANTS } from './mutants/mutants';
import { planting } from './mutants/plant';
import { STORIES } from './stories';
import { type Protocol, titleOf } from './stories/story';
import { exploreAll, withFaults, withoutFaults } from './story-pool';

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
    'change: the check lets an evaluation go on that no longer watches the changes',
    'the check lets an evaluation go on that began before the threshold',
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

/** Scopes that look for a planted fault, one after the other: most are found early by one of the stories. */
const ROUNDS = [
  { scopeOf: withoutFaults, most: 3000 },
  { scopeOf: withFaults, most: 300 },
  { scopeOf: withFaults, most: 3000 },
];

/** What the stories find in the code with a planted fault. */
export interface Found extends Pick<Explored, 'wrong' | 'states'> {
  /** Title of the story. Undefined: no story finds the fault. */
  readonly story?: string;
}

/**
 * Explores stories in the code with a planted fault, until one finds it.
 * @param stories beginning of their titles.
 * @param limit most runs of a story.
 */
export async function findByStories(plan: Plan, mutant: Mutant, stories: string, limit = Infinity): Promise<Found> {
  const chosen = STORIES.filter((story) => titleOf(story).startsWith(stories));
  let states = 0;
  for (const { scopeOf, most } of ROUNDS) {
    const scopes = chosen.map((story) => scopeOf(story, Math.min(most, limit)));
    const { edit, check } = planting(mutant);
    let n = 0;
    for await (const explored of exploreAll(plan, scopes, edit)) {
      check();
      states += explored.states;
      const { wrong } = explored;
      if (wrong) return { states, wrong, story: scopes[n]?.title };
      n++;
    }
  }
  return { states };
}

/** Looks for the planted faults of each protocol with its stories. */
export async function* findMutants(
  plan: Plan,
  wanted: (title: string) => boolean,
  limit?: number,
): AsyncGenerator<Found & { readonly protocol: Protocol; readonly mutant: string }> {
  for (const [protocol, names] of Object.entries(BROKEN) as [Protocol, readonly string[]][]) {
    for (const name of names.filter((one) => wanted(`${protocol}: ${one}`))) {
      const mutant = MUTANTS.find((one) => one.name === name);
      if (!mutant) throw new Error(`there is no mutant "${name}"`);
      yield { protocol, mutant: name, ...(await findByStories(plan, mutant, `${protocol}:`, limit)) };
    }
  }
}
