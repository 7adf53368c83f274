import { expect, it } from 'vitest';
import type { Outcome } from '../../../lambda/delivery/core/outcomes/outcome';
import { RunReport } from '../../../local/output/report';
import { delivery } from '../page/examples';

const summaryOf = (outcomes: readonly (Outcome | undefined)[]) =>
  new RunReport().summary({ eventsPut: 0, rejected: 0, rows: outcomes.map((outcome) => delivery({ outcome })) });

it('counts deliveries by the outcome of their flow runs', async () => {
  const states = ['succeeded', 'unconfirmed', 'succeeded', 'failed', 'awaited'] as const;
  const { outcomes } = await summaryOf([undefined, ...states.map((state) => ({ state }))]);
  expect(outcomes).toEqual({ awaited: 1, unconfirmed: 1, failed: 1, succeeded: 2 });
});

it('has no outcomes if no flow reports', async () => {
  expect(await summaryOf([undefined])).not.toHaveProperty('outcomes');
});
