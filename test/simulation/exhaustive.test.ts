import { expect, it } from 'vitest';
import { explore } from './exhaustive';
import { simulatedPlan } from './plan';
import { STORIES } from './stories';

const plan = simulatedPlan();

it.each(STORIES)('$name: every order of the calls, without a crash', async (story) => {
  const { wrong, schedules } = await explore(plan, { ...story, crashes: 0, lost: 0 }, 100);
  expect(wrong).toBeUndefined();
  expect(schedules).toBeGreaterThan(1);
});
