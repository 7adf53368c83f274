import { expect, it } from 'vitest';
import { measureColdStarts } from '../../bench/coldstart/coldstart-cost';
import { HANDLER_TIMEOUT_SECONDS } from '../../contract/shared';

it('compares the first request of each function with bare clients that make the same calls', async () => {
  const start = { cpuMs: expect.any(Number), ms: expect.any(Number), bytes: expect.any(Number) };
  const cost = await measureColdStarts({ processes: 1, progress: () => {} });
  expect(Object.keys(cost.bundles).toSorted()).toEqual(Object.keys(HANDLER_TIMEOUT_SECONDS).toSorted());
  expect(cost).toEqual({
    processes: 1,
    empty: start,
    bundles: expect.objectContaining({
      deliver: {
        ...start,
        bare: start,
        ratio: expect.any(Number),
        calls: expect.arrayContaining(['KMS Decrypt', 'POST']),
      },
      record: { ...start, bare: start, ratio: expect.any(Number), calls: ['DynamoDB UpdateItem'] },
    }),
  });
  expect(JSON.parse(JSON.stringify(cost))).toEqual(cost);
  for (const { cpuMs, bare } of Object.values(cost.bundles)) {
    expect(Math.min(cpuMs, bare.cpuMs)).toBeGreaterThan(cost.empty.cpuMs);
  }
});
