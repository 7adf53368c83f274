import { expect, it } from 'vitest';
import { DeliveryCounts } from '../../../local/page/delivery-counts';
import { delivery } from './examples';

it('counts deliveries by status and by the outcome of their run, and held ones by subscription', async () => {
  const rows = [
    delivery(),
    delivery({ status: 'held' }),
    delivery({ status: 'held' }),
    delivery({ status: 'held', subscription: 'failed' }),
    delivery({ status: 'dead' }),
    delivery({ outcome: { state: 'failed' } }),
    delivery({ outcome: { state: 'failed' } }),
    delivery({ outcome: { state: 'awaited' } }),
  ];
  const all = async function* () {
    yield* rows;
  };
  const counts = new DeliveryCounts();
  const passed = [];
  for await (const row of counts.count(all())) passed.push(row);
  expect(passed).toEqual(rows);
  expect(counts).toEqual({
    byStatus: { delivered: 4, held: 3, dead: 1 },
    byOutcome: { failed: 2, awaited: 1 },
    held: { vip: 2, failed: 1 },
  });
});
