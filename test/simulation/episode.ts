import { TTL_ATTRIBUTE } from '../../contract/shared';
import type { Plan } from '../../local/template/model/plan';
import { Deployments } from './connector/deployments';
import { Makers } from './connector/makers';
import { SimulatedFlows } from './flows';
import { Operators } from './operators';
import { Oracle } from './oracle/oracle';
import { Races } from './races';
import { Reports } from './reports';
import { type Scenario, spellsOf } from './scenario';
import { SimulatedStack } from './stack';
import { Workload } from './workload';
import type { Chance } from './world/chance';
import type { Fault } from './world/faults';
import { World } from './world/world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Everything settles in less: the probes of a pause end after two weeks. */
const LONGEST_MS = 20 * DAY;

export interface Result {
  /** What was wrong, in words. Empty: nothing. */
  readonly mistakes: readonly string[];
  readonly hash: string;
  readonly steps: number;
  /** Simulated time, milliseconds. */
  readonly elapsedMs: number;
  readonly events: number;
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly lines: readonly string[];
}

export interface EpisodeOptions {
  /** Whether the result has the lines of the trace. Default: false. */
  readonly keepsTrace?: boolean;
  /** Stops earlier, without a verdict on what happened until then. Default: never. */
  readonly maxSteps?: number;
}

/**
 * One simulation from start to end: events and operations while everything fails, then time without faults in which
 * everything must settle, then the oracle's verdict.
 */
export async function runEpisode(
  plan: Plan,
  scenario: Scenario,
  { keepsTrace = false, maxSteps = Infinity }: EpisodeOptions = {},
): Promise<Result> {
  const world = new World(scenario.seed, scenario.rates, keepsTrace);
  const isLenient = () => 'table answer lost, request repeated' in scenario.rates;
  const oracle = new Oracle(world, isLenient);
  const flows = new SimulatedFlows(world, {
    onPost(post) {
      oracle.onPost(post);
      races.posted(post.flow);
    },
    onAnswer(post, answer, accepted) {
      oracle.onAnswer(post, answer, accepted);
      if (accepted) reports.started(post);
    },
  });
  const stack: SimulatedStack = new SimulatedStack(plan, world, {
    onRead(table, key, by) {
      oracle.onRead(table, key, by);
      races.read(key);
    },
    onWrite(table, before, after, by) {
      oracle.onWrite(table, before, after, by);
      races.written(table, before, after, by);
    },
    onEvent(entry, by) {
      oracle.onEvent(entry, by);
      races.put(entry);
    },
    onInvocationEnd: () => {},
    post: (worker) => flows.post(worker),
  });
  oracle.watch(stack);
  const operators: Operators = new Operators(world, stack, flows, oracle);
  const reports: Reports = new Reports(world, stack, oracle);
  const workload = new Workload(world.chance.of('workload'));
  const races: Races = new Races(world, stack, flows, operators, workload, scenario.races);
  const start = world.clock();

  world.faults.active = false;
  for (let n = 1; n <= scenario.subscriptions; n++) operators.create(`s${n}`);
  const makers = new Makers(world, stack, flows, oracle);
  makers.start(scenario.makers);
  const deployments = new Deployments(world, stack, flows, oracle, scenario.operations > 0);
  deployments.start(scenario.declared);
  while (operators.busy > 0 || makers.busy > 0 || deployments.busy) await world.step();
  // Longer than the index of subscriptions lags.
  const begin = world.clock() + 2 * MINUTE;
  const end = begin + scenario.spanMs;
  world.timeline.at(begin, () => {
    world.faults.active = true;
  });
  const moods = world.chance.of('moods');
  let healed = end + 10 * MINUTE;
  for (const flow of flows.byName.values()) {
    flow.spells = spellsOf(scenario.moods, moods, begin, scenario.spanMs);
    healed = Math.max(healed, ...flow.spells.map(({ to }) => to));
  }
  const times = world.chance.of('times');
  let events = 0;
  while (events < scenario.events) {
    // Now and then, many events come at once.
    const at = times.between(begin, end);
    for (let burst = times.is(0.05) ? times.between(2, 30) : 1; burst > 0 && events < scenario.events; burst--) {
      events++;
      world.timeline.at(at, () => {
        for (const entry of workload.next(world.clock())) stack.bus.put(entry);
      });
    }
  }
  // Somebody looks at the dead-letter queues.
  for (let at = begin + HOUR; at < end; at += HOUR) world.timeline.at(at, () => stack.redrive());
  for (let n = 0; n < scenario.operations; n++) world.timeline.at(times.between(begin, end), () => operators.act());
  for (let n = 0; n < scenario.makers * 40; n++) world.timeline.at(times.between(begin, end), () => makers.act());
  for (let n = 0; n < scenario.declared * 22; n++)
    world.timeline.at(times.between(begin, end), () => deployments.act());
  world.timeline.at(end + 5 * MINUTE, () => {
    world.faults.active = false;
    stack.redrive();
  });
  const settles = world.chance.of('end').is(0.5);
  world.timeline.at(healed, () => {
    operators.settle(settles);
    makers.settle();
    deployments.settle();
  });

  const minutes = new Minutes(world, stack, oracle, () => operators.busy > 0);
  minutes.start();
  const limit = healed + LONGEST_MS;
  const isShort = () => world.trace.steps < maxSteps;
  while (world.clock() < limit && oracle.mistakes.length === 0 && isShort() && (await world.step()));
  const hung = world.clock() >= limit ? ['STUCK: something happens for ever'] : [];
  const atEnd = () => (isShort() ? [...hung, ...oracle.atEnd(), ...deployments.atEnd()] : []);
  const mistakes = oracle.mistakes.length > 0 ? oracle.mistakes : atEnd();
  return {
    mistakes,
    hash: world.trace.hash,
    steps: world.trace.steps,
    elapsedMs: world.clock() - start,
    events,
    faults: world.faults.counts,
    counts: { ...oracle.deliveries.counts, ...stack.counts },
    lines: world.trace.lines,
  };
}

/** Share of the minutes in which the schedules run although no function would find work, while something else happens. */
const IDLE_RUNS = 0.1;

/** Runs the schedules every minute. Leaves out most of the minutes in which no function would find work. */
class Minutes {
  private readonly chance: Chance;
  private expiredAt = 0;

  constructor(
    private readonly world: World,
    private readonly stack: SimulatedStack,
    private readonly oracle: Oracle,
    private readonly isBusy: () => boolean,
  ) {
    this.chance = world.chance.of('minutes');
  }

  start(): void {
    this.world.after(MINUTE, () => this.tick());
  }

  private tick(): void {
    const { world, stack } = this;
    const now = world.clock();
    if (now - this.expiredAt >= 6 * HOUR) {
      this.expiredAt = now;
      this.oracle.checkLoad();
      const late = () => (world.faults.happens('time to live late') ? 2 * DAY : 0);
      for (const table of stack.dynamodb.tables.values()) table.expire(TTL_ATTRIBUTE, late);
    }
    const due = stack.nextDue();
    const { isQuiet } = stack;
    if ((due !== undefined && due <= now) || (!isQuiet && this.chance.is(IDLE_RUNS))) {
      stack.runSchedules();
      world.after(MINUTE, () => this.tick());
      return;
    }
    const next = Math.min(world.timeline.next ?? Infinity, due ?? Infinity);
    const isBusy = !isQuiet || this.isBusy();
    if (next === Infinity && !isBusy) return;
    // A command that has just started makes its first call after this.
    const minutes = isBusy ? 1 : Math.max(1, Math.ceil((next - now) / MINUTE));
    world.after(minutes * MINUTE, () => this.tick());
  }
}
