import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RegistryPorts } from '../../../../lambda/registration/core/ports';
import {
  type DesiredSubscription,
  register,
  SubscriptionConflictError,
  unregister,
} from '../../../../lambda/registration/core/register';
import { metricKey } from '../../../../lambda/shared/core/metric';
import type { SecretReference } from '../../../../lambda/subscriptions/core/secret-reference';
import {
  CHANGE_DIRECTIONS,
  type FlowUrlSource,
  type Threshold,
} from '../../../../lambda/subscriptions/core/subscription';
import { thresholdItems, watchedMetric } from '../../../../lambda/thresholds/core/threshold-item';
import { Evaluator, segment, thresholdOn } from '../../../support/evaluation';
import { Crash } from '../../../support/memory/interleaving';
import type { Gate } from '../../../support/memory/memory';

const VIP = { segment: 'VIP customers' };
const URL_A = 'https://a.example.com/?sig=a';
const URL_B = 'https://b.example.com/?sig=b';
const ABOVE_10: Threshold = { operator: 'above', value: 10, recoverTo: 5 };

let evaluator: Evaluator;
beforeEach(() => {
  evaluator = new Evaluator();
});

const wanted = (
  threshold: Threshold = ABOVE_10,
  change: Partial<DesiredSubscription['definition']> = {},
  flowUrl: string | undefined = URL_A,
): DesiredSubscription => ({ definition: { ...thresholdOn('vip', VIP, threshold), ...change }, flowUrl });
const make = (what = wanted(), managedBy = 'cli') => register(what, managedBy, evaluator.registryPorts());
const remove = (managedBy = 'cli') => unregister('vip', managedBy, evaluator.registryPorts());
const stored = () => evaluator.tables.subscriptions.get('vip');
const items = (of = evaluator) => [...of.tables.items.values()].flatMap((partition) => [...partition.values()]);
/** The stored flow. The seal of the tests stores the URL itself. */
const flowOf = ({ flowUrl, flowUrlFrom }: DesiredSubscription): FlowUrlSource | undefined => {
  if (flowUrlFrom) return { from: flowUrlFrom };
  return flowUrl === undefined ? undefined : { ciphertext: flowUrl, host: 'example.com', fingerprint: flowUrl };
};
/** Sweeps long after the end of all workers, which removes all leftovers. */
const sweep = async (of = evaluator) => {
  of.now += 2 * 3600_000;
  await of.sweep();
};

describe('registering', () => {
  it('adds a new subscription', async () => {
    expect(await make()).toBe('added');
    expect(stored()).toEqual({
      definition: wanted().definition,
      uid: expect.stringMatching(/^id-/),
      thresholdId: expect.stringMatching(/^id-/),
      generation: 1,
      managedBy: 'cli',
      flow: { ciphertext: URL_A, host: 'example.com', fingerprint: URL_A },
    });
    expect(items()).toEqual(thresholdItems('vip', stored()?.thresholdId as string, ABOVE_10));
  });

  it('does not change an equal subscription, whatever the order of its fields', async () => {
    await make(wanted(ABOVE_10, { link: undefined, owners: ['kim@example.com'] }));
    const before = structuredClone({ subscription: stored(), items: items() });
    const { definition } = wanted(ABOVE_10, { owners: ['kim@example.com'] });
    const reversed = Object.fromEntries(Object.entries(definition).reverse()) as unknown as typeof definition;
    expect(await make({ definition: reversed, flowUrl: URL_A })).toBe('unchanged');
    expect({ subscription: stored(), items: items() }).toEqual(before);
  });

  it.each<[SecretReference, SecretReference]>([
    [{ secret: 'flows' }, { secret: 'others' }],
    [{ secret: 'flows' }, { secret: 'flows', field: 'vip' }],
    [
      { secret: 'flows', field: 'vip' },
      { secret: 'flows', field: 'crm' },
    ],
    [{ secret: 'flows' }, { parameter: 'flows' }],
  ])('stores and compares references without the key: %j, then %j', async (first, second) => {
    const { definition } = wanted();
    const keyless: RegistryPorts = {
      ...evaluator.registryPorts(),
      seal: () => Promise.reject(new Error('the URL was sealed')),
      fingerprint: () => {
        throw new Error('the fingerprint was computed');
      },
    };
    expect(await register({ definition, flowUrlFrom: first }, 'cli', keyless)).toBe('added');
    expect(stored()?.flow).toEqual({ from: first });
    expect(await register({ definition, flowUrlFrom: { ...first } }, 'cli', keyless)).toBe('unchanged');
    expect(await register({ definition, flowUrlFrom: second }, 'cli', keyless)).toBe('changed');
    expect(stored()?.flow).toEqual({ from: second });
    expect(await make(wanted())).toBe('changed');
    expect(await register({ definition, flowUrlFrom: second }, 'cli', keyless)).toBe('changed');
    expect(await register({ definition }, 'cli', keyless)).toBe('changed');
    expect(stored()?.flow).toBeUndefined();
    expect(await register({ definition, flowUrlFrom: first }, 'cli', keyless)).toBe('changed');
    expect(stored()?.flow).toEqual({ from: first });
  });

  it.each<[string, DesiredSubscription]>([
    ['owners', wanted(ABOVE_10, { owners: ['kim@example.com'] })],
    ['a link', wanted(ABOVE_10, { link: 'https://example.com/' })],
    ['the URL', wanted(ABOVE_10, {}, URL_B)],
    ['a removed URL', { definition: wanted().definition }],
    ['the reference to the URL', { definition: wanted().definition, flowUrlFrom: { secret: 'flows', field: 'vip' } }],
  ])('a change of %s keeps the threshold and its armed state', async (_, next) => {
    await make();
    await evaluator.evaluate([segment(1, 1), segment(20, 2)]);
    const before = structuredClone({ items: items(), flags: [...evaluator.tables.flags] });
    const first = stored();
    expect(await make(next)).toBe('changed');
    expect(stored()).toMatchObject({
      definition: next.definition,
      generation: 2,
      uid: first?.uid,
      thresholdId: first?.thresholdId,
    });
    expect(stored()?.flow).toEqual(flowOf(next));
    expect({ items: items(), flags: [...evaluator.tables.flags] }).toEqual(before);
    expect(before.flags, 'it has fired').toHaveLength(1);
    await evaluator.evaluate([segment(8, 3), segment(20, 4)]);
    expect(evaluator.crossings()).toEqual(['vip above 10: 1 → 20']);
    await evaluator.evaluate([segment(5, 5), segment(20, 6)]);
    expect(evaluator.crossings()).toEqual(['vip above 10: 1 → 20', 'vip above 10: 5 → 20']);
  });

  it.each<[string, DesiredSubscription]>([
    ['level', wanted({ operator: 'above', value: 11, recoverTo: 5 })],
    ['operator', wanted({ operator: 'atOrAbove', value: 10, recoverTo: 5 })],
    ['recovery level', wanted({ operator: 'above', value: 10 })],
    ['segment', wanted(ABOVE_10, { filter: { segment: 'Other' } })],
    ['instance', wanted(ABOVE_10, { instanceId: 'other' })],
  ])('a change of the %s replaces the threshold', async (_, next) => {
    await make();
    await evaluator.evaluate([segment(1, 1), segment(20, 2)]);
    const first = stored();
    expect(await make(next)).toBe('changed');
    expect(stored()).toMatchObject({ generation: 2, uid: first?.uid });
    const { threshold } = next.definition;
    expect(stored()?.thresholdId).not.toBe(first?.thresholdId);
    await sweep();
    expect(items()).toEqual(thresholdItems('vip', stored()?.thresholdId as string, threshold as Threshold));
    expect(evaluator.tables.items.get(metricKey(watchedMetric(next.definition)))?.size).toBe(items().length);
    expect(evaluator.tables.flags.size, 'the new one is armed').toBe(0);
  });

  it('adds a subscription without a threshold', async () => {
    const refresh: DesiredSubscription = {
      definition: {
        name: 'vip',
        trigger: 'data-source-refresh-failed',
        instanceId: 'default',
        filter: { dataSource: 'CRM' },
        format: 'flat',
        owners: [],
      },
      flowUrl: URL_A,
    };
    await make();
    expect(await make(refresh)).toBe('changed');
    expect(stored()?.thresholdId).toBeUndefined();
    await sweep();
    expect(items()).toEqual([]);
    expect(await make(refresh)).toBe('unchanged');
    expect(await make()).toBe('changed');
    expect(items()).toHaveLength(2);
  });
});

describe('unregistering', () => {
  it('removes the subscription and its threshold, and returns whether it existed', async () => {
    await make();
    await evaluator.evaluate([segment(1, 1), segment(20, 2)]);
    expect(await remove()).toBe(true);
    expect(stored()).toBeUndefined();
    await sweep();
    expect(items()).toEqual([]);
    expect(evaluator.tables.flags.size).toBe(0);
    expect(await remove()).toBe(false);
  });

  it('allows a new subscription with the same name and another uid', async () => {
    await make();
    const first = stored();
    await remove();
    expect(await make()).toBe('added');
    expect(stored()).toMatchObject({ generation: 1 });
    expect(stored()?.uid).not.toBe(first?.uid);
    expect(stored()?.thresholdId).not.toBe(first?.thresholdId);
  });
});

describe('a conflict', () => {
  it('with another manager changes nothing and names the manager', async () => {
    await make(wanted(), 'file:team-a');
    const before = structuredClone({ subscription: stored(), items: items() });
    const refused = make(wanted({ operator: 'below', value: 1 }), 'cli');
    await expect(refused).rejects.toThrow(SubscriptionConflictError);
    await expect(refused).rejects.toThrow('subscription "vip" is managed by file:team-a');
    expect(await remove('cli')).toBe(false);
    expect({ subscription: stored(), items: items() }).toEqual(before);
  });

  it.each<[string, (ports: ReturnType<Evaluator['registryPorts']>) => Promise<unknown>]>([
    ['adds', (ports) => register(wanted({ operator: 'below', value: 1 }), 'cli', ports)],
    ['removes', (ports) => unregister('vip', 'cli', ports)],
  ])('with a faster run is an error when a run %s', async (_, act) => {
    await make();
    let raced = false;
    const gate: Gate = async (call) => {
      if (raced || !/^before (put|delete)Subscription$/.test(call)) return;
      raced = true;
      await make(wanted(ABOVE_10, { owners: ['kim@example.com'] }));
    };
    await expect(act(evaluator.registryPorts(gate))).rejects.toThrow('was changed by another run at the same time');
    expect(stored()?.definition.owners).toEqual(['kim@example.com']);
    await evaluator.evaluate([segment(1, 1), segment(20, 2), segment(0, 3)]);
    expect(evaluator.crossings(), 'what the loser left behind has no effect').toEqual(['vip above 10: 1 → 20']);
  });
});

describe('a crash at any call', () => {
  /** Runs `act` with a crash at its `at`-th call, then again. Returns false if there was no such call. */
  async function crashing(at: number, act: (gate?: Gate) => Promise<unknown>): Promise<boolean> {
    let calls = 0;
    const gate: Gate = async () => {
      if (calls++ >= at) throw new Crash();
    };
    try {
      await act(gate);
      return false;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      await act();
      return true;
    }
  }

  const anyLevel: fc.Arbitrary<Threshold> = fc
    .record({
      operator: fc.constantFrom('above', 'below'),
      value: fc.integer({ min: 1, max: 3 }),
      recovers: fc.boolean(),
      fireIfAlreadyBeyond: fc.constantFrom(undefined, true),
    })
    .map(({ operator, value, recovers, fireIfAlreadyBeyond }) => ({
      operator,
      value,
      recoverTo: recovers ? value + (operator === 'above' ? -1 : 1) : undefined,
      fireIfAlreadyBeyond,
    }));
  const anyChange: fc.Arbitrary<Threshold> = fc.record({
    change: fc.constantFrom(...CHANGE_DIRECTIONS),
    by: fc.constantFrom(50, 100),
    unit: fc.constant('percent' as const),
    comparedWith: fc.constantFrom('previous', 'sameTimeYesterday'),
  });
  const anyThreshold = fc.oneof({ weight: 2, arbitrary: anyLevel }, { weight: 1, arbitrary: anyChange });
  const anyStep = fc.record({
    name: fc.constantFrom('s1', 's2'),
    managedBy: fc.constantFrom('cli', 'cli', 'cli', 'file:a'),
    remove: fc.boolean(),
    threshold: anyThreshold,
    segment: fc.constantFrom('A', 'B'),
    owners: fc.constantFrom([], ['kim@example.com']),
    flow: fc.constantFrom<Partial<DesiredSubscription>>(
      {},
      { flowUrl: URL_A },
      { flowUrl: URL_B },
      { flowUrlFrom: { secret: 'flows' } },
      { flowUrlFrom: { parameter: 'flows' } },
    ),
    crashAt: fc.nat(16),
  });

  it('leads to the wanted subscription after a rerun, and leftovers have no effect', async () => {
    let crashes = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 8 }), async (steps) => {
        const subject = new Evaluator();
        const model = new Map<string, { managedBy: string; wanted: DesiredSubscription }>();
        for (const { name, managedBy, remove: removes, threshold, owners, flow, crashAt, ...step } of steps) {
          const what = { definition: { ...thresholdOn(name, { segment: step.segment }, threshold), owners }, ...flow };
          const foreign = (model.get(name)?.managedBy ?? managedBy) !== managedBy;
          const act = (gate?: Gate) =>
            removes
              ? unregister(name, managedBy, subject.registryPorts(gate))
              : register(what, managedBy, subject.registryPorts(gate));
          const result = crashing(crashAt, act);
          if (foreign && !removes) await expect(result).rejects.toThrow(SubscriptionConflictError);
          else if (await result) crashes++;
          if (foreign) continue;
          if (removes) model.delete(name);
          else model.set(name, { managedBy, wanted: what });
        }

        expect(new Set(subject.tables.subscriptions.keys())).toEqual(new Set(model.keys()));
        const fresh = new Evaluator();
        for (const [name, { managedBy, wanted: what }] of model) {
          const there = subject.tables.subscriptions.get(name);
          expect(there).toMatchObject({ definition: what.definition, managedBy });
          expect(there?.flow).toEqual(flowOf(what));
          const live = items(subject).filter(({ thresholdId }) => thresholdId === there?.thresholdId);
          expect(live).toEqual(
            thresholdItems(name, there?.thresholdId as string, what.definition.threshold as Threshold),
          );
          await register(what, managedBy, fresh.registryPorts());
        }
        const history = [5, 0, 5, 0].flatMap((value, at) =>
          ['A', 'B'].map((one) => segment(value, at, { segment: one })),
        );
        await subject.evaluate(history);
        await fresh.evaluate(history);
        expect(subject.crossings().sort()).toEqual(fresh.crossings().sort());

        await sweep(subject);
        const seriesOf = ({ tables }: Evaluator) =>
          [...tables.series].flatMap(([key, some]) => [...some.keys()].map((one) => `${key} ${one}`));
        expect(seriesOf(subject).sort()).toEqual(seriesOf(fresh).sort());
      }),
      { numRuns: 400 },
    );
    expect(crashes, 'crashes that were tried').toBeGreaterThan(100);
  });
});
