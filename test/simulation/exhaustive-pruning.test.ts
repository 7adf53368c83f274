import { describe, expect, it } from 'vitest';
import { explore } from './exhaustive';
import { findMutants } from './exhaustive-mutants';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';
import { PROTOCOLS, type Story } from './stories/story';

const plan = simulatedPlan();
/** Every schedule of a story is up to 2300 runs. */
const TIMEOUT_MS = 300_000;
const storyOf = (part: string): Story => STORIES.find(({ name }) => name.startsWith(part)) as Story;

describe('each state once reaches the same ends as each schedule', () => {
  it.each([
    { name: 'a value falls without recovering', crashes: 1, lost: 0 },
    { name: 'a value falls without recovering', crashes: 0, lost: 1 },
    { name: 'one operator changes a subscription', crashes: 1, lost: 0 },
    { name: 'two workers claim one delivery', crashes: 0, lost: 0 },
    { name: 'the two stages of a run', crashes: 1, lost: 0 },
    { name: 'the two stages of a run', crashes: 0, lost: 1 },
    { name: 'a flow is saved while its old', crashes: 1, lost: 0 },
    { name: 'a flow is saved while its old', crashes: 0, lost: 1 },
  ] as const)(
    '$name, $crashes crashes, $lost lost responses',
    async ({ name, ...faults }) => {
      const story = { ...storyOf(name), ...faults };
      const pruned = await explore(plan, story);
      const whole = await explore(plan, story, { prunes: false });
      expect(whole.complete && pruned.complete).toBe(true);
      expect(pruned.schedules).toBe(whole.schedules);
      expect(new Map([...pruned.ends].toSorted())).toEqual(new Map([...whole.ends].toSorted()));
    },
    TIMEOUT_MS,
  );
});

it(
  'a story of each protocol finds a planted fault',
  async () => {
    const faults = ['E: intent cleared', 'S: check of a new', 'D: no lease', 'C: run marked', 'R: DELETE that takes'];
    const found: string[] = [];
    for await (const one of findMutants(plan, (title) => faults.some((fault) => title.startsWith(fault)))) {
      if (one.story !== undefined) found.push(one.protocol);
    }
    expect(found).toEqual([...PROTOCOLS]);
  },
  TIMEOUT_MS,
);
