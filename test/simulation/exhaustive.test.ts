import { expect, it } from 'vitest';
import { explore } from './exhaustive';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';

const plan = simulatedPlan();
const smallest = STORIES.filter(({ isSmallest }) => isSmallest);

it.each(smallest)('$protocol: every order of the calls, without faults: $name', async (story) => {
  const { wrong, complete, states } = await explore(plan, { ...story, crashes: 0, lost: 0 });
  expect(wrong).toBeUndefined();
  expect(complete).toBe(true);
  expect(states).toBeGreaterThan(10);
});
