import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crossingId } from '../../../lambda/core/identity';
import { metricKey } from '../../../lambda/core/metric';
import { cutOf, cutOver, cutUnder, directionOf, position, THRESHOLD_OPERATORS } from '../../../lambda/core/position';
import { register, unregister } from '../../../lambda/core/register';
import type { Subscription, Threshold } from '../../../lambda/core/subscription';
import { watchedMetric } from '../../../lambda/core/threshold-item';
import { Evaluator, segment, thresholdOn } from '../../support/evaluation';
import { Crash, Interleaving, randomFrom } from '../../support/interleaving';

/** How many random histories; the soak run asks for more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 2000);

interface Options {
  readonly edits: boolean;
  readonly crashes: number;
  readonly deadLetters: boolean;
}

/** One random history, run on the real code over tables in memory, and what the plain model says of it. */
async function history(seed: number, options: Options): Promise<{ published: string[] } & Expected> {
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * (n + 1));
  const evaluator = new Evaluator();
  const interleaving = new Interleaving(random);

  const segments = ['A', 'B'].slice(0, 1 + upTo(1));
  const threshold = (): Threshold => {
    const operator = THRESHOLD_OPERATORS[upTo(3)] as Threshold['operator'];
    const value = 1 + upTo(4);
    const away = directionOf(operator) === 'above' ? -1 : 1;
    return random() < 0.5 ? { operator, value, recoverTo: value + away * (1 + upTo(1)) } : { operator, value };
  };
  const anySegment = () => segments[upTo(segments.length - 1)] as string;
  const wanted = (name: string) => ({ definition: thresholdOn(name, { segment: anySegment() }, threshold()) });
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
    const body = segment(upTo(6), at, { segment: anySegment() });
    inbox.push(...Array(random() < 0.3 ? 2 : 1).fill(body));
  }
  let crashes = options.crashes;
  let failures = 2;
  const fate = (call: string, crashed: () => void) => {
    if (crashes > 0 && random() < 0.03) {
      crashes--;
      crashed();
      throw new Crash();
    }
    if (failures > 0 && call.endsWith('publish') && random() < 0.05) {
      failures--;
      throw new Error('publish failed');
    }
  };
  const work = async (messages: string[]) => {
    // A worker that is killed says nothing: its whole batch comes again.
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
  while (inbox.length > 0 || interleaving.workers > 0) {
    if (inbox.length > 0 && interleaving.workers < 3 && (random() < 0.3 || interleaving.workers === 0)) {
      const first = random() < 0.7 ? 0 : upTo(inbox.length - 1);
      void work(inbox.splice(first, 1 + upTo(2)));
    }
    await interleaving.step();
  }
  evaluator.now += 3600_000;
  await evaluator.sweep();

  expect([...evaluator.tables.states.values()].filter(({ intent }) => intent)).toEqual([]);
  const published = evaluator.bus.published.map(({ detail }) => detail.crossingId as string);
  return { published, ...model(evaluator) };
}

/** A threshold while it was in force: from one change of its subscription to the next. */
interface Reign {
  readonly subscription: Subscription;
  readonly from: number;
  to: number;
  /** Undefined where an edit in the middle of an evaluation leaves it open. */
  armed: boolean | undefined;
}

interface Expected {
  /** Ids that must have been published. */
  readonly must: string[];
  /** Ids that may have been published, by observation and subscription: of each group at most one. */
  readonly may: string[][];
}

/** The plain model: goes over what was committed, one observation after another, and every threshold by itself. */
function model({ tables, bus }: Evaluator): Expected {
  const published = new Set(bus.published.map(({ detail }) => detail.crossingId));
  const reigns: Reign[] = [];
  for (const { name, at, subscription } of tables.changes) {
    const last = reigns.findLast((reign) => reign.subscription.definition.name === name);
    if (subscription && last?.to === Infinity && last.subscription.thresholdId === subscription.thresholdId) continue;
    if (last && last.to === Infinity) last.to = at;
    if (subscription) reigns.push({ subscription, from: at, to: Infinity, armed: true });
  }
  const must: string[] = [];
  const may = new Map<string, Set<string>>();
  for (const { key, before, after, readAt, at } of tables.commits) {
    if (!before) continue;
    const crossed = (cut: string, direction: 'above' | 'below') => {
      const [low, high] = direction === 'above' ? [before, after] : [after, before];
      return position(low.value) < cut && cut < position(high.value);
    };
    for (const reign of reigns) {
      const { definition } = reign.subscription;
      const { operator, value, recoverTo } = definition.threshold as Threshold;
      if (metricKey(watchedMetric(definition)) !== key) continue;
      const whole = reign.from < readAt && reign.to > at;
      const partly = reign.from <= at && reign.to >= readAt;
      const direction = directionOf(operator);
      const cut = cutOf(operator, value);
      if (crossed(cut, direction) && partly) {
        const id = crossingId(after.metric, after, cut, definition.name);
        const armed = recoverTo === undefined ? true : reign.armed;
        if (whole && armed) must.push(id);
        const group = `${key} ${after.version} ${definition.name}`;
        if (armed !== false) may.set(group, (may.get(group) ?? new Set()).add(id));
        if (recoverTo !== undefined && published.has(id)) reign.armed = false;
      }
      if (recoverTo === undefined || !partly) continue;
      const back = direction === 'above' ? 'below' : 'above';
      if (crossed(back === 'below' ? cutOver(recoverTo) : cutUnder(recoverTo), back)) {
        reign.armed = whole ? true : reign.armed || undefined;
      }
    }
  }
  return { must, may: [...may.values()].map((group) => [...group]) };
}

const check = (options: Options) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const { published, must, may } = await history(seed, options);
      const distinct = new Set(published);
      expect(
        must.filter((id) => !distinct.has(id)),
        'lost',
      ).toEqual([]);
      expect(
        [...distinct].filter((id) => !may.flat().includes(id)),
        'out of nothing',
      ).toEqual([]);
      const doubled = may.filter((group) => group.filter((id) => distinct.has(id)).length > 1);
      expect(doubled, 'two crossings of one observation for one subscription').toEqual([]);
      expect(new Set(may.flat()).size, 'one id for two crossings').toBe(may.flat().length);
    }),
    { numRuns: RUNS },
  );

it(
  'publishes exactly the crossings of the committed history, under duplicates, disorder, crashes and failures',
  () => check({ edits: false, crashes: 2, deadLetters: false }),
  600_000,
);

it(
  'still does when messages end in the dead-letter queue',
  () => check({ edits: false, crashes: 2, deadLetters: true }),
  600_000,
);

it(
  'loses and doubles nothing while thresholds are made, moved and deleted',
  () => check({ edits: true, crashes: 2, deadLetters: false }),
  600_000,
);
