import { NOW } from '../evaluation';

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** Scheduled actions, with a clock that jumps from one action to the next. */
export class Timeline {
  now = NOW;
  /** Binary heap by time, then by order. */
  private readonly heap: Scheduled[] = [];
  private orders = 0;

  at(at: number, act: () => void): void {
    const { heap } = this;
    const added = { at, order: this.orders++, act };
    let n = heap.length;
    for (let parent = (n - 1) >> 1; n > 0 && isBefore(added, heap[parent]); parent = (n - 1) >> 1) {
      heap[n] = heap[parent] as Scheduled;
      n = parent;
    }
    heap[n] = added;
  }

  get next(): number | undefined {
    return this.heap[0]?.at;
  }

  /** Runs the next action and all others that are due at the same time. */
  step(): void {
    this.now = this.next ?? this.now;
    while (this.next === this.now) this.take()?.();
  }

  private take(): (() => void) | undefined {
    const { heap } = this;
    const first = heap[0];
    const moved = heap.pop();
    if (!moved || heap.length === 0) return first?.act;
    let n = 0;
    for (let child = 1; child < heap.length; child = 2 * n + 1) {
      if (isBefore(heap[child + 1], heap[child])) child++;
      if (isBefore(moved, heap[child])) break;
      heap[n] = heap[child] as Scheduled;
      n = child;
    }
    heap[n] = moved;
    return first?.act;
  }
}

const isBefore = (a: Scheduled | undefined, b: Scheduled | undefined): boolean =>
  a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
