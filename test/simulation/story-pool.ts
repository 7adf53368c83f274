import { availableParallelism } from 'node:os';
import type { Plan } from '../../local/template/model/plan';
import { bundled } from './bundling';
import { type Story, titleOf } from './stories/story';
import type { ExploredScope, Scope } from './story-worker';
import { inThreads } from './threads';

/**
 * Explores stories on all cores. Yields the results in the order of the scopes.
 * @param edit changes the source files, for example to plant a fault. @default - the code as it is
 */
export async function* exploreAll(
  plan: Plan,
  scopes: readonly Scope[],
  edit?: (text: string, path: string) => string,
): AsyncGenerator<ExploredScope> {
  const file = await bundled('test/simulation/story-worker.ts', edit ? 'planted-stories' : 'story-worker', edit);
  yield* inThreads<Scope, ExploredScope>(file, plan, scopes, availableParallelism());
}

/** A story without faults. */
export const withoutFaults = (story: Story, limit: number): Scope => {
  return { title: titleOf(story), crashes: 0, lost: 0, limit };
};

/** A story with all of its faults. */
export const withFaults = (story: Story, limit: number): Scope => {
  const { crashes = 0, lost = 0 } = story;
  return { title: titleOf(story), crashes, lost, limit };
};

/** The scopes of a story, the smallest first: without faults, with one kind of fault, with all of its faults. */
export function scopesOf(story: Story, limit: number): Scope[] {
  const whole = withFaults(story, limit);
  const scopes = [withoutFaults(story, limit), { ...whole, lost: 0 }, { ...whole, crashes: 0 }, whole];
  return [...new Map(scopes.map((scope) => [JSON.stringify(scope), scope])).values()];
}
