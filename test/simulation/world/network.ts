import type { Chance } from './chance';
import type { Fault } from './faults';
import type { World } from './world';

/** A process that makes calls: a function's sandbox, or an operator's terminal. */
export class Worker {
  alive = true;
  /** The process hangs: it makes no call and gets no response, until it is killed. */
  stalls = false;
  /** The current invocation, and the number of faults that it met. */
  invocation = { faults: 0 };
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

/** A call that waits for an explorer's decision. */
export interface HeldCall {
  readonly worker: Worker;
  readonly name: string;
  /** What the call reads or writes. Undefined: nothing that another call depends on. */
  readonly touches: { readonly place: string; readonly writes: boolean } | undefined;
  /** Makes the call. `lost`: the caller gets an error. `crash`: the caller dies after the effect. */
  readonly make: (fate: 'answered' | 'lost' | 'crash') => void;
}

/** How the calls of a service fail. */
export interface CallFaults {
  readonly refused?: Fault;
  readonly answerLost?: Fault;
  readonly repeated?: Fault;
  readonly error: () => Error;
  readonly touches?: HeldCall['touches'];
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
      if (this.explorer) {
        const settle = { resolve, reject };
        this.explorer({
          worker,
          name,
          touches: kinds.touches,
          make: (fate) => this.make(fate, worker, perform, kinds, settle),
        });
        return;
      }
      if (faults.happens('crash before a call')) return worker.die();
      world.after(this.latency(), () => {
        const answer = this.answerOf(worker, perform, kinds);
        world.after(this.latency(), () => {
          if (!worker.alive || worker.stalls) return;
          if (faults.happens('crash after a call')) return worker.die();
          if ('error' in answer) {
            trace.add(worker.name, `${name}: ${(answer.error as Error).name}`);
            world.wake(() => reject(answer.error));
          } else {
            trace.add(worker.name, name);
            world.wake(() => resolve(answer.value));
          }
        });
      });
    });
  }

  private make<T>(
    fate: Parameters<HeldCall['make']>[0],
    worker: Worker,
    perform: () => T,
    { error }: CallFaults,
    { resolve, reject }: { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void },
  ): void {
    const answer = this.answerOf(worker, perform, { error });
    if (fate !== 'answered') worker.invocation.faults++;
    if (fate === 'crash') {
      worker.die();
      return;
    }
    this.world.wake(() => {
      if (fate === 'lost') reject(error());
      else if ('error' in answer) reject(answer.error);
      else resolve(answer.value);
    });
  }

  private answerOf<T>(
    worker: Worker,
    perform: () => T,
    { refused, answerLost, repeated, error }: CallFaults,
  ): { readonly value: T } | { readonly error: unknown } {
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
