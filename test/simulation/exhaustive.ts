import type { Plan } from '../../local/template/model/plan';
import { Play, type Step } from './exhaustive-play';
import type { Story } from './stories/story';

export interface Explored {
  /** Schedules that the explored states stand for. */
  readonly schedules: bigint;
  readonly states: number;
  /** Steps that led to a state that was explored already. */
  readonly pruned: number;
  /** Of the first wrong schedule: its steps, and what is wrong. */
  readonly wrong?: { readonly steps: readonly string[]; readonly mistakes: readonly string[] };
  /** False: `limit` runs were not all. */
  readonly complete: boolean;
  /** The states at the end of the schedules, and what each becomes when everything has settled. */
  readonly ends: ReadonlyMap<string, string>;
}

export interface Exploration {
  /** Maximum number of runs. @default Infinity */
  readonly limit?: number;
  /** False: runs every schedule to its end. @default true */
  readonly prunes?: boolean;
  readonly onProgress?: (states: number, pruned: number) => void;
}

/** A state of the current schedule. */
interface Visit {
  readonly state: string;
  readonly steps: readonly Step[];
  /** Steps that were taken. The last one leads to the next visit. */
  taken: number;
  schedules: bigint;
}

/**
 * Runs a story under every schedule of its workers' calls, by depth-first search. What follows from a state does not depend
 * on the schedule that led to it, so each state is explored once (explicit-state model checking on the real code: Holzmann,
 * "The Spin Model Checker"). A worker is at a state through the responses that it got; there is no other copy of it, so a
 * step back is a new run from the start.
 */
export async function explore(
  plan: Plan,
  story: Story,
  { limit = Infinity, prunes = true, onProgress }: Exploration = {},
): Promise<Explored> {
  const single = { ...plan, eventSources: plan.eventSources.map((source) => ({ ...source, batchSize: 1 })) };
  const known = new Map<string, bigint>();
  const ends = new Map<string, string>();
  const path: Visit[] = [];
  let runs = 0;
  let pruned = 0;
  const result = (complete: boolean, wrong?: Explored['wrong']): Explored => {
    return { schedules: path[0]?.schedules ?? 0n, states: known.size, pruned, wrong, complete, ends };
  };
  /** The run whose state is that of the last visit. */
  let play: Play | undefined;
  for (;;) {
    const last = path.at(-1);
    if (last && last.taken === last.steps.length) {
      known.set(last.state, last.schedules);
      if (path.length === 1) return result(true);
      path.pop();
      (path.at(-1) as Visit).schedules += last.schedules;
      play = undefined;
      continue;
    }
    if (!play) {
      if (runs === limit) return result(false);
      runs++;
      play = await Play.start(single, story);
      for (const visit of path.slice(0, -1)) await play.take(play.steps()[visit.taken - 1] as Step);
    }
    if (last) {
      last.taken++;
      await play.take(play.steps()[last.taken - 1] as Step);
    }
    const state = play.digest();
    const schedules = prunes ? known.get(state) : undefined;
    if (last && schedules !== undefined) {
      pruned++;
      last.schedules += schedules;
      play = undefined;
      continue;
    }
    const steps = play.mistakes.length > 0 ? [] : play.steps();
    if (steps.length > 0) {
      path.push({ state, steps, taken: 0, schedules: 0n });
      continue;
    }
    const mistakes = await play.finish();
    if (mistakes.length > 0) {
      return result(false, { steps: path.map(({ steps, taken }) => steps[taken - 1]?.name ?? ''), mistakes });
    }
    onProgress?.(known.size, pruned);
    const settled = play.digest();
    if ((ends.get(state) ?? settled) !== settled) throw new Error(`story "${story.name}": a state has two futures`);
    ends.set(state, settled);
    known.set(state, 1n);
    if (!last) throw new Error(`story "${story.name}" has no step`);
    last.schedules += 1n;
    play = undefined;
  }
}
