import { expect, it } from 'vitest';
import { measureLocal } from '../../bench/local/local-bench';

it('the local run and the outbox deliver every event once', async () => {
  const events = 40;
  const measured = await measureLocal({ events, nodeRed: false, progress: () => {} });
  expect(measured).toMatchObject([
    { name: 'the local run', events, duplicates: 0 },
    { name: 'an outbox in SQLite', events, duplicates: 0 },
  ]);
  for (const { perSecond } of measured) expect(perSecond).toBeGreaterThan(0);
}, 300_000);
