import { describe, expect, it } from 'vitest';
import { processSubject } from '../../../../lambda/expectations/core/process';
import { trackedDue } from '../../../../lambda/expectations/core/tracked';
import { register, unregister } from '../../../../lambda/registration/core/register';
import { definitionOf, Evaluator } from '../../../support/evaluation';
import { Crash } from '../../../support/memory/interleaving';
import type { Gate } from '../../../support/memory/memory';

const HOUR = 3_600_000;

/** A subscription that expects a data source, and was told once that it is overdue. Only a refresh makes it due again. */
async function overdue() {
  const evaluator = new Evaluator();
  const { tables } = evaluator;
  const expecting = (dataSource: string) => ({
    definition: definitionOf('late', 'refresh-overdue', {
      filter: { dataSource },
      expectation: { rhythm: { every: HOUR }, grace: 0 },
    }),
  });
  const runSchedule = async () => {
    for (const [key, tracked] of tables.expected) {
      const due = trackedDue(tracked);
      if (due !== undefined && due <= evaluator.now) {
        const ports = { ...evaluator.ports(), subscriptions: tables.registry(), expectations: tables.expectations() };
        await processSubject(key, ports);
      }
    }
  };
  await register(expecting('Orders'), 'cli', evaluator.registryPorts());
  evaluator.now += HOUR;
  await runSchedule();
  /** Subjects that the stored subscription expects, and subjects whose items have an entry of it. */
  const subjects = () => ({
    expected: [...tables.subscriptions.values()].map(({ definition }) => definition.filter.dataSource),
    tracked: [...tables.expected.values()].flatMap(({ subject, expecting: entries }) =>
      entries.map(() => subject.name),
    ),
  });
  return { evaluator, expecting, runSchedule, subjects };
}

type World = Awaited<ReturnType<typeof overdue>>;

describe.each<[string, (world: World, gate: Gate) => Promise<unknown>]>([
  ['a removal', ({ evaluator }, gate) => unregister('late', 'cli', evaluator.registryPorts(gate))],
  [
    'a change of the data source',
    ({ evaluator, expecting }, gate) => register(expecting('Stores'), 'cli', evaluator.registryPorts(gate)),
  ],
])('%s that is interrupted at any call and not repeated', (_, act) => {
  it('leaves no entry of a subject that the subscription does not expect', async () => {
    let interrupted = 0;
    for (let at = 0, ends = false; !ends; at++) {
      const world = await overdue();
      let calls = 0;
      const gate: Gate = async () => {
        if (calls++ >= at) throw new Crash();
      };
      ends = await act(world, gate).then(
        () => true,
        (error) => {
          if (!(error instanceof Crash)) throw error;
          interrupted++;
          return false;
        },
      );
      world.evaluator.now += 2 * HOUR;
      await world.runSchedule();
      const { expected, tracked } = world.subjects();
      expect(expected, `call ${at}`).toEqual(expect.arrayContaining(tracked));
      if (ends) expect(tracked).toEqual(expected);
      expect([...world.evaluator.tables.expected.values()].map(({ checkAt }) => checkAt)).toEqual(
        tracked.map(() => undefined),
      );
    }
    expect(interrupted).toBeGreaterThan(8);
  });
});
