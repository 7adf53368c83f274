import fc from 'fast-check';
import { it } from 'vitest';
import { metricKey } from '../../../../lambda/shared/core/metric';
import {
  cutOf,
  cutOver,
  cutUnder,
  type Direction,
  directionOf,
  isBeyond,
  position,
  THRESHOLD_OPERATORS,
} from '../../../../lambda/shared/core/position';
import type { LevelThreshold } from '../../../../lambda/subscriptions/core/subscription';
import { crossingId } from '../../../../lambda/thresholds/core/crossing-id';
import type { LastValue } from '../../../../lambda/thresholds/core/metric-state';
import type { Evaluator } from '../../../support/evaluation';
import {
  type Expected,
  expectPublished,
  holdsFor,
  type Ingredients,
  type Options,
  playHistory,
  type Reign,
  reignsOf,
} from '../../../support/threshold-history';

/** Number of random histories. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 500);

const INGREDIENTS: Ingredients = {
  threshold: ({ random, upTo }) => {
    const operator = THRESHOLD_OPERATORS[upTo(3)] as LevelThreshold['operator'];
    const value = 1 + upTo(4);
    const away = directionOf(operator) === 'above' ? -1 : 1;
    const recoverTo = random() < 0.5 ? value + away * (1 + upTo(1)) : undefined;
    return { operator, value, recoverTo, fireIfAlreadyBeyond: random() < 0.3 || undefined };
  },
  minutes: ({ upTo }) => Array.from({ length: 2 + upTo(5) }, (_, n) => n + 1),
};

/** A threshold with its state on each metric. */
interface LevelReign extends Reign {
  readonly threshold: LevelThreshold;
  /** By metric. Undefined if an edit during an evaluation makes the state ambiguous. */
  readonly armed: Map<string, boolean | undefined>;
  /** Metrics on which the threshold has fired. */
  readonly fired: Set<string>;
}

const levelReignsOf = (evaluator: Evaluator): LevelReign[] =>
  reignsOf(evaluator).map((reign) => ({
    ...reign,
    threshold: reign.threshold as LevelThreshold,
    armed: new Map(),
    fired: new Set(),
  }));

/**
 * The simple model: applies the committed values in order to each threshold separately. Groups are crossings by observation
 * and subscription, and initial firings by metric and threshold.
 */
function model(evaluator: Evaluator, { deadLetters }: Options): Expected {
  const { tables, bus } = evaluator;
  const published = new Set(bus.published.map(({ detail }) => detail.crossingId));
  const reigns = levelReignsOf(evaluator);
  const must: string[][] = [];
  const may = new Map<string, Set<string>>();
  for (const { key, before, after, readAt, at } of tables.commits) {
    const { metric, last } = after;
    if (!last) continue;
    const previous = before?.last;
    const asked = previous?.observedAt === last.observedAt && previous.sequence === last.sequence;
    const crossed = (cut: string, direction: Direction) => {
      if (!previous || asked) return false;
      const [low, high] = direction === 'above' ? [previous, last] : [last, previous];
      return position(low.value) < cut && cut < position(high.value);
    };
    // By subscription: the firings of all thresholds that it had during the evaluation of the value.
    const wouldFire = new Map<LevelReign, string>();
    for (const reign of reigns.filter((one) => holdsFor(one, metric))) {
      const { name: subscription, thresholdId } = reign;
      const { operator, value, recoverTo, fireIfAlreadyBeyond } = reign.threshold;
      const whole = reign.from < readAt && reign.to > at;
      const partly = reign.from <= at && reign.to >= readAt;
      if (!partly) continue;
      const direction = directionOf(operator);
      const cut = cutOf(operator, value);
      const armed = recoverTo === undefined || !reign.armed.has(key) ? true : reign.armed.get(key);
      const initial = fireIfAlreadyBeyond && isBeyond(operator, value, last.value) && !reign.fired.has(key);
      const fires = crossed(cut, direction) || (initial && (!previous || asked));
      if (fires) {
        const kind = crossed(cut, direction) ? 'fire' : 'initial';
        const id = crossingId(metric, last, { kind, cut, subscription, thresholdId });
        const group = kind === 'fire' ? `${key} ${after.version} ${subscription}` : `${key} initial ${thresholdId}`;
        if (armed !== false) may.set(group, (may.get(group) ?? new Set()).add(id));
        // The order of checks and values is not guaranteed. The guarantees are verified below.
        if (whole && armed && !asked) must.push([id]);
        if (armed && kind === 'fire') wouldFire.set(reign, id);
        // An edit that keeps the level keeps the id: only the commit shows which of the two thresholds fired.
        const fired = published.has(id) && after.intent?.hits.some((hit) => hit.thresholdId === thresholdId);
        if (fired) reign.fired.add(key);
        if (fired && recoverTo !== undefined) reign.armed.set(key, false);
      }
      if (recoverTo === undefined) continue;
      const back = direction === 'above' ? 'below' : 'above';
      if (crossed(back === 'below' ? cutOver(recoverTo) : cutUnder(recoverTo), back)) {
        reign.armed.set(key, whole ? true : armed || undefined);
      }
    }
    // A concurrent edit takes effect before or after the evaluation: if both thresholds would fire, one of them has.
    for (const name of new Set([...wouldFire.keys()].map((reign) => reign.name))) {
      const during = reigns.filter((reign) => reign.name === name && reign.from <= at && reign.to >= readAt);
      const unbroken = during.every((reign, n) => n === 0 || reign.from === during[n - 1]?.to);
      const covers = (during[0]?.from ?? Infinity) < readAt && (during.at(-1)?.to ?? 0) > at;
      const ids = during.flatMap((reign) => wouldFire.get(reign) ?? []);
      if (unbroken && covers && ids.length === during.length) must.push(ids);
    }
  }
  // A check in the dead-letter queue has no effect.
  const beyond = deadLetters ? [] : alreadyBeyond(evaluator, reigns);
  return { must: [...must, ...beyond], may: [...may.values()].map((group) => [...group]) };
}

/**
 * A threshold has fired if the value was beyond it at its creation and stayed beyond it. A value that was being evaluated then
 * counts as the value at its creation, or crosses it.
 */
function alreadyBeyond({ tables }: Evaluator, reigns: readonly LevelReign[]): string[][] {
  const groups: string[][] = [];
  for (const reign of reigns.filter(({ to, threshold }) => to === Infinity && threshold.fireIfAlreadyBeyond)) {
    const { name: subscription, thresholdId, from } = reign;
    const { operator, value } = reign.threshold;
    for (const { metric } of tables.states.values()) {
      if (!holdsFor(reign, metric)) continue;
      const values = tables.commits.filter(({ key, after }) => key === metricKey(metric) && after.last);
      const first = values.findLastIndex(({ readAt }) => readAt <= from);
      if (first < 0) continue;
      const since = values.slice(first).map(({ after }) => after.last as LastValue);
      if (!since.every((last) => isBeyond(operator, value, last.value))) continue;
      const cut = cutOf(operator, value);
      const idsOf = (last: LastValue) =>
        (['initial', 'fire'] as const).map((kind) =>
          crossingId(metric, last, { kind, cut, subscription, thresholdId }),
        );
      groups.push(since.flatMap(idsOf));
    }
  }
  return groups;
}

const check = (options: Options) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const evaluator = await playHistory(seed, options, INGREDIENTS);
      expectPublished(evaluator, model(evaluator, options));
    }),
    { numRuns: RUNS },
  );

it(
  'publishes exactly the crossings of the committed history, under duplicates, disorder, crashes and failures',
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
