import { describe, expect, it } from 'vitest';
import type { Report } from '../../../cli/shell/terminal';
import { applySubscriptions, type DesiredSubscriptions } from '../../../cli/subscriptions/apply';
import type { RegistryPorts } from '../../../lambda/registration/core/ports';
import type { DesiredSubscription } from '../../../lambda/registration/core/register';
import { fingerprint } from '../../../lambda/subscriptions/core/flow-url';
import { MemoryTables } from '../../support/memory/memory';

const OPTIONS = { managedBy: 'file:default', dryRun: false };

const wanted = (count: number): DesiredSubscription[] =>
  Array.from({ length: count }, (_, n) => ({
    definition: {
      name: `flow-${n}`,
      trigger: 'full-refresh-completed',
      instanceId: 'default',
      filter: {},
      format: 'flat',
      owners: [],
    },
    flowUrl: `https://flows.example.com/${n}?sig=abc`,
  }));

const file = (all: readonly DesiredSubscription[]): DesiredSubscriptions => ({
  count: all.length,
  async *entries() {
    yield* all;
  },
});

function setUp(fails: (name: string) => boolean = () => false) {
  const tables = new MemoryTables();
  let ids = 0;
  let sealing = 0;
  const seen = { mostAtOnce: 0, lines: [] as string[], problems: [] as string[], progress: [] as string[] };
  const ports: RegistryPorts = {
    subscriptions: tables.registry(),
    thresholds: tables.thresholds(),
    expectations: tables.expectations(),
    fingerprint,
    async seal(name, flowUrl) {
      seen.mostAtOnce = Math.max(seen.mostAtOnce, ++sealing);
      await new Promise((resolve) => setImmediate(resolve));
      sealing--;
      if (fails(name)) throw new Error('the key is disabled');
      return { ciphertext: 'sealed', host: 'flows.example.com', fingerprint: fingerprint(flowUrl) };
    },
    requestCheck: async () => {},
    clock: () => 0,
    newId: () => `id-${++ids}`,
  };
  const report: Report = {
    line: (text) => seen.lines.push(text),
    problem: (text) => seen.problems.push(text),
    progress: (what, done, all) => seen.progress.push(`${done} of ${all} ${what}`),
  };
  return { tables, ports, report, seen };
}

describe('applySubscriptions', () => {
  it('continues after a failure, and completes it on the next run', async () => {
    let broken = true;
    const { ports, report, seen } = setUp((name) => broken && name === 'flow-1');
    expect(await applySubscriptions(file(wanted(3)), OPTIONS, ports, report)).toBe(false);
    expect(seen.problems).toEqual(['cannot add flow-1: the key is disabled']);
    expect(seen.lines).toEqual([
      '3 to add, 0 to change, 0 unchanged:',
      'added flow-0',
      'added flow-2',
      '2 added, 0 changed, 0 unchanged, 1 failed: run apply again to complete them',
    ]);
    broken = false;
    expect(await applySubscriptions(file(wanted(3)), OPTIONS, ports, report)).toBe(true);
    expect(seen.lines.slice(4)).toEqual([
      '1 to add, 0 to change, 2 unchanged:',
      'added flow-1',
      '1 added, 0 changed, 2 unchanged',
    ]);
  });

  it('removes only its own obsolete subscriptions with --prune, after all other changes succeeded', async () => {
    let broken = true;
    const { tables, ports, report, seen } = setUp((name) => broken && name === 'flow-3');
    await applySubscriptions(file(wanted(3)), OPTIONS, ports, report);
    await applySubscriptions(file(wanted(9).slice(8)), { ...OPTIONS, managedBy: 'cdk:Shop' }, ports, report);
    const prune = async function* () {
      yield* [...tables.subscriptions.values()];
    };
    const changed = wanted(4).slice(2);
    const run = async (dryRun = false) => {
      seen.lines.length = 0;
      return applySubscriptions(file(changed), { ...OPTIONS, dryRun, prune }, ports, report);
    };
    expect(await run(true)).toBe(true);
    expect(seen.lines).toEqual([
      'would add flow-3',
      'would remove flow-0',
      'would remove flow-1',
      '1 to add, 0 to change, 2 to remove, 1 unchanged; nothing was changed',
    ]);
    expect(await run()).toBe(false);
    expect(seen.problems).toEqual([
      'cannot add flow-3: the key is disabled',
      'removed none of 2: other changes failed',
    ]);
    expect(seen.lines.at(-1)).toBe(
      '0 added, 0 changed, 0 removed, 1 unchanged, 3 failed: run apply again to complete them',
    );
    broken = false;
    expect(await run()).toBe(true);
    expect(seen.lines).toEqual([
      '1 to add, 0 to change, 2 to remove, 1 unchanged:',
      'added flow-3',
      'removed flow-0',
      'removed flow-1',
      '1 added, 0 changed, 2 removed, 1 unchanged',
    ]);
    expect(await run()).toBe(true);
    expect(seen.lines).toEqual(['0 added, 0 changed, 0 removed, 2 unchanged']);
    expect([...tables.subscriptions.keys()].sort()).toEqual(['flow-2', 'flow-3', 'flow-8']);
  });

  it('prints the secret or parameter of a flow URL', async () => {
    const { ports, report, seen } = setUp();
    const places = [{ secret: 'crm', field: 'url' }, { secret: 'crm' }, { parameter: '/crm' }];
    const all = wanted(3).map(({ definition }, n) => ({ definition, flowUrlFrom: places[n] }));
    await applySubscriptions(file(all), { ...OPTIONS, dryRun: true }, ports, report);
    await applySubscriptions(file(all), OPTIONS, ports, report);
    const lines = [
      'flow-0 (flow URL from the secret crm, field url)',
      'flow-1 (flow URL from the secret crm)',
      'flow-2 (flow URL from the parameter /crm)',
    ];
    expect(seen.lines).toEqual([
      ...lines.map((line) => `would add ${line}`),
      '3 to add, 0 to change, 0 unchanged; nothing was changed',
      '3 to add, 0 to change, 0 unchanged:',
      ...lines.map((line) => `added ${line}`),
      '3 added, 0 changed, 0 unchanged',
    ]);
    expect(seen.mostAtOnce, 'seals nothing').toBe(0);
  });

  it('reports all conflicts before it writes anything, even if they come last', async () => {
    const { tables, ports, report, seen } = setUp();
    await applySubscriptions(file(wanted(500).slice(498)), { ...OPTIONS, managedBy: 'cdk:Shop' }, ports, report);
    seen.lines.length = 0;
    expect(await applySubscriptions(file(wanted(500)), OPTIONS, ports, report)).toBe(false);
    expect(seen.problems).toEqual([
      'subscription "flow-498" is managed by cdk:Shop: change it there, or choose another name',
      'subscription "flow-499" is managed by cdk:Shop: change it there, or choose another name',
      'nothing was changed',
    ]);
    expect(seen.lines).toEqual([]);
    expect(tables.subscriptions.size).toBe(2);
  });

  it('reports a concurrent change of the same subscription', async () => {
    const { ports, report, seen } = setUp();
    const losing = { ...ports, subscriptions: { ...ports.subscriptions, put: async () => false } };
    expect(await applySubscriptions(file(wanted(1)), OPTIONS, losing, report)).toBe(false);
    expect(seen.problems).toEqual([
      'cannot add flow-0: subscription "flow-0" was changed by another run at the same time: run it again',
    ]);
  });

  it('applies 10,000 with bounded concurrency', async () => {
    const { tables, ports, report, seen } = setUp();
    expect(await applySubscriptions(file(wanted(10_000)), OPTIONS, ports, report)).toBe(true);
    expect(tables.subscriptions.size).toBe(10_000);
    expect(seen.lines.at(-1)).toBe('10000 added, 0 changed, 0 unchanged');
    expect(seen.mostAtOnce).toBeGreaterThan(1);
    expect(seen.mostAtOnce).toBeLessThanOrEqual(25);
    expect(seen.progress).toContain('10000 of 10000 compared');
    expect(seen.progress.at(-1)).toBe('10000 of 10000 done');
  });
});
