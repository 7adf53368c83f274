import { setImmediate as settled } from 'node:timers/promises';
import type { Gate } from './memory';

/** Kills a worker. All its later calls fail too, because a dead process does nothing more. */
export class Crash extends Error {}

/**
 * Runs workers one step at a time, in an order that `random` (0 to 1) chooses. A step ends at the next call of a port. The
 * same numbers give the same run.
 */
export class Interleaving {
  private readonly waiting: (() => void)[] = [];
  private readonly working = new Set<Promise<unknown>>();

  constructor(private readonly random: () => number) {}

  get workers(): number {
    return this.working.size;
  }

  /** Starts a worker. `fate` runs before and after each call and can throw. */
  start<T>(work: (gate: Gate) => Promise<T>, fate: (call: string) => void = () => {}): Promise<T> {
    let dead = false;
    const gate: Gate = async (call) => {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      if (dead) throw new Crash();
      try {
        fate(call);
      } catch (error) {
        dead = error instanceof Crash;
        throw error;
      }
    };
    const worker = work(gate);
    const tracked: Promise<unknown> = worker.then(
      () => this.working.delete(tracked),
      () => this.working.delete(tracked),
    );
    this.working.add(tracked);
    return worker;
  }

  /** Runs the next step of one worker. Returns false if no worker waits. */
  async step(): Promise<boolean> {
    await settled();
    if (this.waiting.length === 0) return false;
    // The last one is usually the worker of the previous step. Long runs of one worker leave others far behind, which
    // causes stale writes.
    const last = this.waiting.length - 1;
    const chosen = this.random() < 0.6 ? last : Math.floor(this.random() * this.waiting.length);
    const [next] = this.waiting.splice(chosen, 1);
    next?.();
    await settled();
    return true;
  }
}

/** Returns a generator of numbers from 0 to 1 that depends only on the seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
