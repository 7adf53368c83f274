import { beforeEach, describe, expect, it } from 'vitest';
import { INTENT_GRACE_MS } from '../../../../lambda/thresholds/core/observe';
import type { OverdueKind } from '../../../../lambda/thresholds/core/ports';
import { sweep } from '../../../../lambda/thresholds/core/sweep';
import { Evaluator, segment } from '../../../support/evaluation';
import type { Gate } from '../../../support/memory/memory';

const SEGMENTS = ['A', 'B', 'C'];
const sizes = (size: number, at: number) => SEGMENTS.map((name) => segment(size, at, { segment: name }));

let evaluator: Evaluator;
beforeEach(async () => {
  evaluator = new Evaluator();
  for (const name of SEGMENTS) {
    await evaluator.subscribe(name, { segment: name }, { operator: 'above', value: 10 });
  }
  await evaluator.evaluate(sizes(5, 1));
});

const lists = () => [...evaluator.tables.pending.values()];

/** Collects the calls to the tables and the bus. */
function recorded(fail: (call: string, count: number) => boolean = () => false) {
  const calls: string[] = [];
  const gate: Gate = async (call) => {
    if (!call.startsWith('before')) return;
    calls.push(call.slice('before '.length));
    if (fail(call, calls.filter((one) => call.endsWith(one)).length)) throw new Error(`${call} failed`);
  };
  const count = (name: string) => calls.filter((call) => call === name).length;
  return { calls, gate, count };
}

describe('the pending metrics of a batch', () => {
  it('are one list, which is written before the first intent and removed after the last', async () => {
    const { calls, gate, count } = recorded();
    await evaluator.evaluate(sizes(20, 2), gate);
    expect(evaluator.crossings()).toHaveLength(3);
    expect([count('putPending'), count('commitState'), count('removePending')]).toEqual([1, 3, 1]);
    expect(calls.indexOf('putPending')).toBeLessThan(calls.indexOf('commitState'));
    expect(calls.at(-1)).toBe('removePending');
  });

  it('cost nothing if nothing is crossed, or by the metrics that are not crossed', async () => {
    const quiet = recorded();
    await evaluator.evaluate(sizes(6, 2), quiet.gate);
    expect(quiet.count('putPending')).toBe(0);
    const [a = '', b = ''] = sizes(20, 3);
    const names: (readonly string[])[] = [];
    await evaluator.evaluate([a, b, segment(7, 3, { segment: 'C' })], async (call) => {
      if (call === 'after putPending') names.push(...lists().map(({ metricKeys }) => metricKeys));
    });
    expect(names).toEqual([['default#segment#A', 'default#segment#B']]);
  });

  it('are announced again by a later observation of the batch', async () => {
    const { gate, count } = recorded();
    await evaluator.evaluate(
      [segment(20, 2, { segment: 'A' }), segment(5, 3, { segment: 'A' }), segment(20, 4, { segment: 'A' })],
      gate,
    );
    expect(evaluator.crossings()).toHaveLength(2);
    expect([count('putPending'), count('removePending')]).toEqual([2, 2]);
  });

  it('stay in the list after a failure, until the sweep has published them', async () => {
    const { gate } = recorded((call, count) => call === 'before publish' && count === 2);
    expect(await evaluator.evaluate(sizes(20, 2), gate)).toHaveLength(1);
    expect(lists()).toMatchObject([{ metricKeys: SEGMENTS.map((name) => `default#segment#${name}`) }]);
    evaluator.now += INTENT_GRACE_MS - 1;
    expect(await evaluator.sweep()).toBe(0);
    evaluator.now += 1;
    expect(await evaluator.sweep()).toBe(1);
    expect(evaluator.crossings()).toHaveLength(3);
    expect(lists()).toEqual([]);
  });

  it('stay in the list if the sweep fails, too', async () => {
    await evaluator.evaluate(sizes(20, 2), recorded((call) => call === 'before publish').gate);
    evaluator.now += INTENT_GRACE_MS;
    const failing = recorded((call, count) => call === 'before publish' && count === 2);
    await expect(evaluator.sweep(failing.gate)).rejects.toThrow('1 steps of the sweep failed');
    expect(lists()).toHaveLength(1);
    await evaluator.sweep();
    expect(evaluator.crossings()).toHaveLength(3);
    expect(lists()).toEqual([]);
  });

  it('fail their messages if the list cannot be written, and nothing is committed', async () => {
    const { gate, count } = recorded((call) => call === 'before putPending');
    expect(await evaluator.evaluate(sizes(20, 2), gate)).toEqual([0, 1, 2]);
    expect(count('commitState')).toBe(0);
  });

  it('are removed by the sweep if their worker stopped before the commit', async () => {
    await evaluator.evaluate(sizes(20, 2), recorded((call) => call === 'before commitState').gate);
    expect(lists()).toHaveLength(1);
    evaluator.now += INTENT_GRACE_MS;
    expect(await evaluator.sweep()).toBe(0);
    expect(lists()).toEqual([]);
    await evaluator.evaluate(sizes(20, 2));
    expect(evaluator.crossings()).toHaveLength(3);
  });

  it('are not needed for an intent of an earlier version, which has an entry in the index', async () => {
    await evaluator.evaluate(sizes(20, 2), recorded((call) => call === 'before publish').gate);
    evaluator.tables.pending.clear();
    const metricKey = 'default#segment#A';
    const thresholds = evaluator.tables.thresholds();
    const overdue = async (kind: OverdueKind) => (kind === 'intent' ? [{ metricKey, sortKey: 'state' }] : []);
    expect(await sweep({ ...evaluator.ports(), due: { ...thresholds, overdue } })).toBe(1);
    expect(evaluator.crossings()).toEqual([expect.stringContaining('A above')]);
  });
});
