import { NOW } from '../evaluation';

/** Scheduled actions, with a clock that jumps from one action to the next. */
export class Timeline {
  now = NOW;
  /** Binary heap by time, then by order. */
  private readonly heap: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  private orders = 0;

  at(at: number, act: () => void): void {
    const { heap } = this;
    heap.push({ at, order: this.orders++, act });
    for (let n = heap.length - 1; n > 0 && this.before(n, (n - 1) >> 1); n = (n - 1) >> 1) this.swap(n, (n - 1) >> 1);
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
    const last = heap.pop();
    if (first && last && first !== last) {
      heap[0] = last;
      for (let n = 0, child = 1; child < heap.length; child = 2 * n + 1) {
        if (child + 1 < heap.length && this.before(child + 1, child)) child++;
        if (!this.before(child, n)) break;
        this.swap(n, child);
        n = child;
      }
    }
    return first?.act;
  }

  private before(a: number, b: number): boolean {
    const [x, y] = [this.heap[a], this.heap[b]];
    return x !== undefined && y !== undefined && (x.at < y.at || (x.at === y.at && x.order < y.order));
  }

  private swap(a: number, b: number): void {
    const { heap } = this;
    [heap[a], heap[b]] = [heap[b] as (typeof heap)[number], heap[a] as (typeof heap)[number]];
  }
}
