import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_SERIES } from '../../../../lambda/registration/core/changes';
import type { ChangeThreshold } from '../../../../lambda/subscriptions/core/subscription';
import type { MetricState } from '../../../../lambda/thresholds/core/metric-state';
import { Evaluator, measure, segment } from '../../../support/evaluation';
import { Crash } from '../../../support/memory/interleaving';

const VIP = { segment: 'VIP customers' };
const FALL: ChangeThreshold = { change: 'falls', by: 20, unit: 'percent', comparedWith: 'previous' };
const DAY = 24 * 60;

let evaluator: Evaluator;
beforeEach(() => {
  evaluator = new Evaluator();
});

const runChecks = async () => expect(await evaluator.evaluate(evaluator.checks.splice(0))).toEqual([]);
/** Evaluates an event, and returns the calls of the tables. */
async function callsOf(body: string): Promise<string[]> {
  const calls: string[] = [];
  const gate = async (call: string) => {
    if (call.startsWith('before ')) calls.push(call.slice('before '.length));
  };
  expect(await evaluator.evaluate([body], gate)).toEqual([]);
  return calls;
}
const stateOf = () => [...evaluator.tables.states.values()][0] as MetricState;
const seriesOf = () => [...evaluator.tables.series.values()].flatMap((some) => [...some.values()]);

describe('an observation', () => {
  it('of a metric without thresholds on changes reads nothing about changes, whatever other metrics have', async () => {
    await evaluator.subscribe('level', VIP, { operator: 'above', value: 100 });
    await evaluator.subscribe('other', { segment: 'Other' }, { ...FALL, comparedWith: 'sameTimeLastWeek' });
    await runChecks();
    expect(await callsOf(segment(5, 1))).toEqual(['readState', 'items', 'commitState']);
    expect(await callsOf(segment(6, 2))).toEqual(['readState', 'items', 'commitState']);
    expect(await callsOf(segment(6, 3))).toEqual(['readState', 'commitState']);
    expect(stateOf()).not.toHaveProperty('changes');
  });

  it('makes the same calls for one threshold on changes as for many', async () => {
    const calls: string[][] = [];
    for (const count of [1, 200]) {
      evaluator = new Evaluator();
      for (let n = 0; n < count; n++) await evaluator.subscribe(`s-${n}`, VIP, { ...FALL, by: 20 + n });
      await callsOf(segment(1000, 1));
      calls.push(await callsOf(segment(900, 2)));
    }
    // The state, the levels, the series, and the changes in the one series.
    expect(calls[0]).toEqual(['readState', 'items', 'items', 'items', 'commitState']);
    expect(calls[1]).toEqual(calls[0]);
  });

  it('makes no query for a series without a change', async () => {
    await evaluator.subscribe('big', VIP, { ...FALL, minimumBase: 5000 });
    await callsOf(segment(1000, 1));
    expect(await callsOf(segment(900, 2))).toEqual(['readState', 'items', 'items', 'commitState']);
    expect(await callsOf(segment(900, 3))).toEqual(['readState', 'items', 'commitState']);
  });

  it('takes the base from the state, as long as it has it', async () => {
    await evaluator.subscribe('weekly', VIP, { ...FALL, comparedWith: 'sameTimeLastWeek' });
    for (let day = -14; day < 0; day++) {
      const calls = await callsOf(segment(100, day * DAY));
      expect(calls).not.toContain('putPastValue');
      if (day >= -7) expect(calls).not.toContain('pastValueAt');
    }
    expect(stateOf().changes).toEqual({ bases: { sameTimeLastWeek: 100 } });
  });

  it('stores a value that leaves the state once, and only while it can be a base', async () => {
    await evaluator.subscribe('daily', VIP, { ...FALL, comparedWith: 'sameTimeYesterday' });
    let stored = 0;
    for (let n = 0; n < 60; n++) {
      const calls = await callsOf(segment(100 + n, (n - 120) * 15));
      const puts = calls.filter((call) => call === 'putPastValue').length;
      expect(puts).toBeLessThanOrEqual(2);
      stored += puts;
    }
    expect(stored).toBe(60 - stateOf().recent.length);
    const silent = await callsOf(segment(1, 12 * 60));
    expect(silent, 'the values before the last one are too old').not.toContain('putPastValue');
  });

  it('no longer reads the series after the last threshold on changes was removed', async () => {
    await evaluator.subscribe('fall', VIP, FALL);
    await callsOf(segment(1000, 1));
    await evaluator.unsubscribe('fall');
    evaluator.now += 2 * 3600_000;
    await evaluator.sweep();
    expect(seriesOf()).toEqual([]);
    await callsOf(segment(900, 2));
    expect(stateOf()).not.toHaveProperty('changes');
    expect(await callsOf(segment(800, 3))).toEqual(['readState', 'items', 'commitState']);
  });
});

it('a threshold on changes is not missed by an evaluation that no longer found any, and ends after its check', async () => {
  await evaluator.subscribe('old', VIP, FALL);
  await callsOf(segment(1000, 1));
  await evaluator.unsubscribe('old');
  evaluator.now += 2 * 3600_000;
  await evaluator.sweep();
  let made = false;
  await evaluator.evaluate([segment(900, 2)], async (call) => {
    if (call !== 'before commitState' || made) return;
    made = true;
    await evaluator.subscribe('new', VIP, FALL);
    await runChecks();
  });
  expect(stateOf()).toHaveProperty('changes');
  await evaluator.evaluate([segment(700, 3)]);
  expect(evaluator.bus.published.map(({ detail }) => detail.value)).toEqual([700]);
});

describe('a level that becomes a change during an evaluation', () => {
  it.each(['before readSubscription', 'after items'])('fires as one of both: %s', async (moment) => {
    await evaluator.subscribe('vip', VIP, { operator: 'above', value: 10 });
    await evaluator.evaluate([segment(5, 1)]);
    let edited = false;
    const failed = await evaluator.evaluate([segment(20, 2)], async (call) => {
      if (call !== moment || edited) return;
      edited = true;
      await evaluator.subscribe('vip', VIP, { ...FALL, change: 'rises' });
    });
    expect([failed, edited]).toEqual([[], true]);
    expect(evaluator.bus.published.map(({ detail }) => detail.comparedWith)).toEqual(['previous']);
  });
});

describe('the event of a change', () => {
  it('has the base, and the value that is changed enough as its threshold', async () => {
    await evaluator.subscribe('drop', { measure: 'Revenue' }, { ...FALL, comparedWith: 'sameTimeYesterday' });
    await evaluator.evaluate([measure('1250.50', -2 * DAY), measure(900, -DAY, { unit: 'EUR' })]);
    expect(evaluator.bus.published).toMatchObject([
      {
        detailType: 'MeasureThresholdCrossed',
        detail: {
          subscription: 'drop',
          direction: 'below',
          threshold: 1000.4,
          previousValue: 1250.5,
          value: 900,
          comparedWith: 'sameTimeYesterday',
          baseValue: 1250.5,
          baseObservedAt: '2026-11-17T12:00:00.000Z',
          changeBy: 20,
          changeUnit: 'percent',
        },
      },
    ]);
  });
});

describe('the sweep', () => {
  it('keeps a series that another threshold is in, and removes it with the last one', async () => {
    await evaluator.subscribe('a', VIP, { ...FALL, change: 'changes' });
    await evaluator.subscribe('b', VIP, { ...FALL, by: 50 });
    for (const name of ['a', 'b']) {
      expect(seriesOf()).toHaveLength(1);
      await evaluator.unsubscribe(name);
      evaluator.now += 2 * 3600_000;
      await evaluator.sweep();
    }
    expect(seriesOf()).toEqual([]);
  });

  it('keeps a series that was written again after the sweep read it', async () => {
    await evaluator.subscribe('a', VIP, FALL);
    await evaluator.unsubscribe('a');
    evaluator.now += 2 * 3600_000;
    let again = true;
    await evaluator.sweep(async (call) => {
      if (call !== 'before removeSeries' || !again) return;
      again = false;
      await evaluator.subscribe('b', VIP, { ...FALL, by: 30 });
    });
    expect(again).toBe(false);
    expect(seriesOf()).toHaveLength(1);
    await evaluator.evaluate([segment(1000, 1), segment(500, 2)]);
    expect(evaluator.bus.published).toHaveLength(1);
  });

  it('retries after an interruption at any call', async () => {
    for (let at = 1, died = true; died; at++) {
      evaluator = new Evaluator();
      await evaluator.subscribe('a', VIP, { ...FALL, change: 'changes' });
      await evaluator.unsubscribe('a');
      evaluator.now += 2 * 3600_000;
      let calls = 0;
      died = false;
      const gate = async () => {
        if (++calls < at) return;
        died = true;
        throw new Crash();
      };
      await evaluator.sweep(gate).catch(() => {});
      await evaluator.sweep();
      expect({ at, series: seriesOf(), due: evaluator.tables.due.size }).toEqual({ at, series: [], due: 0 });
    }
  });
});

describe('registering', () => {
  it('limits the combinations on a metric, but not the thresholds', async () => {
    for (let n = 1; n <= MAX_SERIES; n++) await evaluator.subscribe(`s-${n}`, VIP, { ...FALL, minimumBase: n * 100 });
    await evaluator.subscribe('same', VIP, { ...FALL, by: 50, minimumBase: 300 });
    await expect(evaluator.subscribe('new', VIP, { ...FALL, minimumBase: 1 })).rejects.toThrow(
      'subscription "new": segment "VIP customers" has thresholds with 10 combinations of comparedWith, unit and ' +
        'minimumBase, which is the limit: use one that it has, such as a minimumBase of 100, 200, 300, 400, 500',
    );
    await evaluator.subscribe('new', { segment: 'Other' }, { ...FALL, minimumBase: 1 });
  });

  it('again without a change sends the check again', async () => {
    await evaluator.subscribe('fall', VIP, FALL);
    await evaluator.subscribe('fall', VIP, FALL);
    expect(evaluator.checks).toHaveLength(2);
  });
});
