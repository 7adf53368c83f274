import { expect } from 'vitest';
import { register, unregister } from '../../lambda/registration/core/register';
import { type Metric, measureOf, metricKey } from '../../lambda/shared/core/metric';
import type { Threshold } from '../../lambda/subscriptions/core/subscription';
import { seriesSortKeyOf, watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import { Evaluator, measure, segment, thresholdOn } from './evaluation';
import { Crash, Interleaving, randomFrom } from './memory/interleaving';

export interface Options {
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

/** Random choices of a history. */
export interface Choices {
  /** A number from 0 to less than 1. */
  readonly random: () => number;
  /** A whole number from 0 to `n`. */
  readonly upTo: (n: number) => number;
}

/** What a history is made of. */
export interface Ingredients {
  readonly threshold: (choices: Choices) => Threshold;
  /** The minutes of up to seven observations, in order. */
  readonly minutes: (choices: Choices) => readonly number[];
}

/**
 * Plays a random history with the real code and tables in memory: random thresholds, duplicates, disorder, crashes and
 * failures. Verifies that nothing is left over.
 */
export async function playHistory(seed: number, options: Options, ingredients: Ingredients): Promise<Evaluator> {
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * (n + 1));
  const choices = { random, upTo };
  const evaluator = new Evaluator();
  const interleaving = new Interleaving(random);

  // One or two of these metrics, so that histories interact.
  const metrics = [ALL_METRICS[upTo(3)] as Metric, ALL_METRICS[upTo(3)] as Metric];
  const anyMetric = () => metrics[upTo(1)] as Metric;
  const wanted = (name: string) => {
    const { kind, name: subject, dimensions } = anyMetric();
    // Half of the thresholds for a measure's member are on the whole measure.
    const filter =
      kind === 'segment'
        ? { segment: subject }
        : { measure: subject, dimensions: random() < 0.5 ? dimensions : undefined };
    return { definition: thresholdOn(name, filter, ingredients.threshold(choices)) };
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
  for (const at of ingredients.minutes(choices)) {
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
  const { states, items, series, subscriptions, due, parts, pending } = evaluator.tables;
  expect([...states.values()].filter(({ intent }) => intent)).toEqual([]);
  const all = [...items.values()].flatMap((some) => [...some.values()]);
  expect(all.filter((item) => subscriptions.get(item.subscription)?.thresholdId !== item.thresholdId)).toEqual([]);
  expect([due.size, parts.size, pending.size]).toEqual([0, 0, 0]);
  for (const [key, some] of series) {
    const used = [...(items.get(key)?.values() ?? [])].map(({ sortKey }) => seriesSortKeyOf(sortKey));
    expect([...some.keys()].filter((sortKey) => !used.includes(sortKey))).toEqual([]);
  }
  return evaluator;
}

/** A threshold from one change of its subscription to the next. Times are steps of the tables. */
export interface Reign {
  readonly name: string;
  readonly thresholdId: string;
  readonly threshold: Threshold;
  /** Key of its metric. A measure includes its members. */
  readonly watched: string;
  readonly from: number;
  to: number;
}

/** The thresholds of a history, in order. */
export function reignsOf({ tables }: Evaluator): Reign[] {
  const reigns: Reign[] = [];
  for (const { name, at, subscription } of tables.changes) {
    const last = reigns.findLast((reign) => reign.name === name);
    if (subscription && last?.to === Infinity && last.thresholdId === subscription.thresholdId) continue;
    if (last && last.to === Infinity) last.to = at;
    if (!subscription) continue;
    const { definition, thresholdId = '' } = subscription;
    const threshold = definition.threshold as Threshold;
    const watched = metricKey(watchedMetric(definition));
    reigns.push({ name, thresholdId, threshold, watched, from: at, to: Infinity });
  }
  return reigns;
}

export const holdsFor = ({ watched }: Reign, metric: Metric): boolean => {
  const measure = measureOf(metric);
  return watched === metricKey(metric) || (measure !== undefined && watched === metricKey(measure));
};

/** Ids that a history publishes. */
export interface Expected {
  /** Ids that must be published, at least one of each group. */
  readonly must: readonly (readonly string[])[];
  /** Ids that can be published, up to one of each group. */
  readonly may: readonly (readonly string[])[];
}

/** Compares the published ids with the expected ones. */
export function expectPublished({ bus }: Evaluator, { must, may }: Expected): void {
  const distinct = new Set(bus.published.map(({ detail }) => detail.crossingId as string));
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
}
