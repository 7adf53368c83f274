import { setImmediate as settled } from 'node:timers/promises';
import { timer } from '../../../lambda/shared/adapters/timer';
import { Timeline } from '../../support/memory/timeline';
import { Chance } from './chance';
import { type FaultRates, Faults } from './faults';
import { Trace } from './trace';

/** Time, chance, faults and the trace of one simulation. Nothing in it depends on real time or real randomness. */
export class World {
  readonly timeline = new Timeline();
  readonly faults: Faults;
  readonly trace: Trace;
  /** An error of the simulation itself. */
  broken: Error | undefined;
  private ids = 0;
  private woken = false;

  constructor(
    seed: string,
    rates: FaultRates,
    keepsTrace: boolean,
    readonly chance = new Chance(seed),
  ) {
    this.trace = new Trace(this.clock, keepsTrace);
    this.faults = new Faults(rates, this.chance.of('faults'), (fault) => this.trace.add('fault', fault));
    timer.wait = (milliseconds) => new Promise((resolve) => this.after(milliseconds, () => this.wake(resolve)));
  }

  readonly clock = (): number => this.timeline.now;
  /** Returns a unique id. An explorer's ids depend on their owner, not on the order of the owners. */
  newId = (_owner?: string): string => `id${++this.ids}`;

  after(milliseconds: number, act: () => void): void {
    this.timeline.at(this.timeline.now + milliseconds, act);
  }

  /** Continues code that waits. The next action happens when that code waits again. */
  wake(resume: () => void): void {
    this.woken = true;
    resume();
  }

  /** Lets code run until all of it waits, then runs the next actions. Returns false if there are none. */
  async step(): Promise<boolean> {
    await this.settle();
    if (this.timeline.next === undefined) return false;
    this.timeline.step();
    return true;
  }

  /** Runs everything that happens up to a time. */
  async runUntil(time: number): Promise<void> {
    for (;;) {
      await this.settle();
      if ((this.timeline.next ?? Infinity) > time) return;
      this.timeline.step();
    }
  }

  private async settle(): Promise<void> {
    while (this.woken) {
      this.woken = false;
      await settled();
    }
    if (this.broken) throw this.broken;
  }
}
