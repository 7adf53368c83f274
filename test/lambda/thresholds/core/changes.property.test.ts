/** Thresholds on changes in random histories, compared with a model that reads docs/thresholds.md literally. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { COMPARED_WITH } from '../../../../lambda/shared/core/change';
import { type Metric, metricKey } from '../../../../lambda/shared/core/metric';
import { cutOf, type ThresholdOperator } from '../../../../lambda/shared/core/position';
import {
  CHANGE_DIRECTIONS,
  type ChangeThreshold,
  isChange,
  type Threshold,
} from '../../../../lambda/subscriptions/core/subscription';
import { crossingId } from '../../../../lambda/thresholds/core/crossing-id';
import type { LastValue } from '../../../../lambda/thresholds/core/metric-state';
import { Evaluator, measure } from '../../../support/evaluation';
import { randomFrom } from '../../../support/memory/interleaving';
import {
  type Choices,
  type Expected,
  expectPublished,
  holdsFor,
  type Ingredients,
  type Options,
  playHistory,
  reignsOf,
} from '../../../support/threshold-history';

/** Number of random histories. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 500);
/** A long history takes as much time as ten others. */
const LONG_RUNS = Math.ceil(RUNS / 20);

const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;
const DAYS = { sameTimeYesterday: 1, sameTimeLastWeek: 7 };

/** Changes of whole numbers, so that the model needs no fractions. */
function anyChange({ random, upTo }: Choices): ChangeThreshold {
  const unit = random() < 0.6 ? 'percent' : 'absolute';
  return {
    change: CHANGE_DIRECTIONS[upTo(2)] as ChangeThreshold['change'],
    by: unit === 'percent' ? ([20, 25, 50, 100][upTo(3)] as number) : 1 + upTo(2),
    unit,
    comparedWith: COMPARED_WITH[upTo(2)] as ChangeThreshold['comparedWith'],
    ...(random() < 0.3 && { minimumBase: 2 + upTo(1) }),
  };
}

const INGREDIENTS: Ingredients = {
  // A few levels, because a level can be replaced by a change.
  threshold: (choices) =>
    choices.random() < 0.2 ? { operator: 'above', value: 1 + choices.upTo(4) } : anyChange(choices),
  minutes: ({ upTo }) => {
    let at = -14 * DAY_MINUTES;
    return Array.from({ length: 2 + upTo(5) }, () => {
      at += (1 + upTo(7)) * 6 * HOUR_MINUTES;
      return at;
    });
  },
};

interface Side {
  readonly operator: ThresholdOperator;
  readonly level: number;
}

function sidesOf(threshold: Threshold): Side[] {
  if (!isChange(threshold)) return [{ operator: threshold.operator, level: threshold.value }];
  const { change, by } = threshold;
  const [rise, fall] = [{ operator: 'atOrAbove', level: by } as const, { operator: 'atOrBelow', level: -by } as const];
  return { rises: [rise], falls: [fall], changes: [rise, fall] }[change];
}

/** Whether a whole number has changed enough since another one, on one side. */
function hasChanged({ unit, minimumBase = 0 }: ChangeThreshold, side: Side, base: number | undefined, value: number) {
  if (base === undefined || Math.abs(base) < minimumBase || (unit === 'percent' && base === 0)) return false;
  const [change, enough] =
    unit === 'percent' ? [(value - base) * 100, side.level * Math.abs(base)] : [value - base, side.level];
  return side.operator === 'atOrAbove' ? change >= enough : change <= enough;
}

/** The latest of the values that was observed by an instant. */
const valueAt = (values: readonly LastValue[], instant: number): number | undefined =>
  values.findLast(({ observedAt }) => observedAt <= instant)?.value;

/** The base of the last of the values. */
function baseOf({ comparedWith }: ChangeThreshold, values: readonly LastValue[]): number | undefined {
  if (comparedWith === 'previous') return values.at(-2)?.value;
  return valueAt(values, (values.at(-1) as LastValue).observedAt - DAYS[comparedWith] * DAY_MINUTES * 60_000);
}

/** Whether the last of a metric's values fires one side of a threshold. */
function firesAt(threshold: Threshold, side: Side, values: readonly LastValue[]): boolean {
  const [before, now] = [values.at(-2), values.at(-1)] as [LastValue | undefined, LastValue];
  if (!before) return false;
  if (!isChange(threshold)) return before.value <= side.level && now.value > side.level;
  if (!hasChanged(threshold, side, baseOf(threshold, values), now.value)) return false;
  if (threshold.comparedWith === 'previous') return true;
  const earlier = values.slice(0, -1);
  return !hasChanged(threshold, side, baseOf(threshold, earlier), before.value);
}

const idOf = (metric: Metric, last: LastValue, subscription: string, threshold: Threshold, side: Side): string =>
  crossingId(metric, last, {
    kind: 'fire',
    cut: cutOf(side.operator, side.level),
    subscription,
    thresholdId: '',
    series: isChange(threshold) ? threshold : undefined,
  });

/** Applies the committed values in order to each threshold separately. */
function model(evaluator: Evaluator): Expected {
  const reigns = reignsOf(evaluator);
  const values = new Map<string, LastValue[]>();
  const must: string[][] = [];
  const may = new Map<string, Set<string>>();
  for (const { key, before, after, readAt, at } of evaluator.tables.commits) {
    const { metric, last } = after;
    if (!last || (before?.last?.observedAt === last.observedAt && before.last.sequence === last.sequence)) continue;
    const soFar = [...(values.get(key) ?? []), last];
    values.set(key, soFar);
    const watched = before?.changes !== undefined;
    const group = (name: string) => `${key} ${after.version} ${name}`;
    const during = reigns.filter((reign) => holdsFor(reign, metric) && reign.from <= at && reign.to >= readAt);
    const wouldFire = during.map(({ name, threshold }) =>
      sidesOf(threshold).flatMap((side) =>
        firesAt(threshold, side, soFar) ? [idOf(metric, last, name, threshold, side)] : [],
      ),
    );
    for (const [n, { name, threshold, from, to }] of during.entries()) {
      for (const id of wouldFire[n] ?? []) {
        may.set(group(name), (may.get(group(name)) ?? new Set()).add(id));
        // Before its check was evaluated, a threshold on changes has no effect.
        if (from < readAt && to > at && (watched || !isChange(threshold))) must.push([id]);
      }
    }
    // A concurrent edit takes effect before or after the evaluation: if both thresholds would fire, one of them has.
    for (const name of new Set(during.map((reign) => reign.name))) {
      const own = during
        .map((reign, n) => ({ reign, ids: wouldFire[n] ?? [] }))
        .filter(({ reign }) => reign.name === name);
      const unbroken = own.every(({ reign }, n) => n === 0 || reign.from === own[n - 1]?.reign.to);
      const covers = (own[0]?.reign.from ?? Infinity) < readAt && (own.at(-1)?.reign.to ?? 0) > at;
      // Without the mark, the evaluation finds the replaced level, and then the change that replaces it.
      const replaced = own.slice(0, Math.max(1, own.length - 1));
      const seen = watched || replaced.every(({ reign }) => !isChange(reign.threshold));
      if (unbroken && covers && seen && own.every(({ ids }) => ids.length > 0))
        must.push(own.flatMap(({ ids }) => ids));
    }
  }
  return { must, may: [...may.values()].map((group) => [...group]) };
}

const check = (options: Options) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const evaluator = await playHistory(seed, options, INGREDIENTS);
      expectPublished(evaluator, model(evaluator));
      if (options.deadLetters) return;
      const live = reignsOf(evaluator).filter(({ to, threshold }) => to === Infinity && isChange(threshold));
      for (const { metric, last, changes } of evaluator.tables.states.values()) {
        const isWatched = live.some((reign) => holdsFor(reign, metric));
        if (last && isWatched) expect(changes, metricKey(metric)).toBeDefined();
      }
    }),
    { numRuns: RUNS },
  );

it(
  'publishes exactly the changes of the committed history, under duplicates, disorder, crashes and failures',
  () => check({ edits: false, crashes: 2, deadLetters: false }),
  3_600_000,
);

it(
  'still does when messages end in the dead-letter queue',
  () => check({ edits: false, crashes: 2, deadLetters: true }),
  3_600_000,
);

it(
  'loses and duplicates nothing while thresholds are added, moved and deleted',
  () => check({ edits: true, crashes: 2, deadLetters: false }),
  3_600_000,
);

/** The name is so long that the state holds few points. */
const WIDE = 'Revenue '.repeat(16).trim();

/** Observes up to 120 values, minutes to days apart, in order. */
async function longHistory(seed: number, evaluator: Evaluator, onValue: (n: number) => Promise<void>) {
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * (n + 1));
  const values: LastValue[] = [];
  let at = -60 * DAY_MINUTES;
  const gap = [10, HOUR_MINUTES, 5 * HOUR_MINUTES, 11 * HOUR_MINUTES][upTo(3)] as number;
  for (let n = 0; n < 120; n++) {
    await onValue(n);
    // Sometimes a silence that is longer than any comparison, or the same instant.
    at += random() < 0.02 ? 10 * DAY_MINUTES : random() < 0.05 ? 0 : 1 + upTo(2 * gap);
    if (at > DAY_MINUTES) break;
    const body = measure(upTo(6), at, { measure: WIDE, sequence: n });
    expect(await evaluator.evaluate([body])).toEqual([]);
    const { observedAt, value } = JSON.parse(body).detail;
    values.push({ value, observedAt: Date.parse(observedAt), sequence: n });
  }
  return values;
}

it('compares with the right value of a long history, whether the state or an item of its own has it', async () => {
  let stored = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const random = randomFrom(seed + 1);
      const upTo = (n: number) => Math.floor(random() * (n + 1));
      const evaluator = new Evaluator();
      const thresholds = Array.from({ length: 3 }, () => anyChange({ random, upTo }));
      for (const [n, threshold] of thresholds.entries())
        await evaluator.subscribe(`s${n}`, { measure: WIDE }, threshold);
      const values = await longHistory(seed, evaluator, async () => {});
      const metric: Metric = { kind: 'measure', instanceId: 'default', name: WIDE };
      const expected = values.flatMap((last, n) =>
        thresholds.flatMap((threshold, s) =>
          sidesOf(threshold).flatMap((side) =>
            firesAt(threshold, side, values.slice(0, n + 1)) ? [idOf(metric, last, `s${s}`, threshold, side)] : [],
          ),
        ),
      );
      expect(evaluator.bus.published.map(({ detail }) => detail.crossingId).sort()).toEqual(expected.sort());
      stored += evaluator.tables.past.get(metricKey(metric))?.size ?? 0;
    }),
    { numRuns: LONG_RUNS },
  );
  expect(stored, 'values outside the state').toBeGreaterThan(0);
}, 3_600_000);

it('never compares with a wrong value, also if values were dropped while no threshold watched changes', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const random = randomFrom(seed + 2);
      const upTo = (n: number) => Math.floor(random() * (n + 1));
      const evaluator = new Evaluator();
      const threshold = anyChange({ random, upTo });
      const [from, to, again] = [upTo(60), 60 + upTo(20), 80 + upTo(20)];
      const values = await longHistory(seed, evaluator, async (n) => {
        if (n === from || n === again) await evaluator.subscribe('s', { measure: WIDE }, threshold);
        if (n === to) {
          await evaluator.unsubscribe('s');
          evaluator.now += 2 * HOUR_MINUTES * 60_000;
          await evaluator.sweep();
        }
        expect(await evaluator.evaluate(evaluator.checks.splice(0))).toEqual([]);
      });
      for (const { detail } of evaluator.bus.published) {
        const n = values.findIndex(({ sequence }) => sequence === detail.sequence);
        const upToThen = values.slice(0, n + 1);
        expect(detail.baseValue).toBe(baseOf(threshold, upToThen));
        const changed = sidesOf(threshold).some((side) =>
          hasChanged(threshold, side, detail.baseValue as number, detail.value as number),
        );
        expect(changed).toBe(true);
        compared++;
      }
    }),
    { numRuns: LONG_RUNS },
  );
  expect(compared).toBeGreaterThan(0);
}, 3_600_000);
