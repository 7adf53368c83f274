import { beforeEach, describe, expect, it } from 'vitest';
import type { Threshold } from '../../../../lambda/subscriptions/core/subscription';
import { busEvent, Evaluator, measure, minutes, NOW, segment } from '../../../support/evaluation';

const VIP = { segment: 'VIP customers' };
let evaluator: Evaluator;
beforeEach(() => {
  evaluator = new Evaluator();
});

describe('crossings', () => {
  it('uses the first observation as the baseline', async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(50, 1)]);
    expect(evaluator.crossings()).toEqual([]);
    await evaluator.evaluate([segment(60, 2)]);
    expect(evaluator.crossings()).toEqual([]);
  });

  it('finds both crossings of 5 → 20 → 5 in one batch, in any order', async () => {
    await evaluator.subscribe('up', VIP, { operator: 'above', value: 10 });
    await evaluator.subscribe('down', VIP, { operator: 'below', value: 10 });
    await evaluator.evaluate([segment(5, 3), segment(20, 2), segment(5, 1)]);
    expect(evaluator.crossings()).toEqual(['up above 10: 5 → 20', 'down below 10: 20 → 5']);
  });

  it.each([
    ['above', 10, [9, 10, 11, 10, 11], ['11', '11']],
    ['atOrAbove', 10, [9, 10, 11, 10, 9, 10], ['10', '10']],
    ['below', 10, [11, 10, 9, 10, 9], ['9', '9']],
    ['atOrBelow', 10, [11, 10, 9, 10, 11, 10], ['10', '10']],
  ] as const)('%s %d over %j fires at %j', async (operator, value, history, fired) => {
    await evaluator.subscribe('vip', VIP, { operator, value });
    for (const [n, memberCount] of history.entries()) await evaluator.evaluate([segment(memberCount, n)]);
    expect(evaluator.bus.published.map(({ detail }) => String(detail.value))).toEqual(fired);
  });

  it('fires every threshold of a jump once, in the order of crossing', async () => {
    for (const value of [20, 10, 15]) await evaluator.subscribe(`up-${value}`, VIP, { operator: 'above', value });
    for (const value of [12, 18]) await evaluator.subscribe(`down-${value}`, VIP, { operator: 'below', value });
    await evaluator.evaluate([segment(5, 1), segment(100, 2), segment(0, 3)]);
    expect(evaluator.crossings().map((text) => text.split(' ')[0])).toEqual([
      'up-10',
      'up-15',
      'up-20',
      'down-18',
      'down-12',
    ]);
  });

  it('does not fire a new threshold if the value is already beyond it', async () => {
    await evaluator.evaluate([segment(50, 1)]);
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(60, 2)]);
    expect(evaluator.crossings()).toEqual([]);
  });

  it('does not query thresholds for an equal value', async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(5, 1)]);
    const calls: string[] = [];
    await evaluator.evaluate([segment(5, 2)], async (call) => void calls.push(call));
    expect(calls.filter((call) => call.startsWith('before'))).toEqual(['before readState', 'before commitState']);
  });

  it('separates metrics: segments and measures, instances, members, and names that contain the separator', async () => {
    await evaluator.subscribe('segment', { segment: 'A' }, { operator: 'above', value: 10 });
    await evaluator.subscribe('measure', { measure: 'B' }, { operator: 'above', value: 10 });
    await evaluator.subscribe(
      'member',
      { measure: 'A', dimensions: { Region: 'EU' } },
      { operator: 'above', value: 10 },
    );
    await evaluator.subscribe('odd', { segment: 'A#B' }, { operator: 'above', value: 10 });
    const moves = (event: (value: number, at: number) => string) => [event(5, 1), event(20, 2)];
    await evaluator.evaluate(moves((value, at) => segment(value, at, { segment: 'A', instanceId: 'other' })));
    await evaluator.evaluate(moves((value, at) => measure(value, at, { measure: 'A', dimensions: { Region: 'US' } })));
    expect(evaluator.crossings()).toEqual([]);
    await evaluator.evaluate(moves((value, at) => segment(value, at, { segment: 'A' })));
    await evaluator.evaluate(moves((value, at) => measure(value, at, { measure: 'B' })));
    await evaluator.evaluate(moves((value, at) => measure(value, at, { measure: 'A', dimensions: { Region: 'EU' } })));
    await evaluator.evaluate(moves((value, at) => segment(value, at, { segment: 'A#B' })));
    expect(evaluator.crossings().map((text) => text.split(' ')[0])).toEqual(['segment', 'measure', 'member', 'odd']);
  });

  it('applies a threshold without dimensions to the measure and each of its members', async () => {
    await evaluator.subscribe('all', { measure: 'Revenue' }, { operator: 'above', value: 10, recoverTo: 5 });
    await evaluator.subscribe(
      'eu',
      { measure: 'Revenue', dimensions: { Region: 'EU' } },
      { operator: 'above', value: 15 },
    );
    const history = [4, 11, 8, 20, 5, 12];
    for (const dimensions of [undefined, { Region: 'EU' }, { Region: 'US' }]) {
      for (const [n, value] of history.entries()) await evaluator.evaluate([measure(value, n, { dimensions })]);
    }
    const found = evaluator.bus.published.map(
      ({ detail }) => `${detail.subscription} ${JSON.stringify(detail.dimensions ?? 'itself')} ${detail.value}`,
    );
    expect(found).toEqual([
      'all "itself" 11',
      'all "itself" 12',
      'all {"Region":"EU"} 11',
      'eu {"Region":"EU"} 20',
      'all {"Region":"EU"} 12',
      'all {"Region":"US"} 11',
      'all {"Region":"US"} 12',
    ]);
  });

  it('identifies members independently of the order of their dimensions', async () => {
    const dimensions = { Region: 'EU', Product: 'Shoes' };
    await evaluator.subscribe('eu', { measure: 'Revenue', dimensions }, { operator: 'above', value: 10 });
    await evaluator.evaluate([
      measure(5, 1, { dimensions }),
      measure(20, 2, { dimensions: { Product: 'Shoes', Region: 'EU' } }),
    ]);
    expect(evaluator.crossings()).toEqual(['eu above 10: 5 → 20']);
  });

  it('sends all facts of the crossing and its subscription', async () => {
    await evaluator.subscribe(
      'record',
      { measure: 'Revenue' },
      { operator: 'atOrAbove', value: 250000, recoverTo: 200000 },
    );
    await evaluator.evaluate([
      measure('249999.99', 1),
      measure('250000.00', 2, { unit: 'EUR', runId: 'run-2', sequence: 7 }),
    ]);
    expect(evaluator.bus.published).toEqual([
      {
        detailType: 'MeasureThresholdCrossed',
        detail: {
          connector: 'test',
          crossingId: expect.stringMatching(/^[0-9a-f]{32}$/),
          subscription: 'record',
          uid: expect.any(String),
          generation: 1,
          startsFlow: false,
          instanceId: 'default',
          measure: 'Revenue',
          dimensions: undefined,
          direction: 'above',
          threshold: 250000,
          recoverTo: 200000,
          previousValue: 249999.99,
          value: 250000,
          unit: 'EUR',
          observedAt: minutes(2),
          sequence: 7,
          runId: 'run-2',
        },
      },
    ]);
  });

  it('publishes more hits than an item can hold', async () => {
    for (let n = 0; n < 230; n++) await evaluator.subscribe(`t-${n}`, VIP, { operator: 'above', value: n });
    await evaluator.evaluate([segment(0, 1), segment(1000, 2)]);
    expect(new Set(evaluator.bus.published.map(({ detail }) => detail.crossingId)).size).toBe(230);
    expect(evaluator.tables.parts.size).toBe(0);
  });
});

describe('a recovery level', () => {
  it('lets a threshold fire again only after the value has returned to it', async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10, recoverTo: 5 });
    for (const [n, value] of [4, 11, 8, 12, 6, 13, 5, 14, 10, 15].entries())
      await evaluator.evaluate([segment(value, n)]);
    expect(evaluator.crossings()).toEqual(['vip above 10: 4 → 11', 'vip above 10: 5 → 14']);
  });

  it('also works for falling values', async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'below', value: 10, recoverTo: 20 });
    for (const [n, value] of [30, 9, 15, 8, 20, 7].entries()) await evaluator.evaluate([segment(value, n)]);
    expect(evaluator.crossings()).toEqual(['vip below 10: 30 → 9', 'vip below 10: 20 → 7']);
  });
});

describe('fireIfAlreadyBeyond', () => {
  const wanted: Threshold = { operator: 'above', value: 10, fireIfAlreadyBeyond: true };
  const answered = async () => {
    const checks = evaluator.checks.splice(0);
    await evaluator.evaluate(checks);
    return checks;
  };

  it('fires once for a new threshold if the value is already beyond it, then at each crossing', async () => {
    await evaluator.evaluate([segment(50, 1)]);
    await evaluator.subscribe('vip', VIP, wanted);
    const checks = await answered();
    await evaluator.evaluate(checks);
    await evaluator.evaluate([segment(60, 2), ...checks]);
    expect(evaluator.crossings()).toEqual(['vip above 10: undefined → 50']);
    expect(evaluator.bus.published[0]?.detail.alreadyBeyond).toBe(true);
    await evaluator.evaluate([segment(5, 3), segment(20, 4)]);
    expect(evaluator.crossings().slice(1)).toEqual(['vip above 10: 5 → 20']);
  });

  it('fires for the first value if it is beyond the threshold', async () => {
    await evaluator.subscribe('vip', VIP, wanted);
    await evaluator.evaluate([segment(50, 1)]);
    await answered();
    expect(evaluator.crossings()).toEqual(['vip above 10: undefined → 50']);
  });

  it('does not fire if the value is not beyond the threshold, or after a crossing has fired', async () => {
    await evaluator.evaluate([segment(5, 1)]);
    await evaluator.subscribe('vip', VIP, wanted);
    const checks = await answered();
    await evaluator.evaluate([segment(20, 2)]);
    await evaluator.evaluate(checks);
    expect(evaluator.crossings()).toEqual(['vip above 10: 5 → 20']);
  });

  it('checks every member of a whole measure, including later ones', async () => {
    for (const Region of ['EU', 'US']) await evaluator.evaluate([measure(50, 1, { dimensions: { Region } })]);
    await evaluator.subscribe('all', { measure: 'Revenue' }, { ...wanted, recoverTo: 5 });
    await answered();
    await evaluator.evaluate([measure(50, 1, { dimensions: { Region: 'ASIA' } })]);
    expect(
      evaluator.bus.published.map(({ detail }) => (detail.dimensions as { Region: string }).Region).toSorted(),
    ).toEqual(['ASIA', 'EU', 'US']);
  });

  it('checks again after a repeated registration, because the previous one can have crashed', async () => {
    await evaluator.evaluate([segment(50, 1)]);
    await evaluator.subscribe('vip', VIP, wanted);
    evaluator.checks.length = 0;
    await evaluator.subscribe('vip', VIP, wanted);
    await answered();
    expect(evaluator.crossings()).toHaveLength(1);
  });

  /** Evaluates a value. When that has found no thresholds, a threshold is created and checked. */
  const evaluateMeanwhile = async (value: string) => {
    let made = false;
    await evaluator.evaluate([value], async (call) => {
      if (call !== 'after items' || made) return;
      made = true;
      await evaluator.subscribe('vip', VIP, wanted);
      await answered();
    });
  };

  it('is not missed if the first value is evaluated while the threshold is created', async () => {
    await evaluateMeanwhile(segment(50, 1));
    expect(evaluator.crossings()).toEqual(['vip above 10: undefined → 50']);
  });

  it('is not missed if, in addition, another check came before the first value', async () => {
    await evaluator.subscribe('low', VIP, { operator: 'below', value: 1, fireIfAlreadyBeyond: true });
    await answered();
    await evaluateMeanwhile(segment(50, 1));
    expect(evaluator.crossings()).toEqual(['vip above 10: undefined → 50']);
  });

  it('is not missed if the value crosses the threshold while it is created', async () => {
    await evaluator.evaluate([segment(5, 1)]);
    await evaluateMeanwhile(segment(50, 2));
    expect(evaluator.crossings()).toEqual(['vip above 10: 5 → 50']);
  });
});

describe('order', () => {
  beforeEach(async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(5, 10), segment(20, 20, { sequence: 2 })]);
  });

  it.each([
    ['late', segment(0, 15), 'LateObservations'],
    ['late by its sequence', segment(0, 20, { sequence: 1 }), 'LateObservations'],
    ['a duplicate', segment(20, 20, { sequence: 2 }), 'DuplicateObservations'],
    ['a conflict, where the first wins', segment(21, 20, { sequence: 2 }), 'ConflictingObservations'],
  ])('drops and counts an observation that is %s, and continues its batch', async (_, body, metric) => {
    await evaluator.evaluate([body, segment(3, 30), segment(30, 40)]);
    expect(evaluator.telemetry.counts[metric]).toBe(1);
    expect(evaluator.rejected.kept).toEqual([]);
    expect(evaluator.crossings()).toEqual(['vip above 10: 5 → 20', 'vip above 10: 3 → 30']);
  });

  it('orders by the instant, not by its text', async () => {
    await evaluator.evaluate([segment(4, 0, { observedAt: '2026-11-19T14:25:00+02:00' })]);
    expect(evaluator.tables.commits.at(-1)?.after.last?.value).toBe(4);
  });
});

describe('invalid events', () => {
  const checkOf = (changes: object, metric: object = {}) =>
    JSON.stringify({
      thresholdCheck: {
        metric: { kind: 'segment', instanceId: 'default', name: 'VIP', ...metric },
        ...{ subscription: 'vip', thresholdId: 'id', ...changes },
      },
    });

  it.each([
    ['text that is not JSON', '{"detail', 'the message is not JSON'],
    ['no event', '[]', 'the message is not an EventBridge event'],
    ['a check without its metric', '{"thresholdCheck":{"metric":null}}', 'the message is not a threshold check'],
    ['a check without a subscription', checkOf({ subscription: '' }), 'the message is not a threshold check'],
    ['a check with an empty threshold id', checkOf({ thresholdId: '' }), 'the message is not a threshold check'],
    ['a check of a metric without a name', checkOf({}, { name: '' }), 'the message is not a threshold check'],
    [
      'a check with a key that is too long',
      checkOf({}, { kind: 'measure', dimensions: { Region: 'a'.repeat(2048) } }),
      'the message is not a threshold check',
    ],
    ['a value NaN', measure('NaN', 1), '"value" is "NaN": write a number or a decimal string such as "12.5"'],
    [
      'an infinite value',
      measure(0, 1).replace('"value":0', '"value":1e999'),
      '"value" is Infinity: write a number or a decimal string',
    ],
    ['no value', measure(undefined, 1), '"value" is missing'],
    ['a text for a count', segment('12', 1), '"memberCount" is "12": write a whole number from 0 to 9007199254740991'],
    ['a negative count', segment(-1, 1), '"memberCount" is -1: write a whole number'],
    ['a blank name', segment(1, 1, { segment: '  ' }), '"segment" is empty: write a name'],
    ['an instant without a zone', segment(1, 1, { observedAt: '2026-11-19T14:25:00' }), 'with its time zone'],
    ['a day that is not in the calendar', segment(1, 1, { observedAt: '2026-13-19T14:25:00Z' }), 'with its time zone'],
    ['another kind of event', segment(1, 1).replace('SegmentRefreshed', 'FullRefreshed'), 'FullRefreshed: '],
    [
      'a date in the future',
      segment(1, 1, { observedAt: new Date(NOW + 3600_001).toISOString() }),
      'minutes in the future',
    ],
  ])('rejects %s with its reason, and continues the batch', async (_, body, reason) => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    expect(await evaluator.evaluate([segment(5, 10), body, segment(20, 20)])).toEqual([]);
    expect(evaluator.rejected.kept).toEqual([{ body, reason: expect.stringContaining(reason) }]);
    expect(evaluator.telemetry.counts.RejectedEvents).toBe(1);
    expect(evaluator.crossings()).toEqual(['vip above 10: 5 → 20']);
  });

  it('accepts an observation one hour in the future', async () => {
    await evaluator.evaluate([segment(1, 1, { observedAt: new Date(NOW + 3600_000).toISOString() })]);
    expect(evaluator.tables.commits).toHaveLength(1);
  });
});

describe('failures', () => {
  const failing = (name: string, times: number) => {
    let left = times;
    return async (call: string) => {
      if (call === name && left-- > 0) throw new Error(`${name} failed`);
    };
  };

  it('publishes a committed crossing after a redelivery, with the same id', async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(5, 1)]);
    const crossing = segment(20, 2);
    expect(await evaluator.evaluate([crossing], failing('after publish', 1))).toEqual([0]);
    expect(await evaluator.evaluate([crossing])).toEqual([]);
    const ids = evaluator.bus.published.map(({ detail }) => detail.crossingId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(evaluator.telemetry.counts.DuplicateObservations).toBe(1);
  });

  it('does not let a later value overtake a failed one', async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(5, 1)]);
    const batch = [segment(20, 2), segment(5, 3), segment(7, 4, { segment: 'Other' })];
    expect(await evaluator.evaluate(batch, failing('before items', 1))).toEqual([0, 1]);
    expect(await evaluator.evaluate(batch)).toEqual([]);
    expect(evaluator.crossings()).toEqual(['vip above 10: 5 → 20']);
  });

  it('lets the sweep publish the intent of a dead letter, but not before its worker has ended', async () => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(5, 1)]);
    await evaluator.evaluate([segment(20, 2)], failing('before publish', 1));
    expect(await evaluator.sweep()).toBe(0);
    evaluator.now += 3 * 60_000;
    expect(await evaluator.sweep()).toBe(1);
    expect(evaluator.crossings()).toEqual(['vip above 10: 5 → 20']);
    expect(await evaluator.sweep()).toBe(0);
  });
});

it('a crossing names the account and Region that measured its value, also if the sweep publishes it', async () => {
  const evaluator = new Evaluator();
  await evaluator.subscribe('vip', { measure: 'Revenue' }, { operator: 'above', value: 10 });
  const from = { account: '111122223333', region: 'eu-central-1' };
  const elsewhere = (value: number, at: number) =>
    busEvent('MeasureRefreshed', { measure: 'Revenue', value, observedAt: minutes(at) }, from);
  await evaluator.evaluate([measure(5, 1), measure(20, 2), measure(5, 3), elsewhere(20, 4), measure(5, 5)]);
  const killed = async (call: string) => {
    if (call.includes('publish')) throw new Error('killed');
  };
  await evaluator.evaluate([elsewhere(20, 6)], killed);
  evaluator.now += 60 * 60_000;
  await evaluator.sweep();
  expect(evaluator.bus.published.map(({ detail: { awsAccount, awsRegion } }) => [awsAccount, awsRegion])).toEqual([
    [undefined, undefined],
    ['111122223333', 'eu-central-1'],
    ['111122223333', 'eu-central-1'],
  ]);
});
