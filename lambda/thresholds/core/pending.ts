import type { Clock } from '../../shared/core/ports';
import type { PendingStore } from './ports';

/** Says that the metric has no intent of this worker any more. Not called after a failure: then the sweep looks. */
export type Settled = () => Promise<void>;

interface Waiting {
  readonly metricKey: string;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Names the metrics of a batch to the sweep before their intents are committed. All metrics of a batch share one item, because
 * an item for each would cost as much as the commits. So it is written when every task of the batch has ended or waits for it.
 */
export class PendingBatch {
  private working = 0;
  private waiting: Waiting[] = [];

  /** @param graceMs from the writing of the item until the sweep reads it. The worker has ended by then. */
  constructor(
    private readonly store: Pick<PendingStore, 'putPending' | 'removePending'>,
    private readonly clock: Clock,
    private readonly graceMs: number,
  ) {}

  /** Runs a task that may call `announce`. The others wait for it, so all tasks of a batch must start at once. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    this.working++;
    try {
      return await task();
    } finally {
      this.working--;
      this.writeOnceAllWait();
    }
  }

  /** Resolves as soon as the sweep would find the metric. */
  announce(metricKey: string): Promise<Settled> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ metricKey, resolve, reject });
      this.working--;
      this.writeOnceAllWait();
    });
  }

  private writeOnceAllWait(): void {
    if (this.working > 0 || this.waiting.length === 0) return;
    const announced = this.waiting;
    this.waiting = [];
    this.working += announced.length;
    const metricKeys = [...new Set(announced.map(({ metricKey }) => metricKey))];
    let open = announced.length;
    this.store.putPending(metricKeys, this.clock() + this.graceMs).then(
      (id) => {
        const settled = async () => {
          if (--open === 0) await this.store.removePending(id);
        };
        for (const { resolve } of announced) resolve(settled);
      },
      (error) => {
        for (const { reject } of announced) reject(error);
      },
    );
  }
}
