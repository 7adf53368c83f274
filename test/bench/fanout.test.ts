import { beforeAll, describe, expect, it } from 'vitest';
import { type Fanout, fanoutProblems, measureFanout } from '../../bench/fanout/fanout';

describe('an event', () => {
  let fanout: Fanout;
  beforeAll(async () => {
    fanout = await measureFanout({ subscriptions: 1_100, others: [1, 60], progress: () => {} });
  }, 120_000);

  it('costs the same with any number of subscriptions that do not match', () => {
    const [few, many] = fanout.others.map(({ readUnits, writeUnits, requests }) => ({
      readUnits,
      writeUnits,
      requests,
    }));
    expect(many).toEqual(few);
    expect(few?.readUnits).toBe(1);
    expect(few?.requests['SQS SendMessageBatch']).toBe(1);
    expect(fanoutProblems(fanout)).toEqual([]);
  });

  it('is sent to all subscriptions in pages, in full requests, and writes nothing', () => {
    const { fanout: cost } = fanout;
    expect(cost.sent).toEqual({ deliveries: 1_100, ids: 1_100, variants: 1 });
    expect(cost).toMatchObject({ writeUnits: 0, messages: 3 });
    // A page starts with full requests; the next ones are as full as the places that become free.
    expect(cost.requests['SQS SendMessageBatch']).toBeLessThan(1.1 * 110 + 2);
  });

  it('reaches every subscription after a crash, with the same deliveries', () => {
    const { sentBefore, sent } = fanout.crash;
    expect(sentBefore).toBeGreaterThanOrEqual(250);
    expect(sent).toEqual({ deliveries: 1_100 + sentBefore, ids: 1_100, variants: 1 });
  });
});

it('names costs that grow, and deliveries that are lost or differ', () => {
  const cost = {
    readUnits: 1,
    writeUnits: 0,
    requests: { 'DynamoDB Query': 2 },
    messages: 1,
    cpuMs: 1,
    ms: 1,
    peakMb: 1,
  };
  const sent = { deliveries: 9, ids: 9, variants: 1 };
  expect(
    fanoutProblems({
      subscriptions: 10,
      others: [
        { ...cost, others: 1 },
        { ...cost, others: 1000, readUnits: 2 },
      ],
      fanout: { ...cost, sent },
      crash: { sentBefore: 5, sent: { deliveries: 15, ids: 10, variants: 2 } },
    }),
  ).toEqual([
    'an event costs 2 read units with 1000 subscriptions that do not match, and 1 with 1',
    'an event was sent to 9 of 10 subscriptions',
    'a repeated delivery with a crash differs from the first one',
  ]);
});
