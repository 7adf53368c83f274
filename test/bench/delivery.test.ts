import { beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryCost, measureDelivery } from '../../bench/delivery/delivery-cost';

const options = { deliveries: 20, flows: 4, concurrency: 10, rounds: 3, progress: () => {} };

describe('the cost of a delivery', () => {
  let cost: DeliveryCost;

  beforeAll(async () => {
    cost = await measureDelivery(options);
  });

  it('is one JSON document', () => {
    const speed = { perSecond: expect.any(Number), cpuMs: expect.any(Number) };
    const { progress: _, ...asked } = options;
    expect(cost).toEqual({
      ...asked,
      deliver: { ...speed, calls: expect.any(Object) },
      poller: expect.any(Object),
      bare: speed,
      bareWithUpdates: speed,
      ratio: speed,
      ratioWithUpdates: speed,
      rejected: { cpuMs: expect.any(Number), calls: expect.any(Object) },
      // The warm-up, the rounds, and the deliveries that were rejected once.
      accepted: 20 * (1 + 3) + 4,
      lost: 0,
      lostShare: 0,
      duplicates: 0,
      bodyBytes: expect.any(Number),
    });
    for (const { perSecond, cpuMs } of [cost.deliver, cost.bare, cost.bareWithUpdates, cost.ratio]) {
      expect(Math.min(perSecond, cpuMs)).toBeGreaterThan(0);
    }
    expect(JSON.parse(JSON.stringify(cost))).toEqual(cost);
  });

  it('counts the claim, the outcome and the POST, and no more writes', () => {
    const { 'DynamoDB BatchGetItem': reads, ...others } = cost.deliver.calls;
    expect(others).toEqual({ 'DynamoDB UpdateItem': 2, 'flow POST': 1 });
    // Concurrent reads share requests: one for each delivery up to one for ten.
    expect(reads).toBeGreaterThanOrEqual(0.1);
    expect(reads).toBeLessThanOrEqual(1);
    expect(cost.poller).toEqual({ 'SQS ReceiveMessage': 0.1, 'SQS DeleteMessageBatch': 0.1 });
  });

  it('of a rejected attempt includes one more message', () => {
    const { 'DynamoDB BatchGetItem': reads, 'SQS SendMessageBatch': sends, ...others } = cost.rejected.calls;
    expect(others).toEqual({ 'DynamoDB UpdateItem': 3, 'flow POST': 1 });
    for (const shared of [reads, sends]) {
      expect(shared).toBeGreaterThanOrEqual(0.1);
      expect(shared).toBeLessThanOrEqual(1);
    }
  });

  it('is compared with POSTs of the same body', () => {
    expect(cost.bodyBytes).toBeGreaterThan(500);
  });
});

it.each([
  ['deliveries', { deliveries: 25 }],
  ['concurrency', { concurrency: 4 }],
])('names the option that makes batches that are not full: %s', async (name, wrong) => {
  await expect(measureDelivery({ ...options, ...wrong })).rejects.toThrow(
    new RegExp(`^--${name} \\d+ is not a multiple of 10`),
  );
});
