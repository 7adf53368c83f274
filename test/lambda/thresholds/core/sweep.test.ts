import { beforeEach, describe, expect, it } from 'vitest';
import { register, unregister } from '../../../../lambda/registration/core/register';
import { Evaluator, segment, thresholdOn } from '../../../support/evaluation';
import { Crash } from '../../../support/memory/interleaving';
import type { Gate } from '../../../support/memory/memory';

const HOUR = 3600_000;
const wanted = (value: number) => ({
  definition: thresholdOn('vip', { segment: 'VIP customers' }, {
    operator: 'above',
    value,
    recoverTo: value - 5,
  } as const),
});
const itemsOf = ({ tables }: Evaluator) => [...tables.items.values()].flatMap((items) => [...items.values()]);

/** Fails at the n-th call and all later ones. */
function dyingAt(at: number): Gate & { dead: () => boolean } {
  let calls = 0;
  const gate = async () => {
    if (++calls >= at) throw new Crash();
  };
  return Object.assign(gate, { dead: () => calls >= at });
}

let evaluator: Evaluator;
beforeEach(() => {
  evaluator = new Evaluator();
});

describe('the sweep', () => {
  it.each([
    ['added', async () => {}, (gate?: Gate) => register(wanted(10), 'cli', evaluator.registryPorts(gate))],
    [
      'moved',
      () => register(wanted(10), 'cli', evaluator.registryPorts()),
      (gate?: Gate) => register(wanted(20), 'cli', evaluator.registryPorts(gate)),
    ],
    [
      'deleted',
      () => register(wanted(10), 'cli', evaluator.registryPorts()),
      (gate?: Gate) => unregister('vip', 'cli', evaluator.registryPorts(gate)),
    ],
  ])(
    'removes the leftovers of a threshold that was being %s, after an interruption at any call',
    async (_, prepare, act) => {
      for (let at = 1, dead = true; dead; at++) {
        evaluator = new Evaluator();
        await prepare();
        const gate = dyingAt(at);
        await act(gate).catch((error) => expect(error).toBeInstanceOf(Crash));
        dead = gate.dead();

        await evaluator.sweep();
        evaluator.now += 2 * HOUR;
        await evaluator.sweep();
        const named = evaluator.tables.subscriptions.get('vip')?.thresholdId;
        const kinds = itemsOf(evaluator).map(({ thresholdId, kind }) => (thresholdId === named ? kind : 'leftover'));
        expect({ at, kinds: kinds.toSorted() }).toEqual({ at, kinds: named === undefined ? [] : ['fire', 'rearm'] });
        expect(evaluator.tables.due.size).toBe(0);
      }
    },
  );

  it.each([
    ['putSubscription', (gate: Gate) => register(wanted(20), 'cli', evaluator.registryPorts(gate)), 2],
    ['deleteSubscription', (gate: Gate) => unregister('vip', 'cli', evaluator.registryPorts(gate)), 0],
  ])('removes an old threshold whose %s took longer than an hour', async (name, act, left) => {
    await register(wanted(10), 'cli', evaluator.registryPorts());
    await act(async (call) => {
      if (call !== `before ${name}`) return;
      evaluator.now += 2 * HOUR;
      await evaluator.sweep();
    });
    evaluator.now += 2 * HOUR;
    await evaluator.sweep();
    expect(itemsOf(evaluator)).toHaveLength(left);
    expect(evaluator.tables.due.size).toBe(0);
  });

  it('does not touch a registration in progress', async () => {
    const gate = dyingAt(8);
    await register(wanted(10), 'cli', evaluator.registryPorts(gate)).catch(() => {});
    const before = itemsOf(evaluator).length;
    expect(before).toBeGreaterThan(0);
    await evaluator.sweep();
    expect(itemsOf(evaluator)).toHaveLength(before);
  });

  it('removes the parts of an intent only if it was never committed', async () => {
    for (let n = 0; n < 130; n++) {
      await evaluator.subscribe(`t-${n}`, { segment: 'VIP customers' }, { operator: 'above', value: n });
    }
    await evaluator.evaluate([segment(0, 1)]);
    const failing =
      (name: string): Gate =>
      async (call) => {
        if (call === name) throw new Crash();
      };
    await evaluator.evaluate([segment(1000, 2)], failing('before commitState'));
    expect(evaluator.tables.parts.size).toBe(2);
    await evaluator.evaluate([segment(1000, 2)], failing('before publish'));
    expect(evaluator.tables.parts.size).toBe(4);
    evaluator.now += HOUR;
    await evaluator.sweep();
    expect(new Set(evaluator.bus.published.map(({ detail }) => detail.crossingId)).size).toBe(130);
    expect(evaluator.tables.parts.size).toBe(0);
    expect([...evaluator.tables.due.values()].filter(({ kind }) => kind === 'part')).toEqual([]);
  });

  it('continues after a failed step and reports it', async () => {
    for (const name of ['A', 'B']) {
      await evaluator.subscribe(name, { segment: name }, { operator: 'above', value: 10 });
      await evaluator.evaluate([segment(5, 1, { segment: name })]);
      await evaluator.evaluate([segment(20, 2, { segment: name })], async (call) => {
        if (call === 'before publish') throw new Error('the bus is down');
      });
    }
    evaluator.now += HOUR;
    let first = true;
    const failOnce: Gate = async (call) => {
      if (call !== 'before publish' || !first) return;
      first = false;
      throw new Error('the bus is down');
    };
    await expect(evaluator.sweep(failOnce)).rejects.toThrow('1 steps of the sweep failed');
    expect(evaluator.crossings()).toHaveLength(1);
    expect(await evaluator.sweep()).toBe(1);
    expect(evaluator.crossings()).toHaveLength(2);
  });
});
