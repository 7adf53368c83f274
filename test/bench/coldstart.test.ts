import { expect, it } from 'vitest';
import { measureColdStarts } from '../../bench/coldstart/coldstart-cost';

it('compares the first request of a function with bare clients that make the same calls', async () => {
  const start = { cpuMs: expect.any(Number), ms: expect.any(Number), bytes: expect.any(Number) };
  const cost = await measureColdStarts({ processes: 1, handlers: ['deliver', 'record'], progress: () => {} });
  expect(cost).toEqual({
    processes: 1,
    empty: start,
    bundles: {
      deliver: {
        ...start,
        bare: start,
        ratio: expect.any(Number),
        calls: expect.arrayContaining(['KMS Decrypt', 'POST']),
      },
      record: { ...start, bare: start, ratio: expect.any(Number), calls: ['DynamoDB UpdateItem'] },
    },
  });
  expect(JSON.parse(JSON.stringify(cost))).toEqual(cost);
  for (const { cpuMs, bare } of Object.values(cost.bundles)) {
    expect(Math.min(cpuMs, bare.cpuMs)).toBeGreaterThan(cost.empty.cpuMs);
  }
});
