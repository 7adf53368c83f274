import { describe, expect, it } from 'vitest';
import { explore } from './exhaustive';
import { findMutants } from './exhaustive-mutants';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';
import { PROTOCOLS, type Protocol, type Story } from './stories/story';

const plan = simulatedPlan();
/** Every schedule of a story is up to 2300 runs. */
const TIMEOUT_MS = 300_000;
const smallest = (protocol: Protocol): Story =>
  STORIES.find((story) => story.protocol === protocol && story.isSmallest) as Story;

describe('each state once reaches the same ends as each schedule', () => {
  it.each([
    { protocol: 'E', crashes: 0, lost: 0 },
    { protocol: 'S', crashes: 0, lost: 0 },
    { protocol: 'D', crashes: 0, lost: 0 },
    { protocol: 'C', crashes: 1, lost: 0 },
    { protocol: 'C', crashes: 0, lost: 1 },
    { protocol: 'R', crashes: 1, lost: 0 },
    { protocol: 'R', crashes: 0, lost: 1 },
  ] as const)(
    '$protocol, $crashes crashes, $lost lost responses',
    async ({ protocol, ...faults }) => {
      const story = { ...smallest(protocol), ...faults };
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
