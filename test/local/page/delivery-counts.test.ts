import { expect, it } from 'vitest';
import { DeliveryCounts } from '../../../local/page/delivery-counts';
import { delivery } from './examples';

it('counts deliveries by status, and held ones by subscription', async () => {
  const rows = [
    delivery(),
    delivery({ status: 'held' }),
    delivery({ status: 'held' }),
    delivery({ status: 'held', subscription: 'failed' }),
    delivery({ status: 'dead' }),
  ];
  const all = async function* () {
    yield* rows;
  };
  const counts = new DeliveryCounts();
  const passed = [];
  for await (const row of counts.count(all())) passed.push(row);
  expect(passed).toEqual(rows);
  expect(counts).toEqual({ byStatus: { delivered: 1, held: 3, dead: 1 }, held: { vip: 2, failed: 1 } });
});
