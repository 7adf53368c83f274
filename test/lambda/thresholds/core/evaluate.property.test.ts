import fc from 'fast-check';
import { expect, it } from 'vitest';
import { register, unregister } from '../../../../lambda/registration/core/register';
import { type Metric, measureOf, metricKey } from '../../../../lambda/shared/core/metric';
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
import { watchedMetric } from '../../../../lambda/thresholds/core/threshold-item';
import { Evaluator, measure, segment, thresholdOn } from '../../../support/evaluation';
import { Crash, Interleaving, randomFrom } from '../../../support/memory/interleaving';

/** Number of random histories. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 500);

interface Options {
  readonly edits: boolean;
  readonly crashes: number;
  readonly deadLetters: boolean;
}

const ALL_METRICS: readonly Metric[] = [
  { kind: 'segment', instanceId: 'default', name: 'A' },
  { kind: 'measure', instanceId: 'default', name: 'M' },
  { kind: 'measure', instanceId: 'default', name: 'M', dimensions: { R: 'x' } },
  { kind: 'measure', instanceId: 'default', name: 'M', dimensions: { R: 'y' } },
];

const observationOf = ({ kind, name, dimensions }: Metric, value: number, at: number): string =>
  kind === 'segment' ? segment(value, at, { segment: name }) : measure(value, at, { measure: name, dimensions });

/** Plays a random history with the real code and tables in memory, and compares it with the simple model. */
async function history(seed: number, options: Options): Promise<{ published: string[] } & Expected> {
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * (n + 1));
  const evaluator = new Evaluator();
  const interleaving = new Interleaving(random);

  // One or two of these metrics, so that histories interact.
  const metrics = [ALL_METRICS[upTo(3)] as Metric, ALL_METRICS[upTo(3)] as Metric];
  const threshold = (): LevelThreshold => {
    const operator = THRESHOLD_OPERATORS[upTo(3)] as LevelThreshold['operator'];
    const value = 1 + upTo(4);
    const away = directionOf(operator) === 'above' ? -1 : 1;
    const recoverTo = random() < 0.5 ? value + away * (1 + upTo(1)) : undefined;
    return { operator, value, recoverTo, fireIfAlreadyBeyond: random() < 0.3 || undefined };
  };
  const anyMetric = () => metrics[upTo(1)] as Metric;
  const wanted = (name: string) => {
    const { kind, name: subject, dimensions } = anyMetric();
    // Half of the thresholds for a measure's member are on the whole measure.
    const filter =
      kind === 'segment'
        ? { segment: subject }
        : { measure: subject, dimensions: random() < 0.5 ? dimensions : undefined };
    return { definition: thresholdOn(name, filter, threshold()) };
  };
  const names = ['s1', 's2', 's3'].slice(0, 1 + upTo(2));
  const edit = async (name: string, ports: ReturnType<Evaluator['registryPorts']>) => {
    await register(wanted(name), 'cli', ports);
    if (!options.edits) return;
    for (let n = upTo(2); n > 0; n--) {
      if (random() < 0.3) await unregister(name, 'cli', ports);
      else await register(wanted(name), 'cli', ports);
    }
  };
  if (options.edits) {
    for (const name of names) void interleaving.start((gate) => edit(name, evaluator.registryPorts(gate)));
  } else {
    for (const name of names) await edit(name, evaluator.registryPorts());
  }

  const inbox: string[] = [];
  const observations = 2 + upTo(5);
  for (let at = 1; at <= observations; at++) {
    const body = observationOf(anyMetric(), upTo(6), at);
    inbox.push(...Array(random() < 0.3 ? 2 : 1).fill(body));
  }
  let crashes = options.crashes;
  let failures = 3;
  const fate = (call: string, crashed: () => void) => {
    if (crashes > 0 && random() < 0.03) {
      crashes--;
      crashed();
      throw new Crash();
    }
    // A crash before the call is like throttling, after the call its response is lost.
    if (failures > 0 && random() < (call.endsWith('publish') ? 0.05 : 0.01)) {
      failures--;
      throw new Error(`${call} failed`);
    }
  };
  const work = async (messages: string[]) => {
    // A killed worker does not respond, so its whole batch is retried.
    let crashed = false;
    const failed = await interleaving.start(
      (gate) => evaluator.evaluate(messages, gate),
      (call) =>
        fate(call, () => {
          crashed = true;
        }),
    );
    const back = crashed ? messages : failed.map((n) => messages[n] as string);
    for (const message of back) if (!options.deadLetters || random() < 0.7) inbox.push(message);
  };
  while (inbox.length > 0 || evaluator.checks.length > 0 || interleaving.workers > 0) {
    inbox.push(...evaluator.checks.splice(0));
    if (inbox.length > 0 && interleaving.workers < 3 && (random() < 0.3 || interleaving.workers === 0)) {
      const first = random() < 0.7 ? 0 : upTo(inbox.length - 1);
      void work(inbox.splice(first, 1 + upTo(2)));
    }
    await interleaving.step();
  }
  evaluator.now += 2 * 3600_000;
  await evaluator.sweep();

  // There are no leftovers: no intents, and no items without a subscription.
  const { states, items, subscriptions, due, parts } = evaluator.tables;
  expect([...states.values()].filter(({ intent }) => intent)).toEqual([]);
  const all = [...items.values()].flatMap((some) => [...some.values()]);
  expect(all.filter((item) => subscriptions.get(item.subscription)?.thresholdId !== item.thresholdId)).toEqual([]);
  expect([due.size, parts.size]).toEqual([0, 0]);
  const published = evaluator.bus.published.map(({ detail }) => detail.crossingId as string);
  return { published, ...model(evaluator, options) };
}

/** A threshold from one change of its subscription to the next. */
interface Reign {
  readonly name: string;
  readonly thresholdId: string;
  readonly threshold: LevelThreshold;
  /** Key of its metric. A measure includes its members. */
  readonly watched: string;
  readonly from: number;
  to: number;
  /** By metric. Undefined if an edit during an evaluation makes the state ambiguous. */
  readonly armed: Map<string, boolean | undefined>;
  /** Metrics on which the threshold has fired. */
  readonly fired: Set<string>;
}

interface Expected {
  /** Ids that must be published, at least one of each group. */
  readonly must: string[][];
  /**
   * Ids that can be published, up to one of each group: crossings by observation and subscription, and initial firings
   * by metric and threshold.
   */
  readonly may: string[][];
}

function reignsOf({ tables }: Evaluator): Reign[] {
  const reigns: Reign[] = [];
  for (const { name, at, subscription } of tables.changes) {
    const last = reigns.findLast((reign) => reign.name === name);
    if (subscription && last?.to === Infinity && last.thresholdId === subscription.thresholdId) continue;
    if (last && last.to === Infinity) last.to = at;
    if (!subscription) continue;
    const { definition, thresholdId = '' } = subscription;
    const threshold = definition.threshold as LevelThreshold;
    const watched = metricKey(watchedMetric(definition));
    reigns.push({ name, thresholdId, threshold, watched, from: at, to: Infinity, armed: new Map(), fired: new Set() });
  }
  return reigns;
}

const holdsFor = ({ watched }: Reign, metric: Metric): boolean => {
  const measure = measureOf(metric);
  return watched === metricKey(metric) || (measure !== undefined && watched === metricKey(measure));
};

/** The simple model: applies the committed values in order to each threshold separately. */
function model(evaluator: Evaluator, { deadLetters }: Options): Expected {
  const { tables, bus } = evaluator;
  const published = new Set(bus.published.map(({ detail }) => detail.crossingId));
  const reigns = reignsOf(evaluator);
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
    const wouldFire = new Map<Reign, string>();
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

/** A threshold has fired if the value was beyond it at its creation and stayed beyond it. */
function alreadyBeyond({ tables }: Evaluator, reigns: readonly Reign[]): string[][] {
  const groups: string[][] = [];
  for (const reign of reigns.filter(({ to, threshold }) => to === Infinity && threshold.fireIfAlreadyBeyond)) {
    const { name: subscription, thresholdId, from } = reign;
    const { operator, value } = reign.threshold;
    for (const { metric } of tables.states.values()) {
      if (!holdsFor(reign, metric)) continue;
      const values = tables.commits.filter(({ key, after }) => key === metricKey(metric) && after.last);
      const first = values.findLastIndex(({ at }) => at <= from);
      if (first < 0) continue;
      const since = values.slice(first).map(({ after }) => after.last as LastValue);
      if (!since.every((last) => isBeyond(operator, value, last.value))) continue;
      const cut = cutOf(operator, value);
      groups.push(since.map((last) => crossingId(metric, last, { kind: 'initial', cut, subscription, thresholdId })));
    }
  }
  return groups;
}

const check = (options: Options) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const { published, must, may } = await history(seed, options);
      const distinct = new Set(published);
      expect(
        must.filter((ids) => !ids.some((id) => distinct.has(id))),
        'lost',
      ).toEqual([]);
      expect(
        [...distinct].filter((id) => !may.flat().includes(id)),
        'out of nothing',
      ).toEqual([]);
      const doubled = may.filter((group) => group.filter((id) => distinct.has(id)).length > 1);
      expect(doubled, 'twice for one').toEqual([]);
      expect(new Set(may.flat()).size, 'one id for two').toBe(may.flat().length);
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
