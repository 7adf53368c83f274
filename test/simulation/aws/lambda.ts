import type { Chance } from '../world/chance';
import { Worker } from '../world/network';
import type { World } from '../world/world';
import type { Message, SimulatedQueue } from './sqs';

/** A started handler. */
export type Handler = (event: never, context: { getRemainingTimeInMillis(): number }) => Promise<unknown>;

/** A sandbox: one process with one started handler. It runs one invocation at a time and keeps its memory. */
interface Sandbox {
  readonly worker: Worker;
  readonly handler: Handler;
}

/** Pollers of an event source (AWS Lambda developer guide, "Configuring scaling behavior for SQS event source mappings"). */
const POLLERS = 5;

interface Failed {
  readonly failed: unknown;
}

/**
 * A function (AWS Lambda developer guide, "Understanding the Lambda execution environment lifecycle"): concurrent
 * sandboxes that are reused, die with their process, and are stopped at the timeout.
 */
export class SimulatedFunction {
  running = 0;
  private readonly idle: Sandbox[] = [];
  private readonly chance: Chance;
  private sandboxes = 0;

  /** @param start starts the handler in a new sandbox. */
  constructor(
    readonly name: string,
    private readonly timeoutMs: number,
    private readonly start: (worker: Worker) => Handler,
    private readonly world: World,
    private readonly onEnd: (worker: Worker) => void,
  ) {
    this.chance = world.chance.of(`function ${name}`);
  }

  /** Runs the handler. `done` later gets its result, or its failure: an error, a crash or the timeout. Returns the worker. */
  invoke(event: object, done: (result: { readonly value: unknown } | Failed) => void): Worker {
    const { world } = this;
    // An old sandbox knows what a new one must read. Now and then Lambda replaces one.
    const [old] = this.idle.splice(this.chance.between(0, this.idle.length - 1), 1);
    const sandbox = old?.worker.alive && this.chance.is(0.95) ? old : this.sandbox();
    const { worker, handler } = sandbox;
    const deadline = world.clock() + this.timeoutMs;
    let open = true;
    this.running++;
    world.trace.add(worker.name, 'starts');
    const end = (result: { readonly value: unknown } | Failed) => {
      if (!open) return;
      open = false;
      this.running--;
      this.onEnd(worker);
      if (worker.alive) this.idle.push(sandbox);
      world.trace.add(worker.name, 'failed' in result ? `fails: ${String(result.failed)}` : 'ends');
      done(result);
    };
    worker.invocation = { faults: 0, event };
    worker.onDeath = () => end({ failed: 'crash' });
    world.timeline.at(deadline, () => {
      if (!open) return;
      worker.die();
    });
    if (world.faults.happens('invocation times out')) {
      // The process stops at any moment from now on and is killed at the deadline: its last calls arrive.
      world.after(this.chance.mostlySmall(0, 2000), () => {
        if (open) worker.stalls = true;
      });
    }
    world.wake(() => {
      handler(event as never, { getRemainingTimeInMillis: () => deadline - world.clock() }).then(
        (value) => end({ value }),
        (failed) => end({ failed }),
      );
    });
    return worker;
  }

  private sandbox(): Sandbox {
    const worker = new Worker(`${this.name}${++this.sandboxes}`);
    return { worker, handler: this.start(worker) };
  }
}

/**
 * Passes a queue's messages to a function (AWS Lambda developer guide, "Using Lambda with Amazon SQS"). Failed messages
 * stay in flight until their visibility timeout ends.
 */
export class SimulatedEventSource {
  private invocations = 0;
  private polls = 0;
  private readonly chance: Chance;

  constructor(
    private readonly queue: SimulatedQueue,
    private readonly fn: SimulatedFunction,
    private readonly batchSize: number,
    private readonly concurrency: number,
    private readonly world: World,
  ) {
    this.chance = world.chance.of(`polls of ${queue.name}`);
    queue.onReady = () => this.poll();
  }

  /** Receives the messages that are there a moment later. Up to five pollers do so at the same time. */
  private poll(): void {
    if (this.polls === POLLERS || this.invocations + this.polls >= this.concurrency || !this.queue.hasReady) return;
    this.polls++;
    this.world.after(this.chance.mostlySmall(1, 400), () => {
      this.polls--;
      const batch = this.queue.receive(this.batchSize);
      if (batch.length > 0) this.invoke(batch);
      this.poll();
    });
  }

  private invoke(batch: readonly Message[]): void {
    const { queue, world } = this;
    const receivedAt = world.clock();
    this.invocations++;
    const Records = batch.map(({ id, body }) => ({ messageId: id, body }));
    this.fn.invoke({ Records }, (result) => {
      this.invocations--;
      const failures = 'value' in result ? failedIds(result.value) : undefined;
      for (const message of batch) {
        if (failures?.has(message.id) ?? true) queue.giveBack(message, receivedAt);
        else queue.delete(message);
      }
      this.poll();
    });
  }
}

/** The ids of a partial batch response. */
const failedIds = (response: unknown): Set<string> =>
  new Set(
    (response as { batchItemFailures: { itemIdentifier: string }[] }).batchItemFailures.map(
      ({ itemIdentifier }) => itemIdentifier,
    ),
  );
