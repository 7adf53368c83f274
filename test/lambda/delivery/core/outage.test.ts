import { beforeAll, describe, expect, it } from 'vitest';
import { MAX_OPEN_MS } from '../../../../lambda/delivery/core/health/circuit-breaker';
import { RETRY_WAITS } from '../../../../lambda/delivery/core/retry';
import { connectorTemplate, readable } from '../../../lib/support';
import { randomFrom } from '../../../support/memory/interleaving';
import { type Course, type FlowModel, type Outcome, simulate } from '../../../support/memory/simulation';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const FLOWS = 50;
const DELIVERIES = 10_000;
const [DOWN, THROTTLED] = ['flow-0', 'flow-1'];
const isHealthy = ({ flow }: Course): boolean => flow !== DOWN && flow !== THROTTLED;

/** Number of workers and messages per batch, from the template's event source. */
const [source] = Object.values(connectorTemplate().findResources('AWS::Lambda::EventSourceMapping')).filter(
  ({ Properties }) => readable(Properties.FunctionName.Ref) === 'DeliveryDeliverFunction',
);
const { BatchSize: batchSize, ScalingConfig } = source?.Properties ?? {};
const workers: number = ScalingConfig?.MaximumConcurrency;

const healthy: FlowModel = () => ({ answer: { status: 202 }, afterMs: 200 });

/** Down between two times, in milliseconds after the start; healthy before and after. */
const down =
  (from: number, to: number, failing: FlowModel): FlowModel =>
  (now, timeoutMs) =>
    (now >= from && now < to ? failing : healthy)(now, timeoutMs);

/** Accepts `limit` calls per five minutes. Other calls get a 429 with a Retry-After of the next five minutes. */
function throttled(limit: number): FlowModel {
  const WINDOW = 5 * MINUTE;
  let [window, calls] = [-1, 0];
  return (now, timeoutMs) => {
    const current = Math.floor(now / WINDOW);
    if (current !== window) [window, calls] = [current, 0];
    if (++calls <= limit) return healthy(now, timeoutMs);
    const retryAfter = String(Math.ceil(((window + 1) * WINDOW - now) / SECOND));
    return { answer: { status: 429, retryAfter }, afterMs: 100 };
  };
}

const unreachable: FlowModel = () => ({ answer: { error: 'ECONNREFUSED' }, afterMs: 5 });
const hanging: FlowModel = (_, timeoutMs) => ({ answer: { error: 'timeout' }, afterMs: timeoutMs });
const switchedOff: FlowModel = () => ({ answer: { status: 404 }, afterMs: 200 });

const fleet = (first: FlowModel, second: FlowModel): Map<string, FlowModel> =>
  new Map(Array.from({ length: FLOWS }, (_, n) => [`flow-${n}`, [first, second][n] ?? healthy]));

/** Deliveries to each flow in order, at random times within `within` milliseconds. */
function arrivals(within: number): { readonly flow: string; readonly atMs: number }[] {
  const random = randomFrom(7);
  const all = Array.from({ length: DELIVERIES }, (_, n) => ({
    flow: `flow-${n % FLOWS}`,
    atMs: Math.floor(random() * within),
  }));
  return all.toSorted((a, b) => a.atMs - b.atMs);
}

const taken = ({ posts }: Course): number[] => posts.filter(({ status }) => status === 202).map(({ at }) => at);
const of = ({ courses }: Outcome, flow: string | undefined): Course[] => courses.filter((one) => one.flow === flow);

/** The largest number of these times within one interval of `span` milliseconds. */
function most(moments: readonly number[], span: number): number {
  const counts = Map.groupBy(moments, (at) => Math.floor(at / span));
  return Math.max(...[...counts.values()].map(({ length }) => length));
}

it('the template sets the number of workers', () => {
  expect({ workers, batchSize }).toEqual({ workers: 50, batchSize: 10 });
});

describe.each([
  ['cannot be reached', unreachable],
  ['hangs', hanging],
  ['is switched off', switchedOff],
])('10,000 deliveries to 50 flows within 6 hours, of which one %s for 30 hours and one throttles', (how, failing) => {
  const [from, to] = [HOUR, 31 * HOUR];
  let outcome: Outcome;

  beforeAll(async () => {
    // A hundred deliveries to the flow that is down arrive at the same time. Their retries must be spread.
    const together = 2 * HOUR;
    let left = 100;
    const all = arrivals(6 * HOUR).map((one) =>
      one.flow === DOWN && one.atMs > together && left-- > 0 ? { ...one, atMs: together } : one,
    );
    const flows = fleet(down(from, to, failing), throttled(2));
    outcome = await simulate({ flows, arrivals: all, workers, batchSize, fair: true });
  });

  it('loses and duplicates no delivery', () => {
    expect(outcome.courses).toHaveLength(DELIVERIES);
    expect(outcome.courses.filter((one) => taken(one).length !== 1)).toEqual([]);
    const { rows } = outcome.deliveries;
    expect(rows.size).toBe(DELIVERIES);
    expect([...rows.values()].filter(({ status }) => status !== 'delivered')).toEqual([]);
    expect(outcome.rejected.kept).toEqual([]);
  });

  it('delivers to the other 48 flows without delay: on arrival, on the first receive', () => {
    const others = outcome.courses.filter(isHealthy);
    expect(others).toHaveLength(48 * 200);
    const late = others.filter(({ arrivedAt, posts, received }) => {
      return received.join() !== '0' || posts.length !== 1 || posts[0]?.at !== arrivedAt;
    });
    expect(late).toEqual([]);
  });

  it('keeps no message in flight', () => {
    expect(outcome.redelivered).toBe(0);
  });

  it('delivers the backlog of the flow that was down on the first try of each delivery, spread over time', () => {
    const waiting = of(outcome, DOWN).filter(({ arrivedAt }) => arrivedAt >= from);
    expect(waiting.length).toBeGreaterThan(100);
    const moments = waiting.map((one) => taken(one)[0] as number);
    for (const { posts } of waiting) expect(posts.filter(({ at }) => at >= to)).toHaveLength(1);
    if (failing === switchedOff) {
      // The pause ends with the second daily probe. Held deliveries are sent at ten per second.
      expect(Math.min(...moments)).toBeGreaterThan(48 * HOUR);
      expect(Math.max(...moments)).toBeLessThan(50 * HOUR);
      expect(most(moments, SECOND)).toBeLessThanOrEqual(10);
    } else {
      // Except the few with so many tries that their next retry is hours away.
      const soon = moments.filter((at) => at <= to + 2 * MAX_OPEN_MS);
      expect(soon.length).toBeGreaterThan(0.9 * moments.length);
      expect(Math.max(...moments)).toBeLessThan(to + 1.1 * (RETRY_WAITS[9] as number));
      expect(most(moments, MINUTE)).toBeLessThanOrEqual(25);
    }
  });

  it('rarely calls a flow that does not work, and reports a flow that needs a fix', () => {
    const calls = of(outcome, DOWN).flatMap(({ posts }) => posts.filter(({ at }) => at >= from && at < to));
    const told = outcome.bus.published.map(({ detailType }) => detailType);
    // Two days of probes, or 30 hours with one trial every 15 minutes.
    expect(calls.length).toBeLessThan(failing === switchedOff ? 50 : 150);
    expect(told).toEqual(failing === switchedOff ? ['FlowSubscriptionPaused', 'FlowSubscriptionResumed'] : []);
  });

  it('delivers the backlog of the flow that throttles, and never retries before Retry-After', () => {
    const courses = of(outcome, THROTTLED);
    const refusals = courses.flatMap(({ posts }) => posts.filter(({ status }) => status === 429));
    expect(refusals.length).toBeGreaterThan(100);
    for (const { posts } of courses) {
      for (const [n, { at, retryAfter }] of posts.entries()) {
        const next = posts[n + 1];
        if (next) expect(next.at - at).toBeGreaterThanOrEqual(Number(retryAfter) * SECOND);
      }
    }
    expect(Math.max(...courses.flatMap(taken))).toBeLessThan(24 * HOUR);
  });

  it(`uses few workers for the flow that ${how}`, () => {
    expect(outcome.mostWorkers).toBeLessThan(workers / 2);
  });
});

describe('a flow that hangs for 30 hours, 15 seconds a try', () => {
  const down30 = down(0, 30 * HOUR, hanging);
  const run = (within: number, fair: boolean, first: FlowModel) =>
    simulate({ flows: fleet(first, healthy), arrivals: arrivals(within), workers, batchSize, fair });
  /** The longest of the simulations serves two tests. */
  let sixHours: Outcome;
  beforeAll(async () => {
    sixHours = await run(6 * HOUR, false, down30);
  });
  const lateness = ({ courses }: Outcome): number =>
    Math.max(...courses.filter(isHealthy).map(({ arrivedAt, posts }) => (posts[0]?.at as number) - arrivedAt));

  // The breaker keeps it from the workers: after five tries, one delivery at a time uses a worker. SQS's fair queues help only
  // when deliveries arrive so fast that all workers are busy before the breaker opens.
  const CASES: readonly [within: string, ms: number, fair: boolean, most: number][] = [
    ['6 hours', 6 * HOUR, false, 0],
    ['6 hours', 6 * HOUR, true, 0],
    ['10 minutes', 10 * MINUTE, false, 0],
    ['10 minutes', 10 * MINUTE, true, 0],
    ['a minute', MINUTE, false, 30 * SECOND],
    ['a minute', MINUTE, true, SECOND],
    // Each batch can contain a delivery that hangs before the breaker opens. Then each worker waits for 15 seconds at a time.
    ['a moment', 1, false, 90 * SECOND],
    ['a moment', 1, true, 90 * SECOND],
  ];
  // Without a fair queue the delay is at least as long. `npm run test:soak` also runs the others.
  it.each(CASES.filter(([, , fair, most]) => process.env.SOAK || !fair || most === SECOND))(
    'delays the other deliveries of 10,000 within %s (%d ms; fair queue: %s) by up to %d ms',
    async (_, within, fair, most) => {
      const outcome = within === 6 * HOUR && !fair ? sixHours : await run(within, fair, down30);
      expect(outcome.courses.filter((one) => taken(one).length !== 1)).toEqual([]);
      expect(lateness(outcome)).toBeLessThanOrEqual(most);
    },
  );

  it('uses 15 s of a worker every 15 minutes, less than a thousandth of the capacity', async () => {
    const calm = await run(6 * HOUR, false, healthy);
    const tries = of(sixHours, DOWN).flatMap(({ posts }) => posts.filter(({ status }) => status === undefined));
    expect(tries.length).toBeLessThan(150);
    const taken = sixHours.busyMs - calm.busyMs;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThanOrEqual(tries.length * 15 * SECOND + MINUTE);
    expect(taken / (workers * 30 * HOUR)).toBeLessThan(0.001);
  });
});
