import { expect, it } from 'vitest';
import { followSubscription } from '../../../../lambda/expectations/core/follow';
import { processSubject } from '../../../../lambda/expectations/core/process';
import { recordRefresh } from '../../../../lambda/expectations/core/record';
import {
  type ReportedRefresh,
  type Subject,
  subjectKey,
  trackedDue,
} from '../../../../lambda/expectations/core/tracked';
import { register, unregister } from '../../../../lambda/registration/core/register';
import type { Expectation, Subscription } from '../../../../lambda/subscriptions/core/subscription';
import { Evaluator, NOW } from '../../../support/evaluation';
import { expecting, Watch } from '../../../support/expectations';
import { Crash, Interleaving, randomFrom } from '../../../support/memory/interleaving';
import type { Gate } from '../../../support/memory/memory';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 120);
const HOUR = 60 * 60_000;
const SUBJECT: Subject = { type: 'data-source', instanceId: 'default', name: 'Orders' };
const KEY = subjectKey(SUBJECT);

const EXPECTATIONS: readonly Expectation[] = [
  { rhythm: { every: 3 * HOUR }, grace: HOUR, alsoWhenBack: true },
  { rhythm: { every: 4 * HOUR }, grace: 0, repeatEvery: HOUR },
  { rhythm: { by: '17:00', timeZone: 'UTC' }, grace: HOUR, alsoWhenBack: true, repeatEvery: 2 * HOUR },
];

/**
 * A random history: rounds of concurrent workers that are killed and repeated, on one subject. Two subscriptions expect it:
 * `stays`, whose events must be those of a plain sequence of calls, and `other`, which is made, changed and removed.
 */
async function history(seed: number, { maxCrashes = 4 } = {}) {
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * (n + 1));
  const oneOf = <T>(values: readonly T[]): T => values[upTo(values.length - 1)] as T;
  const world = new Evaluator();
  const interleaving = new Interleaving(random);
  let crashes = maxCrashes;
  const fate = (call: string) => {
    if (crashes > 0 && random() < 0.08) {
      crashes--;
      throw new Crash();
    }
    if (call === 'before publish' && random() < 0.1) throw new Error('the bus is down');
  };
  /** Runs work that is repeated until it succeeds, as a message or a command is. */
  const untilDone = async (work: (gate: Gate) => Promise<unknown>): Promise<void> => {
    for (;;) {
      const done = await interleaving.start(work, fate).then(
        () => true,
        () => false,
      );
      if (done) return;
    }
  };
  const round = async (tasks: readonly Promise<void>[]) => {
    let open = true;
    const all = Promise.all(tasks).then(() => {
      open = false;
    });
    while (open) await interleaving.step();
    await all;
  };
  const tick = (gate: Gate) =>
    processSubject(KEY, { ...world.ports(gate), subscriptions: world.tables.registry(gate) });

  const stays = expecting(oneOf(EXPECTATIONS), 'stays').definition;
  await register({ definition: stays, flowUrl: 'url' }, 'cli', world.registryPorts());
  const { uid = '' } = world.tables.subscriptions.get('stays') ?? {};
  const model = new Watch(expecting(stays.expectation as Expectation, 'stays', uid), NOW);

  let ids = 0;
  for (let n = 0; n < 8; n++) {
    world.now += oneOf([HOUR / 2, HOUR, 2 * HOUR, 5 * HOUR]);
    const { now } = world;
    // The schedule first: what arrives in the same instant as it would otherwise be late or not by chance.
    await round([untilDone(tick), ...(random() < 0.5 ? [untilDone(tick)] : [])]);
    model.tickAt(now);
    const refreshes: ReportedRefresh[] = Array.from({ length: upTo(3) }, () => ({
      id: `refresh-${++ids}`,
      endedAt: now - oneOf([0, 0, HOUR / 2, 3 * HOUR]),
      status: random() < 0.8 ? ('Successful' as const) : ('Failed' as const),
      error: 'x',
    }));
    const tasks = refreshes.flatMap((refresh) =>
      Array(random() < 0.3 ? 2 : 1).fill((gate: Gate) =>
        recordRefresh(SUBJECT, refresh, { expectations: world.tables.expectations(gate), clock: () => now }),
      ),
    );
    tasks.push(...Array(upTo(2)).fill(tick));
    if (random() < 0.4) {
      const owners = [`owner-${n}@example.com`];
      tasks.push((gate: Gate) =>
        register({ definition: { ...stays, owners }, flowUrl: 'url' }, 'cli', world.registryPorts(gate)),
      );
    }
    if (random() < 0.5) {
      const { definition } = expecting(oneOf(EXPECTATIONS), 'other');
      tasks.push((gate: Gate) => register({ definition, flowUrl: 'url' }, 'cli', world.registryPorts(gate)));
    }
    if (random() < 0.4) tasks.push((gate: Gate) => unregister('other', 'cli', world.registryPorts(gate)));
    await round(tasks.map(untilDone));
    for (const { id, endedAt, status } of refreshes.toSorted((a, b) => a.endedAt - b.endedAt)) {
      model.record(endedAt, now, status, id);
    }
    // The last step of an interrupted removal is lost: nothing repeats it, so that the entry is corrected when it is due.
    if (maxCrashes > 0 && random() < 0.5) await followSubscription(SUBJECT, 'other', world.registryPorts());
  }
  await round([untilDone(tick)]);
  model.tickAt(world.now);
  return { world, model };
}

const textOf = (kind: unknown, time: number, n: unknown) => `${kind} ${new Date(time).toISOString()} ${n}`;

it('sends the events of a plain sequence of calls, whatever crashes, races and repeats', async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const { world, model } = await history(seed);
    const events = new Map(
      world.bus.published
        .filter(({ detail }) => detail.subscription === 'stays')
        .map(({ detail }) => [detail.overdueId, detail]),
    );
    const sent = [...events.values()].map(({ state, expectedBy, repeat }) =>
      textOf(state === 'Overdue' ? 'missed' : 'back', Date.parse(String(expectedBy)), repeat),
    );
    const wanted = model.sent.map(({ kind, time, n }) => textOf(kind, time, n));
    expect(sent.toSorted(), `seed ${seed}`).toEqual(wanted.toSorted());

    const tracked = world.tables.expected.get(KEY);
    expect(tracked?.unsent, `seed ${seed}`).toEqual([]);
    expect(tracked && (trackedDue(tracked) ?? Infinity) > world.now, `seed ${seed}`).toBe(true);
    const last = model.tracked.success?.endedAt;
    expect(tracked?.success?.endedAt, `seed ${seed}`).toBe(last);
  }
});

/** The entries of the subject and the stored subscriptions, which must be the same. */
function entriesOf({ tables }: Evaluator): [unknown[], unknown[]] {
  const entries = (tables.expected.get(KEY)?.expecting ?? []).map(
    ({ subscription, uid, expectation }) => [subscription, uid, expectation] as const,
  );
  const stored = [...tables.subscriptions.values()].map(
    ({ definition, uid }) => [definition.name, uid, definition.expectation] as const,
  );
  const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]) => (a < b ? -1 : 1);
  return [entries.toSorted(byName), stored.toSorted(byName)];
}

it('follows the subscription that is stored', async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    const { world } = await history(seed);
    // A removal that crashed before its last step is not repeated: the entry is corrected when it is due.
    await followSubscription(SUBJECT, 'other', world.registryPorts());
    const [entries, stored] = entriesOf(world);
    expect(entries, `seed ${seed}`).toEqual(stored);
  }
});

it('needs no correction after races without crashes', async () => {
  for (let seed = 1; seed <= 3 * RUNS; seed++) {
    const { world } = await history(seed, { maxCrashes: 0 });
    const [entries, stored] = entriesOf(world);
    expect(entries, `seed ${seed}`).toEqual(stored);
  }
});

it('sends nothing for an entry that a crash left behind, and removes it', async () => {
  const world = new Evaluator();
  const [expectation] = EXPECTATIONS as readonly [Expectation];
  const { definition } = expecting(expectation, 'moves');
  const process = () => processSubject(KEY, { ...world.ports(), subscriptions: world.tables.registry() });
  await register({ definition, flowUrl: 'url' }, 'cli', world.registryPorts());
  world.now += 5 * HOUR;
  await process();
  // It expects another data source now. Its command stopped before it changed what was expected before.
  const moved = { ...definition, filter: { dataSource: 'Customers' } };
  const stored = world.tables.subscriptions.get('moves') as Subscription;
  world.tables.subscriptions.set('moves', { ...stored, definition: moved });
  const refresh = { id: 'refresh', endedAt: world.now, status: 'Successful' } as const;
  await recordRefresh(SUBJECT, refresh, { expectations: world.tables.expectations(), clock: () => world.now });
  await process();
  expect(world.bus.published.map(({ detail }) => detail.state)).toEqual(['Overdue']);
  expect(world.tables.expected.get(KEY)).toBeUndefined();
});
