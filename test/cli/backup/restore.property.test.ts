import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backupLines } from '../../../cli/backup/backup';
import { endOf, parseBackup } from '../../../cli/backup/backup-file';
import { planRestore, restore } from '../../../cli/backup/restore';
import type { Filter, Threshold } from '../../../lambda/subscriptions/core/subscription';
import { Evaluator, measure, segment } from '../../support/evaluation';

/** Number of random histories. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 300);

const HOUR_MINUTES = 60;

/** Long names, so that a state has space for a few values only. */
const SEGMENT = 'VIP customers '.repeat(12).trim();
const MEASURE = 'Revenue '.repeat(20).trim();

interface Wanted {
  readonly name: string;
  readonly filter: Filter;
  readonly threshold: Threshold;
}

const level: fc.Arbitrary<Threshold> = fc.record({
  operator: fc.constantFrom('above' as const, 'atOrAbove' as const),
  value: fc.integer({ min: 2, max: 6 }),
  recoverTo: fc.constantFrom(undefined, 0, 1),
  fireIfAlreadyBeyond: fc.constantFrom(undefined, true as const),
});
const fall: fc.Arbitrary<Threshold> = fc.record({
  operator: fc.constantFrom('below' as const, 'atOrBelow' as const),
  value: fc.integer({ min: 1, max: 5 }),
  recoverTo: fc.constantFrom(undefined, 6, 7),
  fireIfAlreadyBeyond: fc.constantFrom(undefined, true as const),
});
const change: fc.Arbitrary<Threshold> = fc.record({
  change: fc.constantFrom('rises' as const, 'falls' as const, 'changes' as const),
  by: fc.integer({ min: 1, max: 3 }),
  unit: fc.constant('absolute' as const),
  comparedWith: fc.constantFrom('previous' as const, 'sameTimeYesterday' as const, 'sameTimeLastWeek' as const),
});
const filter: fc.Arbitrary<Filter> = fc.constantFrom<Filter>(
  { segment: SEGMENT },
  { measure: MEASURE },
  { measure: MEASURE, dimensions: { Region: 'EU' } },
);
const wanted = (name: string): fc.Arbitrary<Wanted> =>
  fc.record({ name: fc.constant(name), filter, threshold: fc.oneof(level, fall, change) });

/** Bodies of events. The hours grow, so that values leave the states and are compared with. */
const observation = fc.record({
  on: fc.constantFrom('segment', 'EU', 'US', 'all'),
  value: fc.integer({ min: 0, max: 8 }),
  hours: fc.integer({ min: 1, max: 40 }),
});
const history = fc.array(observation, { minLength: 2, maxLength: 14 }).map((all) => {
  let at = -60 * 24 * HOUR_MINUTES;
  return all.map(({ on, value, hours }) => {
    at += hours * HOUR_MINUTES;
    if (on === 'segment') return segment(value, at, { segment: SEGMENT });
    return measure(value, at, { measure: MEASURE, dimensions: on === 'all' ? undefined : { Region: on } });
  });
});

const subscribe = async (evaluator: Evaluator, all: readonly Wanted[]) => {
  for (const { name, filter, threshold } of all) await evaluator.subscribe(name, filter, threshold);
};
const evaluateChecks = async (evaluator: Evaluator) => evaluator.evaluate(evaluator.checks.splice(0));
const evaluateInOrder = async (evaluator: Evaluator, bodies: readonly string[]) => {
  for (const body of bodies) expect(await evaluator.evaluate([body])).toEqual([]);
};

/** Writes a backup of an evaluator's tables as text. */
async function backUp({ tables }: Evaluator): Promise<string> {
  const subscriptions = {
    async *list() {
      yield* tables.subscriptions.values();
    },
  };
  const lines: object[] = [];
  const source = { stackName: 'A', region: 'eu-west-1', subscriptions, thresholds: tables };
  for await (const line of backupLines(source, 0)) lines.push(line);
  return [...lines, endOf(lines.length)].map((line) => JSON.stringify(line)).join('\n');
}

async function moveTo(evaluator: Evaluator, text: string) {
  const backup = parseBackup(text, 'backup.jsonl');
  const current = evaluator.tables.subscriptions;
  const plan = planRestore(backup.subscriptions, current);
  return restore(backup, plan, current.values(), {
    thresholds: evaluator.tables.thresholds(),
    registry: evaluator.registryPorts(),
    progress() {},
  });
}

it('a connector that was moved fires as one that was not', async () => {
  const moved = fc.record({
    first: fc.tuple(wanted('a'), wanted('b'), wanted('c')),
    added: fc.option(wanted('d'), { nil: undefined }),
    bodies: history,
    after: fc.nat(),
    checksFirst: fc.boolean(),
    restores: fc.integer({ min: 1, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(moved, async ({ first, added, bodies, after, checksFirst, restores }) => {
      const all = added ? [...first, added] : first;
      const cut = 1 + (after % (bodies.length - 1));
      const [before, rest] = [bodies.slice(0, cut), bodies.slice(cut)];

      const stayed = new Evaluator();
      await subscribe(stayed, first);
      await evaluateChecks(stayed);
      await evaluateInOrder(stayed, before);
      const firedBefore = stayed.crossings().length;
      if (added) await subscribe(stayed, [added]);
      await evaluateChecks(stayed);
      await evaluateInOrder(stayed, rest);

      const old = new Evaluator();
      await subscribe(old, first);
      await evaluateChecks(old);
      await evaluateInOrder(old, before);

      // In another order, so that each threshold has another id.
      const rebuilt = new Evaluator();
      await subscribe(rebuilt, all.toReversed());
      if (checksFirst) await evaluateChecks(rebuilt);
      const text = await backUp(old);
      for (let n = 0; n < restores; n++) await moveTo(rebuilt, text);
      await evaluateChecks(rebuilt);
      // The producers repeat the last event, because they do not know whether it was received.
      await evaluateInOrder(rebuilt, [before.at(-1) as string, ...rest]);

      // The checks of a measure's members have no order.
      expect(old.crossings().sort()).toEqual(stayed.crossings().slice(0, firedBefore).sort());
      expect(rebuilt.crossings().sort()).toEqual(stayed.crossings().slice(firedBefore).sort());
    }),
    { numRuns: RUNS },
  );
}, 3_600_000);
