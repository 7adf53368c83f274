import type { Plan } from '../../local/template/model/plan';
import { canonical, digestOf, textOfOracle, textOfStack } from './exhaustive-digest';
import { SimulatedFlows } from './flows';
import { Oracle } from './oracle/oracle';
import { SimulatedStack } from './stack';
import type { Stage, Story } from './stories/story';
import { NoChance } from './world/chance';
import { type HeldCall, Worker } from './world/network';
import { World } from './world/world';

const MINUTE = 60_000;
/** Long enough for leases, visibility timeouts and leftovers. */
const AFTERWARDS_MS = 150 * MINUTE;
/** Longest time until a request of a dead worker arrives: the oracle and the lease of a delivery rely on it. */
const TRANSIT_MS = { POST: SimulatedFlows.MAX_TRANSIT_MS, other: 12_000 };

/** One possible next step of a schedule. */
export interface Step {
  readonly name: string;
  readonly take: () => Promise<void> | void;
}

/** A worker of the exploration. */
interface Role {
  /** Digest of its event and of the responses that it got. Determines what it does next. */
  history: string;
  /** Responses since its last call, which it awaits together. Their order has no effect. */
  together: string[];
  hasEnded: boolean;
  diedAt?: number;
}

/** One schedule of a story, from its start to its end. */
export class Play {
  private readonly world: World;
  private readonly stack: SimulatedStack;
  private readonly oracle: Oracle;
  private readonly flows: SimulatedFlows;
  private readonly stage: Stage;
  private readonly roles = new Map<Worker, Role>();
  private held: HeldCall[] = [];
  private again: (() => void)[] = [];
  private crashes: number;
  private lost: number;
  private end = 0;
  private isOver = false;

  private constructor(
    plan: Plan,
    private readonly story: Story,
  ) {
    const world = new World('', {}, false, new NoChance(story.indexLag === undefined ? {} : { lag: story.indexLag }));
    const ids: Record<string, number> = {};
    world.newId = (owner = 'id') => {
      ids[owner] = (ids[owner] ?? 0) + 1;
      return `${owner}-${ids[owner]}`;
    };
    this.world = world;
    this.oracle = new Oracle(world, () => true);
    this.flows = new SimulatedFlows(world, this.oracle);
    this.stack = new SimulatedStack(plan, world, {
      onRead: this.oracle.onRead,
      onWrite: this.oracle.onWrite,
      onEvent: this.oracle.onEvent,
      onInvocationEnd: (worker) => this.ended(worker),
      post: (worker) => (url, request) => this.flows.explored(worker, this.stack.network)(url, request),
    });
    this.oracle.watch(this.stack);
    this.crashes = story.crashes ?? 0;
    this.lost = story.lost ?? 0;
    let operators = 0;
    this.stage = {
      ...{ world, stack: this.stack, flows: this.flows, oracle: this.oracle },
      async settle(milliseconds = MINUTE) {
        const until = world.clock() + milliseconds;
        world.timeline.at(until, () => {});
        await world.runUntil(until);
      },
      operator: (command) => {
        const worker = new Worker(`operator${++operators}`);
        const repeat = () => void this.again.push(() => this.stage.operator(command));
        worker.onDeath = repeat;
        world.wake(() => void command(worker).then(() => this.ended(worker), repeat));
      },
    };
  }

  /** Prepares a story and starts its workers. */
  static async start(plan: Plan, story: Story): Promise<Play> {
    const play = new Play(plan, story);
    const { world, stack, stage } = play;
    await story.prepare(stage);
    await stage.settle();
    for (const queue of stack.sqs.queues) {
      const { onReady } = queue;
      const isInScope = story.queues.some((name) => stack.queueOf(name) === queue);
      queue.onReady = () => (isInScope || play.isOver) && onReady();
    }
    stack.network.explorer = (call) => play.hold(call);
    play.end = world.clock() + (story.lasts ?? 0);
    story.begin(stage);
    await world.runUntil(world.clock());
    return play;
  }

  /** What is wrong so far. */
  get mistakes(): readonly string[] {
    return this.oracle.mistakes;
  }

  /** The possible next steps. None: the schedule has ended. */
  steps(): Step[] {
    const { world, held } = this;
    const living = held.filter(({ worker }) => worker.alive);
    const steps = living.flatMap((call) => this.stepsOf(call));
    if (this.crashes > 0) {
      const { crashing = '' } = this.story;
      for (const worker of new Set(living.map((call) => call.worker))) {
        if (!worker.name.startsWith(crashing)) continue;
        steps.push({ name: `${worker.name} dies`, take: () => this.kill(worker) });
      }
    }
    for (const call of held.filter(({ worker }) => !worker.alive)) {
      const take = () => this.arrive(call);
      steps.push({ name: `${call.worker.name} ${call.name} arrives after its death`, take });
    }
    const { next = Infinity } = world.timeline;
    if (next <= this.end) steps.push({ name: `time passes: ${next - world.clock()} ms`, take: () => this.pass(next) });
    else if (living.length === 0 && held.length > 0) {
      steps.push({
        name: 'no request of the dead arrives',
        take: () => {
          this.held = [];
        },
      });
    }
    return steps;
  }

  /** Takes a step, and lets all workers run until they wait. */
  async take(step: Step): Promise<void> {
    const { world } = this;
    await step.take();
    await world.runUntil(world.clock());
    this.held = this.held.filter((call) => this.isUnderWay(call));
  }

  /** A name of the state: schedules that reach the same state have the same future. */
  digest(): string {
    const { world, roles } = this;
    const workers = [...roles].flatMap(([worker, role]) => {
      const { hasEnded, diedAt } = role;
      const history = historyOf(role);
      const calls = this.held.filter((call) => call.worker === worker).map(({ name }) => name);
      if (!worker.alive) return calls.length > 0 ? [`${history} ${diedAt} ${calls}`] : [];
      // The story knows what an operator's command returned.
      return !hasEnded || worker.invocation.event === undefined ? [history] : [];
    });
    return digestOf(
      ...[String(world.clock()), String(this.crashes), String(this.lost), String(this.again.length)],
      ...workers.toSorted(),
      ...textOfStack(this.stack),
      canonical(this.flows.byName),
      textOfOracle(this.oracle, this.effective()),
    );
  }

  /** Ends the exploration, and lets everything settle. Returns what is wrong, in words. */
  async finish(): Promise<readonly string[]> {
    const { world, stack, oracle, story } = this;
    this.isOver = true;
    stack.network.explorer = undefined;
    for (const queue of stack.sqs.queues) if (queue.hasReady) queue.onReady();
    const last = world.clock() + AFTERWARDS_MS;
    for (let now = world.clock(); now < last && oracle.mistakes.length === 0; ) {
      for (const repeat of this.again.splice(0)) repeat();
      world.timeline.at(now, () => stack.runSchedules());
      await world.runUntil(now + MINUTE - 1);
      const next = Math.min(world.timeline.next ?? Infinity, stack.nextDue() ?? Infinity);
      now = this.again.length > 0 ? now + MINUTE : Math.max(now + MINUTE, next);
    }
    return oracle.mistakes.length > 0 ? oracle.mistakes : [...oracle.atEnd(), ...(story.verify?.(this.stage) ?? [])];
  }

  /** The workers whose calls can still take effect. */
  private effective(): Worker[] {
    return [...this.roles].flatMap(([worker, { hasEnded }]) =>
      (worker.alive && !hasEnded) || this.held.some((call) => call.worker === worker) ? [worker] : [],
    );
  }

  private hold(call: HeldCall): void {
    const { worker } = call;
    this.held.push(call);
    const role = this.roles.get(worker);
    if (role) {
      role.history = historyOf(role);
      role.together = [];
      return;
    }
    const { Records } = (worker.invocation.event ?? {}) as { Records?: readonly { readonly body: string }[] };
    const bodies = Records?.map(({ body }) => body) ?? [];
    this.roles.set(worker, {
      history: digestOf(worker.name, String(this.world.clock()), ...bodies),
      together: [],
      hasEnded: false,
    });
  }

  private stepsOf(call: HeldCall): Step[] {
    const who = `${call.worker.name} ${call.name}`;
    const steps: Step[] = [{ name: who, take: () => this.answer(call, call.perform()) }];
    if (this.lost === 0) return steps;
    steps.push({
      name: `${who}, response lost`,
      take: () => {
        call.perform();
        this.lose(call);
        this.answer(call, { error: call.error() });
      },
    });
    if (isRead(call) || call.name === 'POST') return steps;
    steps.push({
      name: `${who}, response lost and request to be repeated`,
      take: () => {
        call.perform();
        this.lose(call);
      },
    });
    return steps;
  }

  private lose({ worker }: HeldCall): void {
    this.lost--;
    worker.invocation.faults++;
  }

  private answer(call: HeldCall, answer: ReturnType<HeldCall['perform']>): void {
    this.held.splice(this.held.indexOf(call), 1);
    const role = this.roles.get(call.worker) as Role;
    role.together.push(digestOf(call.name, String(this.world.clock()), canonical(answer)));
    call.settle(answer);
  }

  private kill(worker: Worker): void {
    this.crashes--;
    worker.die();
  }

  private arrive(call: HeldCall): void {
    this.held.splice(this.held.indexOf(call), 1);
    call.perform();
  }

  private async pass(time: number): Promise<void> {
    await this.world.runUntil(time);
  }

  private ended(worker: Worker): void {
    const role = this.roles.get(worker);
    if (!role) return;
    role.hasEnded = true;
    if (!worker.alive) role.diedAt ??= this.world.clock();
  }

  /** Whether a call can still arrive. */
  private isUnderWay(call: HeldCall): boolean {
    if (call.worker.alive) return true;
    const role = this.roles.get(call.worker) as Role;
    role.diedAt ??= this.world.clock();
    return (
      !isRead(call) && this.world.clock() <= role.diedAt + (call.name === 'POST' ? TRANSIT_MS.POST : TRANSIT_MS.other)
    );
  }
}

const historyOf = ({ history, together }: Role): string =>
  together.length > 0 ? digestOf(history, ...together.toSorted()) : history;

/** Whether a call changes nothing. */
const isRead = ({ name }: HeldCall): boolean => /^(Get|BatchGet|Query|Encrypt|Decrypt)Command$/.test(name);
