import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Status } from '../../../../contract/events';
import { STATUSES } from '../../../../contract/events';
import { type CollectedRun, outcome } from '../../../../lambda/collection/core/collected-run';
import { Collector, HOUR, RULES, stageEvent } from '../../../support/collection';
import { NOW } from '../../../support/evaluation';
import { Crash, Interleaving, randomFrom } from '../../../support/memory/interleaving';

/** Number of random histories. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 500);

interface Options {
  readonly crashes: number;
  readonly deadLetters: boolean;
  /** Whether the deadline passes before all stages have arrived. */
  readonly deadline: boolean;
}

/** Plays a random history with the real code and runs in memory. */
async function history(seed: number, options: Options) {
  const random = randomFrom(seed);
  const upTo = (n: number) => Math.floor(random() * (n + 1));
  const oneOf = <T>(values: readonly T[]): T => values[upTo(values.length - 1)] as T;
  const collector = new Collector({ ...RULES, expected: { unification: ['map', 'match'], full: [] } });
  const interleaving = new Interleaving(random);

  /** The events of each run: every end of every stage. */
  const put = new Map<string, { name: string; status: Status; endedAt?: number }[]>();
  const inbox: string[] = [];
  for (let n = 1 + upTo(1); n > 0; n--) {
    const runId = `run-${n}`;
    const isFull = random() < 0.5;
    const names = isFull ? ['A', 'B', 'C'].slice(0, 1 + upTo(2)) : ['map', 'match'];
    // Events of a full refresh set `expected`: any of them, and always the last one.
    const expected = random() < 0.5 ? names : names.length;
    const words = names.flatMap((name) =>
      Array.from({ length: random() < 0.2 ? 2 : 1 }, () => ({ name, status: oneOf(STATUSES), endedAt: NOW + upTo(9) })),
    );
    put.set(runId, words);
    const says = (m: number) => isFull && (m === words.length - 1 || random() < 0.5);
    const bodies = words.map(({ name, status, endedAt }, m) =>
      stageEvent({
        runId,
        status,
        [isFull ? 'process' : 'stage']: name,
        endedAt: new Date(endedAt).toISOString(),
        ...(says(m) && { expected }),
      }),
    );
    for (const body of bodies) inbox.push(...Array(random() < 0.3 ? 2 : 1).fill(body));
  }

  let crashes = options.crashes;
  let failures = 2;
  const fate = (call: string, crashed: () => void) => {
    if (crashes > 0 && random() < 0.05) {
      crashes--;
      crashed();
      throw new Crash();
    }
    if (failures > 0 && call.endsWith('publish') && random() < 0.1) {
      failures--;
      throw new Error('publish failed');
    }
  };
  const work = async (messages: string[]) => {
    // A killed worker does not respond, so its whole batch is retried.
    let crashed = false;
    const failed = await interleaving.start(
      (gate) => collector.collect(messages, gate),
      (call) =>
        fate(call, () => {
          crashed = true;
        }),
    );
    const back = crashed ? messages : failed.map((n) => messages[n] as string);
    for (const message of back) if (!options.deadLetters || random() < 0.7) inbox.push(message);
  };
  const sweep = async () => {
    const late = options.deadline && random() < 0.5;
    // A closed run is due after minutes, an open one after a day.
    collector.now = Math.max(collector.now, NOW + (late ? 25 * HOUR : HOUR));
    await interleaving
      .start(
        (gate) => collector.closeOverdue(gate),
        (call) => fate(call, () => {}),
      )
      .catch(() => {});
  };
  while (inbox.length > 0 || interleaving.workers > 0) {
    if (inbox.length > 0 && interleaving.workers < 3 && (random() < 0.3 || interleaving.workers === 0)) {
      const first = random() < 0.7 ? 0 : upTo(inbox.length - 1);
      void work(inbox.splice(first, 1 + upTo(2)));
    }
    if (interleaving.workers < 4 && random() < 0.05) void sweep();
    await interleaving.step();
  }
  const beforeTheEnd = [...collector.runs.rows.values()];
  collector.now += 48 * HOUR;
  await collector.closeOverdue();
  return { collector, put, beforeTheEnd };
}

/** The stages and outcome of an event as text. */
const told = ({ detail }: { detail: Record<string, unknown> }) => ({
  status: detail.status,
  stages: detail.stages ?? detail.processes,
});
const held = (run: CollectedRun) => ({
  status: outcome(run),
  stages: Object.fromEntries(run.stages.map(({ name, status }) => [name, status])),
});

const check = (options: Options) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const { collector, put, beforeTheEnd } = await history(seed, options);
      const { rows, closings } = collector.runs;
      const { published } = collector.bus;
      expect(collector.rejected.kept).toEqual([]);
      expect(new Set(closings.map(({ runId }) => runId)).size, 'a run is closed once').toBe(closings.length);
      if (!options.deadLetters) expect(rows.size, 'every run has a row').toBe(put.size);

      for (const run of rows.values()) {
        const ofRun = published.filter(({ detail }) => detail.runId === run.runId);
        const distinct = new Set(ofRun.map((event) => JSON.stringify(event)));
        expect(distinct.size, 'one event, and only one').toBe(1);
        expect(run.publishedAt, 'settled').toBeDefined();
        const closing = closings.find(({ runId }) => runId === run.runId) as CollectedRun;
        expect(run.stages, 'a closed run does not change').toEqual(closing.stages);
        expect(told(ofRun[0] as (typeof published)[number])).toEqual(held(closing));

        const words = put.get(run.runId) ?? [];
        const names = [...new Set(words.map(({ name }) => name))];
        const ended = closing.stages.map(({ name }) => name);
        if (closing.closed === 'complete') expect(ended.toSorted()).toEqual(names.toSorted());
        for (const { name, status, endedAt } of closing.stages) {
          expect(words, 'a word that was put').toContainEqual({ name, status, endedAt });
        }
        if (options.deadLetters || options.deadline) continue;
        expect(closing.closed, 'what is whole is complete').toBe('complete');
        expect(
          beforeTheEnd.find(({ runId }) => runId === run.runId)?.publishedAt,
          'published by the messages alone, or a sweep among them',
        ).toBeDefined();
      }
    }),
    { numRuns: RUNS },
  );

it(
  'makes one event of every run, under duplicates, disorder, crashes and failing publishes',
  () => check({ crashes: 2, deadLetters: false, deadline: false }),
  3_600_000,
);

it(
  'still does when messages end in the dead-letter queue',
  () => check({ crashes: 2, deadLetters: true, deadline: false }),
  3_600_000,
);

it(
  'never reports both a complete run and its timeout',
  () => check({ crashes: 2, deadLetters: true, deadline: true }),
  3_600_000,
);
