import type { Chance } from './chance';
import type { Fault } from './faults';
import type { World } from './world';

/** A process that makes calls: a function's sandbox, or an operator's terminal. */
export class Worker {
  alive = true;
  /** The process hangs: it makes no call and gets no response, until it is killed. */
  stalls = false;
  /** The current invocation: its event, and the number of faults that it met. */
  invocation: { faults: number; readonly event?: object } = { faults: 0 };
  /** Called once when the worker dies. */
  onDeath: () => void = () => {};

  constructor(readonly name: string) {}

  die(): void {
    if (!this.alive) return;
    this.alive = false;
    this.invocation.faults++;
    this.onDeath();
  }
}

/** The response of a service. */
export type Answer<T = unknown> = { readonly value: T } | { readonly error: unknown };

/** A call that waits for an explorer's decision. */
export interface HeldCall {
  readonly worker: Worker;
  readonly name: string;
  /** Makes the call take effect. */
  readonly perform: () => Answer;
  /** Gives the response to the worker, which then continues. */
  readonly settle: (answer: Answer) => void;
  /** What the worker gets if the response is lost. */
  readonly error: () => Error;
}

/** How the calls of a service fail. */
export interface CallFaults {
  readonly refused?: Fault;
  readonly answerLost?: Fault;
  readonly repeated?: Fault;
  readonly error: () => Error;
}

/**
 * Carries calls between workers and services. A request arrives after a latency, also if its worker has died meanwhile,
 * and the response after another one. A dead worker continues nowhere: its promises stay pending, as code does that runs
 * no more.
 */
export class Network {
  /** Gets every call instead of the timeline, while it is set. */
  explorer: ((call: HeldCall) => void) | undefined;
  private readonly latencies: Chance;

  constructor(private readonly world: World) {
    this.latencies = world.chance.of('latency');
  }

  call<T>(worker: Worker, name: string, perform: () => T, kinds: CallFaults): Promise<T> {
    const { world } = this;
    const { faults, trace } = world;
    return new Promise((resolve, reject) => {
      if (!worker.alive || worker.stalls) return;
      const settle = (answer: Answer) => {
        world.wake(() => ('error' in answer ? reject(answer.error) : resolve(answer.value as T)));
      };
      if (this.explorer) {
        const { error } = kinds;
        this.explorer({ worker, name, perform: () => this.answerOf(worker, perform, { error }), settle, error });
        return;
      }
      if (faults.happens('crash before a call')) return worker.die();
      world.after(this.latency(), () => {
        const answer = this.answerOf(worker, perform, kinds);
        world.after(this.latency(), () => {
          if (!worker.alive || worker.stalls) return;
          if (faults.happens('crash after a call')) return worker.die();
          trace.add(worker.name, 'error' in answer ? `${name}: ${(answer.error as Error).name}` : name);
          settle(answer);
        });
      });
    });
  }

  private answerOf<T>(
    worker: Worker,
    perform: () => T,
    { refused, answerLost, repeated, error }: CallFaults,
  ): Answer<T> {
    const { faults } = this.world;
    const failed = () => {
      worker.invocation.faults++;
      return { error: error() };
    };
    if (refused && faults.happens(refused)) return failed();
    try {
      const value = perform();
      if (answerLost && faults.happens(answerLost)) return failed();
      // The SDK repeats a request whose answer is lost. The repetition meets the effect of the first one.
      if (!repeated || !faults.happens(repeated)) return { value };
      worker.invocation.faults++;
      return { value: perform() };
    } catch (thrown) {
      // No service throws these: the simulation itself is wrong.
      if (thrown instanceof TypeError || thrown instanceof RangeError) this.world.broken = thrown;
      return { error: thrown };
    }
  }

  private latency(): number {
    const isSlow = this.world.faults.happens('slow call');
    return isSlow ? this.latencies.between(100, 12_000) : this.latencies.mostlySmall(1, 30);
  }
}
