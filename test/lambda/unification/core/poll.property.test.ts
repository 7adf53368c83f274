import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Poll, type PolledJobStore, type PollPorts, pollBatch } from '../../../../lambda/unification/core/poll';
import { Killer } from '../../../support/memory/killer';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../../support/memory/memory';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 100);

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.parse('2026-11-02T06:00:00Z');
/** Wait before a message of a crashed worker is received again (visibility timeout of the queue). */
const VISIBILITY = 6 * MINUTE;
const JOBS = { service: 'entity-resolution', workflow: 'customers' } as const;

/** Started jobs. Durations are minutes. */
const started = fc.record({
  after: fc.integer({ min: 0, max: 600 }),
  lasts: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 30 }) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 24 * 60 }) },
    { weight: 1, arbitrary: fc.constant(9 * 24 * 60) },
  ),
  /** Whether the service never lists the job. */
  isGhost: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  saysJob: fc.boolean(),
  /** Times of CloudTrail's event and its duplicates. */
  told: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 3 }),
});
/** The fate of the worker of a message. */
const mishap = fc.oneof(
  fc.constant('none' as const),
  fc.constant('comes twice' as const),
  fc.integer({ min: 1, max: 16 }),
);

/** A table with the conditions of the real one. */
function memoryJobs(): PolledJobStore {
  const first = new Map<string, number>();
  const claims = new Map<string, { claimedAt: number; isReported: boolean }>();
  const watches = new Map<string, { looks: number; message: string }>();
  return {
    async firstPoll(jobs, now) {
      if (!first.has(jobs)) first.set(jobs, now);
      return first.get(jobs) as number;
    },
    async claim(jobs, id, now, claimedBefore) {
      const known = claims.get(`${jobs} ${id}`);
      if (known && (known.isReported || known.claimedAt >= claimedBefore)) return false;
      claims.set(`${jobs} ${id}`, { claimedAt: now, isReported: false });
      return true;
    },
    async finish(jobs, id, now) {
      claims.set(`${jobs} ${id}`, { claimedAt: now, isReported: true });
    },
    async extend(jobs, watch, looks, message) {
      const known = watches.get(`${jobs} ${watch}`);
      const isHeld = !known || known.looks === looks || (known.looks === looks + 1 && known.message === message);
      if (isHeld) watches.set(`${jobs} ${watch}`, { looks: looks + 1, message });
      return isHeld;
    },
  };
}

interface Message {
  readonly at: number;
  readonly id: string;
  readonly body: string;
}
type Started = typeof started extends fc.Arbitrary<infer T> ? T : never;

/** Processes the queue until it is empty. */
async function play(starts: readonly Started[], mishaps: readonly (number | 'none' | 'comes twice')[]) {
  const jobs = starts.map(({ after, lasts, isGhost }, n) => ({
    id: `job-${n}`,
    startedAt: START + after * MINUTE,
    endedAt: START + (after + lasts) * MINUTE,
    isGhost,
  }));
  let queue: Message[] = starts.flatMap(({ after, told, saysJob }, n) => {
    const eventTime = new Date(START + after * MINUTE).toISOString();
    const responseElements = saysJob ? { jobId: `job-${n}` } : null;
    const event = { detail: { eventID: `start-${n}`, eventTime, responseElements } };
    const body = JSON.stringify({ poll: { jobs: JOBS }, event });
    return told.map((late, copy) => ({ at: START + (after + late) * MINUTE, id: `start-${n}-${copy}`, body }));
  });
  const bus = new MemoryBus();
  const store = memoryJobs();
  const telemetry = new MemoryTelemetry();
  const rejected = new MemoryRejected();
  const sent = new Map<string, Poll[]>();
  let [deaths, taken, words] = [0, 0, 0];
  let now = START;
  while (queue.length > 0) {
    const [message, ...rest] = queue.toSorted((a, b) => a.at - b.at) as [Message, ...Message[]];
    queue = rest;
    now = message.at;
    const happens = mishaps[taken++] ?? 'none';
    const worker = typeof happens === 'number' ? Killer.atPoint(happens) : Killer.never();
    const { publish } = bus.publisher();
    const inTheWay =
      (name: keyof PolledJobStore) =>
      (...args: never[]) =>
        worker.call(name, () => (store[name] as (...given: never[]) => Promise<never>)(...args));
    const ports: PollPorts = {
      lister: {
        list: (_, since) =>
          worker.call('list', async () => {
            const listed = jobs.filter(({ isGhost, startedAt }) => !isGhost && startedAt <= now);
            const ended = listed.filter(({ endedAt }) => endedAt <= now);
            return {
              ended: ended.filter(({ endedAt }) => endedAt >= since).map((job) => ({ ...job, status: 'Successful' })),
              isOneUnderWay: ended.length < listed.length,
            };
          }),
        error: async () => undefined,
      },
      jobs: {
        firstPoll: inTheWay('firstPoll'),
        claim: inTheWay('claim'),
        finish: inTheWay('finish'),
        extend: inTheWay('extend'),
      },
      events: { publish: (type, detail) => worker.call('publish', () => publish(type, detail)) },
      again: (poll, wait) =>
        worker.call('again', async () => {
          const watch = poll.watch?.id as string;
          sent.set(watch, [...(sent.get(watch) ?? []), poll]);
          queue.push({ at: now + wait * 1000, id: `again-${++words}`, body: JSON.stringify(poll) });
        }),
      rejected,
      telemetry,
      clock: () => now,
    };
    const failed = await pollBatch([{ id: message.id, body: message.body }], ports);
    if (worker.killed) deaths++;
    if (worker.killed || failed.length > 0 || happens === 'comes twice')
      queue.push({ ...message, at: now + VISIBILITY });
    if (taken > 20_000) throw new Error('it does not end');
  }
  return { jobs, bus, sent, telemetry, rejected, deaths, end: now };
}

test('each started job is reported after its end, and checks neither multiply nor continue forever', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(started, { minLength: 1, maxLength: 3 }),
      fc.array(mishap, { maxLength: 60 }),
      async (starts, mishaps) => {
        const { jobs, bus, sent, rejected, deaths, end } = await play(starts, mishaps);
        expect(rejected.kept).toEqual([]);
        const told = bus.published.map(({ detail }) => detail.runId);
        for (const { id, startedAt, endedAt, isGhost } of jobs) {
          const times = told.filter((one) => one === id).length;
          // Jobs are checked for a week. Longer ones are only reported by checks of other jobs.
          if (isGhost) expect(times).toBe(0);
          else if (endedAt - startedAt < 7 * DAY) expect(times, id).toBeGreaterThanOrEqual(1);
        }
        // Once each, except after crashes between the event and its record.
        expect(told.length - new Set(told).size).toBeLessThanOrEqual(deaths);
        // One recheck for each check, except after crashes and duplicates.
        const mishappened = mishaps.filter((one) => one !== 'none').length;
        for (const words of sent.values()) {
          const looks = words.map(({ watch }) => watch?.looks);
          expect(looks.length - new Set(looks).size).toBeLessThanOrEqual(mishappened);
        }
        expect(end).toBeLessThan(START + 8 * DAY);
      },
    ),
    { numRuns },
  );
});

test('a job is no longer checked after a week, which is logged', async () => {
  const start = { after: 0, lasts: 9 * 24 * 60, isGhost: false, saysJob: true, told: [1] };
  const { bus, telemetry, end } = await play([start], []);
  expect(bus.published).toEqual([]);
  expect(end - START).toBeGreaterThan(7 * DAY);
  expect(telemetry.lines).toEqual([
    'a started job did not end in time and is no longer checked ' +
      JSON.stringify({ jobs: JOBS, job: 'job-0', startedAt: '2026-11-02T06:00:00.000Z' }),
  ]);
});

test('checks are half a minute apart at first, and up to 5 minutes later', async () => {
  const { sent, bus } = await play([{ after: 0, lasts: 40, isGhost: false, saysJob: true, told: [0] }], []);
  const looks = sent.get('start-0')?.map(({ watch }) => watch?.looks);
  // 30 s, 1, 2, 3, then 5 minutes: 36:30 is before the end, 41:30 after it.
  expect(looks).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(bus.published.length).toBe(1);
});
