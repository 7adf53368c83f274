import type { Plan } from '../../local/template/model/plan';
import { SimulatedFlows } from './flows';
import { Oracle } from './oracle/oracle';
import { SimulatedStack } from './stack';
import { type HeldCall, Worker } from './world/network';
import { World } from './world/world';

const MINUTE = 60_000;

/** Everything that a story can use. */
export interface Stage {
  readonly world: World;
  readonly stack: SimulatedStack;
  readonly flows: SimulatedFlows;
  readonly oracle: Oracle;
  /** Runs the simulation without an explorer until nothing happens for a while. */
  settle(): Promise<void>;
  /** Runs a command of an operator. If it fails or crashes, it is run again once the exploration has ended. */
  operator(command: (worker: Worker) => Promise<unknown>): void;
}

/** A small scope: what happens before, and what then happens at the same time, in every order. */
export interface Story {
  readonly name: string;
  /** Maximum number of crashes, and of lost answers, in one schedule. */
  readonly crashes: number;
  readonly lost: number;
  prepare(stage: Stage): Promise<void>;
  /** Starts the workers whose calls are interleaved. */
  begin(stage: Stage): void;
  /** Mistakes at the end that the oracle does not check. */
  verify?(stage: Stage): readonly string[];
}

type Fate = Parameters<HeldCall['make']>[0];

/** One possible next step: a call of a worker, and what becomes of it. */
interface Step {
  readonly worker: string;
  readonly call: string;
  readonly fate: Fate;
  readonly touches: HeldCall['touches'];
}

/** A point of the current schedule: its steps, the one that is taken, and those that need not be tried after it. */
interface Choice {
  readonly steps: readonly Step[];
  taken: number;
  readonly asleep: readonly Step[];
}

export interface Explored {
  readonly schedules: number;
  /** Of the first wrong schedule: its steps, and what is wrong. */
  readonly wrong?: { readonly steps: readonly string[]; readonly mistakes: readonly string[] };
  /** False: `limit` schedules were not all. */
  readonly complete: boolean;
}

/** Two steps whose order does not matter: those of two workers that do not touch the same item, or only read it. */
const independent = (a: Step, b: Step): boolean =>
  a.worker !== b.worker &&
  (!a.touches ||
    !b.touches ||
    (!a.touches.writes && !b.touches.writes) ||
    !(a.touches.place.startsWith(b.touches.place) || b.touches.place.startsWith(a.touches.place)));

const same = (a: Step, b: Step): boolean => a.worker === b.worker && a.call === b.call && a.fate === b.fate;

/**
 * Runs a story under every schedule of its workers' calls, by depth-first search. Of schedules that differ only in the order
 * of independent steps, it runs one (sleep sets: Godefroid, "Partial-Order Methods for the Verification of Concurrent
 * Systems").
 */
export async function explore(plan: Plan, story: Story, limit = Infinity): Promise<Explored> {
  const path: Choice[] = [];
  let schedules = 0;
  for (;;) {
    const mistakes = await play(plan, story, path);
    schedules++;
    if (mistakes.length > 0) {
      const steps = path
        .map(({ steps, taken }) => steps[taken])
        .map((step) => `${step?.worker} ${step?.call} ${step?.fate}`);
      return { schedules, complete: false, wrong: { steps, mistakes } };
    }
    // The next schedule differs in the last choice that has another step.
    for (let last = path.at(-1); last && ++last.taken >= last.steps.length; last = path.at(-1)) path.pop();
    if (path.length === 0) return { schedules, complete: true };
    if (schedules >= limit) return { schedules, complete: false };
  }
}

/** Plays the story with the choices of `path`, and appends the choices after its end. */
async function play(plan: Plan, story: Story, path: Choice[]): Promise<readonly string[]> {
  const world = new World('exhaustive', {}, false);
  const oracle = new Oracle(world, () => true);
  const flows = new SimulatedFlows(world, oracle);
  const stack: SimulatedStack = new SimulatedStack(
    { ...plan, eventSources: plan.eventSources.map((source) => ({ ...source, batchSize: 1 })) },
    world,
    {
      onRead: oracle.onRead,
      onWrite: oracle.onWrite,
      onEvent: oracle.onEvent,
      onInvocationEnd: () => {},
      post: (worker) => (url, request) => flows.explored(worker, stack.network)(url, request),
    },
  );
  oracle.watch(stack);
  const again: (() => void)[] = [];
  let operators = 0;
  const stage: Stage = {
    ...{ world, stack, flows, oracle },
    async settle() {
      world.after(MINUTE, () => {});
      await world.runUntil(world.clock() + MINUTE);
    },
    operator(command) {
      const worker = new Worker(`operator${++operators}`);
      const repeat = () => void again.push(() => stage.operator(command));
      worker.onDeath = repeat;
      world.wake(() => void command(worker).catch(repeat));
    },
  };
  await story.prepare(stage);
  await stage.settle();

  const held: HeldCall[] = [];
  stack.network.explorer = (call) => void held.push(call);
  const explored = world.clock() + 5_000;
  story.begin(stage);
  let [crashes, lost, depth] = [story.crashes, story.lost, 0];
  let asleep: readonly Step[] = [];
  for (;;) {
    // Messages arrive at once. Later ones, after a failure, come when the exploration has ended.
    await world.runUntil(explored);
    const calls = held.filter(({ worker }) => worker.alive);
    if (calls.length === 0) break;
    let choice = path[depth];
    if (!choice) {
      const steps = calls
        .flatMap(({ worker, name, touches }): Step[] => {
          const step = (fate: Fate): Step => ({ worker: worker.name, call: name, fate, touches });
          return [step('answered'), ...(crashes > 0 ? [step('crash')] : []), ...(lost > 0 ? [step('lost')] : [])];
        })
        .filter((step) => !asleep.some((one) => same(one, step)));
      // Every step leads to a schedule that was played already.
      if (steps.length === 0) return [];
      choice = { steps, taken: 0, asleep };
      path.push(choice);
    }
    const step = choice.steps[choice.taken] as Step;
    const known = [...choice.asleep, ...choice.steps.slice(0, choice.taken)];
    asleep = known.filter((one) => independent(one, step));
    depth++;
    if (step.fate === 'crash') crashes--;
    if (step.fate === 'lost') lost--;
    const call = calls.find(({ worker, name }) => worker.name === step.worker && name === step.call) as HeldCall;
    held.splice(held.indexOf(call), 1);
    call.make(step.fate);
  }
  stack.network.explorer = undefined;
  for (const repeat of again.splice(0)) repeat();
  // Long enough for leases, visibility timeouts and leftovers.
  for (let minute = world.clock(), last = minute + 150 * MINUTE; minute < last; minute += MINUTE) {
    world.timeline.at(minute, () => stack.runSchedules());
    await world.runUntil(minute + MINUTE - 1);
    for (const repeat of again.splice(0)) repeat();
    if (oracle.mistakes.length > 0) break;
  }
  return oracle.mistakes.length > 0 ? oracle.mistakes : [...oracle.atEnd(), ...(story.verify?.(stage) ?? [])];
}
